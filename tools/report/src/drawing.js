// A drawing of a network: its vertices by their names, hosts by their numbers, and the links between them.
export const size = 640;
export const middle = size / 2;

export const onCircle = (index, count, radius, centre = { x: middle, y: middle }) => {
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  return { x: centre.x + radius * Math.cos(angle), y: centre.y + radius * Math.sin(angle), angle };
};

export class Drawing {
  constructor(kind) {
    this.kind = kind;
    this.vertices = new Map();
    this.edges = [];
  }

  vertex(id, at, isHost, label = "") {
    this.vertices.set(id, { id, x: at.x, y: at.y, isHost, label });
  }

  /** A link between two vertices, or a ring about one where `to` is absent. */
  edge(link, from, to) {
    this.edges.push({ link, from, to });
  }
}

export const hostName = (rank) => `host ${rank}`;
