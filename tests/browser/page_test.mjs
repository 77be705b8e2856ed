// The page's figures and places, without a browser: node --test page_test.mjs, with SOURCES naming tools/report/src.
import assert from "node:assert/strict";
import { test } from "node:test";

const from = (file) => import(`${process.env.SOURCES}/${file}`);
const { parseCsv, Table } = await from("table.js");
const { bandwidth, bytes, factor, optionNumber, roundFactor, seconds } = await from("format.js");
const { logScale } = await from("scale.js");
const { layout } = await from("network_layout.js");
const { interval, Scan } = await from("scan_model.js");
const { between, crossings, decide } = await from("decision.js");
const { curvesOf } = await from("learning_curves.js");

test("CSV is read by RFC 4180, and an empty cell is no number", () => {
  assert.deepEqual(parseCsv('a,b\n"x ""y"",\nz",\n,2\n'), [
    ["a", "b"],
    ['x "y",\nz', ""],
    ["", "2"],
  ]);
  assert.deepEqual(new Table("a,b\n0,\n,1e-300\n").numbers(["missing", "b"]), [null, 1e-300]);
});

test("numbers are written with their units, absent ones as a dash", () => {
  assert.equal(seconds(null), "\u2013");
  assert.equal(seconds(0), "0 s");
  assert.equal(seconds(0.0135), "13.5 ms");
  assert.equal(seconds(0.00099997), "1 ms");
  assert.equal(seconds(3e9), "3.00e+9 s");
  assert.equal(bytes(770000000), "770 MB");
  assert.equal(bandwidth(1.25e9), "10 Gbit/s");
  assert.equal(factor(17.364), "17.36\u00d7");
  assert.deepEqual([17.88, 9.96, 9.94, 1.002, Infinity].map(roundFactor), [
    "18\u00d7",
    "10\u00d7",
    "9.9\u00d7",
    "1.0\u00d7",
    "\u221e",
  ]);
});

test("values of options are ordered by what they say", () => {
  const cases = {
    "10Gbps": 1e10,
    "1.25GBps": 1e10,
    "5us": 5e-6,
    "25MiB": 25 * 2 ** 20,
    "1/84": 1 / 84,
    0.5: 0.5,
    "0s": 0,
  };
  for (const [text, value] of Object.entries(cases))
    assert.ok(Math.abs(optionNumber(text) - value) <= 1e-12 * value, text);
  for (const text of ["auto", "dense", "", "ring8-1g"]) assert.equal(optionNumber(text), null, text);
});

test("a logarithmic axis holds 0 and values that are 10^9 apart", () => {
  const scale = logScale([0, 2e-6, 3e3, null], String);
  assert.equal(scale.place(2e-6), 2e-6);
  assert.equal(scale.place(null), null);
  assert.ok(scale.place(0) < 1e-6 && scale.place(0) >= scale.axis.min);
  assert.equal(scale.axis.axisLabel.formatter(scale.axis.min), "0");
  assert.equal(scale.axis.max, 1e4);
  assert.equal(logScale([2e-6, 3], String).axis.axisLabel.formatter(1e-6), "0.000001");
});

test("an interval is Student's", () => {
  // Three values 1, 2, 3: standard deviation 1, t = 4.303, so 4.303 / sqrt(3) on each side.
  const { mean, half } = interval([1, 2, 3]);
  assert.equal(mean, 2);
  assert.ok(Math.abs(half - 4.303 / Math.sqrt(3)) < 1e-12);
  assert.equal(interval([5]).half, null);
});

function scanOf(lines) {
  return new Scan(new Table(`point,option.bandwidth,option.scheme,option.seed,time,error\n${lines.join("\n")}\n`));
}

test("who wins a cell is the least mean over seeds, and curves are equal where they cross", () => {
  const lines = [];
  const times = { dense: [10, 1], iwp: [2.5, 2] };
  for (const [scheme, [slow, fast]] of Object.entries(times)) {
    for (const [bandwidth, time] of [
      ["1Gbps", slow],
      ["100Gbps", fast],
    ]) {
      for (const seed of [1, 2])
        lines.push(`${lines.length},${bandwidth},${scheme},${seed},${time * (seed === 1 ? 0.9 : 1.1)},`);
    }
  }
  lines.push(`${lines.length},1Gbps,iwp,3,,it failed`);
  const scan = scanOf(lines);
  const [x, what] = [scan.options[0], scan.options[1]];
  const { cells, wins } = decide(scan, { x, y: null, what, figure: scan.figure("time") });
  assert.deepEqual(
    cells.map((cell) => [x.values[cell.x], what.values[cell.winner], Math.round(cell.factor * 1e9) / 1e9]),
    [
      ["1Gbps", "iwp", 4],
      ["100Gbps", "dense", 2],
    ],
  );
  assert.deepEqual(
    wins.map(({ name, count }) => [name, count]),
    [
      ["iwp", 1],
      ["dense", 1],
    ],
  );
  // Logarithms of dense / iwp go from log 4 to -log 2: equal at two thirds of the way, 10^(2 * 2/3) Gbit/s.
  const [crossing] = crossings(cells);
  assert.ok(Math.abs(crossing.share - 2 / 3) < 1e-9);
  assert.equal(between(x, crossing.left, crossing.share, optionNumber), "about 21.5Gbps");
  scan.choose(what, ["dense"]);
  assert.equal(decide(scan, { x, y: null, what, figure: scan.figure("time") }).cells[0].factor, null);
});

test("a winner that the seeds do not tell from the next is marked", () => {
  const cellOf = (dense, iwp) => {
    const lines = [...dense.map((time) => ["dense", time]), ...iwp.map((time) => ["iwp", time])];
    const scan = scanOf(lines.map(([scheme, time], i) => `${i},1Gbps,${scheme},${i % 2},${time},`));
    const [x, what] = scan.options;
    return decide(scan, { x, y: null, what, figure: scan.figure("time") }).cells[0];
  };
  // Half an interval of two values is 12.706 times half their distance: 0.6353 of 1.95 and 2.05, 12.7 of 1 and 3.
  const apart = cellOf([3.95, 4.05], [1.95, 2.05]);
  assert.equal(apart.isWithinSeeds, false);
  assert.ok(Math.abs(apart.half - 12.706 * 0.05) < 1e-12);
  assert.equal(cellOf([3.95, 4.05], [1, 3]).isWithinSeeds, true);
  assert.equal(cellOf([4], [2]).isWithinSeeds, false);
});

test("runs that differ in their seed alone are one curve with its interval", () => {
  const run = (name, seed, losses) => ({
    name,
    flat: { "provenance.command": `ringsim run --seed ${seed} -o ${name}`, "provenance.seed": seed, scheme: "iwp" },
    steps: new Table(`step,start_s,total_s,loss\n${losses.map((loss, i) => `${i},${i},1,${loss}`).join("\n")}\n`),
  });
  const runs = [run("all/seed-1", 1, [4, 1]), run("all/seed-2", 2, [4, 2]), run("all/seed-3", 3, [4, 3, 9])];
  const [mean, ...more] = curvesOf(runs, "loss", "steps", true);
  assert.deepEqual(more, []);
  assert.equal(mean.name, "all (3 seeds)");
  assert.deepEqual(mean.points, [
    [1, 4],
    [2, 2],
  ]);
  assert.equal(mean.halves[0], 0);
  assert.ok(Math.abs(mean.halves[1] - 4.303 / Math.sqrt(3)) < 1e-12);
  assert.deepEqual(
    curvesOf(runs, "loss", "steps", false).map(({ name, points }) => [name, points.length]),
    [
      ["all/seed-1", 2],
      ["all/seed-2", 2],
      ["all/seed-3", 3],
    ],
  );
});

test("links that show no topology are not drawn", () => {
  assert.equal(layout(["a", "b", "c"], null), null);
  assert.equal(layout(["a", "a:reverse", "b", "b:reverse"], null), null);
});

test("topologies of every kind are drawn: each link between two places", () => {
  const drawings = JSON.parse(process.env.LINKS);
  for (const [kind, names] of Object.entries(drawings)) {
    const drawing = layout(names, 8);
    assert.ok(drawing, kind);
    assert.equal(drawing.kind, kind);
    assert.deepEqual(new Set(drawing.edges.map(({ link }) => link)), new Set(names.keys()));
    for (const { x, y } of drawing.vertices.values()) assert.ok(Number.isFinite(x) && Number.isFinite(y), kind);
  }
});
