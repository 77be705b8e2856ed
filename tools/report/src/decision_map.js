// The decision map as a picture, its key and what it says in words.
import { axis, chart, tooltip } from "./chart.js";
import { between, crossings, decide } from "./decision.js";
import { alternative, choice, controlsRow, element, panel, plainTable } from "./dom.js";
import { absent, factor, optionNumber, roundFactor, shown } from "./format.js";
import { schemeOption } from "./columns.js";
import { colour } from "./theme.js";

const mostSentences = 6;

/** Which options first: x is the one with most numeric values, what competes the scheme where it varies. */
export function defaults(scan) {
  const options = scan.compared;
  const what =
    options.find((option) => option.name === schemeOption) ??
    options.find((option) => !option.isNumeric) ??
    options.at(-1);
  const rest = options
    .filter((option) => option !== what)
    .sort((a, b) => Number(b.isNumeric) - Number(a.isNumeric) || b.values.length - a.values.length);
  return { x: rest[0] ?? what, y: rest[1] ?? null, what };
}

const letter = (index) => String.fromCharCode(65 + (index % 26)) + (index >= 26 ? Math.floor(index / 26) : "");

/** How strong a cell's colour is: faint where it hardly matters who wins. */
function strength(cell) {
  if (cell.factor === null || cell.isTie) return 0.25;
  return Math.min(0.95, 0.3 + 0.35 * Math.log2(Math.min(cell.factor, 100)));
}

/** The lines of text that say most of a cell and fit into it; `rounded` is short for `amount`. */
export function cellText({ name, letterOf, amount, rounded }, width, height) {
  const ways = [[name, amount], [name, rounded], [letterOf, amount], [`${letterOf} ${amount}`], [letterOf, rounded]];
  const perLetter = 7.4; // of the font of 12 pixels
  const fits = (lines) => height > 15 * lines.length + 2 && lines.every((line) => perLetter * line.length < width - 2);
  return ways.find(fits) ?? [letterOf];
}

function cellShape(api, cell, state, places, colours) {
  const [x, y] = api.coord([cell.x, cell.y]);
  const [width, height] = api.size([1, 1]);
  const name = state.what.values[cell.winner];
  const written = (text) => (cell.factor === null ? "" : `${text(cell.factor)}${cell.isWithinSeeds ? " ?" : ""}`);
  const texts = { name, letterOf: letter(cell.winner), amount: written(factor), rounded: written(roundFactor) };
  const lines = cell.isTie ? ["="] : cellText(texts, width, height);
  const edge = (dx, dy) => {
    const other = places.get(`${cell.x + dx},${cell.y + dy}`);
    return other && other.winner !== cell.winner;
  };
  const line = (x1, y1, x2, y2) => ({
    type: "line",
    shape: { x1, y1, x2, y2 },
    style: { stroke: colours.text, lineWidth: 3 },
  });
  const [left, top] = [x - width / 2, y - height / 2];
  return {
    type: "group",
    children: [
      {
        type: "rect",
        shape: { x: left, y: top, width, height },
        style: { fill: colour(cell.winner), opacity: strength(cell), stroke: colours.page, lineWidth: 1 },
      },
      ...(width > 12 && height > 12
        ? lines.map((text, i) => ({
            type: "text",
            style: {
              text,
              x,
              y: y + (i - (lines.length - 1) / 2) * 15,
              textAlign: "center",
              textVerticalAlign: "middle",
              fill: colours.text,
              font: '12px system-ui, "DejaVu Sans", sans-serif',
            },
          }))
        : []),
      ...(edge(1, 0) ? [line(left + width, top, left + width, top + height)] : []),
      ...(edge(0, -1) ? [line(left, top + height, left + width, top + height)] : []),
    ],
  };
}

function option(state, decision, colours) {
  const places = new Map(decision.cells.map((cell) => [`${cell.x},${cell.y}`, cell]));
  const across = (of, name) =>
    axis(colours, name, {
      type: "category",
      data: of ? of.values : [""],
      splitLine: { show: false },
      axisLabel: { color: colours.text, hideOverlap: true },
    });
  return {
    grid: { left: 84, right: 20, top: 14, bottom: 54 },
    tooltip: tooltip(colours, (at) => cellLines(state, decision.cells[at.dataIndex])),
    xAxis: across(state.x, state.x.label),
    yAxis: { ...across(state.y, state.y ? state.y.label : ""), nameGap: 62 },
    series: [
      {
        type: "custom",
        data: decision.cells.map((cell) => [cell.x, cell.y]),
        renderItem: (params, api) => cellShape(api, decision.cells[params.dataIndex], state, places, colours),
      },
    ],
  };
}

function cellLines(state, cell) {
  const where = [state.x, state.y]
    .filter(Boolean)
    .map((of) => `${of.label} ${of.values[of === state.x ? cell.x : cell.y]}`)
    .join(", ");
  return [
    where,
    ...[...cell.means].map(([value, mean]) => `${state.what.values[value]}: ${shown(mean, state.figure.unit)}`),
    ...(cell.isWithinSeeds ? ["?: the seeds do not tell the first two apart"] : []),
  ];
}

/** What the crossings are, a sentence each. */
function sentences(state, decision) {
  if (!state.x.isNumeric) return [];
  return crossings(decision.cells).map(
    ({ y, left, share, before, after }) =>
      (state.y ? `${state.y.label} ${state.y.values[y]}: ` : "") +
      `${state.what.values[before]} and ${state.what.values[after]} are equal at ${state.x.label} ${between(state.x, left, share, optionNumber)}.`,
  );
}

function key(state, decision) {
  const present = [...new Set(decision.cells.map((cell) => cell.winner))].sort((a, b) => a - b);
  return present.map((winner) =>
    element(
      "span",
      {},
      element("span", { class: "swatch", style: `background: ${colour(winner)}` }),
      `${letter(winner)}: ${state.what.values[winner]}`,
    ),
  );
}

function table(state, decision, hasSeeds) {
  return plainTable(
    "The decision map: the winner of each cell",
    [
      state.x.label,
      ...(state.y ? [state.y.label] : []),
      ...["winner", "its value", "next best", "factor"],
      ...(hasSeeds ? ["95 % interval of the value, half", "do the seeds tell the two apart"] : []),
    ],
    decision.cells.map((cell) => [
      { text: state.x.values[cell.x] },
      ...(state.y ? [{ text: state.y.values[cell.y], isText: true }] : []),
      { text: cell.isTie ? "a tie" : state.what.values[cell.winner], isText: true },
      { text: shown(cell.best, state.figure.unit), value: cell.best },
      { text: cell.next === null ? "none" : state.what.values[cell.next], isText: true },
      { text: factor(cell.factor), value: cell.factor },
      ...(hasSeeds
        ? [
            { text: shown(cell.half, state.figure.unit), value: cell.half },
            { text: cell.half === null ? absent : cell.isWithinSeeds ? "no" : "yes", isText: true },
          ]
        : []),
    ]),
  );
}

/** Null where no two options vary. `decided` is called with each new decision and its state. */
export function decisionPanel(scan, figures, decided) {
  const options = scan.compared;
  if (options.length < 2) return null;
  const state = { ...defaults(scan), figure: figures[0] };
  let decision = decide(scan, state);
  const height = () => 90 + Math.min(520, 46 * Math.max(2, state.y ? state.y.values.length : 1));
  const picture = chart("Decision map: which configuration wins where", height(), (colours) =>
    option(state, decision, colours),
  );
  const keys = element("div", { class: "key" });
  const words = element("ul", { class: "crossings" });
  const holder = element("div");
  const show = () => {
    decision = decide(scan, state);
    picture.draw(height());
    keys.replaceChildren(...key(state, decision));
    const all = sentences(state, decision);
    const more = all.length - mostSentences;
    words.replaceChildren(
      ...all.slice(0, mostSentences).map((text) => element("li", {}, text)),
      ...(more > 0 ? [element("li", {}, `and ${more} more, at the thick lines`)] : []),
    );
    holder.replaceChildren(alternative(() => table(state, decision, scan.hasSeeds)));
    decided(decision, state);
  };
  show();
  scan.onChange(show);
  const choices = options.map((one) => [one.name, one.label]);
  const change = (name) => (value) => {
    state[name] = options.find((one) => one.name === value) ?? null;
    show();
  };
  return panel(
    "decision",
    "Decision map",
    element(
      "p",
      {},
      "Which configuration wins, and by what factor it beats the next best. Where other options vary too, each " +
        "competitor is taken at its best; over seeds, at its mean. Thick lines part different winners." +
        (scan.hasSeeds ? " ? marks factors that the 95 % intervals over the seeds do not tell from 1." : ""),
    ),
    controlsRow(
      choice("competitors", "Who competes", choices, state.what.name, change("what")),
      choice("map-x", "across", choices, state.x.name, change("x")),
      choice("map-y", "up", [["", "nothing"], ...choices], state.y?.name ?? "", change("y")),
      choice(
        "map-figure",
        "by",
        figures.map(({ name, label }) => [name, label]),
        state.figure.name,
        (value) => {
          state.figure = scan.figure(value);
          show();
        },
      ),
    ),
    keys,
    picture,
    words,
    holder,
  );
}
