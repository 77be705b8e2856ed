// How long steps take and what of: one run's steps, and several runs' means.
import * as columns from "./columns.js";
import { axis, chart, legend, tooltip } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { seconds } from "./format.js";
import { pick } from "./table.js";
import { colour, dash } from "./theme.js";
import { logScale } from "./scale.js";

const decals = [
  { symbol: "none" },
  { dashArrayX: [1, 0], dashArrayY: [2, 4], rotation: -Math.PI / 4 },
  {
    symbol: "circle",
    dashArrayX: [
      [6, 6],
      [0, 6, 6, 0],
    ],
    dashArrayY: [5, 0],
    symbolSize: 0.7,
  },
  { dashArrayX: [1, 0], dashArrayY: [2, 6], rotation: Math.PI / 4 },
];
const mostBars = 100;
const mostRowsOfTable = 500;

/** The name of a part of the time, with how it is known where the run says so. */
function partLabel(flat, part) {
  const basis = pick(flat, columns.basis[part.key]);
  return basis ? `${part.label} (${basis})` : part.label;
}

function stepOption(run, scale, colours) {
  const steps = run.steps.texts(columns.steps.step);
  const isBars = steps.length <= mostBars;
  const values = columns.timeParts.map((part) => run.steps.numbers(columns.steps[part.key]));
  const log = logScale(values.flat(), seconds);
  const isLog = scale === "log";
  return {
    aria: { enabled: true, decal: { show: isBars, decals } },
    grid: { left: 76, right: 20, top: 40, bottom: 84 },
    legend: legend(colours),
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
    dataZoom: [{ type: "slider", bottom: 8, height: 20, textStyle: { color: colours.text } }],
    xAxis: axis(colours, "step", { type: "category", data: steps }),
    yAxis: axis(
      colours,
      "seconds per step",
      isLog
        ? { ...log.axis, nameGap: 58, axisLabel: { ...log.axis.axisLabel, color: colours.text } }
        : { type: "value", nameGap: 58, axisLabel: { color: colours.text, formatter: seconds } },
    ),
    series: columns.timeParts.map((part, index) => ({
      name: partLabel(run.flat, part),
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

function meansOption(runs, colours) {
  const values = columns.timeParts.map((part) => runs.map((run) => pick(run.flat, columns.summary[part.key])));
  return {
    aria: { enabled: true, decal: { show: true, decals } },
    grid: { left: 20, right: 90, top: 36, bottom: 44, containLabel: true },
    legend: legend(colours),
    tooltip: tooltip(
      colours,
      (at) => [
        at[0].name,
        ...at
          .filter((one) => one.seriesIndex < values.length)
          .map((one) => `${one.seriesName}: ${seconds(one.value ?? null)}`),
      ],
      { trigger: "axis", axisPointer: { type: "shadow" } },
    ),
    xAxis: axis(colours, "mean time per step", {
      type: "value",
      axisLabel: { color: colours.text, formatter: seconds, hideOverlap: true },
    }),
    yAxis: axis(colours, "", {
      type: "category",
      inverse: true,
      data: runs.map((run) => run.name),
      axisLabel: { color: colours.text, width: 180, overflow: "break" },
    }),
    series: [
      ...columns.timeParts.map((part, index) => ({
        name: part.label,
        type: "bar",
        stack: "time",
        barMaxWidth: 30,
        color: colour(index),
        data: values[index],
      })),
      {
        type: "bar",
        stack: "time",
        data: runs.map(() => 0),
        tooltip: { show: false },
        color: "transparent",
        label: {
          show: true,
          position: "right",
          color: colours.text,
          formatter: (at) => seconds(pick(runs[at.dataIndex].flat, columns.summary.total)),
        },
      },
    ],
  };
}

/** Means of several runs, one bar each. */
export function meansPicture(runs) {
  return chart(
    "Mean time per step of each run: computing, compressing and exposed exchange, stacked",
    110 + 44 * runs.length,
    (colours) => meansOption(runs, colours),
  );
}
