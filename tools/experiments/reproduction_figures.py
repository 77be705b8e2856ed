"""The pictures of docs/reproduction.md."""

import math
import statistics

import reproduction

LAYERS = "features.0 features.3 features.6 features.8 features.10 classifier.1 classifier.4 classifier.6".split()
CURVES = (
    ("dense", "tuned-dense"),
    ("topk, 262x", "final-topk-256"),
    ("powersgd, 271x", "best-powersgd-256"),
    ("iwp, quantile, 259x", "final-iwp-256+best-iwp-256"),
    ("iwp, steered, 267x", "tuned-iwp-256"),
    ("randomk, 259x", "tuned-randomk-256"),
)


def statistic(name):
    """{layer: rows} of trace_statistics.csv."""
    layers = {}
    for row in reproduction.table(f"{name}/trace_statistics.csv.gz"):
        layers.setdefault(row["layer"].removesuffix(".weight"), []).append(row)
    return layers


def shares(name):
    """{layer: sent elements over their mean, by step of the trace}"""
    sent = {}
    for row in reproduction.table(f"{name}/trace_layers.csv.gz"):
        if row["rank"] == "0" and row["threshold"]:
            sent.setdefault(row["layer"].removesuffix(".weight"), []).append(int(row["sent"]))
    return {layer: [count / statistics.mean(counts) for count in counts] for layer, counts in sent.items()}


def turns(pyplot):
    """Layers take turns: which send more than usual, over epochs."""
    names = "alexnet-steered", "alexnet-steered-256", "alexnet-256"
    figure, axes = pyplot.subplots(len(names), 1, figsize=(7.2, 7.4), layout="constrained", sharex=True)
    for axis, name in zip(axes, names):
        found = shares(name)
        steps = [int(row["training_step"]) for row in statistic(name)[LAYERS[0]]]
        rows = [[math.log2(max(value, 1 / 8)) for value in found[layer]] for layer in LAYERS]
        edges = steps[0] / 234, steps[-1] / 234
        image = axis.imshow(
            rows, aspect="auto", cmap="RdBu_r", vmin=-2.5, vmax=2.5, extent=(*edges, len(LAYERS) - 0.5, -0.5)
        )
        axis.set_yticks(range(len(LAYERS)), LAYERS)
        axis.set_title(f"trace:{name}", loc="left", fontsize=10)
    axes[-1].set_xlabel("epoch")
    bar = figure.colorbar(image, ax=axes, ticks=(-2, -1, 0, 1, 2))
    bar.ax.set_yticklabels(("1/4", "1/2", "1", "2", "4"))
    bar.set_label("sent, over the layer's mean")


def staleness(pyplot):
    """How long coordinates wait, and the loss meanwhile."""
    figure, axes = pyplot.subplots(1, 2, figsize=(7.2, 3.1), layout="constrained")
    for name, group, label in (("alexnet", "trace-alexnet-64", "66x"), ("alexnet-256", "trace-alexnet-256", "259x")):
        rows = statistic(name)["classifier.1"]
        epochs = [int(row["training_step"]) / 234 for row in rows]
        axes[0].plot(epochs, [float(row["age_p50"]) for row in rows], label=f"{label}, median")
        axes[0].plot(epochs, [float(row["age_p95"]) for row in rows], "--", label=f"{label}, 95th percentile")
        losses = [epoch["loss"] for epoch in reproduction.trials(group)[0]["epochs"]]
        axes[1].plot(range(1, 11), losses, label=label)
    curves = [[epoch["loss"] for epoch in trial["epochs"]] for trial in reproduction.trials("tuned-dense")]
    axes[1].plot(range(1, 11), [statistics.mean(column) for column in zip(*curves)], "k:", label="dense")
    axes[0].set_ylabel("steps since it was sent, classifier.1")
    axes[1].set_ylabel("training loss")
    for axis in axes:
        axis.set_xlabel("epoch")
        axis.legend(fontsize=8, frameon=False)


def accuracy(pyplot):
    """The mean accuracy over seeds after each epoch."""
    figure, axis = pyplot.subplots(figsize=(7.2, 3.6), layout="constrained")
    for label, group in CURVES:
        curve = [100 * value for value in reproduction.mean_curve(group)]
        axis.plot(range(1, len(curve) + 1), curve, label=label)
    axis.set_ylim(80, 92.2)
    axis.set_xlabel("epoch")
    axis.set_ylabel("accuracy on the test set, %")
    axis.legend(fontsize=8, frameon=False)


def draw(name, file):
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    {"turns": turns, "staleness": staleness, "accuracy": accuracy}[name](pyplot)
    pyplot.savefig(file, dpi=100, metadata={"Software": None})
