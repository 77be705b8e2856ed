// How much the links carry, on a drawing of the topology.
import * as columns from "./columns.js";
import { element, panel, plainTable, svg, alternative } from "./dom.js";
import { bytes, seconds, share } from "./format.js";
import { messageSlider } from "./messages.js";
import { layout } from "./network_layout.js";
import { pick } from "./table.js";

const mostDrawn = 3000;
const mostLabels = 40;
const mostListed = 12;

function readLinks(run) {
  const of = (name) => run.links.numbers(columns.links[name]);
  const [carried, busy, utilization] = ["bytes", "busy", "utilization"].map(of);
  return run.links.texts(columns.links.link).map((name, i) => ({
    name,
    bytes: carried[i] ?? null,
    busy: busy[i] ?? null,
    utilization: utilization[i] ?? null,
  }));
}

/** Two points beside the line from one vertex to another, so that the other direction has a line of its own. */
function beside(from, to, lane = 0) {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const far = 3 + 6 * lane;
  const shift = { x: (-far * (to.y - from.y)) / length, y: (far * (to.x - from.x)) / length };
  return { x1: from.x + shift.x, y1: from.y + shift.y, x2: to.x + shift.x, y2: to.y + shift.y };
}

function shapeOf(drawing, edge) {
  const from = drawing.vertices.get(edge.from);
  if (edge.to === undefined) return ["circle", { cx: from.x, cy: from.y, r: 24 }];
  return ["line", beside(from, drawing.vertices.get(edge.to), edge.lane)];
}

function linkElement(drawing, edge, link, most) {
  const [name, place] = shapeOf(drawing, edge);
  const relative = most > 0 && link.utilization !== null ? link.utilization / most : 0;
  const look =
    relative > 0
      ? {
          stroke: "var(--accent)",
          "stroke-width": 1 + 4.5 * Math.sqrt(relative),
          "stroke-opacity": 0.25 + 0.75 * relative,
        }
      : { stroke: "var(--quiet)", "stroke-width": 1, "stroke-dasharray": "1 4" };
  return svg(
    name,
    { class: "link", ...place, ...look },
    svg("title", {}, `${link.name}: ${share(link.utilization)} used`),
  );
}

function bottleneckElements(drawing, run, links) {
  const name = pick(run.flat, columns.summary.bottleneckName);
  const label = (at, text) => svg("text", { class: "named", x: at.x, y: at.y, "text-anchor": "middle" }, text);
  const edge = drawing.edges.find(({ link }) => links[link].name === name);
  if (edge) {
    const [kind, place] = shapeOf(drawing, edge);
    const from = drawing.vertices.get(edge.from);
    const to = drawing.vertices.get(edge.to) ?? from;
    return [
      svg(kind, { class: "bottleneck", "stroke-width": 11, "stroke-opacity": 0.75, ...place }),
      label({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 - 14 }, `bottleneck: ${name}`),
    ];
  }
  const host = drawing.vertices.get(Number(/^rank (\d+)$/.exec(name ?? "")?.[1] ?? -1));
  return host
    ? [
        svg("circle", { class: "bottleneck", cx: host.x, cy: host.y, r: 14, "stroke-width": 4 }),
        label({ x: host.x, y: host.y + 38 }, `bottleneck: ${name}`),
      ]
    : [];
}

function vertexElements(drawing, labelled) {
  return [...drawing.vertices.values()].flatMap((vertex) => {
    const radius = drawing.vertices.size > 60 ? 4 : 8;
    const mark = vertex.isHost
      ? svg("circle", { class: "host", cx: vertex.x, cy: vertex.y, r: radius })
      : svg("rect", {
          class: "switch",
          x: vertex.x - radius,
          y: vertex.y - radius,
          width: 2 * radius,
          height: 2 * radius,
        });
    mark.append(svg("title", {}, vertex.label));
    if (!labelled && vertex.isHost) return [mark];
    const text = vertex.isHost ? vertex.label.replace(/^\D+/, "") : vertex.label;
    const y = vertex.isHost ? vertex.y + radius + 15 : vertex.y - radius - 6;
    return [mark, svg("text", { x: vertex.x, y, "text-anchor": "middle" }, text)];
  });
}

function picture(drawing, run, links) {
  const most = links.reduce((largest, link) => Math.max(largest, link.utilization ?? 0), 0);
  const points = [...drawing.vertices.values()];
  const left = Math.min(...points.map((point) => point.x)) - 70;
  const top = Math.min(...points.map((point) => point.y)) - 40;
  const width = Math.max(...points.map((point) => point.x)) + 70 - left;
  const height = Math.max(...points.map((point) => point.y)) + 52 - top;
  const named = pick(run.flat, columns.summary.bottleneckName);
  return svg(
    "svg",
    {
      class: "network",
      viewBox: `${left} ${top} ${width} ${height}`,
      role: "img",
      "aria-label":
        `The ${drawing.kind} with ${links.length} links; the busiest is used to ${share(most)}` +
        `${named ? `; the bottleneck is ${named}` : ""}`,
    },
    ...drawing.edges.map((edge) => linkElement(drawing, edge, links[edge.link], most)),
    ...vertexElements(drawing, points.length <= mostLabels),
    ...bottleneckElements(drawing, run, links),
  );
}

/** Null where the run has no links. */
export function networkPanel(run) {
  const links = readLinks(run);
  if (links.length === 0) return null;
  const drawing =
    links.length <= mostDrawn
      ? layout(
          links.map((link) => link.name),
          run.gpusPerNode,
          run.linkEnds && { hosts: run.hosts, ends: run.linkEnds },
        )
      : null;
  const drawn = drawing ? picture(drawing, run, links) : null;
  const sorted = [...links].sort((a, b) => (b.utilization ?? -1) - (a.utilization ?? -1));
  const table = (caption, rows) =>
    plainTable(
      caption,
      ["link", "utilization", "busy", "bytes"],
      rows.map((link) => [
        { text: link.name },
        { text: share(link.utilization), value: link.utilization },
        { text: seconds(link.busy), value: link.busy },
        { text: bytes(link.bytes), value: link.bytes },
      ]),
    );
  const idle = links.filter((link) => link.bytes === 0).length;
  return panel(
    "network",
    "The network",
    element(
      "p",
      {},
      "Each line is one direction of a cable; the thicker and stronger, the more it was used in relation " +
        `to the busiest (${share(sorted[0].utilization)}). Dotted lines carried nothing (${idle} of ${links.length}).`,
      drawing ? "" : ` These ${links.length} links are listed, not drawn.`,
    ),
    drawn,
    drawn ? messageSlider(run, drawing, drawn) : null,
    table(`The ${Math.min(mostListed, links.length)} busiest links`, sorted.slice(0, mostListed)),
    links.length > mostListed ? alternative(() => table("All links", sorted)) : null,
  );
}
