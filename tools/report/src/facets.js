// Lines over one option, a colour per value of a second one and a picture per value of a third.
import { axis, chart, isNarrow, legend, tooltip } from "./chart.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { shown } from "./format.js";
import { best, byPair, grouped, isGreatestBest, overSeeds } from "./scan_model.js";
import { colour, dash, symbol } from "./theme.js";
import { defaults } from "./decision_map.js";
import { logScale } from "./scale.js";

const mostFacets = 12;
// The heights of a picture among several and of one that stands alone.
const facetHeights = [230, 400];

/** {facet, line, points: [{x, mean, half, count}]} */
export function lines(scan, { x, by, facet, figure }) {
  const isGreatest = isGreatestBest(figure.name);
  return byPair(overSeeds(scan, figure), by, facet)
    .map(([line, facetAt, ofLine]) => {
      const byX = grouped(ofLine, ({ row }) => x.at[row.index]);
      return {
        facet: facetAt,
        line,
        points: [...byX]
          .sort((a, b) => a[0] - b[0])
          .map(([value, these]) => ({ x: value, ...best(these, isGreatest) })),
      };
    })
    .sort((a, b) => a.facet - b.facet || a.line - b.line);
}

/** A bar from one end of an interval to the other. */
function intervalSeries(points, place, gridIndex, stroke) {
  return {
    type: "custom",
    xAxisIndex: gridIndex,
    yAxisIndex: gridIndex,
    silent: true,
    z: 3,
    tooltip: { show: false },
    data: points
      .filter(({ half }) => half > 0)
      .map(({ x, mean, half }) => [x, place(Math.max(mean - half, 0)), place(mean + half)]),
    encode: { x: 0, y: [1, 2] },
    renderItem: (params, api) => {
      const [left, low] = api.coord([api.value(0), api.value(1)]);
      const [, high] = api.coord([api.value(0), api.value(2)]);
      const line = (x1, y1, x2, y2) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 1.5 } });
      return {
        type: "group",
        children: [
          line(left, low, left, high),
          line(left - 5, low, left + 5, low),
          line(left - 5, high, left + 5, high),
        ],
      };
    },
  };
}

function scaleOf(state, all) {
  const values = all.flatMap(({ points }) => points.map(({ mean }) => mean));
  if (state.scale === "log" && values.every((value) => value >= 0)) {
    return logScale(values, (value) => shown(value, state.figure.unit));
  }
  return {
    place: (value) => value,
    axis: {
      type: "value",
      scale: state.scale === "near",
      axisLabel: { formatter: (value) => shown(value, state.figure.unit) },
    },
  };
}

const perRowOf = (facets) => (facets > 1 && !isNarrow() ? 2 : 1);
const heightOfOne = (facets) => facetHeights[facets > 1 ? 0 : 1];

function option(state, all, colours) {
  const scale = scaleOf(state, all);
  const facets = [...new Set(all.map(({ facet }) => facet))].slice(0, mostFacets);
  const perRow = perRowOf(facets.length);
  const facetHeight = heightOfOne(facets.length);
  const grids = facets.map((_, i) => ({
    left: `${(isNarrow() ? 17 : 9) + (i % perRow) * 50}%`,
    width: perRow === 2 ? "39%" : isNarrow() ? "78%" : "86%",
    top: 62 + Math.floor(i / perRow) * facetHeight,
    height: facetHeight - 92,
  }));
  const kept = all.filter(({ facet }) => facets.includes(facet));
  const grid = ({ facet }) => facets.indexOf(facet);
  return {
    legend: legend(colours, { data: [...new Set(kept.map(({ line }) => state.by.values[line]))] }),
    title: state.facet
      ? facets.map((facet, i) => ({
          text: `${state.facet.label} ${state.facet.values[facet]}`,
          left: grids[i].left,
          top: grids[i].top - 24,
          textStyle: { color: colours.text, fontSize: 13 },
        }))
      : [],
    grid: grids,
    tooltip: tooltip(
      colours,
      (at) => {
        const { line, points } = kept[at.seriesIndex / 2];
        const point = points[at.dataIndex];
        return [
          `${state.by.label} ${state.by.values[line]}, ${state.x.label} ${state.x.values[point.x]}`,
          shown(point.mean, state.figure.unit) +
            (point.half === null
              ? ""
              : ` \u00b1 ${shown(point.half, state.figure.unit)} (95 % interval of ${point.count} seeds)`),
        ];
      },
      { trigger: "item" },
    ),
    xAxis: grids.map((_, i) =>
      axis(colours, state.x.label, {
        type: "category",
        data: state.x.values,
        gridIndex: i,
        nameGap: 26,
        splitLine: { show: false },
        axisLabel: { color: colours.text, hideOverlap: true },
      }),
    ),
    yAxis: grids.map((_, i) =>
      axis(colours, "", {
        ...scale.axis,
        gridIndex: i,
        axisLabel: { ...scale.axis.axisLabel, color: colours.text, hideOverlap: true },
      }),
    ),
    series: kept.flatMap((one) => [
      {
        type: "line",
        name: state.by.values[one.line],
        xAxisIndex: grid(one),
        yAxisIndex: grid(one),
        color: colour(one.line),
        lineStyle: { type: dash(one.line) },
        symbol: symbol(one.line),
        symbolSize: 8,
        data: one.points.map(({ x, mean }) => [x, scale.place(mean)]),
      },
      intervalSeries(one.points, scale.place, grid(one), colour(one.line)),
    ]),
  };
}

function table(state, all) {
  return plainTable(
    `${state.figure.label}, as it is drawn`,
    [
      state.x.label,
      state.by.label,
      ...(state.facet ? [state.facet.label] : []),
      state.figure.label,
      "95 % interval, half",
      "seeds",
    ],
    all.flatMap(({ facet, line, points }) =>
      points.map((point) => [
        { text: state.x.values[point.x] },
        { text: state.by.values[line], isText: true },
        ...(state.facet ? [{ text: state.facet.values[facet], isText: true }] : []),
        { text: shown(point.mean, state.figure.unit), value: point.mean },
        { text: shown(point.half, state.figure.unit), value: point.half },
        { text: String(point.count), value: point.count },
      ]),
    ),
  );
}

/** Null where nothing varies. */
export function facetPanel(scan, figures) {
  const options = scan.compared;
  if (options.length === 0) return null;
  const { x, y, what } = defaults(scan);
  const state = { x, by: what, facet: y, figure: figures[0], scale: "log" };
  let all = lines(scan, state);
  const height = () => {
    const facets = Math.min(mostFacets, new Set(all.map(({ facet }) => facet)).size);
    return 70 + heightOfOne(facets) * Math.max(1, Math.ceil(facets / perRowOf(facets)));
  };
  const picture = chart("Lines over one option, by the values of others", height(), (colours) =>
    option(state, all, colours),
  );
  const holder = element("div");
  const show = () => {
    all = lines(scan, state);
    picture.draw(height());
    holder.replaceChildren(alternative(() => table(state, all)));
  };
  show();
  scan.onChange(show, true);
  const choices = options.map(({ name, label }) => [name, label]);
  const change = (name) => (value) => {
    state[name] = options.find((one) => one.name === value) ?? null;
    show();
  };
  const { hasSeeds } = scan;
  return panel(
    "facets",
    "Lines",
    element(
      "p",
      {},
      `Where several points remain for one place, the best is drawn${
        hasSeeds ? ", and over seeds their mean with its 95 % confidence interval" : ""
      }. 0 has a place of its own on a logarithmic axis.`,
    ),
    controlsRow(
      choice(
        "line-figure",
        "Show",
        figures.map(({ name, label }) => [name, label]),
        state.figure.name,
        (value) => {
          state.figure = scan.figure(value);
          show();
        },
      ),
      choice("line-x", "over", choices, state.x.name, change("x")),
      choice("line-by", "a line per", choices, state.by.name, change("by")),
      choice("line-facet", "a picture per", [["", "nothing"], ...choices], state.facet?.name ?? "", change("facet")),
      choice(
        "line-scale",
        "scale",
        [
          ["log", "logarithmic"],
          ["zero", "linear from 0"],
          ["near", "linear, near"],
        ],
        state.scale,
        (value) => {
          state.scale = value;
          show();
        },
      ),
    ),
    picture,
    holder,
  );
}
