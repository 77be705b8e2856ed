// Loss and accuracy against simulated time, steps or bytes; runs that differ in their seed alone as one curve each.
import * as columns from "./columns.js";
import { axis, chart, legend, tooltip } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { bytes, plain, seconds, share } from "./format.js";
import { curve, curvesOf } from "./learning_curves.js";
import { seedGroups } from "./seed_groups.js";
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

/** The 95 % interval about a mean curve, as an area. */
function band({ points, halves }, index) {
  return {
    type: "custom",
    silent: true,
    clip: true,
    z: 1,
    tooltip: { show: false },
    data: halves && points.length > 1 ? [points[0]] : [],
    renderItem: (params, api) => {
      const edge = (sign) => points.map(([x, y], at) => api.coord([x, y + sign * (halves[at] ?? 0)]));
      return {
        type: "polygon",
        shape: { points: [...edge(1), ...edge(-1).reverse()] },
        style: { fill: colour(index), opacity: 0.18 },
      };
    },
  };
}

function option(curves, figure, axisName, isLog, colours) {
  const { label, shown } = figures[figure];
  const scale = isLog ? { type: "log", min: "dataMin" } : { type: "value" };
  return {
    grid: { left: 70, right: 24, top: 40, bottom: 84 },
    legend: legend(colours, { show: curves.length > 1, data: curves.map(({ name }) => name) }),
    tooltip: tooltip(
      colours,
      (at) => [
        `${at.seriesName}: ${shown(at.value[1])}${halfText(curves[at.seriesIndex / 2], at.dataIndex, shown)}`,
        `${axes[axisName].label}: ${axes[axisName].shown(at.value[0])}`,
      ],
      { trigger: "item" },
    ),
    dataZoom: [
      {
        type: "slider",
        filterMode: "none",
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
    series: curves.flatMap((one, index) => {
      const isDotted = one.points.length <= 60;
      const line = {
        name: one.name,
        type: "line",
        data: one.points,
        color: colour(index),
        lineStyle: { width: 1.8, type: dash(index) },
        symbol: symbol(index),
        symbolSize: 7,
        showSymbol: isDotted,
        sampling: isDotted ? undefined : "minmax",
      };
      return [line, band(one, index)];
    }),
  };
}

function halfText({ halves }, at, shown) {
  const half = halves?.[at] ?? null;
  return half === null ? "" : ` \u00b1 ${shown(half)} (95 % interval)`;
}

function table(curves, figure, axisName) {
  const { shown } = figures[figure];
  const hasHalves = curves.some(({ halves }) => halves);
  const rows = curves.flatMap(({ name, points, halves }) =>
    points.map(([at, value], place) => [
      { text: name },
      { text: axes[axisName].shown(at), value: at },
      { text: shown(value), value },
      ...(hasHalves ? [{ text: shown(halves?.[place] ?? null), value: halves?.[place] }] : []),
    ]),
  );
  return plainTable(
    rows.length > mostRowsOfTable ? `The first ${mostRowsOfTable} of ${rows.length} rows` : "All rows",
    ["run", axes[axisName].label, figures[figure].label, ...(hasHalves ? ["95 % interval, half"] : [])],
    rows.slice(0, mostRowsOfTable),
  );
}

/** Whether runs end at times so far apart that a linear axis would press the short ones against its end. */
function areFarApart(runs, figure) {
  const ends = runs.map((run) => curve(run, figure, "time").at(-1)?.[0] ?? 0).filter((end) => end > 0);
  return ends.length > 1 && Math.max(...ends) > 4 * Math.min(...ends);
}

/** Null where nothing was trained. */
export function learningPanel(allRuns) {
  const trained = (figure) => allRuns.filter((run) => run.steps.numbers(columns.steps[figure]).some((v) => v !== null));
  const offered = Object.keys(figures).filter((figure) => trained(figure).length > 0);
  if (offered.length === 0) return null;
  let figure = offered.at(-1);
  let axisName = "time";
  let isLog = areFarApart(trained(figure), figure) ? "yes" : "no";
  const hasSeeds = seedGroups(allRuns).length > 0;
  let isMean = hasSeeds;
  const isThinned = allRuns.some((run) => run.leftOut.steps > 1);
  const usable = Object.entries(axes).filter(([name]) => name !== "bytes" || !isThinned);
  const curves = () => curvesOf(trained(figure), figure, axisName, isMean);
  const picture = chart("Loss or accuracy against simulated time, steps or bytes", 380, (colours) =>
    option(curves(), figure, axisName, isLog === "yes", colours),
  );
  const holder = element("div");
  const show = () => {
    picture.draw();
    holder.replaceChildren(alternative(() => table(curves(), figure, axisName)));
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
      hasSeeds
        ? choice(
            "seeds-as",
            "seeds",
            [
              ["mean", "as their mean and its 95 % interval"],
              ["each", "each by itself"],
            ],
            "mean",
            (value) => {
              isMean = value === "mean";
              show();
            },
          )
        : null,
    ),
    picture,
    holder,
  );
}
