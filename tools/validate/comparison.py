"""Predicted against measured: the tables that docs/validation.md quotes, and the scatter plot."""
import concurrent.futures
import csv
import os
import pathlib
import statistics

import clusters
import points
import predictions


def read_table(path):
    lines = [line for line in pathlib.Path(path).read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def measured_seconds(folder):
    """{point: the median of its repetitions}."""
    times = {}
    for row in read_table(folder / "exchanges.csv"):
        times.setdefault(row["name"], []).append(float(row["seconds"]))
    return {name: statistics.median(values) for name, values in times.items()}


def side_by_side(function, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(function, items))


def calibration(measured, is_duplex):
    chosen = [point for point in points.load() if point.split == "calibration" and point.name in measured]
    return [point for point in chosen if point.is_duplex == is_duplex]


def fit(ringsim, folder):
    """(Links, rate): the latency of a message with which the rings of the calibration are predicted best (least squares
    of relative errors, not below 0), where the rate is as it was set, and after that what acknowledgements leave, from
    the points whose links carry data both ways; and by how much the rate would have to differ were it fitted, too."""
    measured, step = measured_seconds(folder), 100e-6
    chosen = calibration(measured, is_duplex=False)
    times = [
        side_by_side(lambda point: predictions.predict(ringsim, point, predictions.Links(latency)), chosen)
        for latency in (0, step)
    ]
    # Times of a ring grow linearly with the latency. In units of the measured: base + latency * slope = 1.
    bases = [base / measured[point.name] for point, base in zip(chosen, times[0])]
    ends = [end / measured[point.name] for point, end in zip(chosen, times[1])]
    slopes = [(end - base) / step for base, end in zip(bases, ends)]
    squares, mixed = sum(slope * slope for slope in slopes), sum(b * s for b, s in zip(bases, slopes))
    links = predictions.Links(max(0, sum((1 - base) * slope for base, slope in zip(bases, slopes)) / squares))
    determinant = sum(base * base for base in bases) * squares - mixed * mixed
    stretch = (sum(bases) * squares - sum(slopes) * mixed) / determinant
    duplex = calibration(measured, is_duplex=True)
    if duplex:
        said = side_by_side(lambda point: predictions.predict(ringsim, point, links), duplex)
        shares = [time / measured[point.name] for point, time in zip(duplex, said)]
        links.duplex = min(1, sum(shares) / len(shares))
    return links, 1 / stretch


def fitted_links(ringsim, folder):
    return fit(ringsim, folder)[0]


def exchange_errors(ringsim, folder, links):
    """[(point, measured, predicted)] of all points that were measured."""
    measured = measured_seconds(folder)
    chosen = [point for point in points.load() if point.name in measured]
    predicted = side_by_side(lambda point: predictions.predict(ringsim, point, links), chosen)
    return [(point, measured[point.name], time) for point, time in zip(chosen, predicted)]


def training_errors(ringsim, folder, links):
    """[(point, row of training.csv, ringsim's result)]: computing and compressing are as the ranks measured them
    without an exchange that takes time."""
    by_name = {point.name: point for point in points.load()}

    def predict(row):
        point = by_name[row["name"]]
        point.compute = float(row["compute_s"])
        if point.options["scheme"] != "dense":
            point.options["compress-time"] = f"{float(row['compress_s']):.9g}s"
        return point, row, predictions.run(ringsim, point, links)

    return side_by_side(predict, read_table(folder / "training.csv"))


def print_table(heading, rows):
    for cells in (heading, ["---"] * len(heading), *rows):
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    print()


def percent(value):
    return f"{100 * value:.1f} %"


def signed(value):
    return f"{100 * value:+.1f} %"


def summary(name, errors):
    """A row: how many, median and worst error without sign, and the median with it."""
    sizes = [abs(error) for error in errors]
    middle = statistics.median(errors)
    return [name, len(errors), percent(statistics.median(sizes)), percent(max(sizes)), signed(middle)]


def family_rows(results):
    families = {}
    for point, measured, predicted in results:
        families.setdefault("calibration" if point.split == "calibration" else point.family, []).append(
            predicted / measured - 1
        )
    calibration = families.pop("calibration", None)
    rows = [summary("(calibration)", calibration)] if calibration else []
    rows += [summary(family, errors) for family, errors in families.items()]
    held_out = [error for errors in families.values() for error in errors]
    return rows + [summary("**all that are held out**", held_out)]


def print_exchanges(ringsim, folder):
    links, rate = fit(ringsim, folder)
    latency, left = f"{links.latency * 1e6:.0f} us", f"{100 * links.duplex:.1f} %"
    print(
        f"latency of a message: {latency}; acknowledgements leave {left} where data goes both ways; the rate, were it"
    )
    print(f"fitted: {100 * rate:.1f} % of what was set\n")
    results = exchange_errors(ringsim, folder, links)
    heading = ["family", "points", "median error", "worst", "median with its sign"]
    print_table(heading, family_rows(results))
    worst = sorted(results, key=lambda result: -abs(result[2] / result[1] - 1))[:6]
    rows = [
        [point.name, point.family, f"{measured:.3f}", f"{predicted:.3f}", signed(predicted / measured - 1)]
        for point, measured, predicted in worst
    ]
    print_table(["the worst", "family", "measured, s", "predicted, s", "off"], rows)


def print_training(ringsim, folder):
    rows = []
    for point, row, result in training_errors(ringsim, folder, fitted_links(ringsim, folder)):
        measured, predicted = float(row["seconds"]), result["simulated_seconds"]
        sent, said = float(row["bytes_sent_per_rank"]), result["bytes_sent_per_rank"]["total"]
        local = float(row["compute_s"]) + float(row["compress_s"])
        times = [f"{1e3 * local:.2f}", f"{measured:.2f}", f"{predicted:.2f}", signed(predicted / measured - 1)]
        accuracies = [f"{float(row['accuracy']):.4f}", f"{result['accuracy']:.4f}"]
        volume = [f"{sent / 1e6:.2f}", signed(said / sent - 1)]
        rows.append([point.name, *times, *volume, *accuracies])
    heading = "training,local ms a step,measured s,predicted s,off,MB a rank sent,off,accuracy,ringsim's"
    print_table(heading.split(","), rows)


def print_tables(ringsim, folder):
    print_exchanges(ringsim, folder)
    clusters.print_table(ringsim, print_table, summary)


def plot(ringsim, folder, output):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    links = fitted_links(ringsim, folder)
    series = {}
    for point, measured, predicted in exchange_errors(ringsim, folder, links):
        if point.split != "calibration":
            series.setdefault("TCP, namespaces", []).append((measured, predicted))
    if (folder / "training.csv").exists():
        series["training, namespaces"] = [
            (float(row["seconds"]), result["simulated_seconds"])
            for _, row, result in training_errors(ringsim, folder, links)
        ]
    series |= {name: [pair[1:] for pair in pairs] for name, pairs in clusters.predicted(ringsim).items()}
    figure, axes = plt.subplots(figsize=(6, 6))
    for (name, pairs), marker in zip(series.items(), "osv^D<>pP*"):
        axes.loglog(*zip(*pairs), marker, label=name, markersize=4, alpha=0.7)
    ends = [min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])]
    axes.plot(ends, ends, color="black", linewidth=0.8)
    axes.set(xlabel="measured, s", ylabel="predicted, s", xlim=ends, ylim=ends)
    axes.legend()
    figure.tight_layout()
    figure.savefig(output, dpi=120)
