"""What docs/reproduction.md says of the captured traces."""

import collections
import functools
import math
import statistics

import reproduction

# Each trace, and a large layer of its network.
LARGE = {
    "alexnet": "classifier.1",
    "alexnet-256": "classifier.1",
    "alexnet-steered": "classifier.1",
    "alexnet-steered-256": "classifier.1",
    "resnet50": "layer4.2.conv2",
    "resnet50-256": "layer4.2.conv2",
}
ENCODINGS = "rice", "delta", "index", "runs"
Layer = collections.namedtuple("Layer", "share unions again age_mean age_p95 importance deviation")


@functools.cache
def rows_of_masks(name):
    return [row for row in reproduction.table(f"{name}/trace_layers.csv.gz") if row["threshold"]]


def density_of(name):
    rows = [row for row in rows_of_masks(name) if row["rank"] == "0"]
    return sum(int(row["sent"]) for row in rows) / sum(int(row["parameters"]) for row in rows)


def of_layers(name):
    """{layer: Layer}. `share`: deviation of the logarithm of what it sends; `unions`: elements of the union of four and
    of eight masks over a mask's; `again`: the share of what is sent that the step before sent, too."""
    kept, sent, statistic = collections.Counter(), {}, {}
    for row in rows_of_masks(name):
        for count in (4, 8):
            if int(row["rank"]) < count:
                kept[row["layer"], count] += int(row["kept"]) / count
        if row["rank"] == "0":
            sent.setdefault(row["layer"], []).append(math.log(max(int(row["sent"]), 1)))
    for row in reproduction.table(f"{name}/trace_statistics.csv.gz"):
        statistic.setdefault(row["layer"], []).append(row)

    def of_layer(layer):
        def mean(column):
            return statistics.mean(float(row[column]) for row in statistic[layer])

        unions = [mean(f"union_of_{count}") * len(statistic[layer]) / kept[layer, count] for count in (4, 8)]
        columns = "overlap_with_step_before", "age_mean", "age_p95", "importance_mean", "importance_stddev"
        return Layer(statistics.stdev(sent[layer]), unions, *map(mean, columns))

    return {layer.removesuffix(".weight"): of_layer(layer) for layer in sent}


def bits(name):
    """Bits per kept element of broadcast masks, by encoding, and of all masks over their unions."""
    sums, entropy, sent = collections.Counter(), 0.0, 0
    for row in rows_of_masks(name):
        if row["rank"] == "0":
            sent += int(row["sent"])
        if row["broadcasts"] != "1":
            continue
        sizes = {encoding: int(row[f"{encoding}_bytes"]) for encoding in (*ENCODINGS, "bitmap")}
        sums.update({**sizes, "smallest": min(sizes.values()), "kept": int(row["kept"])})
        parameters, share = int(row["parameters"]), int(row["kept"]) / int(row["parameters"])
        if 0 < share < 1:
            entropy -= parameters * (share * math.log2(share) + (1 - share) * math.log2(1 - share))
    found = {key: 8 * value / sums["kept"] for key, value in sums.items()}
    return {**found, "entropy": entropy / sums["kept"], "twice": sums["kept"] / sent}


def largest_mask(name):
    """The bytes of the largest mask of a step over the mean of the step's masks, the mean over steps."""
    steps = {}
    for row in rows_of_masks(name):
        if row["broadcasts"] == "1":
            masks = steps.setdefault(row["step"], collections.Counter())
            masks[row["rank"]] += min(int(row[f"{encoding}_bytes"]) for encoding in (*ENCODINGS, "bitmap"))
    return statistics.fmean(max(masks.values()) / statistics.fmean(masks.values()) for masks in steps.values())


def traces():
    columns = []
    for name, large in LARGE.items():
        found, layers = bits(name), of_layers(name)
        layer = layers[large]
        logs = collections.Counter()
        for row in rows_of_masks(name):
            if row["rank"] == "0":
                logs[row["step"]] += int(row["sent"])
        columns.append(
            {
                "density reached": f"{density_of(name):.5f}",
                "bits per kept element: smallest encoding of each mask": f"{found['smallest']:.2f}",
                "the same, entropy of independent coordinates": f"{found['entropy']:.2f}",
                "the same, rice, delta, index, runs": ", ".join(f"{found[each]:.2f}" for each in ENCODINGS),
                "bytes of a step's largest mask over their mean": f"{largest_mask(name):.2f}",
                "kept by the broadcast masks over their union": f"{found['twice']:.3f}",
                "union of 4 and 8 masks over one mask, large layer": "{:.2f}, {:.2f}".format(*layer.unions),
                "kept in the step before, too, large layer": f"{layer.again:.4f}",
                "age in steps, mean and 95th percentile, large layer": f"{layer.age_mean:.0f}, {layer.age_p95:.0f}",
                "importance, mean and deviation, large layer": f"{layer.importance:.3f}, {layer.deviation:.3f}",
                "deviation of the logarithm of a layer's share, large layer": f"{layer.share:.2f}",
                "the same of all layers together": f"{statistics.stdev(map(math.log, logs.values())):.2f}",
            }
        )
    print("| | " + " | ".join(f"`{name}`" for name in LARGE) + " |\n| ---" + " | ---" * len(LARGE) + " |")
    for key in columns[0]:
        print(f"| {key} | " + " | ".join(column[key] for column in columns) + " |")
