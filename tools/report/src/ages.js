// How old the parameters are at the end of a run: the share of each layer that is at least so old.
import * as columns from "./columns.js";
import { axis, chart, legend, tooltip } from "./chart.js";
import { alternative, element, panel, plainTable } from "./dom.js";
import { plain, share } from "./format.js";
import { colour, dash } from "./theme.js";
import { logScale } from "./scale.js";

const mostLayers = 8;

/** {layer, parameters, points: [age, share that is at least so old]}, the largest layers first. */
export function distributions(table) {
  const ages = table.numbers(columns.ages.age);
  const counts = table.numbers(columns.ages.parameters);
  const byLayer = new Map();
  table.texts(columns.ages.layer).forEach((layer, row) => {
    if (!byLayer.has(layer)) byLayer.set(layer, []);
    byLayer.get(layer).push([ages[row], counts[row]]);
  });
  return [...byLayer]
    .map(([layer, rows]) => {
      rows.sort((a, b) => b[0] - a[0]);
      const parameters = rows.reduce((sum, [, count]) => sum + count, 0);
      let older = 0;
      const points = rows.map(([age, count]) => [age, (older += count) / parameters]).reverse();
      return { layer, parameters, points };
    })
    .sort((a, b) => b.parameters - a.parameters);
}

function option(layers, colours) {
  const log = logScale(
    layers.flatMap(({ points }) => points.map(([age]) => age)),
    plain,
  );
  return {
    grid: { left: 70, right: 24, top: 40, bottom: 48 },
    legend: legend(colours),
    tooltip: tooltip(
      colours,
      (at) => [
        layers[at.seriesIndex].layer,
        `${share(at.value[1])} were last sent ${layers[at.seriesIndex].points[at.dataIndex][0]} steps ago or earlier`,
      ],
      { trigger: "item" },
    ),
    xAxis: axis(colours, "age in steps", {
      ...log.axis,
      splitLine: { show: false },
      axisLabel: { ...log.axis.axisLabel, color: colours.text },
    }),
    yAxis: axis(colours, "share at least so old", {
      type: "value",
      min: 0,
      max: 1,
      nameGap: 48,
      axisLabel: { color: colours.text, formatter: share },
    }),
    series: layers.map(({ layer, points }, index) => ({
      name: layer,
      type: "line",
      step: "start",
      color: colour(index),
      lineStyle: { type: dash(index) },
      symbolSize: 5,
      showSymbol: points.length < 20,
      data: points.map(([age, part]) => [log.place(age), part]),
    })),
  };
}

function quantile(points, part) {
  const older = points.filter(([, atLeast]) => atLeast > 1 - part);
  return older.length > 0 ? older.at(-1)[0] : null;
}

/** Null where nothing has an age. */
export function agePanel(run) {
  const layers = distributions(run.ages);
  if (layers.length === 0) return null;
  if (layers.every(({ points }) => points.at(-1)[0] === 0))
    return panel("ages", "Ages at the end", element("p", {}, "All parameters were sent in the last step."));
  const drawn = layers.slice(0, mostLayers);
  const omitted =
    layers.length > drawn.length ? ` The ${drawn.length} largest of ${layers.length} layers are drawn.` : "";
  return panel(
    "ages",
    "Ages at the end",
    element("p", {}, `The age of a parameter is how many steps ago it was last sent.${omitted}`),
    chart("Share of each layer's parameters that is at least so old", 320, (colours) => option(drawn, colours)),
    alternative(() =>
      plainTable(
        "Ages at the end of the run",
        ["layer", "parameters", "median", "95th percentile", "oldest"],
        layers.map(({ layer, parameters, points }) => [
          { text: layer },
          { text: plain(parameters), value: parameters },
          ...[quantile(points, 0.5), quantile(points, 0.95), points.at(-1)[0]].map((value) => ({
            text: plain(value),
            value,
          })),
        ]),
      ),
    ),
  );
}
