// Logs in with Hydrogen as a person does, opens the room and takes the pictures that standard input asks for.
import { text } from "node:stream/consumers";
import { chromium } from "playwright-core";

const asked = JSON.parse(await text(process.stdin));

// No name but the own machine's resolves, and what asks for another address is an error.
const browser = await chromium.launch({
  executablePath: asked.chromium,
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"],
});
const context = await browser.newContext({ locale: "de-DE", timezoneId: "Europe/Berlin", colorScheme: "light", deviceScaleFactor: 2 });
const strangers = new Set();
context.on("request", (request) => {
  const { protocol, hostname, origin } = new URL(request.url());
  if (protocol.startsWith("http") && hostname !== "127.0.0.1") strangers.add(origin);
});

try {
  const page = await context.newPage();
  await page.setViewportSize({ width: 1100, height: 800 });
  page.on("console", m => console.error("console", m.text()));page.on("pageerror", m => console.error("error", m.message));page.setDefaultTimeout(10000);
  await page.goto(asked.client);
  await page.fill("#homeserver", asked.homeserver);
  await page.fill("#username", asked.user);
  await page.fill("#password", asked.password);
  await page.click("button[type=submit]");
  await page.getByText(asked.room).first().click();
  for (const { file, width, height, below } of asked.pictures) {
    await page.setViewportSize({ width, height });
    await page.getByText(below).last().waitFor();
    await page.waitForTimeout(1000);
    await page.screenshot({ path: file });
  }
} catch (e) { await context.pages()[0].screenshot({path:"/tmp/pic/out/fail.png"}); throw e; } finally {
  await browser.close();
}
if (strangers.size) throw new Error(`asked for ${[...strangers].join(", ")}`);
