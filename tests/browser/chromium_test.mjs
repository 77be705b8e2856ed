// The pages in Chromium, which has no network. What the pages are made of stands in browser_test.py, which calls this.
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";

import { csv, figure, open, pages, read, tableOf } from "./chromium.mjs";

const { HOSTILE, RINGSIM_SCREENSHOTS } = process.env;
const mostBytes = 1_500_000;
// An idle machine answers within 100 ms. Beside other tests, on hyperthreads that others share, the same took 105 to 180.
const mostMilliseconds = 250;

test("a run: its figures are those of its files", async () => {
  assert.ok(statSync(pages.run).size < mostBytes);
  await open(
    "run",
    async (page) => {
      const summary = JSON.parse(read("iwp/summary.json"));
      assert.equal(await figure(page, "time per step"), summary.seconds_per_step.total);
      assert.equal(await figure(page, "masks and indices"), summary.bytes_sent_per_rank.masks);
      assert.equal(await figure(page, "accuracy"), summary.accuracy);
      const steps = csv("iwp/steps.csv");
      const shown = await tableOf(page, "step-time");
      assert.equal(shown.length, steps.length);
      assert.deepEqual(
        shown.map((row) => row[4]),
        steps.numbers(["total_s"]),
      );
      assert.deepEqual(
        shown.map((row) => row[3]),
        steps.numbers(["exposed_exchange_s"]),
      );
      const links = csv("iwp/links.csv");
      const byName = new Map(links.texts(["link"]).map((link, i) => [link, links.numbers(["utilization"])[i]]));
      for (const [link, utilization] of await tableOf(page, "network")) assert.equal(utilization, byName.get(link));
      assert.match(await page.textContent("svg.network"), new RegExp(`bottleneck: ${summary.bottleneck.name}`));
      assert.match(await page.textContent("#verdict"), /^iwp takes /);
    },
    { picture: "run", shot: { fullPage: true } },
  );
});

test("a run: controls change what is shown", async () => {
  await open("run", async (page) => {
    const steps = csv("iwp/steps.csv");
    const last = async () => (await tableOf(page, "learning")).at(-1)[1];
    const end = steps.numbers(["start_s"]).at(-1) + steps.numbers(["total_s"]).at(-1);
    assert.ok(Math.abs((await last()) - end) < 1e-12);
    await page.selectOption("select[name=against]", "steps");
    assert.equal(await last(), steps.length);
    await page.selectOption("select[name=against]", "bytes");
    const sent = JSON.parse(read("iwp/summary.json")).bytes_sent_per_rank.total;
    assert.ok(Math.abs((await last()) - sent) < 1);
    assert.equal(await page.inputValue("select[name=against-scale]"), "no"); // of one run alone
    await page.selectOption("select[name=figure]", "loss");
    assert.equal((await tableOf(page, "learning")).at(-1)[2], steps.numbers(["loss"]).at(-1));
    const picture = () => page.$eval("#layers canvas", (canvas) => canvas.toDataURL());
    const before = await picture();
    await page.selectOption("select[name=layer-figure]", "age_mean_steps");
    assert.notEqual(await picture(), before);
    const stacked = await page.$eval("#step-time canvas", (canvas) => canvas.toDataURL());
    await page.selectOption("select[name=time-scale]", "log");
    assert.notEqual(await page.$eval("#step-time canvas", (canvas) => canvas.toDataURL()), stacked);
  });
});

test("a run: the slider shows the messages that are under way", async () => {
  await open("run", async (page) => {
    const messages = csv("iwp/transfers.csv");
    const [starts, ends] = [messages.numbers(["start_s"]), messages.numbers(["end_s"])];
    const shown = Math.min(messages.length, 6000);
    const [begin, end] = [Math.min(...starts.slice(0, shown)), Math.max(...ends.slice(0, shown))];
    const counts = new Set();
    for (const stop of [0, 137, 500, 1000]) {
      await page.fill("input[name=moment]", String(stop));
      const time = begin + ((end - begin) * stop) / 1000;
      const expected = starts.filter((start, i) => i < shown && start <= time && time < ends[i]).length;
      assert.equal(await page.locator("svg.network path.message").count(), expected);
      assert.match(await page.textContent("output[name=under-way]"), new RegExp(`: ${expected} messages`));
      counts.add(expected);
    }
    assert.ok(counts.size > 1);
  });
});

test("several runs are compared, and each is shown in detail; dark", async () => {
  await open(
    "runs",
    async (page) => {
      const [dense, iwp] = ["dense", "iwp"].map(
        (name) => JSON.parse(read(`${name}/summary.json`)).seconds_per_step.total,
      );
      assert.equal(await figure(page, "faster than dense, per step", 1), dense / iwp);
      // The fastest wins among those within a point of the best accuracy.
      const accuracy = (name) => JSON.parse(read(`${name}/summary.json`)).accuracy;
      const wins = accuracy("dense") - accuracy("iwp") > 0.01 ? /^Only dense comes within a point/ : /^iwp is fastest/;
      assert.match(await page.textContent("#verdict"), wins);
      // The pruned run ends long before the dense one: time is drawn on a logarithmic axis.
      assert.equal(await page.inputValue("select[name=against-scale]"), "yes");
      const total = async () => (await tableOf(page, "step-time"))[0][4];
      assert.equal(await total(), csv("dense/steps.csv").numbers(["total_s"])[0]);
      await page.selectOption("select[name=run]", "1");
      assert.equal(await total(), csv("iwp/steps.csv").numbers(["total_s"])[0]);
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(await background(), "rgb(20, 23, 28)");
      await page.selectOption("select[name=theme]", "light");
      assert.equal(await background(), "rgb(255, 255, 255)");
      await page.selectOption("select[name=theme]", "auto");
    },
    { colorScheme: "dark", picture: "runs-dark", shot: { fullPage: true } },
  );
});

test("a scan: the decision map is what its table says, and controls narrow it", async () => {
  await open(
    "scan",
    async (page) => {
      const table = csv("scan/scan.csv");
      const column = (name) => table.texts([name]);
      const times = table.numbers(["seconds_per_step.total"]);
      const winner = (ranks, bandwidth, left) => {
        const means = left.map((scheme) => {
          const these = times.filter(
            (_, i) =>
              column("option.ranks")[i] === ranks &&
              column("option.scheme")[i] === scheme &&
              column("option.bandwidth")[i] === bandwidth,
          );
          return [these.reduce((a, b) => a + b) / these.length, scheme];
        });
        return means.sort((a, b) => a[0] - b[0])[0];
      };
      const check = async (left) => {
        const cells = await tableOf(page, "decision");
        assert.equal(cells.length, 8);
        for (const [bandwidth, ranks, name, value] of cells) {
          const [time, scheme] = winner(ranks, bandwidth, left);
          assert.ok(Math.abs(value - time) < 1e-12 * time);
          if (name !== "a tie") assert.equal(name, scheme);
        }
      };
      await check(["dense", "iwp", "topk"]);
      await page.uncheck('input[name="option.scheme"][value=iwp]');
      await check(["dense", "topk"]);
      assert.match(
        await page.textContent("#points [role=status]"),
        new RegExp(`^${column("option.scheme").filter((scheme) => scheme !== "iwp").length} of ${table.length} points`),
      );
      await page.check('input[name="option.scheme"][value=iwp]');
      const place = ["100Gbps", "iwp", "16"];
      const [first, second, ...more] = times.filter(
        (_, i) =>
          column("option.bandwidth")[i] === place[0] &&
          column("option.scheme")[i] === place[1] &&
          column("option.ranks")[i] === place[2],
      );
      assert.deepEqual(more, []);
      const drawn = (await tableOf(page, "facets")).find((row) => place.every((text, i) => row[i] === text));
      assert.ok(Math.abs(drawn[3] - (first + second) / 2) < 1e-12);
      // The standard deviation of two values is their distance over the root of 2, and Student's t is 12.706.
      assert.ok(Math.abs(drawn[4] - (12.706 * Math.abs(first - second)) / 2) < 1e-12);
      assert.equal(drawn[5], 2);
    },
    { picture: "scan", shot: { fullPage: true } },
  );
});

test("a scan: what its steps consist of, over seeds, with how each part is known", async () => {
  await open("scan", async (page) => {
    const table = csv("scan/scan.csv");
    const of = (name) => table.texts([name]);
    const shown = await tableOf(page, "times");
    // A bar for all points that differ in their seed alone; dense gradients have none.
    const varied = ["option.ranks", "option.bandwidth", "option.scheme"];
    const names = table.rows.map((_, i) => varied.map((name) => of(name)[i]).join(", "));
    assert.equal(shown.length, new Set(names).size);
    const expected = (wanted) => {
      const rows = names.flatMap((name, i) => (name === wanted ? [i] : []));
      assert.equal(rows.length, wanted.endsWith("iwp") ? 2 : 1);
      return (column) => rows.reduce((sum, i) => sum + Number(of(column)[i]), 0) / rows.length;
    };
    for (const [name, compute, known, compress, , exposed, , total] of shown) {
      const mean = expected(name);
      assert.equal(known, "measured or as given");
      const parts = { compute, compress, exposed_exchange: exposed, total };
      for (const [part, value] of Object.entries(parts)) {
        const wanted = mean(`seconds_per_step.${part}`);
        assert.ok(Math.abs(value - wanted) <= 1e-12 * wanted, `${name} ${part}`);
      }
    }
    const picture = () => page.$eval("#times canvas", (canvas) => canvas.toDataURL());
    const before = await picture();
    await page.selectOption("select[name=times-as]", "share");
    assert.notEqual(await picture(), before);
    await page.uncheck('input[name="option.scheme"][value=iwp]');
    assert.ok((await tableOf(page, "times")).every(([name]) => !name.endsWith("iwp")));
  });
});

test("runs of several seeds are one curve, which a control takes apart", async () => {
  await open("seeds", async (page) => {
    const accuracies = [1, 2].map((seed) => JSON.parse(read(`seeds/seed-${seed}/summary.json`)).accuracy);
    const last = async () => (await tableOf(page, "learning")).at(-1);
    const [, , mean, half] = await last();
    assert.ok(Math.abs(mean - (accuracies[0] + accuracies[1]) / 2) < 1e-12);
    assert.ok(Math.abs(half - (12.706 * Math.abs(accuracies[0] - accuracies[1])) / 2) < 1e-12);
    await page.selectOption("select[name=seeds-as]", "each");
    assert.equal((await last())[2], accuracies[1]);
    assert.equal(await figure(page, "updates come late by, steps, mean", 0), 0);
  });
});

test("a scan: the table sorts, filters and has the file's numbers", async () => {
  await open(
    "scan",
    async (page) => {
      const times = csv("scan/scan.csv").numbers(["seconds_per_step.total"]);
      const shown = () =>
        page.$$eval("#points-table tbody tr", (rows) => rows.map((row) => Number(row.children[5].dataset.value)));
      assert.deepEqual(await shown(), times);
      assert.equal(await page.locator("#points .controls button:visible", { hasText: "On" }).count(), 0); // one page
      const sort = page.locator("#points-table thead button", { hasText: "seconds_per_step.total" });
      await sort.click();
      assert.deepEqual(
        await shown(),
        [...times].sort((a, b) => a - b),
      );
      await sort.press("Enter");
      assert.deepEqual(
        await shown(),
        [...times].sort((a, b) => b - a),
      );
      await page.fill('input[aria-label="Filter seconds_per_step.total"]', "< 0.003");
      assert.deepEqual(
        await shown(),
        times.filter((time) => time < 0.003).sort((a, b) => b - a),
      );
    },
    { viewport: { width: 420, height: 900 }, picture: "scan-narrow" },
  );
});

test("names that would break out of a page stay text", async () => {
  await open("hostile", async (page) => {
    assert.equal(await page.locator("img, script:not([id])").count(), 1); // the page's own script
    assert.equal((await tableOf(page, "layers"))[0][0], HOSTILE);
    assert.equal(
      (await tableOf(page, "ages")).some((row) => row[0] === HOSTILE),
      true,
    );
    assert.equal(await page.textContent("#figures pre"), HOSTILE);
    assert.equal(await page.textContent("h1"), "ringsim: <b>hostile");
    await page.hover("#layers canvas");
  });
  await open("large", async (page) => {
    assert.equal(await page.locator(`input[name="option.scheme"]`).nth(2).getAttribute("value"), HOSTILE);
    await page.fill('input[aria-label="Filter error"]', "=cmd");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Save these rows as CSV")]);
    const saved = readFileSync(await download.path(), "utf8");
    assert.equal(saved.split("\n").length, 22);
    await page.hover("#decision canvas");
  });
});

test("10,000 points answer soon", async () => {
  await open("large", async (page) => {
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable", { timeDomain: "threadTicks" }); // of its own: other processes count nothing
    const spent = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return 1000 * metrics.find(({ name }) => name === "ScriptDuration").value;
    };
    const time = async (selector) => {
      const before = await spent();
      await page.evaluate((at) => document.querySelector(at).click(), selector);
      return (await spent()) - before;
    };
    for (const selector of ['input[name="option.bandwidth"]', "#points-table thead th:nth-child(6) button"]) {
      const times = [];
      for (let i = 0; i < 6; i += 1) times.push(await time(selector));
      assert.ok(Math.max(...times) > 0);
      assert.ok(Math.min(...times) < mostMilliseconds, `${selector}: ${times}`);
    }
    assert.match(await page.textContent("#points [role=status]"), /of 10000 points/);
    // Dashes would take seconds to draw.
    const dashes = await page.$$eval("#parallel .key line", (lines) =>
      lines.map((line) => line.getAttribute("stroke-dasharray")),
    );
    assert.deepEqual([...new Set(dashes)], ["none"]);
  });
});

test("on a narrow screen texts of the map stay in their cells, and pictures stand below one another", async () => {
  await open(
    "scan",
    async (page) => {
      // The canvas cannot be asked for its texts; what is drawn is what fits.
      const drawn = await page.evaluate(() => {
        const texts = [];
        const { fillText } = CanvasRenderingContext2D.prototype;
        CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
          texts.push({ text, width: this.measureText(text).width, chart: this.canvas.closest("section").id });
          return fillText.call(this, text, x, y);
        };
        document.querySelector('select[name="map-figure"]').dispatchEvent(new Event("change"));
        return new Promise((done) => setTimeout(() => done(texts), 200));
      });
      const amounts = drawn.filter(({ text, chart }) => chart === "decision" && /\u00d7/.test(text));
      assert.ok(amounts.length > 0);
      const cell = (await page.$eval("#decision canvas", (canvas) => canvas.clientWidth - 104)) / 4;
      for (const { text, width } of amounts) assert.ok(width <= cell, `${text}: ${width} of ${cell}`);
      assert.ok((await page.$eval("#facets .chart", (chart) => chart.clientHeight)) > 2 * 230);
      assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
    },
    { viewport: { width: 320, height: 800 } },
  );
});

test("keyboard, names for screen readers, print", async () => {
  await open(
    "scan",
    async (page) => {
      await page.keyboard.press("Tab");
      assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
      assert.deepEqual(
        await page.$$eval("select, input", (controls) =>
          controls
            .filter((control) => control.labels.length === 0 && !control.getAttribute("aria-label"))
            .map((control) => control.name),
        ),
        [],
      );
      assert.deepEqual(
        await page.$$eval(".chart, svg.network", (all) => all.filter((one) => !one.getAttribute("aria-label")).length),
        0,
      );
      const levels = await page.$$eval("h1, h2, h3", (all) => all.map((one) => Number(one.tagName[1])));
      assert.equal(levels[0], 1);
      assert.ok(levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1));
      await page.evaluate(() => window.dispatchEvent(new Event("beforeprint")));
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light");
      await page.evaluate(() => window.dispatchEvent(new Event("afterprint")));
      assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
      const pdf = await page.pdf({
        format: "A4",
        ...(RINGSIM_SCREENSHOTS && { path: `${RINGSIM_SCREENSHOTS}/scan.pdf` }),
      });
      assert.ok(pdf.length > 20_000);
    },
    { colorScheme: "dark" },
  );
});
