"""How much of a layer the union of several masks is assumed to keep until the unions of the steps before tell
(`assumed_masks` of models/schemes/threshold.cpp). Needs no torch."""

import bisect
import functools
import math

SIGMA = math.hypot(1.87, 0.99)  # of a region, and of an element
NODES = [-6 + 12 * i / 32 for i in range(33)]
WEIGHTS = [math.exp(-x * x / 2) for x in NODES]
WEIGHTS = [weight / sum(WEIGHTS) for weight in WEIGHTS]
FACTORS = [math.exp(SIGMA * x) for x in NODES]
SPREAD = math.exp(SIGMA * SIGMA / 2)


def shares(factor, masks):
    """What a mask keeps, and what the union of so many does, where elements are kept at min(1, factor e^(sigma x))."""
    chances = [min(1.0, factor * each) for each in FACTORS]
    each = sum(map(float.__mul__, WEIGHTS, chances))
    if masks == 1:
        return each, each
    left = [math.exp(masks * math.log1p(-chance)) if chance < 1 else 0.0 for chance in chances]
    return each, 1 - sum(map(float.__mul__, WEIGHTS, left))


class Unions:
    """share_of_each() of models/schemes/mask_model.cpp, where the union is to keep `least` to `most`: in a table, which
    is right to a millionth."""

    STEP = 1 / 256  # of the logarithm of the factor

    def __init__(self, masks, least, most):
        self.masks, self.union, self.each = masks, [], []
        if masks == 1:
            return
        at = math.log(least / masks / SPREAD) - self.STEP  # masks that overlap keep more of each
        while not self.union or (self.union[-1] < math.log(most) and at < -SIGMA * NODES[0]):
            each, union = shares(math.exp(at), masks)
            self.union.append(math.log(union))
            self.each.append(math.log(each))
            at += self.STEP

    def share_of_each(self, union):
        if self.masks == 1 or union >= 1:
            return min(1.0, union)
        i = min(max(1, bisect.bisect(self.union, math.log(union))), len(self.union) - 1)
        (x0, x1), (y0, y1) = self.union[i - 1 : i + 1], self.each[i - 1 : i + 1]
        return min(1.0, math.exp(y0 + (y1 - y0) * (math.log(union) - x0) / (x1 - x0)))


@functools.cache
def unions(masks, target):
    """Of the unions at which the first steps aim that are to meet a target (density_policy.py)."""
    return Unions(masks, target / 4, min(1.0, 4 * target))
