// Takes a picture of a page of reports in Chromium, without a network:
//   node screenshot.mjs MODULES PAGE FILE.png LOOK [SELECTOR] [CONTROL=VALUE...]
// MODULES is the folder with node_modules. LOOK is light, dark, narrow (as on a telephone) or printed (the first sheet).
// With SELECTOR that part of the page alone is taken; controls are set before, by their names.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, file, output, look, selector, ...controls] = process.argv.slice(2);
const { chromium } = createRequire(`${resolve(modules)}/`)("playwright-core");
const sizes = { narrow: { width: 420, height: 900 }, printed: { width: 794, height: 1123 } };
const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({
  offline: true,
  viewport: sizes[look] ?? { width: 1000, height: 900 },
  colorScheme: look === "dark" ? "dark" : "light",
});
await page.goto(`file://${resolve(file)}`);
await page.waitForSelector("html[data-state=ready]");
for (const control of controls) {
  const [name, value] = control.split("=");
  await page.selectOption(`select[name="${name}"]`, value);
}
if (look === "printed") {
  await page.emulateMedia({ media: "print" });
  await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
}
await page.waitForTimeout(500); // what is drawn with a transition has come to rest
await (selector ? page.locator(selector) : page).screenshot({ path: output });
await browser.close();
