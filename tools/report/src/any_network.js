// Where a network is drawn of which nothing is known but from where to where its links lead.
import { Drawing, hostName, middle, onCircle } from "./drawing.js";

/** Moves every vertex that is no host into the middle of its neighbours, and those that then lie together apart. */
function settle(drawing) {
  const inner = [...drawing.vertices.values()].filter((vertex) => !vertex.isHost);
  const neighbours = new Map(inner.map((vertex) => [vertex.id, []]));
  for (const { from, to } of drawing.edges) {
    neighbours.get(from)?.push(drawing.vertices.get(to));
    neighbours.get(to)?.push(drawing.vertices.get(from));
  }
  for (let round = 0; round < 200; round += 1) {
    for (const vertex of inner) {
      const around = neighbours.get(vertex.id);
      if (around.length === 0) continue;
      vertex.x = around.reduce((sum, one) => sum + one.x, 0) / around.length;
      vertex.y = around.reduce((sum, one) => sum + one.y, 0) / around.length;
    }
  }
  inner.forEach((vertex, i) => {
    const together = inner.filter((one) => Math.hypot(one.x - vertex.x, one.y - vertex.y) < 12);
    if (together.length < 2) return;
    together.forEach((one, k) => Object.assign(one, onCircle(k, together.length, 14 + 3 * (i % 3), { ...vertex })));
  });
}

/** Any network, by what its routes say of each link: [from, to], hosts by their numbers, and places between them. */
export function anyNetwork({ hosts, ends }) {
  if (ends.length === 0) return null;
  const drawing = new Drawing("network");
  for (let i = 0; i < hosts; i += 1) drawing.vertex(i, onCircle(i, hosts, 250), true, hostName(i));
  const places = 1 + Math.max(...ends.flat());
  for (let i = hosts; i < places; i += 1) drawing.vertex(i, { x: middle, y: middle }, false);
  const lanes = new Map();
  ends.forEach(([from, to], link) => {
    const way = `${from} ${to}`;
    lanes.set(way, (lanes.get(way) ?? -1) + 1);
    drawing.edges.push({ link, from, to, lane: lanes.get(way) });
  });
  settle(drawing);
  return drawing;
}
