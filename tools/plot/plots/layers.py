"""Plots of layers.csv and staleness.csv: what each layer keeps, how old and how wrong it is."""

from .layer_map import draw_layer_map
from .style import legend, limited, line_style, marked, set_scale, set_step_axis, smooth
from .tables import InputError, only, read_result, run_names

# Layers with a line of their own; more are drawn as a heat map, or as their mean and its range.
LINES = 6


def _is_pruned(rows, layers):
    """The layers that are not sent whole in every step: the others would take the colours from them."""
    pruned = {layer for _, layer, density, *_ in rows if density < 1}
    return [layer for layer in layers if layer in pruned]


def _left_out(count):
    return f" ({count} that are sent whole are left out)" if count else ""


def plot_density(figure, arguments):
    run = only(arguments.sources, "density", "result folders")
    table = read_result(run, "layers.csv", ["step", "layer", "density"])
    rows = list(zip(table.numbers("step"), table.texts("layer"), table.numbers("density")))
    layers = list(dict.fromkeys(table.texts("layer")))
    pruned = _is_pruned(rows, layers) or layers
    if not any(density > 0 for _, _, density in rows):
        raise InputError(f"{table.path}: every density is 0; a run that sends something is accepted")
    draw_layer_map(figure, rows, pruned, "kept share", _left_out(len(layers) - len(pruned)))


def plot_overlap(figure, arguments):
    run = only(arguments.sources, "overlap", "result folders")
    table = read_result(run, "layers.csv", ["step", "layer", "density", "mask_overlap"])
    rows = list(
        zip(
            table.numbers("step"),
            table.texts("layer"),
            table.numbers("density"),
            table.optional_numbers("mask_overlap"),
        )
    )
    # Layers that are sent whole in every step keep the same always.
    layers = {layer: [] for layer in _is_pruned(rows, dict.fromkeys(table.texts("layer")))}
    before = {}
    for step, layer, density, overlap in rows:
        if layer in layers and layer in before and overlap is not None:
            layers[layer].append((step, before[layer], overlap))
        before[layer] = density
    drawn = {layer: points for layer, points in layers.items() if points}
    if not drawn:
        raise InputError(
            f"{table.path}: no layer is pruned in two steps in a row; a run with a mask of its own in every step is "
            "accepted"
        )
    if len(drawn) > LINES:
        cells = [(step, layer, overlap) for layer, points in drawn.items() for step, _, overlap in points]
        draw_layer_map(figure, cells, list(drawn), "kept in the step before too", "")
        return
    axes = figure.subplots()
    for place, (layer, points) in enumerate(drawn.items()):
        steps, chance, overlaps = zip(*points)
        width = max(1, len(points) // 50)
        line = line_style(place)
        axes.plot(steps, smooth(list(overlaps), width), color=line["color"], label=layer, **marked(len(steps)))
        axes.plot(steps, smooth(list(chance), width), color=line["color"], linestyle=":", label=f"{layer}, by chance")
    set_step_axis(axes, [step for points in drawn.values() for step, _, _ in points])
    axes.set(ylabel="kept in the step before too (running mean)", ylim=(0, None))
    legend(axes, 2 * len(drawn))


def plot_error(figure, arguments):
    """How far the update is from the dense one, and its angle to it: by layer for one run, the mean over the
    parameters for several."""
    runs = limited(arguments.sources, 14, "error: result folders", "draw some of them")
    figure.set_size_inches(8, 6)
    both = figure.subplots(2, 1, sharex=True)
    titles = (("error", "error: |update - dense| / |dense|"), ("cosine", "cosine to the dense update"))
    lines = 0
    for place, (run, name) in enumerate(zip(runs, run_names(runs))):
        table = read_result(run, "layers.csv", ["step", "layer", "parameters", "error", "cosine"])
        if not any(table.texts("error")):
            raise InputError(
                f"{table.path}: the column error is empty; a run of ringsim run --source train is accepted"
            )
        for axes, (column, _) in zip(both, titles):
            lines = _draw_error(axes, table, column, place, name, is_alone=len(runs) == 1)
    for axes, (_, title) in zip(both, titles):
        axes.set_ylabel(title)
        values = [value for line in axes.lines for value in line.get_ydata()]
        values += [y for band in axes.collections for path in band.get_paths() for _, y in path.vertices]
        if axes is both[0]:
            set_scale(axes, "y", values)
            if axes.get_yscale() == "linear":
                axes.set_ylim(-0.02 * max(values), 1.1 * max(values) or 1)
    set_step_axis(both[1], both[1].lines[0].get_xdata(), "step (running mean)")
    legend(both[0], lines)


def _draw_error(axes, table, column, place, name, is_alone):
    """Draws one run and gives the number of its lines."""
    points = {}
    for step, layer, parameters, value in zip(
        table.numbers("step"), table.texts("layer"), table.numbers("parameters"), table.optional_numbers(column)
    ):
        if value is not None:
            points.setdefault(layer, []).append((step, parameters, value))
    # A layer that is sent whole is never wrong.
    wrong = {layer: rows for layer, rows in points.items() if any(value != rows[0][2] for _, _, value in rows)}
    points = wrong or points
    if is_alone and len(points) <= LINES:
        for line, (layer, rows) in enumerate(points.items()):
            steps, _, values = zip(*rows)
            width = max(1, len(values) // 50)
            axes.plot(steps, smooth(list(values), width), label=layer, **line_style(line), **marked(len(steps)))
        return len(points)
    by_step = {}
    for rows in points.values():
        for step, parameters, value in rows:
            by_step.setdefault(step, []).append((parameters, value))
    steps = sorted(by_step)
    means = [sum(p * v for p, v in by_step[s]) / (sum(p for p, _ in by_step[s]) or 1) for s in steps]
    width = max(1, len(steps) // 50)
    label = "mean over the parameters" if is_alone else name
    axes.plot(steps, smooth(means, width), label=label, **line_style(place), **marked(len(steps)))
    if is_alone:
        lowest, highest = ([pick(v for _, v in by_step[s]) for s in steps] for pick in (min, max))
        axes.fill_between(
            steps,
            smooth(lowest, width),
            smooth(highest, width),
            color=line_style(place)["color"],
            alpha=0.2,
            linewidth=0,
            label=f"from the least to the most of {len(points)} layers",
        )
    return 2 if is_alone else place + 1


def plot_ages(figure, arguments):
    """The share of parameters that were last sent at least so many steps ago, at the end of the run."""
    runs = limited(arguments.sources, 14, "ages: result folders", "draw some of them")
    axes = figure.subplots()
    oldest, lines = 1.0, 0
    for place, (run, name) in enumerate(zip(runs, run_names(runs))):
        counts = _age_counts(run)
        whole = {}
        for ages in counts.values():
            for age, count in ages.items():
                whole[age] = whole.get(age, 0) + count
        oldest = max(oldest, *whole)
        drawn = {"all layers" if len(runs) == 1 else name: whole}
        if len(runs) == 1 and len(counts) > 1:
            stale = sorted(
                (layer for layer in counts if max(counts[layer]) > 0), key=lambda x: -sum(counts[x].values())
            )
            drawn.update({layer: counts[layer] for layer in stale[:LINES]})
            if len(stale) > LINES:
                axes.set_title(f"the {LINES} largest of {len(stale)} layers that are not sent whole", fontsize=10)
        for label, ages in drawn.items():
            style = {"color": "black", "linewidth": 2} if label == "all layers" else line_style(place + lines)
            axes.plot(*_shares(ages), drawstyle="steps-post", label=label, **style)
            lines += label == "all layers" or len(runs) == 1
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set(xlim=(-0.1, 1.2 * oldest), ylim=(-2, 103))
    axes.set(xlabel="age [steps]", ylabel="parameters last sent at least so many steps ago [%]")
    axes.legend(fontsize="small")


def _age_counts(run):
    """{layer: {age: parameters}}"""
    table = read_result(run, "staleness.csv", ["layer", "age_steps", "parameters"])
    counts = {}
    for layer, age, count in zip(table.texts("layer"), table.numbers("age_steps"), table.numbers("parameters")):
        if count > 0:
            counts.setdefault(layer, {})[age] = count
    if not counts:
        raise InputError(f"{table.path}: every count of parameters is 0; a run that sends something is accepted")
    return counts


def _shares(ages):
    """Ages and the percentage of parameters that are at least as old."""
    total = left = sum(ages.values())
    places, shares = [0.0], [100.0]
    for age in sorted(ages):
        places.append(age)
        shares.append(100 * left / total)
        left -= ages[age]
        places.append(age)
        shares.append(100 * left / total)
    return places, shares
