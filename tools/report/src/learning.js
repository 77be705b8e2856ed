// Loss and accuracy against simulated time, steps or bytes; runs that differ in their seed alone as one curve each.
import * as columns from "./columns.js";
import { axis, chart, legend, tooltip } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { bytes, plain, seconds, share } from "./format.js";
import { pick } from "./table.js";
import { colour, dash, symbol } from "./theme.js";

const figures = {
  loss: { label: "training loss", shown: plain },
  accuracy: { label: "accuracy on the test set", shown: share },
};
const axes = {
  time: { label: "simulated time", shown: seconds },
  steps: { label: "steps", shown: plain },
  bytes: { label: "bytes sent per rank", shown: bytes },
};
const mostRowsOfTable = 500;

/** Where each row of steps.csv lies on an axis: at the end of its step. Null where steps are left out of the page. */
function positions(run, name) {
  const steps = run.steps.numbers(columns.steps.step);
  if (name === "steps") return steps.map((step) => step + 1);
  if (name === "time") {
    const total = run.steps.numbers(columns.steps.total);
    return run.steps.numbers(columns.steps.start).map((start, row) => start + total[row]);
  }
  const ranks = pick(run.flat, columns.summary.ranks);
  let sent = 0;
  return run.steps.numbers(columns.steps.bytes).map((step) => (sent += step) / ranks);
}

export function curve(run, figure, axisName) {
  const at = positions(run, axisName);
  return run.steps
    .numbers(columns.steps[figure])
    .map((value, row) => [at[row], value])
    .filter(([, value]) => value !== null);
}

function option(runs, figure, axisName, isLog, colours) {
  const { label, shown } = figures[figure];
  const scale = isLog ? { type: "log", min: "dataMin" } : { type: "value" };
  return {
    grid: { left: 70, right: 24, top: 40, bottom: 84 },
    legend: legend(colours, { show: runs.length > 1 }),
    tooltip: tooltip(
      colours,
      (at) => [
        `${runs[at.seriesIndex].name}: ${shown(at.value[1])}`,
        `${axes[axisName].label}: ${axes[axisName].shown(at.value[0])}`,
      ],
      { trigger: "item" },
    ),
    dataZoom: [
      {
        type: "slider",
        bottom: 8,
        height: 20,
        textStyle: { color: colours.text },
        labelFormatter: axes[axisName].shown,
      },
    ],
    xAxis: axis(colours, axes[axisName].label, {
      ...scale,
      splitLine: { show: false },
      axisLabel: { color: colours.text, formatter: axes[axisName].shown, hideOverlap: true },
    }),
    yAxis: axis(colours, label, {
      type: "value",
      scale: true,
      nameGap: 52,
      axisLabel: { color: colours.text, formatter: shown },
    }),
    series: runs.map((run, index) => {
      const data = curve(run, figure, axisName);
      const isDotted = data.length <= 60;
      return {
        name: run.name,
        type: "line",
        data,
        color: colour(index),
        lineStyle: { width: 1.8, type: dash(index) },
        symbol: symbol(index),
        symbolSize: 7,
        showSymbol: isDotted,
        sampling: isDotted ? undefined : "minmax",
      };
    }),
  };
}

function table(runs, figure, axisName) {
  const rows = runs.flatMap((run) =>
    curve(run, figure, axisName).map(([at, value]) => [
      { text: run.name },
      { text: axes[axisName].shown(at), value: at },
      { text: figures[figure].shown(value), value },
    ]),
  );
  return plainTable(
    rows.length > mostRowsOfTable ? `The first ${mostRowsOfTable} of ${rows.length} rows` : "All rows",
    ["run", axes[axisName].label, figures[figure].label],
    rows.slice(0, mostRowsOfTable),
  );
}

/** Null where nothing was trained. */
export function learningPanel(allRuns) {
  const trained = (figure) => allRuns.filter((run) => run.steps.numbers(columns.steps[figure]).some((v) => v !== null));
  const offered = Object.keys(figures).filter((figure) => trained(figure).length > 0);
  if (offered.length === 0) return null;
  let figure = offered.at(-1);
  let axisName = "time";
  let isLog = "no";
  const isThinned = allRuns.some((run) => run.leftOut.steps > 1);
  const usable = Object.entries(axes).filter(([name]) => name !== "bytes" || !isThinned);
  const picture = chart("Loss or accuracy against simulated time, steps or bytes", 380, (colours) =>
    option(trained(figure), figure, axisName, isLog === "yes", colours),
  );
  const holder = element("div");
  const show = () => {
    picture.draw();
    holder.replaceChildren(alternative(() => table(trained(figure), figure, axisName)));
  };
  show();
  return panel(
    "learning",
    "What it learns",
    element(
      "p",
      {},
      "Each point lies at the end of its step.",
      isThinned ? " Steps are left out of this page, so bytes cannot be added up here." : "",
    ),
    controlsRow(
      choice(
        "figure",
        "Show",
        offered.map((name) => [name, figures[name].label]),
        figure,
        (value) => {
          figure = value;
          show();
        },
      ),
      choice(
        "against",
        "against",
        usable.map(([name, { label }]) => [name, label]),
        axisName,
        (value) => {
          axisName = value;
          show();
        },
      ),
      choice(
        "against-scale",
        "scale",
        [
          ["no", "linear"],
          ["yes", "logarithmic"],
        ],
        isLog,
        (value) => {
          isLog = value;
          show();
        },
      ),
    ),
    picture,
    holder,
  );
}
