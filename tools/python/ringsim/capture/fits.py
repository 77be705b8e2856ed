"""Fits times of compressing to few terms with a meaning. Needs the standard library alone.

A time is a sum of non-negative costs: per call, per piece that is compressed by itself, per element, per kept value,
per matrix, per matrix row times rank, and the same per received payload. The fit minimises the squares of the
relative errors. Which points are held out is a rule, stated before anything is measured: HELD_OUT_LISTS."""

import statistics

HELD_OUT_LISTS = ("gpt2-small", "tensor-25m")
HELD_OUT_RULE = (
    "All points of the layer lists gpt2-small and tensor-25m are held out: they take no part in any fit and state its "
    "error. All others are fitted. The rule stands in the script and was fixed before measuring."
)
# Counts that a time may grow with, in the order in which a duplicate is dropped.
TERMS = (
    "calls", "pieces", "elements", "kept", "matrices", "rank_rows", "uncompressed",
    "payload_pieces", "payload_elements", "payload_kept",
)  # fmt: skip
# What sets points apart that one fit serves: these settings are in the counts.
COUNTED_SETTINGS = ("density", "payloads")


def is_held_out(layers):
    return layers in HELD_OUT_LISTS


def solve(matrix, vector):
    """The solution of a symmetric system by elimination with pivots; None where it is singular."""
    size = len(vector)
    rows = [list(row) + [value] for row, value in zip(matrix, vector)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(rows[row][column]))
        if abs(rows[pivot][column]) < 1e-12:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        for row in range(size):
            if row != column:
                factor = rows[row][column] / rows[column][column]
                rows[row] = [a - factor * b for a, b in zip(rows[row], rows[column])]
    return [rows[i][size] / rows[i][i] for i in range(size)]


def least_squares(columns, target, active):
    """Coefficients of the active columns; None where they depend on each other."""
    gram = [[sum(a * b for a, b in zip(columns[i], columns[j])) for j in active] for i in active]
    return solve(gram, [sum(a * b for a, b in zip(columns[i], target)) for i in active])


def non_negative_least_squares(columns, target):
    """x >= 0 that minimises |sum(x_i * columns_i) - target| (Lawson and Hanson, Solving Least Squares Problems, 1974).
    Columns are scaled to length 1 inside."""
    lengths = [sum(value * value for value in column) ** 0.5 or 1.0 for column in columns]
    scaled = [[value / length for value in column] for column, length in zip(columns, lengths)]
    x, active, refused = [0.0] * len(columns), [], set()
    while True:
        left = [t - sum(x[i] * scaled[i][row] for i in active) for row, t in enumerate(target)]
        slopes = {i: sum(a * b for a, b in zip(scaled[i], left)) for i in range(len(columns))}
        choice = [i for i in slopes if i not in active and i not in refused and slopes[i] > 1e-9]
        if not choice:
            return [value / length for value, length in zip(x, lengths)]
        entering = max(choice, key=slopes.get)
        x, active, moved = solve_active(scaled, target, x, active + [entering])
        # A column that cannot enter, because it depends on the others or leaves at once, is not tried again before
        # another has moved.
        refused = set() if moved and entering in active else refused | {entering}


def solve_active(columns, target, x, active):
    """One step of Lawson and Hanson's: least squares on the active columns, of which those leave that would become
    negative. Returns x, the columns that stay, and whether x moved."""
    before = list(x)
    while active:
        found = least_squares(columns, target, active)
        if found is None:
            return before, active[:-1], False
        if min(found) > 0:
            x = [0.0] * len(x)
            for i, value in zip(active, found):
                x[i] = value
            return x, active, x != before
        # As far from x to the solution as nothing becomes negative.
        step = min(
            (x[i] / (x[i] - value) for i, value in zip(active, found) if value <= 0 and x[i] != value), default=0
        )
        for i, value in zip(active, found):
            x[i] += step * (value - x[i])
        active = [i for i, value in zip(active, found) if value > 0 or x[i] > 1e-12]
        x = [value if i in active else 0.0 for i, value in enumerate(x)]
    return [0.0] * len(x), [], x != before


def features(point):
    """The counts of a point, those per received payload included."""
    counts = dict(point["counts"])
    payloads = point["settings"].get("payloads", 0)
    if point["stage"] in ("decode", "all") and payloads:
        for name in ("pieces", "elements", "kept"):
            counts[f"payload_{name}"] = payloads * counts.get(name, 0)
    return counts


def usable_terms(points):
    """Terms that tell these points apart: not zero everywhere, and no multiple of one before it."""
    rows = [features(point) for point in points]
    chosen, seen = [], []
    for term in TERMS:
        column = [row.get(term, 0) for row in rows]
        largest = max(column, default=0)
        if largest <= 0:
            continue
        shape = [value / largest for value in column]
        if any(max(abs(a - b) for a, b in zip(shape, other)) < 1e-9 for other in seen):
            continue
        chosen.append(term)
        seen.append(shape)
    return chosen


def predict(coefficients, point):
    counts = features(point)
    return sum(value * counts.get(term, 0) for term, value in coefficients.items())


def errors(coefficients, points, quantity):
    """Median and worst relative error, None without points."""
    found = [abs(predict(coefficients, point) / point[quantity]["median"] - 1) for point in points]
    return {
        "points": len(found),
        "median": statistics.median(found) if found else None,
        "worst": max(found, default=None),
    }


def fit_points(points, quantity="device_s"):
    """Coefficients in seconds per term, fitted to the points that are not held out, and the errors of both kinds."""
    usable = [point for point in points if point.get(quantity) and point[quantity]["median"] > 0]
    fitted = [point for point in usable if not point["held_out"]]
    held_out = [point for point in usable if point["held_out"]]
    if len(fitted) < 2:
        return None
    terms = usable_terms(fitted)
    times = [point[quantity]["median"] for point in fitted]
    rows = [features(point) for point in fitted]
    columns = [[row.get(term, 0) / time for row, time in zip(rows, times)] for term in terms]
    values = non_negative_least_squares(columns, [1.0] * len(fitted))
    coefficients = {term: value for term, value in zip(terms, values) if value > 0}
    return {
        "seconds_per": coefficients,
        "fitted": errors(coefficients, fitted, quantity),
        "held_out": errors(coefficients, held_out, quantity),
    }


def fit_all(points, quantities=("device_s", "host_s")):
    """One fit per implementation, scheme, settings that are not counted, stage and mode."""
    groups = {}
    for point in points:
        settings = {name: value for name, value in point["settings"].items() if name not in COUNTED_SETTINGS}
        key = (point["implementation"], point["scheme"], tuple(sorted(settings.items())), point["stage"], point["mode"])
        groups.setdefault(key, (settings, []))[1].append(point)
    fits = []
    for (implementation, scheme, _, stage, mode), (settings, members) in groups.items():
        for quantity in quantities:
            found = fit_points(members, quantity)
            if found:
                fits.append(
                    {
                        "implementation": implementation,
                        "scheme": scheme,
                        "settings": settings,
                        "stage": stage,
                        "mode": mode,
                        "quantity": quantity,
                        **found,
                    }
                )
    return fits
