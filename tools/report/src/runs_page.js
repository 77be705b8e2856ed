// The page of one run or several.
import { agePanel } from "./ages.js";
import * as columns from "./columns.js";
import { drawCharts } from "./chart.js";
import { choice, controlsRow, element, panel } from "./dom.js";
import { layerPanel } from "./layer_map.js";
import { learningPanel } from "./learning.js";
import { networkPanel } from "./network.js";
import { seedGroups, seedPanel } from "./seed_groups.js";
import { meansPanel, stepTimePanel } from "./step_time.js";
import { summaryTable } from "./summary_table.js";
import { flatten, pick, Table } from "./table.js";
import { verdictParagraphs } from "./verdict.js";

function read(run) {
  return {
    name: run.name,
    flat: flatten(run.summary),
    gpusPerNode: run.gpus_per_node ?? null,
    hosts: run.hosts ?? null,
    linkEnds: run.link_ends ?? null,
    leftOut: run.every,
    steps: new Table(run.steps),
    layers: new Table(run.layers),
    links: new Table(run.links),
    ages: new Table(run.staleness),
    messages: run.transfers ? { table: new Table(run.transfers.csv), isWhole: run.transfers.is_whole } : null,
  };
}

function provenance(run) {
  return element(
    "details",
    {},
    element("summary", {}, `How ${run.name} was made`),
    element("pre", {}, pick(run.flat, columns.summary.command) ?? ""),
  );
}

function details(run) {
  return [stepTimePanel(run), layerPanel(run), agePanel(run), networkPanel(run)].filter(Boolean);
}

export function runsPage(data) {
  const runs = data.runs.map(read);
  const top = [
    element("div", { class: "verdict", id: "verdict" }, ...verdictParagraphs(data.verdict)),
    panel("figures", "Figures", summaryTable(runs), ...runs.map(provenance)),
    runs.length > 1 ? meansPanel(runs) : null,
    seedPanel(seedGroups(runs)),
    learningPanel(runs),
  ].filter(Boolean);
  const holder = element("div", { id: "one-run" }, ...details(runs[0]));
  if (runs.length === 1) return [...top, holder];
  const heading = element("p", {}, `What follows is of the run ${runs[0].name}.`);
  const choose = (name) => {
    heading.textContent = `What follows is of the run ${runs[Number(name)].name}.`;
    holder.replaceChildren(...details(runs[Number(name)]));
    drawCharts();
  };
  return [
    ...top,
    panel(
      "which",
      "One run in detail",
      heading,
      controlsRow(
        choice(
          "run",
          "Run",
          runs.map((run, i) => [String(i), run.name]),
          "0",
          choose,
        ),
      ),
    ),
    holder,
  ];
}
