// The page of a scan.
import * as columns from "./columns.js";
import { decisionPanel } from "./decision_map.js";
import { element, panel } from "./dom.js";
import { facetPanel } from "./facets.js";
import { parallelPanel } from "./parallel.js";
import { scanTimesPanel } from "./scan_times.js";
import { Scan } from "./scan_model.js";
import { tablePanel } from "./scan_table.js";
import { Table } from "./table.js";
import { chosenPoints, verdictParagraphs } from "./verdict.js";

const first = [
  columns.summary.total,
  columns.summary.exposed,
  columns.summary.bytes,
  columns.summary.accuracy,
  columns.summary.compute,
  columns.summary.compress,
  columns.summary.targetSeconds,
  columns.summary.simulated,
];

/** Figures that can be shown, those that decide first; what does not vary last. */
function figuresOf(scan) {
  const names = first.map((these) => scan.table.find(these)).filter((name) => name && scan.figure(name));
  const rest = scan.figures.filter(({ name }) => !names.includes(name));
  return [...names.map((name) => scan.figure(name)), ...rest.filter(({ varies }) => varies)];
}

function optionControl(scan, option) {
  const boxes = option.values.map((value) =>
    element("input", { type: "checkbox", name: option.name, value, checked: true, onchange: () => choose() }),
  );
  const choose = () =>
    scan.choose(
      option,
      boxes.filter((box) => box.checked).map((box) => box.value),
    );
  const all = element(
    "button",
    {
      type: "button",
      onclick: () => {
        const isAll = boxes.every((box) => box.checked);
        for (const box of boxes) box.checked = !isAll;
        choose();
      },
    },
    "all / none",
  );
  return element(
    "fieldset",
    {},
    element("legend", {}, option.label),
    element("div", { class: "values" }, ...boxes.map((box, i) => element("label", {}, box, option.values[i]))),
    option.values.length > 4 ? all : null,
  );
}

export function scanPage(data) {
  const scan = new Scan(new Table(data.scan.csv));
  const figures = figuresOf(scan);
  const verdict = element("div", { class: "verdict", id: "verdict" }, ...verdictParagraphs(data.verdict));
  const shown = element("div", { id: "chosen-points", role: "status" });
  const say = (decision, state) =>
    shown.replaceChildren(
      ...chosenPoints(
        scan,
        decision?.wins ?? [],
        decision?.cells.length ?? 0,
        state ? `Of ${state.what.label},` : "",
        state?.figure.label,
      ).map((line) => element("p", {}, line)),
    );
  say(null, null);
  const controls = panel(
    "choose",
    "Which points",
    element("p", {}, "All that follows shows the points chosen here."),
    shown,
    element("div", { class: "controls" }, ...scan.options.map((option) => optionControl(scan, option))),
  );
  const hasFigures = figures.length > 0;
  return [
    verdict,
    controls,
    hasFigures ? decisionPanel(scan, figures, say) : null,
    hasFigures ? scanTimesPanel(scan) : null,
    hasFigures ? facetPanel(scan, figures) : null,
    hasFigures ? parallelPanel(scan, figures) : null,
    tablePanel(scan, figures.slice(0, 5)),
  ].filter(Boolean);
}
