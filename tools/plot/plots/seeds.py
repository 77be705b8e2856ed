"""Points that differ in their seed alone: their mean and its confidence interval, as tools/report/src/scan_model.js has
it."""

import math

SEED = "seed"
# Student's t for a two-sided interval of 95 %, by degrees of freedom.
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131)
STUDENT += (2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042)


def half_interval(values):
    """Half the width of the 95 % confidence interval of the mean; None for fewer than two values."""
    count = len(values)
    if count < 2:
        return None
    mean = sum(values) / count
    variance = sum((value - mean) ** 2 for value in values) / (count - 1)
    t = STUDENT[count - 2] if count - 2 < len(STUDENT) else 1.96 + 2.4 / (count - 1)
    return t * math.sqrt(variance / count)


def _mean(values):
    present = [value for value in values if value is not None]
    return sum(present) / len(present) if present else None


def over_seeds(points, make):
    """One point, `make(options, value, others, half)`, for all that differ in their seed alone."""
    groups = {}
    for point in points:
        options = {name: text for name, text in point.options.items() if name != SEED}
        groups.setdefault(tuple(options.items()), []).append(point)
    return [
        make(
            dict(options),
            _mean([point.value for point in found]),
            [_mean(column) for column in zip(*(point.others for point in found))],
            half_interval([point.value for point in found]),
        )
        for options, found in groups.items()
    ]
