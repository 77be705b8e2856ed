"""Plots of single files: calibrations and densities by hop."""

from .style import colour
from .tables import InputError, only, read_csv


def plot_calibration(figure, arguments):
    path = only(arguments.sources, "calibration", "files")
    table = read_csv(
        path,
        ["size_bytes", "measured_s", "fitted_s", "piece", "held_out"],
        "a file of ringsim calibrate --points is accepted",
    )
    points = sorted(
        zip(
            table.numbers("size_bytes"),
            table.numbers("measured_s"),
            table.numbers("fitted_s"),
            (int(piece) for piece in table.numbers("piece")),
            (text == "1" for text in table.texts("held_out")),
        )
    )
    # Nothing that is 0 has a place on a logarithmic axis.
    points = [point for point in points if point[0] > 0 and point[1] > 0]
    if not points:
        raise InputError(f"{path}: no size and time above 0; a file of ringsim calibrate --points is accepted")
    axes, errors = figure.subplots(2, 1, height_ratios=(3, 1), sharex=True)
    for piece in sorted({point[3] for point in points}):
        sizes, _, fitted, _, _ = zip(*(point for point in points if point[3] == piece))
        axes.plot(sizes, fitted, color=colour(piece), label=f"fitted, piece {piece + 1}")
    for held_out, label, marker in ((False, "measured", "o"), (True, "measured, held out", "x")):
        chosen = [point for point in points if point[4] == held_out]
        if chosen:
            axes.plot([p[0] for p in chosen], [p[1] for p in chosen], marker, color="black", markersize=4, label=label)
    axes.set(xscale="log", yscale="log", ylabel="time [s]")
    axes.legend()
    for size, measured, fitted, piece, held_out in points:
        error = 100 * (fitted / measured - 1)
        errors.plot(size, error, "x" if held_out else "o", color=colour(piece), markersize=4)
    errors.axhline(0, color="black", linewidth=0.8)
    errors.set(xlabel="size [B]", ylabel="error [%]")


def plot_hops(figure, arguments):
    table = read_csv(
        only(arguments.sources, "hops", "files"),
        ["ranks", "scheme", "hop", "density", "independent"],
        "a hops.csv of tools/experiments/hops.py is accepted",
    )
    axes = figure.subplots()
    rows = list(
        zip(
            table.numbers("ranks"),
            table.texts("scheme"),
            table.numbers("hop"),
            table.numbers("density"),
            table.optional_numbers("independent"),
        )
    )
    schemes = list(dict.fromkeys(row[1] for row in rows))
    for place, ranks in enumerate(sorted({row[0] for row in rows})):
        for scheme, style in zip(schemes, ("-", "--", "-.")):
            chosen = [row for row in rows if row[0] == ranks and row[1] == scheme]
            hops = [row[2] for row in chosen]
            shade = colour(place)
            axes.plot(hops, [row[3] for row in chosen], style, color=shade, label=f"{scheme}, {ranks:g} ranks")
            if chosen and chosen[0][4] is not None:
                axes.plot(hops, [row[4] for row in chosen], ":", color=shade, label=f"1-(1-d)^h, {ranks:g} ranks")
    axes.set(xscale="log", yscale="log", xlabel="masks that have gone into the sum (hop h)", ylabel="density")
    axes.legend(fontsize="small", ncols=2)
