// All points as lines over one axis per option and figure.
import { chart } from "./chart.js";
import { choice, controlsRow, element, lineSwatch, panel } from "./dom.js";
import { shown } from "./format.js";
import { colour, dash } from "./theme.js";
import { logScale } from "./scale.js";

const mostFigures = 4;
const widestRange = 10;
// Among more lines dashes cannot be told apart, and 10,000 take seconds to draw.
const mostDashed = 500;
const dashOf = (scan, index) => (scan.shown.length > mostDashed ? "solid" : dash(index));

/** One axis: where a row lies on it, and how it is written. */
function optionAxis(option) {
  return {
    label: option.label,
    at: (row) => option.at[row.index],
    axis: { type: "category", data: option.values },
  };
}

function figureAxis(figure) {
  const positive = figure.values.filter((value) => value > 0);
  const least = positive.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = positive.reduce((a, b) => Math.max(a, b), 0);
  const isLog = greatest / least > widestRange && figure.values.every((value) => value === null || value >= 0);
  if (!isLog) {
    const present = figure.values.filter((value) => value !== null);
    const ends = [present.reduce((a, b) => Math.min(a, b)), present.reduce((a, b) => Math.max(a, b))];
    return {
      label: figure.label,
      at: (row) => figure.values[row.index],
      axis: {
        type: "value",
        min: Math.min(...ends),
        max: Math.max(...ends),
        axisLabel: { formatter: (value) => shown(value, figure.unit) },
      },
    };
  }
  const log = logScale(figure.values, (value) => shown(value, figure.unit));
  return { label: figure.label, at: (row) => log.place(figure.values[row.index]), axis: log.axis };
}

function option(scan, axes, by, colours) {
  const groups = by.values.map(() => []);
  for (const row of scan.shown) {
    if (!row.isFailed) groups[by.at[row.index]].push(axes.map((one) => one.at(row) ?? "-"));
  }
  const opacity = Math.max(0.06, Math.min(0.8, 30 / Math.sqrt(scan.shown.length * 4)));
  return {
    parallel: {
      left: 60,
      right: 90,
      top: 52,
      bottom: 26,
      parallelAxisDefault: {
        nameLocation: "end",
        nameGap: 16,
        nameTextStyle: { color: colours.text, width: 150, overflow: "truncate", lineHeight: 14 },
        axisLabel: { color: colours.text, width: 110, overflow: "truncate" },
        axisLine: { lineStyle: { color: colours.quiet } },
      },
    },
    parallelAxis: axes.map((one, dim) => ({
      dim,
      name: shortName(one.label),
      ...one.axis,
      axisLabel: { color: colours.text, textBorderColor: colours.page, textBorderWidth: 3, ...one.axis.axisLabel },
    })),
    series: groups.map((data, index) => ({
      type: "parallel",
      name: by.values[index],
      data,
      silent: true,
      progressive: 400,
      progressiveThreshold: 800,
      lineStyle: { color: colour(index), type: dashOf(scan, index), opacity, width: 1.2 },
    })),
  };
}

function shortName(label) {
  const parts = label.split(".");
  return parts.length > 1 ? `${parts.at(-1)}\n${parts[0].replaceAll("_", " ")}` : label;
}

/** Null where fewer than two options vary. */
export function parallelPanel(scan, figures) {
  if (scan.compared.length < 1) return null;
  let by = scan.compared.find((one) => !one.isNumeric) ?? scan.compared[0];
  const axes = [
    ...scan.compared.map(optionAxis),
    ...figures
      .filter(({ varies }) => varies)
      .slice(0, mostFigures)
      .map(figureAxis),
  ];
  const picture = chart(
    "Parallel coordinates: each point of the scan is a line over the axes of options and figures",
    420,
    (colours) => option(scan, axes, by, colours),
  );
  const keys = element("div", { class: "key" });
  const show = () => {
    keys.replaceChildren(
      ...by.values.map((value, index) => element("span", {}, lineSwatch(colour(index), dashOf(scan, index)), value)),
    );
    picture.draw();
  };
  show();
  scan.onChange(show, true);
  return panel(
    "parallel",
    "All points at once",
    element(
      "p",
      {},
      'Each line is a point; it crosses every axis at its value. The points under "Which points" are drawn, ' +
        "and the table below lists them.",
    ),
    controlsRow(
      choice(
        "parallel-colour",
        "A colour and dash per",
        scan.compared.map(({ name, label }) => [name, label]),
        by.name,
        (value) => {
          by = scan.options.find(({ name }) => name === value);
          show();
        },
      ),
    ),
    keys,
    element(
      "div",
      { class: "scroll plain", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" },
      element("div", { class: "wide" }, picture),
    ),
  );
}
