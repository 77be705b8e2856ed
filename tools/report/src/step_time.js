// How long steps take and what of: one run's steps, and several runs' means.
import * as columns from "./columns.js";
import { axis, chart, tooltip, wholeLegend } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { seconds } from "./format.js";
import { pick } from "./table.js";
import { colour, dash } from "./theme.js";
import { logScale } from "./scale.js";
import { decals, heightOf, partLabel, scaleChoice, stackedTable, stackedTimes } from "./stacked_times.js";

const mostBars = 100;
const mostWithoutSlider = 16;
const mostRowsOfTable = 500;

function stepOption(run, scale, colours) {
  const steps = run.steps.texts(columns.steps.step);
  const isBars = steps.length <= mostBars;
  const values = columns.timeParts.map((part) => run.steps.numbers(columns.steps[part.key]));
  const log = logScale(values.flat(), seconds);
  const isLog = scale === "log";
  const { height, legend } = wholeLegend(colours);
  const hasSlider = steps.length > mostWithoutSlider;
  return {
    aria: { enabled: true, decal: { show: !isLog, decals } },
    grid: { left: 76, right: 20, top: height, bottom: hasSlider ? 84 : 48 },
    legend,
    tooltip: tooltip(
      colours,
      (at) =>
        at.length === 0
          ? []
          : [
              `step ${at[0].axisValue}`,
              ...at.map((one) => `${one.seriesName}: ${seconds(values[one.seriesIndex][one.dataIndex])}`),
            ],
      { trigger: "axis" },
    ),
    dataZoom: hasSlider ? [{ type: "slider", bottom: 8, height: 20, textStyle: { color: colours.text } }] : [],
    xAxis: axis(colours, "step", { type: "category", data: steps }),
    yAxis: axis(
      colours,
      "seconds per step",
      isLog
        ? { ...log.axis, nameGap: 58, axisLabel: { ...log.axis.axisLabel, color: colours.text } }
        : { type: "value", nameGap: 58, axisLabel: { color: colours.text, formatter: seconds } },
    ),
    series: columns.timeParts.map((part, index) => ({
      name: partLabel(part, [pick(run.flat, columns.basis[part.key])]),
      type: isBars && !isLog ? "bar" : "line",
      data: isLog ? values[index].map(log.place) : values[index],
      color: colour(index),
      lineStyle: { width: isLog ? 1.6 : 0.6, type: isLog ? dash(index) : "solid" },
      symbol: isLog && isBars ? "circle" : "none",
      ...(isLog
        ? {}
        : { stack: "time", areaStyle: { opacity: 0.85 }, barCategoryGap: "12%", step: isBars ? false : "middle" }),
    })),
  };
}

function stepTable(run) {
  const parts = [...columns.timeParts.map(({ key, label }) => ({ key, label })), { key: "total", label: "total" }];
  const values = parts.map((part) => run.steps.numbers(columns.steps[part.key]));
  const steps = run.steps.texts(columns.steps.step);
  const shown = Math.min(steps.length, mostRowsOfTable);
  return plainTable(
    `Time per step${shown < steps.length ? `, the first ${shown} of ${steps.length} rows` : ""}`,
    ["step", ...parts.map((part) => part.label)],
    steps
      .slice(0, shown)
      .map((step, row) => [
        { text: step },
        ...values.map((column) => ({ text: seconds(column[row] ?? null), value: column[row] })),
      ]),
  );
}

export function stepTimePanel(run) {
  let scale = "stacked";
  const picture = chart("Time of each step: computing, compressing and exposed exchange, stacked", 360, (colours) =>
    stepOption(run, scale, colours),
  );
  const left = run.leftOut.steps > 1 ? `Every ${run.leftOut.steps}th step of the file is on this page.` : "";
  return panel(
    "step-time",
    "Time per step",
    element(
      "p",
      {},
      "What a step consists of on the rank that finishes last. Exposed exchange is the time in which " +
        `nothing but the exchange goes on. ${left}`,
    ),
    controlsRow(
      choice(
        "time-scale",
        "Scale",
        [
          ["stacked", "stacked"],
          ["log", "side by side, logarithmic"],
        ],
        scale,
        (value) => {
          scale = value;
          picture.draw();
        },
      ),
    ),
    picture,
    alternative(() => stepTable(run)),
  );
}

/** Means of several runs, one bar each. */
export function meansPanel(runs) {
  const entries = runs.map((run) => ({
    name: run.name,
    parts: Object.fromEntries(columns.timeParts.map(({ key }) => [key, pick(run.flat, columns.summary[key])])),
    bases: Object.fromEntries(columns.timeParts.map(({ key }) => [key, pick(run.flat, columns.basis[key])])),
    total: pick(run.flat, columns.summary.total),
  }));
  let isShare = false;
  const picture = stackedTimes(
    "Mean time per step of each run: computing, compressing and exposed exchange, stacked",
    heightOf(entries),
    () => entries,
    () => isShare,
  );
  const choose = scaleChoice("means-as", (value) => {
    isShare = value;
    picture.draw();
  });
  const table = alternative(() => stackedTable("Mean time per step", entries));
  return panel("means", "Where the time goes", controlsRow(choose), picture, table);
}
