"""The density policy of models/schemes/threshold.hpp: quantiles in the first steps, a steered threshold later."""

import math

START_STEPS = 64


class DensityStart:
    def __init__(self):
        self.missing = self.wanted = 0.0
        self.correction = 1.0

    def each(self, target, masks):
        """The share that each of the masks is to select."""
        self.missing += target
        self.wanted = min(1.0, max(target / 4, min(4 * target, self.missing)))
        return min(1.0, self.correction * self.wanted / masks)

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
