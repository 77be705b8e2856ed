"""The density and quantile policies of models/schemes/threshold.hpp: quantiles (in the first steps, or in all), and a
steered threshold later. Needs no torch."""

import math

from ringsim import mask_model
from ringsim.random_numbers import SAMPLE_START, Random

START_STEPS = 64
SAMPLED_SHARE, SAMPLED_ABOVE = 0.01, 64  # of a layer, and elements above the threshold, at least


def sample_stride(parameters, each):
    """The distance between the elements on which the quantile is judged that a share `each` exceeds
    (quantile_stride() of models/schemes/threshold.cpp)."""
    if each <= 0:
        return 1
    wanted = max(math.ceil(SAMPLED_SHARE * parameters), math.ceil(2 / (2 * each / SAMPLED_ABOVE)))
    if wanted >= parameters:
        return 1
    stride = (parameters + 32 * wanted - 1) // (32 * wanted) * 32 + 1
    while parameters // stride < wanted:
        stride -= 8
    return stride


def sample_start(seed, rank, step, layer, stride):
    """The first element of the sample of this layer, counted among those that are pruned."""
    return Random(seed, SAMPLE_START, rank, step, skip=layer).below(stride) if stride > 1 else 0


def above(share, sampled):
    """How many elements of a sample exceed the quantile."""
    return math.floor(share * sampled + 0.5)


class DensityStart:
    def __init__(self):
        self.missing = self.wanted = 0.0
        self.correction = 1.0

    def each(self, target, masks):
        """The share that each of the masks is to select, so that their union keeps the target."""
        self.missing += target
        self.wanted = min(1.0, max(target / 4, min(4 * target, self.missing)))
        return min(1.0, self.correction * mask_model.unions(masks, target).share_of_each(self.wanted))

    def update(self, share):
        self.missing -= share
        self.correction *= max(0.5, min(2.0, self.wanted / max(share, 1e-12)))


class DensityController:
    def __init__(self, threshold):
        self.threshold, self.gain, self.bias, self.was_above = threshold, 0.5, 0.0, False

    def update(self, share, target):
        ratio = max(0.25, min(4.0, share / target))
        self.bias = max(-1.5, min(1.5, self.bias + 0.06 * (ratio - 1)))
        error = math.log(ratio) + self.bias
        same = (error > 0) == self.was_above
        self.gain = min(1.1 * self.gain, 0.5) if same else max(self.gain / 2, 0.125)
        self.was_above = error > 0
        self.threshold *= math.exp(self.gain * error)
