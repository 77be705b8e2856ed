"""A figure per layer and step as a heat map."""

from .style import label_decades, set_step_axis

# Columns and names that fit into the picture.
COLUMNS, NAMES = 150, 80


def means(rows, layers):
    """The cells of (step, layer, value), each the mean over as many steps as it takes to have few columns; nan where
    there is none. Gives (cells, steps in a cell)."""
    index = {layer: i for i, layer in enumerate(layers)}
    steps = 1 + max(int(step) for step, _, _ in rows)
    width = max(1, -(-steps // COLUMNS))
    columns = -(-steps // width)
    sums = [[0.0] * columns for _ in layers]
    counts = [[0] * columns for _ in layers]
    for step, layer, value in rows:
        if layer in index and value is not None:
            sums[index[layer]][int(step) // width] += value
            counts[index[layer]][int(step) // width] += 1
    return [[s / c if c else float("nan") for s, c in zip(row, count)] for row, count in zip(sums, counts)], width


def draw_layer_map(figure, rows, layers, label, left_out):
    """Draws rows (step, layer, value). Names are written for as many layers as have a place."""
    from matplotlib.colors import LogNorm, Normalize

    figure.set_size_inches(8, min(9.0, max(4.5, 1.2 + 0.11 * len(layers))))
    axes = figure.subplots()
    axes.grid(False)
    cells, width = means(rows, layers)
    values = [cell for row in cells for cell in row if cell == cell]
    positive = [value for value in values if value > 0]
    lowest, highest = min(positive, default=0), max(values)
    if positive and highest > 3 * lowest:
        # What is 0 has the colour of the smallest values.
        lowest = max(lowest, 1e-9 * highest)
        cells = [[max(cell, lowest) for cell in row] for row in cells]
        norm = LogNorm(lowest, highest)
    else:
        norm = Normalize(0, highest or 1)
    image = axes.imshow(
        cells,
        aspect="auto",
        interpolation="nearest",
        cmap="viridis",
        norm=norm,
        extent=(0, len(cells[0]) * width, len(layers) - 0.5, -0.5),
    )
    every = -(-len(layers) // NAMES)
    size = 10 if len(layers) <= 20 else 8 if len(layers) <= 40 else 6
    axes.set_yticks(range(0, len(layers), every), layers[::every], fontsize=size)
    some = f"; one in {every} is named" if every > 1 else ""
    set_step_axis(axes, [0, len(cells[0]) * width])
    axes.set(ylabel=f"layer, from the input{left_out}{some}")
    bar = figure.colorbar(image, label=label + (f" (mean over {width} steps)" if width > 1 else ""))
    if isinstance(norm, LogNorm):
        label_decades(bar.ax.yaxis, highest / lowest)
