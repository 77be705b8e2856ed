// What steps consist of on average, a stacked bar for each run or for each point of a scan.
import * as columns from "./columns.js";
import { axis, chart, isNarrow, tooltip, wholeLegend } from "./chart.js";
import { choice, plainTable } from "./dom.js";
import { absent, seconds, share } from "./format.js";
import { colour } from "./theme.js";

/** The patterns of the parts, for those who do not see their colours. */
export const decals = [
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

/** How a time is known, in words: one that was given counts as measured. */
const knownAs = (part, basis) => (basis === "measured" && part.key !== "exposed" ? "measured or as given" : basis);

/** The name of a part of the time with how it is known, "computing (modelled)": one of `bases`, or several. */
export function partLabel(part, bases) {
  const distinct = [...new Set(bases.filter(Boolean))].map((basis) => knownAs(part, basis));
  return distinct.length > 0 ? `${part.label} (${distinct.join(" or ")})` : part.label;
}

/**
 * `entries`: [{name, parts, bases, total}], of which parts and bases are by the keys of columns.timeParts. With `isShare`
 * each bar is as long as the others, and shows what part of the step each part is.
 */
function option(entries, isShare, colours) {
  const known = (entry, part) => (entry.bases[part.key] ? ` (${knownAs(part, entry.bases[part.key])})` : "");
  const drawn = ({ parts, total }, key) =>
    isShare && parts[key] !== null ? (total > 0 ? parts[key] / total : null) : parts[key];
  const { height, legend } = wholeLegend(colours);
  return {
    aria: { enabled: true, decal: { show: true, decals } },
    grid: { left: 20, right: 90, top: height, bottom: 44, containLabel: true },
    legend,
    tooltip: tooltip(
      colours,
      (at) => {
        const entry = entries[at[0].dataIndex];
        return [
          entry.name,
          ...columns.timeParts.map((part) => `${part.label}: ${seconds(entry.parts[part.key])}${known(entry, part)}`),
          `total: ${seconds(entry.total)}`,
        ];
      },
      { trigger: "axis", axisPointer: { type: "shadow" } },
    ),
    xAxis: axis(colours, isShare ? "share of the mean time per step" : "mean time per step", {
      type: "value",
      ...(isShare && { max: 1 }),
      axisLabel: { color: colours.text, formatter: isShare ? share : seconds, hideOverlap: true },
    }),
    yAxis: axis(colours, "", {
      type: "category",
      inverse: true,
      data: entries.map(({ name }) => name),
      axisLabel: { color: colours.text, width: 180, overflow: "break", interval: 0 },
    }),
    series: [
      ...columns.timeParts.map((part, index) => ({
        name: partLabel(
          part,
          entries.map(({ bases }) => bases[part.key]),
        ),
        type: "bar",
        stack: "time",
        barMaxWidth: 30,
        color: colour(index),
        data: entries.map((entry) => drawn(entry, part.key)),
      })),
      {
        type: "bar",
        stack: "time",
        data: entries.map(() => 0),
        tooltip: { show: false },
        color: "transparent",
        label: {
          show: true,
          position: "right",
          color: colours.text,
          formatter: (at) => seconds(entries[at.dataIndex].total),
        },
      },
    ],
  };
}

/** `entries()` gives them anew each time that the picture is drawn, and `isShare()` whether shares are shown. */
export function stackedTimes(label, height, entries, isShare) {
  return chart(label, height, (colours) => option(entries(), isShare(), colours));
}

/** The choice between times and their shares; `changed` is told whether shares are to be shown. */
export function scaleChoice(name, changed) {
  const choices = [
    ["time", "times"],
    ["share", "shares of each step"],
  ];
  return choice(name, "Show", choices, "time", (value) => changed(value === "share"));
}

export const heightOf = (entries, perEntry = 44) => (isNarrow() ? 136 : 110) + perEntry * entries.length;

export function stackedTable(caption, entries) {
  return plainTable(
    caption,
    ["", ...columns.timeParts.flatMap(({ label }) => [label, "known as"]), "total"],
    entries.map(({ name, parts, bases, total }) => [
      { text: name },
      ...columns.timeParts.flatMap(({ key }) => [
        { text: seconds(parts[key]), value: parts[key] },
        { text: bases[key] ? knownAs({ key }, bases[key]) : absent, isText: true },
      ]),
      { text: seconds(total), value: total },
    ]),
  );
}
