// Where the hosts, switches and links of a topology are drawn. The kind shows in the names and the order of its links
// (topologies/kinds/): every direction is a link of its own.
import { anyNetwork } from "./any_network.js";
import { Drawing, hostName, middle, onCircle, size } from "./drawing.js";

const numbered = (names, pattern) =>
  names
    .map((name, link) => ({ link, match: pattern.exec(name) }))
    .filter(({ match }) => match)
    .map(({ link, match }) => ({
      link,
      numbers: match.slice(1).map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
    }));

function ring(names) {
  const hosts = names.length / 2;
  for (let i = 0; i < hosts; i += 1) if (names[hosts + i] !== `${names[i]}:reverse`) return null;
  const drawing = new Drawing("ring");
  for (let i = 0; i < hosts; i += 1) drawing.vertex(i, onCircle(i, hosts, 250), true, hostName(i));
  for (let i = 0; i < hosts; i += 1) {
    drawing.edge(i, i, (i + 1) % hosts);
    drawing.edge(hosts + i, (i + 1) % hosts, i);
  }
  return drawing;
}

/** "X:up" of all X, then "X:down" in the same order, then at most one backbone: the X, or null. */
function duplexNames(names) {
  const count = Math.floor(names.length / 2);
  for (let i = 0; i < count; i += 1) {
    if (!names[i].endsWith(":up") || names[count + i] !== `${names[i].slice(0, -3)}:down`) return null;
  }
  return names.slice(0, count).map((name) => name.slice(0, -3));
}

function star(names) {
  const cables = duplexNames(names);
  if (!cables || cables.length < 2) return null;
  const drawing = new Drawing("switch");
  drawing.vertex("switch", { x: middle, y: middle }, false, "switch");
  cables.forEach((cable, i) => {
    drawing.vertex(i, onCircle(i, cables.length, 250), true, hostName(i));
    drawing.edge(i, i, "switch");
    drawing.edge(cables.length + i, "switch", i);
  });
  if (names.length % 2 === 1) drawing.edge(names.length - 1, "switch");
  return drawing;
}

function hierarchical(names, gpusPerNode) {
  const gpus = numbered(names, /^gpu(\d+):up$/).length;
  const cards = numbered(names, /^nic(\d+):up$/).length;
  if (gpus === 0 || cards === 0) return null;
  const nodes = cards < gpus ? cards : Math.max(1, Math.floor(gpus / (gpusPerNode ?? 1)));
  const perNode = gpus / nodes;
  const drawing = new Drawing("hierarchical");
  drawing.vertex("network", { x: middle, y: middle }, false, "network");
  for (let node = 0; node < nodes; node += 1) {
    const centre = onCircle(node, nodes, 185);
    drawing.vertex(`node${node}`, centre, false, perNode > 1 ? `node ${node}` : "");
    const radius = Math.min(88, (Math.PI * 185) / nodes);
    for (let g = 0; g < perNode; g += 1) {
      const turn = centre.angle + (perNode > 1 ? (g / (perNode - 1) - 0.5) * 1.35 * Math.PI : 0);
      drawing.vertex(
        node * perNode + g,
        { x: centre.x + radius * Math.cos(turn), y: centre.y + radius * Math.sin(turn) },
        true,
        `GPU ${node * perNode + g}`,
      );
    }
  }
  const nodeOf = (gpu) => `node${Math.floor(gpu / perNode)}`;
  const outer = (card) => (cards === gpus ? card : `node${card}`);
  for (const {
    link,
    numbers: [gpu, way],
  } of numbered(names, /^gpu(\d+):(up|down)$/)) {
    drawing.edge(link, ...(way === "up" ? [gpu, nodeOf(gpu)] : [nodeOf(gpu), gpu]));
  }
  for (const {
    link,
    numbers: [card, way],
  } of numbered(names, /^nic(\d+):(up|down)$/)) {
    drawing.edge(link, ...(way === "up" ? [outer(card), "network"] : ["network", outer(card)]));
  }
  if (names.length > 2 * (gpus + cards)) drawing.edge(names.length - 1, "network");
  return drawing;
}

function fatTree(names) {
  const up = numbered(names, /^leaf(\d+)-spine(\d+):(up|down)$/);
  const hostLinks = numbered(names, /^host(\d+):(up|down)$/);
  if (up.length === 0 || hostLinks.length === 0) return null;
  const hosts = hostLinks.length / 2;
  const leaves = 1 + Math.max(...up.map(({ numbers }) => numbers[0]));
  const spines = 1 + Math.max(...up.map(({ numbers }) => numbers[1]));
  const along = (index, count) => 40 + ((size * 1.6 - 80) * (index + 0.5)) / count;
  const drawing = new Drawing("fat-tree");
  for (let i = 0; i < hosts; i += 1) drawing.vertex(i, { x: along(i, hosts), y: 470 }, true, hostName(i));
  for (let i = 0; i < leaves; i += 1) drawing.vertex(`leaf${i}`, { x: along(i, leaves), y: 320 }, false, `leaf ${i}`);
  for (let i = 0; i < spines; i += 1) drawing.vertex(`spine${i}`, { x: along(i, spines), y: 60 }, false, `spine ${i}`);
  const leafOf = (host) => `leaf${Math.floor(host / (hosts / leaves))}`;
  for (const {
    link,
    numbers: [host, way],
  } of hostLinks) {
    drawing.edge(link, ...(way === "up" ? [host, leafOf(host)] : [leafOf(host), host]));
  }
  for (const {
    link,
    numbers: [leaf, spine, way],
  } of up) {
    drawing.edge(link, ...(way === "up" ? [`leaf${leaf}`, `spine${spine}`] : [`spine${spine}`, `leaf${leaf}`]));
  }
  return drawing;
}

/**
 * The extents of a torus, and the hosts in the order of their positions. Cables come dimension by dimension, line by
 * line; each line of more than two hosts is a circle.
 */
function torusShape(cables) {
  const hosts = 1 + Math.max(...cables.flat());
  const extents = [];
  const order = [];
  for (let at = 0; at < cables.length; ) {
    let length = 1;
    while (cables[at + length - 1][1] !== cables[at][0] && cables[at + length]?.[0] === cables[at + length - 1][1])
      length += 1;
    const isCircle = cables[at + length - 1][1] === cables[at][0];
    const extent = isCircle ? length : 2;
    const perLine = isCircle ? extent : 1;
    const inDimension = (hosts / extent) * perLine;
    if (extents.length === 0) {
      for (let i = 0; i < inDimension; i += 1) order.push(...(isCircle ? [cables[i]?.[0]] : (cables[i] ?? [])));
    }
    extents.push(extent);
    at += inDimension;
  }
  const isWhole = extents.reduce((product, extent) => product * extent, 1) === hosts && new Set(order).size === hosts;
  return isWhole ? { hosts, extents, order } : null;
}

function torus(names) {
  const cables = numbered(names, /^host(\d+)-host(\d+):(up|down)$/);
  if (cables.length === 0 || cables.length !== names.length) return null;
  const shape = torusShape(
    cables.filter(({ numbers }) => numbers[2] === "up").map(({ numbers }) => numbers.slice(0, 2)),
  );
  if (!shape) return null;
  const { hosts, extents, order } = shape;
  const [width, height] = [extents[0], extents[1] ?? 1];
  const drawing = new Drawing("torus");
  const planes = hosts / (width * height);
  const columns = Math.ceil(Math.sqrt(planes * 1.4));
  const cell = planes > 1 ? 46 : 90;
  order.forEach((host, position) => {
    const plane = Math.floor(position / (width * height));
    const x = position % width;
    const y = Math.floor(position / width) % height;
    // Lines are bent a little, so that the cable that closes one does not lie on the others.
    drawing.vertex(
      host,
      {
        x: 40 + (plane % columns) * (width + 1) * cell + x * cell + 12 * Math.sin((Math.PI * y) / height),
        y: 40 + Math.floor(plane / columns) * (height + 1) * cell + y * cell + 12 * Math.sin((Math.PI * x) / width),
      },
      true,
      hostName(host),
    );
  });
  for (const {
    link,
    numbers: [a, b, way],
  } of cables)
    drawing.edge(link, ...(way === "up" ? [a, b] : [b, a]));
  return drawing;
}

function dragonfly(names) {
  const blue = numbered(names, /^group(\d+)-group(\d+):(up|down)$/);
  const black = numbered(names, /^group(\d+)-router(\d+)-chassis(\d+)-chassis(\d+):(up|down)$/);
  const green = numbered(names, /^group(\d+)-chassis(\d+)-router(\d+)-router(\d+):(up|down)$/);
  if (blue.length + black.length + green.length === 0) return null;
  const most = (lists) => 1 + Math.max(0, ...lists);
  const groups = most([
    ...blue.map(({ numbers }) => numbers[1]),
    ...[...black, ...green].map(({ numbers }) => numbers[0]),
  ]);
  const chassis = most([...black.map(({ numbers }) => numbers[3]), ...green.map(({ numbers }) => numbers[1])]);
  const routers = most([...green.map(({ numbers }) => numbers[3]), ...black.map(({ numbers }) => numbers[1])]);
  const hostLinks = numbered(names, /^host(\d+):(up|down)$/);
  const perRouter = hostLinks.length / 2 / (groups * chassis * routers);
  const drawing = new Drawing("dragonfly");
  const id = (group, c, r) => `router ${group}/${c}/${r}`;
  const extent = Math.min(200, (2 * Math.PI * 240) / groups) * 0.8;
  for (let group = 0; group < groups; group += 1) {
    const centre = onCircle(group, groups, 250);
    drawing.vertex(
      `group${group}`,
      { x: middle + (centre.x - middle) * 0.62, y: middle + (centre.y - middle) * 0.62 },
      false,
      `group ${group}`,
    );
    for (let c = 0; c < chassis; c += 1) {
      for (let r = 0; r < routers; r += 1) {
        const at = {
          x: centre.x + extent * ((r + 0.5) / routers - 0.5),
          y: centre.y + extent * ((c + 0.5) / chassis - 0.5),
        };
        drawing.vertex(id(group, c, r), at, false);
        const first = ((group * chassis + c) * routers + r) * perRouter;
        for (let h = 0; h < perRouter; h += 1) {
          drawing.vertex(
            first + h,
            onCircle(h, perRouter, Math.min(24, (0.38 * extent) / routers), at),
            true,
            hostName(first + h),
          );
        }
      }
    }
  }
  const routerOf = (host) => {
    const router = Math.floor(host / perRouter);
    return id(Math.floor(router / (chassis * routers)), Math.floor(router / routers) % chassis, router % routers);
  };
  const both = (link, way, a, b) => drawing.edge(link, ...(way === "up" ? [a, b] : [b, a]));
  for (const {
    link,
    numbers: [host, way],
  } of hostLinks)
    both(link, way, host, routerOf(host));
  for (const {
    link,
    numbers: [g, c, a, b, way],
  } of green)
    both(link, way, id(g, c, a), id(g, c, b));
  for (const {
    link,
    numbers: [g, r, a, b, way],
  } of black)
    both(link, way, id(g, a, r), id(g, b, r));
  for (const {
    link,
    numbers: [a, b, way],
  } of blue)
    both(link, way, `group${a}`, `group${b}`);
  return drawing;
}

/**
 * A drawing of the topology with these links, or null where neither their names nor `network` (how many hosts there
 * are, and from where to where each link leads) show one.
 */
export function layout(names, gpusPerNode, network = null) {
  if (names.length < 2) return null;
  const isWhole = (drawing) =>
    drawing !== null &&
    drawing.edges.length === names.length &&
    drawing.edges.every(({ from, to }) => drawing.vertices.has(from) && (to === undefined || drawing.vertices.has(to)));
  const named =
    dragonfly(names) ??
    fatTree(names) ??
    hierarchical(names, gpusPerNode) ??
    torus(names) ??
    ring(names) ??
    star(names);
  if (isWhole(named)) return named;
  const drawing = network && anyNetwork(network);
  return isWhole(drawing) ? drawing : null;
}
