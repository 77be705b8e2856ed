// Opens pages in Chromium, which has no network, and reads what is on them (chromium_test.mjs).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before } from "node:test";

const { CHROMIUM, MODULES, RESULTS, RINGSIM_SCREENSHOTS, SOURCES } = process.env;
const { chromium } = createRequire(`${MODULES}/`)("playwright-core");
const { Table } = await import(`${SOURCES}/table.js`);

export const pages = JSON.parse(process.env.PAGES);

export const read = (name) => readFileSync(`${RESULTS}/${name}`, "utf8");
export const csv = (name) => new Table(read(name));

let browser;
before(async () => {
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
});
after(() => browser.close());

/** Opens a page; whatever it asks for, logs or throws fails the test at its end. */
export async function open(name, use, options = {}) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on("pageerror", (error) => wrong.push(error.stack));
  page.on("console", (message) => wrong.push(message.text()));
  page.on("request", (request) => {
    if (/^(https?|wss?|ftp):/.test(request.url())) wrong.push(request.url());
  });
  await page.goto(`file://${pages[name]}`);
  await page.waitForSelector("html[data-state=ready]");
  await use(page);
  assert.deepEqual(wrong, []);
  assert.equal(await page.evaluate(() => window.broken), undefined);
  if (RINGSIM_SCREENSHOTS && options.picture) {
    await page.screenshot({ path: `${RINGSIM_SCREENSHOTS}/${options.picture}.png`, ...options.shot });
  }
  await context.close();
}

/** Opens the table behind a picture, and reads the values in it: rows of the row's name and its numbers or texts. */
export async function tableOf(page, section) {
  await page.evaluate(() => new Promise((done) => setTimeout(done))); // what answers later has
  await page.evaluate((id) => {
    for (const details of document.querySelectorAll(`#${id} details`)) details.open = true;
  }, section);
  await page.waitForSelector(`#${section} details table`);
  return page.$$eval(`#${section} details table tbody tr`, (rows) =>
    rows.map((row) =>
      [...row.children].map((cell) => (cell.dataset.value ? Number(cell.dataset.value) : cell.textContent)),
    ),
  );
}

export const figure = (page, label, column = 0) =>
  page.$$eval(
    "#figures tbody tr",
    (rows, [text, at]) => {
      const row = rows.find((one) => one.children[0].textContent.trim() === text);
      return Number(row.children[1 + at].dataset.value);
    },
    [label, column],
  );
