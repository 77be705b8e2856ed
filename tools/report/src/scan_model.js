// A scan's points, what varies among them, and which of them the reader has chosen.
import * as columns from "./columns.js";
import { optionNumber } from "./format.js";
import { number } from "./table.js";

/** The value of an option where it does not apply. */
export const leftOut = "(left out)";

/** Values in the order of their numbers where all that are there have one, else as they came. */
function ordered(texts) {
  const distinct = [...new Set(texts)];
  const numbers = new Map(distinct.map((text) => [text, text === leftOut ? -Infinity : optionNumber(text)]));
  const isNumeric = distinct.every((text) => numbers.get(text) !== null) && distinct.some((text) => text !== leftOut);
  if (isNumeric) distinct.sort((a, b) => numbers.get(a) - numbers.get(b));
  return { values: distinct, isNumeric };
}

export class Scan {
  /** `table`: scan.csv. */
  constructor(table) {
    this.table = table;
    const errors = table.texts(columns.summary.error);
    this.rows = table.rows.map((cells, index) => ({ index, cells, isFailed: (errors[index] ?? "") !== "" }));
    this.options = table.names.filter((name) => name.startsWith(columns.optionPrefix)).map((name) => this.option(name));
    this.figures = this.findFigures();
    this.chosen = new Map(this.options.map((option) => [option.name, new Set(option.values)]));
    this.listeners = [];
    this.later = [];
    this.shown = this.rows;
    this.hasSeeds = this.options.some((option) => option.isSeed);
    this.repeated = this.findRepeated();
    this.means = new Map(); // by figure: what overSeeds() gives of the points that are shown
  }

  option(name) {
    const texts = this.table.texts([name]).map((text) => (text === "" ? leftOut : text));
    const { values, isNumeric } = ordered(texts);
    const places = new Map(values.map((value, index) => [value, index]));
    return {
      name,
      label: `--${name.slice(columns.optionPrefix.length)}`,
      texts,
      values,
      isNumeric,
      at: Int32Array.from(texts, (text) => places.get(text)), // by row: the index of its value
      isSeed: name === columns.seedOption,
    };
  }

  /** By row: a number that points have in common which differ in their seed alone. */
  findRepeated() {
    const keys = new Float64Array(this.rows.length);
    for (const option of this.options.filter(({ isSeed }) => !isSeed)) {
      option.at.forEach((at, index) => (keys[index] = keys[index] * option.values.length + at));
    }
    return keys;
  }

  /** Columns of numbers that are no options, those that all points share last. */
  findFigures() {
    const figures = [];
    for (const name of this.table.names) {
      if (name.startsWith(columns.optionPrefix) || name === "point") continue;
      const values = this.table.numbers([name]);
      const present = values.filter((value) => value !== null);
      if (present.length === 0 || this.table.texts([name]).some((text) => text !== "" && number(text) === null))
        continue;
      figures.push({
        name,
        label: name,
        values,
        unit: columns.unitOf(name),
        varies: present.some((v) => v !== present[0]),
      });
    }
    return figures;
  }

  figure(name) {
    return this.figures.find((figure) => figure.name === name);
  }

  /** Options that say what is compared: without the seed, over which means are taken. */
  get compared() {
    return this.options.filter((option) => !option.isSeed && option.values.length > 1);
  }

  choose(option, values) {
    this.chosen.set(option.name, new Set(values));
    this.update();
  }

  update() {
    const narrowed = this.options.filter((option) => this.chosen.get(option.name).size < option.values.length);
    const masks = narrowed.map((option) => [
      option.at,
      option.values.map((value) => this.chosen.get(option.name).has(value)),
    ]);
    this.shown = this.rows.filter((row) => masks.every(([at, isChosen]) => isChosen[at[row.index]]));
    this.means.clear();
    for (const listener of this.listeners) listener();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.later.forEach((listener) => listener()));
  }

  /** Called when other points are shown; `isLater`: once all others have answered. */
  onChange(listener, isLater = false) {
    (isLater ? this.later : this.listeners).push(listener);
  }
}

/** Rows by the text that `key` gives for each. */
export function grouped(rows, key) {
  const groups = new Map();
  for (const row of rows) {
    const at = key(row);
    if (!groups.has(at)) groups.set(at, []);
    groups.get(at).push(row);
  }
  return groups;
}

// Student's t for a two-sided interval of 95 %, by degrees of freedom.
const student = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/** Mean, and half the width of its 95 % confidence interval: null for fewer than two values. */
export function interval(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, half: null, count: values.length };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const t = student[values.length - 2] ?? 1.96 + 2.4 / (values.length - 1);
  return { mean, half: t * Math.sqrt(variance / values.length), count: values.length };
}

/**
 * The points that are shown, of which those that differ in their seed alone are one: [{row, mean, half, count}]. Points
 * that failed or have no such figure are left out.
 */
export function overSeeds(scan, figure) {
  if (!scan.means.has(figure)) scan.means.set(figure, findMeans(scan, figure));
  return scan.means.get(figure);
}

function findMeans(scan, figure) {
  const rows = scan.shown.filter((row) => figure.values[row.index] !== null);
  if (!scan.hasSeeds) return rows.map((row) => ({ row, mean: figure.values[row.index], half: null, count: 1 }));
  return [...grouped(rows, (row) => scan.repeated[row.index]).values()].map((group) => ({
    row: group[0],
    ...interval(group.map((row) => figure.values[row.index])),
  }));
}

/** The points of each pair of values of two options, of which the second may be null: [[x, y, points]]. */
export function byPair(points, x, y) {
  const rows = y ? y.values.length : 1;
  const groups = grouped(points, ({ row }) => x.at[row.index] * rows + (y ? y.at[row.index] : 0));
  return [...groups].map(([key, inGroup]) => [Math.floor(key / rows), key % rows, inGroup]);
}

/** The best (least, or greatest) of points. */
export function best(points, isGreatest) {
  return points.reduce((a, b) => ((isGreatest ? b.mean > a.mean : b.mean < a.mean) ? b : a));
}

/** Whether more of a figure is better. */
export function isGreatestBest(name) {
  return name === "accuracy" || /^(compression_ratio|headroom_seconds|equal_at_bandwidth)/.test(name);
}
