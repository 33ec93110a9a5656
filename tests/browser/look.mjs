// Looks at pages in a browser: what axe finds, how wide they are, what they fetch, and whether the skip link works.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const asked = JSON.parse(await text(process.stdin));
const library = createRequire(`${process.env.BROWSER_LIBRARY}/`);
const { chromium } = library("playwright-core");
const axe = await readFile(library.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
const ALL = { type: "tag", values: TAGS };
const COLOURS = { type: "rule", values: ["color-contrast", "link-in-text-block"] }; // what the dark scheme changes
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browser = await chromium.launch({ executablePath: asked.chromium, args: FLAGS });
try {
  const found = {};
  for (const [name, url] of Object.entries(asked.pages)) found[name] = await look(url);
  process.stdout.write(JSON.stringify(found));
} finally {
  await browser.close();
}

async function look(url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const fetched = [];
  const complaints = [];
  page.on("request", (request) => fetched.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  const answer = await page.goto(url);
  const skips = await skip(page);
  await page.evaluate(axe);
  const views = {};
  for (const width of asked.widths) {
    await page.setViewportSize({ width, height: 800 });
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      views[`${width} ${colorScheme}`] = await view(page, colorScheme === "light" ? ALL : COLOURS);
    }
  }
  await context.close();
  return { status: answer.status(), fetched, complaints, skips, views };
}

// What axe finds wrong, and by how much the page is wider than the window.
async function view(page, runOnly) {
  return page.evaluate(async (only) => {
    const { violations } = await globalThis.axe.run(document, { runOnly: only });
    const root = document.documentElement;
    return {
      violations: violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`),
      background: getComputedStyle(document.body).backgroundColor,
      over: root.scrollWidth - root.clientWidth,
    };
  }, runOnly);
}

// The first thing that the tab key reaches, whether it can be seen, and where it leads to.
async function skip(page) {
  await page.keyboard.press("Tab");
  const first = await page.evaluate(() => {
    const { left, top } = document.activeElement.getBoundingClientRect();
    return { href: document.activeElement.getAttribute("href"), seen: left >= 0 && top >= 0 };
  });
  await page.keyboard.press("Enter");
  return { ...first, leadsTo: await page.evaluate(() => document.activeElement.tagName) };
}
