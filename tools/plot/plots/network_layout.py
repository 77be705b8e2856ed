"""Where the hosts, switches and links of a topology are drawn. The kind shows in the names and the order of its links
(topologies/kinds/): every direction is a link of its own. As tools/report/src/network_layout.js does it."""

import math
import re

HOST, NODE = "host", "node"


class Drawing:
    """Vertices {name: (x, y, HOST or NODE, label)} and edges [(link, from, to)], `to` None for a link all share."""

    def __init__(self, kind):
        self.kind, self.vertices, self.edges = kind, {}, []

    def host(self, rank, at):
        self.vertices[rank] = (*at, HOST, str(rank))

    def node(self, name, at, label=""):
        self.vertices[name] = (*at, NODE, label)

    def edge(self, link, way, a, b):
        self.edges.append((link, a, b) if way == "up" else (link, b, a))


def _on_circle(index, count, radius, centre=(0.0, 0.0)):
    angle = math.pi / 2 - 2 * math.pi * index / count
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _matching(links, pattern):
    """(link, [numbers and texts]) of the links whose names match."""
    found = ((link, re.fullmatch(pattern, link)) for link in links)
    return [
        (link, [int(part) if part.isdigit() else part for part in match.groups()]) for link, match in found if match
    ]


def _ring(links):
    hosts = len(links) // 2
    if len(links) % 2 or any(links[hosts + i] != f"{links[i]}:reverse" for i in range(hosts)):
        return None
    drawing = Drawing("ring")
    for i in range(hosts):
        drawing.host(i, _on_circle(i, hosts, 1))
        drawing.edge(links[i], "up", i, (i + 1) % hosts)
        drawing.edge(links[hosts + i], "down", i, (i + 1) % hosts)
    return drawing


def _star(links):
    count = len(links) // 2
    if count < 2 or any(
        not links[i].endswith(":up") or links[count + i] != f"{links[i][:-3]}:down" for i in range(count)
    ):
        return None
    drawing = Drawing("switch")
    drawing.node("switch", (0, 0), "switch")
    for i in range(count):
        drawing.host(i, _on_circle(i, count, 1))
        drawing.edge(links[i], "up", i, "switch")
        drawing.edge(links[count + i], "down", i, "switch")
    if len(links) % 2:
        drawing.edges.append((links[-1], "switch", None))
    return drawing


def _hierarchical(links, gpus_per_node):
    gpus, cards = _matching(links, r"gpu(\d+):(up|down)"), _matching(links, r"nic(\d+):(up|down)")
    if not gpus or not cards:
        return None
    has_card_per_gpu = len(cards) == len(gpus)
    # A card per GPU says nothing of the nodes: where nobody does, every GPU is drawn with its own card.
    per_node = (gpus_per_node or 1) if has_card_per_gpu else len(gpus) // len(cards)
    nodes = max(1, len(gpus) // 2 // per_node)
    drawing = Drawing("hierarchical")
    drawing.node("network", (0, 0), "network")
    for node in range(nodes):
        centre = _on_circle(node, nodes, 1)
        drawing.node(f"node{node}", centre, f"node {node}" if per_node > 1 else "")
        for g in range(per_node):
            turn = math.pi / 2 - 2 * math.pi * node / nodes + ((0.5 - g / (per_node - 1)) * 4.2 if per_node > 1 else 0)
            radius = min(0.42, 2.4 / nodes)
            drawing.host(
                node * per_node + g, (centre[0] + radius * math.cos(turn), centre[1] + radius * math.sin(turn))
            )
    for link, (gpu, way) in gpus:
        drawing.edge(link, way, gpu, f"node{gpu // max(1, per_node)}")
    for link, (card, way) in cards:
        outer = card if has_card_per_gpu and per_node > 1 else f"node{card}"
        drawing.edge(link, way, outer, "network")
    if len(links) > len(gpus) + len(cards):
        drawing.edges.append((links[-1], "network", None))
    return drawing


def _fat_tree(links):
    ups, of_hosts = _matching(links, r"leaf(\d+)-spine(\d+):(up|down)"), _matching(links, r"host(\d+):(up|down)")
    if not ups or not of_hosts:
        return None
    hosts = len(of_hosts) // 2
    leaves, spines = (1 + max(numbers[i] for _, numbers in ups) for i in (0, 1))
    drawing = Drawing("fat-tree")

    def along(index, count, y):
        return 3 * ((index + 0.5) / count - 0.5), y

    for i in range(hosts):
        drawing.host(i, along(i, hosts, -1))
    for i in range(leaves):
        drawing.node(f"leaf{i}", along(i, leaves, -0.35), f"leaf {i}")
    for i in range(spines):
        drawing.node(f"spine{i}", along(i, spines, 1), f"spine {i}")
    for link, (host, way) in of_hosts:
        drawing.edge(link, way, host, f"leaf{host * leaves // hosts}")
    for link, (leaf, spine, way) in ups:
        drawing.edge(link, way, f"leaf{leaf}", f"spine{spine}")
    return drawing


def _torus_shape(cables):
    """The extents, and the hosts in the order of their positions: cables come dimension by dimension, line by line,
    and each line of more than two hosts is a circle. None where they do not."""
    hosts = 1 + max(max(cable) for cable in cables)
    extents, order, at = [], [], 0
    while at < len(cables):
        length = 1
        while (
            cables[at + length - 1][1] != cables[at][0]
            and at + length < len(cables)
            and cables[at + length][0] == cables[at + length - 1][1]
        ):
            length += 1
        is_circle = cables[at + length - 1][1] == cables[at][0]
        extent = length if is_circle else 2
        in_dimension = hosts // extent * (extent if is_circle else 1)
        if not extents:
            for cable in cables[:in_dimension]:
                order += cable[:1] if is_circle else cable
        extents.append(extent)
        at += in_dimension
    return (extents, order) if math.prod(extents) == hosts and len(set(order)) == len(order) == hosts else None


def _torus(links):
    cables = _matching(links, r"host(\d+)-host(\d+):(up|down)")
    if not cables or len(cables) != len(links):
        return None
    shape = _torus_shape([numbers[:2] for _, numbers in cables if numbers[2] == "up"])
    if not shape:
        return None
    extents, order = shape
    width, height = extents[0], extents[1] if len(extents) > 1 else 1
    columns = math.ceil(math.sqrt(1.4 * len(order) / (width * height)))
    drawing = Drawing("torus")
    for position, host in enumerate(order):
        plane, x, y = position // (width * height), position % width, position // width % height
        # Lines are bent a little, so that the cable that closes one does not lie on the others.
        drawing.host(
            host,
            (
                plane % columns * (width + 1) + x + 0.25 * math.sin(math.pi * y / height),
                -(plane // columns) * (height + 1) - y - 0.25 * math.sin(math.pi * x / width),
            ),
        )
    for link, (a, b, way) in cables:
        drawing.edge(link, way, a, b)
    return drawing


def _dragonfly(links):
    blue = _matching(links, r"group(\d+)-group(\d+):(up|down)")
    black = _matching(links, r"group(\d+)-router(\d+)-chassis(\d+)-chassis(\d+):(up|down)")
    green = _matching(links, r"group(\d+)-chassis(\d+)-router(\d+)-router(\d+):(up|down)")
    of_hosts = _matching(links, r"host(\d+):(up|down)")
    if not blue and not black and not green:
        return None

    def most(*places):
        return 1 + max((numbers[i] for found, i in places for _, numbers in found), default=0)

    groups = most((blue, 1), (black, 0), (green, 0))
    chassis, routers = most((black, 3), (green, 1)), most((green, 3), (black, 1))
    per_router = max(1, len(of_hosts) // 2 // (groups * chassis * routers))
    drawing = Drawing("dragonfly")
    extent = min(0.8, 4.8 / groups)
    for group in range(groups):
        centre = _on_circle(group, groups, 1)
        drawing.node(f"group{group}", (0.5 * centre[0], 0.5 * centre[1]), f"group {group}")
        for c in range(chassis):
            for r in range(routers):
                at = (
                    centre[0] + extent * ((r + 0.5) / routers - 0.5),
                    centre[1] + extent * ((c + 0.5) / chassis - 0.5),
                )
                drawing.node((group, c, r), at)
                first = ((group * chassis + c) * routers + r) * per_router
                for h in range(per_router):
                    # Where there is one host, it stands above its router.
                    drawing.host(first + h, _on_circle(h, per_router, min(0.1, 0.36 * extent / routers), at))
    for link, (host, way) in of_hosts:
        router = host // per_router
        drawing.edge(link, way, host, (router // (chassis * routers), router // routers % chassis, router % routers))
    for link, (g, c, a, b, way) in green:
        drawing.edge(link, way, (g, c, a), (g, c, b))
    for link, (g, r, a, b, way) in black:
        drawing.edge(link, way, (g, a, r), (g, b, r))
    for link, (a, b, way) in blue:
        drawing.edge(link, way, f"group{a}", f"group{b}")
    return drawing


def layout(links, gpus_per_node=None):
    """A drawing of the topology with these links, or None where the names show none."""

    def nodes(names):
        return _hierarchical(names, gpus_per_node)

    for kind in (_dragonfly, _fat_tree, nodes, _torus, _ring, _star):
        drawing = kind(links)
        if drawing:
            ends = [end for _, a, b in drawing.edges for end in (a, b) if end is not None]
            is_whole = len(drawing.edges) == len(links) and all(end in drawing.vertices for end in ends)
            return drawing if is_whole else None
    return None
