// What the steps of a scan's points consist of.
import * as columns from "./columns.js";
import { alternative, controlsRow, element, panel } from "./dom.js";
import { grouped, interval, leftOut, overSeeds } from "./scan_model.js";
import { heightOf, scaleChoice, stackedTable, stackedTimes } from "./stacked_times.js";

const mostBars = 24;

/** "1Gbps, dense": what options do not apply is left out. */
function nameOf(scan, row) {
  const texts = scan.compared.map((option) => option.texts[row.index]).filter((text) => text !== leftOut);
  return texts.join(", ") || `point ${row.index}`;
}

/** The first points that are shown, those that differ in their seed alone as one: [{name, parts, bases, total}]. */
export function timesOfPoints(scan, most) {
  const figure = (key) => scan.figure(scan.table.find(columns.summary[key]));
  const totals = overSeeds(scan, figure("total")).slice(0, most);
  const keys = new Set(totals.map(({ row }) => scan.repeated[row.index]));
  const ofKey = grouped(
    scan.shown.filter(({ index }) => keys.has(scan.repeated[index])),
    ({ index }) => scan.repeated[index],
  );
  const meanOf = (key, rows) => {
    const values = rows.map(({ index }) => figure(key)?.values[index] ?? null).filter((value) => value !== null);
    return values.length > 0 ? interval(values).mean : null;
  };
  const bases = columns.timeParts.map(({ key }) => [key, scan.table.texts(columns.basis[key])]);
  return totals.map(({ row, mean }) => {
    const rows = ofKey.get(scan.repeated[row.index]);
    return {
      name: nameOf(scan, row),
      parts: Object.fromEntries(columns.timeParts.map(({ key }) => [key, meanOf(key, rows)])),
      bases: Object.fromEntries(bases.map(([key, texts]) => [key, texts[row.index] || null])),
      total: mean,
    };
  });
}

/** Null where the scan has no times of parts. */
export function scanTimesPanel(scan) {
  const isThere = (key) => scan.figure(scan.table.find(columns.summary[key])) !== undefined;
  if (!isThere("total") || !columns.timeParts.some(({ key }) => isThere(key))) return null;
  let entries = [];
  let isShare = false;
  const picture = stackedTimes(
    "Mean time per step of the points: computing, compressing and exposed exchange, stacked",
    heightOf([]),
    () => entries,
    () => isShare,
  );
  const note = element("p");
  const holder = element("div");
  const show = () => {
    entries = timesOfPoints(scan, mostBars);
    const cut = entries.length === mostBars ? ` At most ${mostBars} have one; fewer can be chosen at the top.` : "";
    const names = scan.compared.map(({ label }) => label).join(", ");
    note.textContent = `What a step consists of, and how each part is known.${names ? ` A bar per ${names}.` : ""}${cut}`;
    picture.draw(heightOf(entries, 30));
    holder.replaceChildren(alternative(() => stackedTable("Mean time per step, as it is drawn", entries)));
  };
  show();
  scan.onChange(show, true);
  const choose = scaleChoice("times-as", (value) => {
    isShare = value;
    picture.draw();
  });
  return panel("times", "Where the time goes", note, controlsRow(choose), picture, holder);
}
