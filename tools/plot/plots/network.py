"""The topology that links.csv names, its links in the colours of their utilization."""

import math

from .any_network import any_network, read_topology
from .links import read_links
from .network_layout import HOST, layout
from .style import formatted
from .tables import InputError, only

# Hosts that have a place for their number.
NUMBERED = 72


def plot_topology(figure, arguments):
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LogNorm, Normalize

    run = only(arguments.sources, "topology", "result folders")
    used, links = read_links(run)
    topology = read_topology(arguments.topology) if arguments.topology else {}
    drawing = layout(links, topology.get("gpus_per_node")) or (any_network(topology, links) if topology else None)
    if drawing is None:
        raise InputError(
            f"{run}/links.csv: the links' names ({', '.join(links[:3])}, ...) show no kind of topology; ring, switch, "
            "hierarchical, fat-tree, torus and dragonfly are accepted, and routes with --topology FILE, the one that "
            "the run was given; links draws any"
        )
    figure.set_size_inches(8, 5 if drawing.kind == "fat-tree" else 7)
    axes = figure.subplots()
    axes.set_axis_off()
    axes.set_aspect("auto" if drawing.kind == "fat-tree" else "equal", adjustable="datalim")
    axes.margins(0.04)
    positive = [value for value in used.values() if value > 0]
    highest = max(positive, default=1)
    norm = LogNorm(min(positive), highest) if positive and highest > 20 * min(positive) else Normalize(0, highest)
    colours = ScalarMappable(norm, "viridis_r")
    _draw_edges(axes, drawing, used, colours)
    _draw_vertices(axes, drawing)
    busiest = max(used, key=used.get)
    figure.suptitle(
        f"{drawing.kind}: {len(used)} of {len(links)} links carried something (grey: nothing),\n"
        f"the busiest {busiest} at {formatted(used[busiest], '')} %",
        fontsize=10,
    )
    figure.colorbar(colours, ax=axes, label="utilization over the run [%]", shrink=0.7)


def _draw_edges(axes, drawing, used, colours):
    width = 1.8 if len(drawing.edges) <= 200 else 0.9
    # Both directions of a cable lie side by side, each to the right of its way.
    xs, ys = ([vertex[i] for vertex in drawing.vertices.values()] for i in (0, 1))
    beside = 0.006 * max(max(xs) - min(xs), max(ys) - min(ys))
    for link, a, b in sorted(drawing.edges, key=lambda edge: edge[0] in used):
        shade = colours.to_rgba(used[link]) if link in used else "#CCCCCC"
        thickness = width if link in used else 0.6 * width
        x, y = drawing.vertices[a][:2]
        if b is None:
            axes.plot(x, y, "o", markersize=26, markerfacecolor="none", markeredgecolor=shade, markeredgewidth=3)
            continue
        to_x, to_y = drawing.vertices[b][:2]
        length = math.hypot(to_x - x, to_y - y) or 1
        right, down = beside * (to_y - y) / length, -beside * (to_x - x) / length
        axes.plot([x + right, to_x + right], [y + down, to_y + down], color=shade, linewidth=thickness)


def _draw_vertices(axes, drawing):
    hosts = [vertex for vertex in drawing.vertices.values() if vertex[2] == HOST]
    for x, y, kind, label in drawing.vertices.values():
        is_host = kind == HOST
        size = 13 if is_host and len(hosts) <= 32 else 10 if is_host and len(hosts) <= NUMBERED else 5
        shape = {"marker": "o", "markersize": size} if is_host else {"marker": "s", "markersize": 6}
        axes.plot(
            x, y, color="black", markerfacecolor="white" if is_host else "#E0E0E0", linestyle="", zorder=3, **shape
        )
        if is_host and len(hosts) <= NUMBERED:
            axes.text(x, y, label, ha="center", va="center", fontsize=7 if size == 13 else 6, zorder=4)
        elif not is_host and label:
            style = {"fontsize": 7, "color": "#444444", "zorder": 4}
            box = {"facecolor": "white", "linewidth": 0, "pad": 0.5, "alpha": 0.8}
            axes.annotate(label, (x, y), (0, 6), textcoords="offset points", ha="center", bbox=box, **style)
    # The layout is that of the axes: texts lie within them.
    for text in axes.texts:
        text.set_in_layout(False)
