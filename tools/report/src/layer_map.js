// What happens in each layer over the steps, as a heat map.
import * as columns from "./columns.js";
import { axis, chart, tooltip } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { plain } from "./format.js";
import { scaleColours } from "./theme.js";

const mostColumns = 240;
const mostLayersAtOnce = 40;
const zeroColour = "#b3261e";

/** Means over windows of steps where there are more than fit: {steps, layers, cells: [column, row, mean]}. */
export function windows(table, figure) {
  const steps = table.numbers(columns.layers.step);
  const names = table.texts(columns.layers.layer);
  const values = table.numbers([figure]);
  const layers = [...new Set(names)];
  const distinct = [...new Set(steps)];
  const perColumn = Math.ceil(distinct.length / mostColumns);
  const columnOf = new Map(distinct.map((step, index) => [step, Math.floor(index / perColumn)]));
  const rowOf = new Map(layers.map((layer, index) => [layer, index]));
  const sums = new Map();
  values.forEach((value, index) => {
    if (value === null) return;
    const key = columnOf.get(steps[index]) * layers.length + rowOf.get(names[index]);
    const sum = sums.get(key) ?? [0, 0];
    sums.set(key, [sum[0] + value, sum[1] + 1]);
  });
  return {
    steps: distinct.filter((step, index) => index % perColumn === 0).map(String),
    layers,
    perColumn,
    cells: [...sums].map(([key, [sum, count]]) => [Math.floor(key / layers.length), key % layers.length, sum / count]),
  };
}

function option(shown, figure, colours) {
  const values = shown.cells.map((cell) => cell[2]).filter((value) => !figure.log || value > 0);
  const place = figure.log ? Math.log10 : (value) => value;
  const low = place(values.reduce((a, b) => Math.min(a, b), Infinity));
  const high = place(values.reduce((a, b) => Math.max(a, b), -Infinity));
  const isFlat = !(high > low);
  const back = figure.log ? (value) => plain(10 ** value) : plain;
  const isZero = (cell) => figure.log && !(cell[2] > 0);
  return {
    grid: { left: 20, right: 96, top: 12, bottom: 48, containLabel: true },
    tooltip: tooltip(colours, (at) => [
      shown.layers[at.value[1]],
      `step ${shown.steps[at.value[0]]}` +
        (shown.perColumn > 1 ? ` and the ${shown.perColumn - 1} after it, their mean` : ""),
      `${figure.label}: ${plain(shown.cells[at.dataIndex][2])}`,
    ]),
    xAxis: axis(colours, "step", { type: "category", data: shown.steps, splitLine: { show: false } }),
    yAxis: axis(colours, "", {
      type: "category",
      inverse: true,
      data: shown.layers,
      splitLine: { show: false },
      axisLabel: { color: colours.text, width: 190, overflow: "truncate" },
    }),
    dataZoom:
      shown.layers.length > mostLayersAtOnce
        ? [
            {
              type: "slider",
              yAxisIndex: 0,
              right: 76,
              width: 14,
              startValue: 0,
              endValue: mostLayersAtOnce - 1,
              showDetail: false,
              filterMode: "none",
            },
          ]
        : [],
    visualMap: {
      min: isFlat ? low - 1 : low,
      max: isFlat ? low + 1 : high,
      dimension: 2,
      right: 0,
      top: "middle",
      itemHeight: 170,
      calculable: false,
      inRange: { color: scaleColours },
      outOfRange: { color: zeroColour },
      text: [isFlat ? "" : back(high), isFlat ? `all ${back(low)}` : back(low)],
      textStyle: { color: colours.text },
    },
    series: [
      {
        type: "heatmap",
        progressive: 0,
        emphasis: { itemStyle: { borderColor: colours.text } },
        data: shown.cells.map((cell) =>
          isZero(cell)
            ? { value: [cell[0], cell[1], low - 9], itemStyle: { color: zeroColour } }
            : [cell[0], cell[1], place(cell[2])],
        ),
      },
    ],
  };
}

function table(shown, figure) {
  const byLayer = shown.layers.map(() => []);
  for (const [, layer, value] of shown.cells) byLayer[layer].push(value);
  const of = (values, what) => (values.length === 0 ? null : what(values));
  const cells = (value) => ({ text: plain(value), value });
  return plainTable(
    `${figure.label}, over the columns of the picture`,
    ["layer", "mean", "least", "greatest"],
    shown.layers.map((layer, index) => [
      { text: layer },
      cells(of(byLayer[index], (all) => all.reduce((a, b) => a + b) / all.length)),
      cells(of(byLayer[index], (all) => all.reduce((a, b) => Math.min(a, b)))),
      cells(of(byLayer[index], (all) => all.reduce((a, b) => Math.max(a, b)))),
    ]),
  );
}

/** Null where the run has no layers. */
export function layerPanel(run) {
  const usable = columns.layerFigures.filter(({ name }) => run.layers.numbers([name]).some((value) => value !== null));
  if (usable.length === 0) return null;
  let figure = usable[0];
  let shown = windows(run.layers, figure.name);
  const height = 90 + 16 * Math.min(Math.max(shown.layers.length, 8), mostLayersAtOnce);
  const picture = chart("Heat map over layers and steps", height, (colours) => option(shown, figure, colours));
  const holder = element("div");
  const note = element("p", { class: "quiet" });
  const show = () => {
    shown = windows(run.layers, figure.name);
    picture.draw();
    const binned = shown.perColumn > 1 ? ` Each column is the mean of ${shown.perColumn} steps.` : "";
    const left = run.leftOut.layers > 1 ? ` Every ${run.leftOut.layers}th step of the file is on this page.` : "";
    note.textContent = `Where there is no value there is no colour; 0 is red.${binned}${left}`;
    holder.replaceChildren(alternative(() => table(shown, figure)));
  };
  show();
  return panel(
    "layers",
    "Layers over the steps",
    controlsRow(
      choice(
        "layer-figure",
        "Show",
        usable.map(({ name, label }) => [name, label]),
        figure.name,
        (value) => {
          figure = usable.find(({ name }) => name === value);
          show();
        },
      ),
    ),
    note,
    picture,
    holder,
  );
}
