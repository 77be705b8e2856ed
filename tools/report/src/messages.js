// The messages that are under way at a moment, on the drawing of the topology; a slider chooses the moment.
import * as columns from "./columns.js";
import { element, svg } from "./dom.js";
import { bytes, seconds } from "./format.js";

const stops = 1000;
const clearance = 11; // between an arrow's ends and the middle of its hosts

/** Rows whose message is under way at `time`: from its start up to its end. */
export function underWay(table, time) {
  const ends = table.numbers(columns.messages.end);
  const rows = [];
  table.numbers(columns.messages.start).forEach((start, row) => {
    if (start <= time && time < ends[row]) rows.push(row);
  });
  return rows;
}

/** An arrow from one host to another, bent so that the way back has a line of its own. */
function arrow(from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [(clearance * dx) / length, (clearance * dy) / length];
  const bend = { x: (from.x + to.x) / 2 - dy * 0.12, y: (from.y + to.y) / 2 + dx * 0.12 };
  return svg("path", {
    class: "message",
    d: `M ${from.x + ux} ${from.y + uy} Q ${bend.x} ${bend.y} ${to.x - ux} ${to.y - uy}`,
    "marker-end": "url(#arrowhead)",
  });
}

function arrowhead() {
  const shape = svg("path", { d: "M 0 0 L 8 4 L 0 8 z", class: "arrowhead" });
  const size = { viewBox: "0 0 8 8", refX: 8, refY: 4, markerWidth: 6, markerHeight: 6, orient: "auto" };
  return svg("defs", {}, svg("marker", { id: "arrowhead", ...size }, shape));
}

/** Adds arrows to the picture, and gives the slider that chooses when; null where no messages were recorded. */
export function messageSlider(run, drawing, picture) {
  if (!run.messages || run.messages.table.length === 0) return null;
  const { table, isWhole } = run.messages;
  const column = (name) => table.numbers(columns.messages[name]);
  const [sources, targets, sizes] = ["source", "target", "bytes"].map(column);
  const begin = column("start").reduce((a, b) => Math.min(a, b));
  const end = column("end").reduce((a, b) => Math.max(a, b));
  const arrows = svg("g", {});
  picture.append(arrowhead(), arrows);
  const text = element("output", { class: "quiet", name: "under-way" });
  const show = () => {
    const time = begin + ((end - begin) * Number(slider.value)) / stops;
    const rows = underWay(table, time);
    arrows.replaceChildren(
      ...rows
        .filter((row) => drawing.vertices.has(sources[row]) && drawing.vertices.has(targets[row]))
        .map((row) => arrow(drawing.vertices.get(sources[row]), drawing.vertices.get(targets[row]))),
    );
    const sum = rows.reduce((total, row) => total + sizes[row], 0);
    text.textContent = `at ${seconds(time)}: ${rows.length} messages under way, ${bytes(sum)}`;
    slider.setAttribute("aria-valuetext", text.textContent);
  };
  const slider = element("input", {
    type: "range",
    name: "moment",
    min: "0",
    max: String(stops),
    value: "0",
    oninput: show,
  });
  show();
  const cut = isWhole ? "" : `the first ${table.length} messages are on this page`;
  return element("div", { class: "controls" }, element("label", {}, "Messages at a moment", slider), text, cut);
}
