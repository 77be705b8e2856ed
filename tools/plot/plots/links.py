"""Plots of links.csv."""

from .style import colour, formatted, limited, line_style, set_scale
from .tables import InputError, read_result, run_names

# Bars in one picture that have a legible name each.
BARS = 48


def read_links(run):
    """{link: utilization in %} of those that carried something, and all names in their order."""
    table = read_result(run, "links.csv", ["link", "bytes", "utilization"])
    carried = {
        link: 100 * utilization
        for link, count, utilization in zip(table.texts("link"), table.numbers("bytes"), table.numbers("utilization"))
        if count > 0
    }
    if not carried:
        raise InputError(f"{table.path}: no link carried anything; a run on two ranks or more is accepted")
    return carried, table.texts("link")


def plot_links(figure, arguments):
    runs = limited(arguments.sources, 14, "links: result folders", "draw some of them")
    used = {name: read_links(run)[0] for run, name in zip(runs, run_names(runs))}
    links = list(dict.fromkeys(link for values in used.values() for link in values))
    draw = _draw_bars if len(links) * len(used) <= BARS else _draw_profile
    draw(figure, used, links)


def _draw_bars(figure, used, links):
    figure.set_size_inches(8, max(3.0, 1.5 + 0.2 * len(links) * len(used)))
    axes = figure.subplots()
    height = 0.8 / len(used)
    for i, (name, values) in enumerate(used.items()):
        places = [row + (i - (len(used) - 1) / 2) * height for row in range(len(links))]
        bars = axes.barh(places, [values.get(link, 0) for link in links], height, label=name, color=colour(i))
        labels = [f"{formatted(values[link], '')} %" if link in values else "" for link in links]
        axes.bar_label(bars, labels, padding=3, fontsize=7)
    axes.set_yticks(range(len(links)), links)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    highest = max(value for values in used.values() for value in values.values())
    axes.set(xlabel="utilization over the run [%]", xlim=(0, 1.12 * highest or 1))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=min(4, len(used)))


def _draw_profile(figure, used, links):
    """Too many links for bars: a line over them in the file's order, with the name of every so many."""
    figure.set_size_inches(9, 5)
    axes = figure.subplots()
    place_of = {link: place for place, link in enumerate(links)}
    for i, (name, values) in enumerate(used.items()):
        busiest = max(values, key=values.get)
        axes.plot(
            [place_of[link] for link in values],
            list(values.values()),
            marker="o",
            markersize=3,
            label=f"{name}: {len(values)} links, the busiest {busiest} at {formatted(values[busiest], '')} %",
            **line_style(i),
        )
    every = [value for values in used.values() for value in values.values()]
    set_scale(axes, "y", every)
    if axes.get_yscale() == "linear":
        axes.set_ylim(0, 1.1 * max(every) or 1)
    named = range(0, len(links), -(-len(links) // 32))
    axes.set_xticks(named, [links[place] for place in named], rotation=90, fontsize=7)
    axes.set(ylabel="utilization over the run [%]", xlabel="link (those that carried something)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), fontsize="small")
