// Takes the picture that standard input asks for: of a page, or of a room in Hydrogen, opened as a person does.
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

const asked = JSON.parse(await text(process.stdin));

// No name resolves but the own machine's, and a request to anywhere else is a failure.
const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const strangers = new Set();

async function openRoom(page) {
  await page.goto(asked.client);
  await page.fill("#homeserver", asked.homeserver);
  await page.fill("#username", asked.user);
  await page.fill("#password", asked.password);
  await page.click("button[type=submit]");
  await page.getByText(asked.room).first().click();
  await page.getByText(asked.until).last().waitFor();
  await page.waitForTimeout(1000); // reactions and replies follow their messages
}

try {
  const context = await browser.newContext({
    viewport: { width: asked.width, height: asked.height },
    deviceScaleFactor: 2,
    colorScheme: asked.dark ? "dark" : "light",
    locale: "de-DE",
    timezoneId: "Europe/Berlin",
  });
  context.on("request", (request) => {
    const { protocol, hostname, origin } = new URL(request.url());
    if (protocol.startsWith("http") && hostname !== "127.0.0.1") strangers.add(origin);
  });
  const page = await context.newPage();
  if (asked.page) await page.goto(asked.page);
  else await openRoom(page);
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: asked.file, fullPage: Boolean(asked.whole) });
} finally {
  await browser.close();
}
if (strangers.size) throw new Error(`asked for ${[...strangers].join(", ")}`);
