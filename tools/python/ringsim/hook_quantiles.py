"""Quantiles of the importance of several layers at once, on samples of them (importance_quantile() of
models/schemes/threshold.cpp). What is launched does not grow with the number of layers and is the same in every step;
the host waits for nothing."""

import math
from dataclasses import dataclass

import torch

from ringsim import density_policy

SPARE = 0.25  # of the samples: their strides change from step to step


@dataclass(frozen=True)
class Sample:
    """The elements `first`, `first + stride`, ... of the buffers, `count` of them, of which a `share` is to exceed the
    quantile."""

    first: int
    stride: int
    count: int
    share: float


class Quantiles:
    """tell() on the host, then find() on the device, which reads what was told when it runs."""

    def __init__(self, layers, device):
        self.layers, self.capacity = layers, 0
        # In columns: where a layer's samples end among those of all layers; where an element is, and how that grows
        # with its place among all; the place of its quantile among all in ascending order, -1 where nothing has to be
        # exceeded. The last layer has what is left of the capacity.
        self.told = torch.zeros(4, layers + 1, dtype=torch.int64, pin_memory=device.type == "cuda")
        self.table = torch.zeros_like(self.told, device=device)

    def tell(self, samples):
        """Returns whether there are more samples than find() had room for, and takes more from now on."""
        rows, end = [], 0
        for sample in samples:
            above = density_policy.above(sample.share, sample.count)
            place = end + sample.count - 1 - above if above < sample.count else -1
            rows.append((end + sample.count, sample.first - end * sample.stride, sample.stride, place))
            end += sample.count
        grows = end > self.capacity
        if grows:
            self.capacity = end + round(SPARE * end)
        rows.append((self.capacity, 0, 0, -1))
        self.told.copy_(torch.tensor(rows).t())
        return grows

    def find(self, residual, weight, floors):
        """As many numbers as layers, in single precision. floors: of each layer's scale, likewise."""
        ends, firsts, strides, places = self.table.copy_(self.told, non_blocking=True)
        places = places[: self.layers]
        numbers = torch.arange(self.capacity, device=residual.device)
        layer_of = torch.searchsorted(ends, numbers, right=True)
        at = numbers.mul_(strides[layer_of]).add_(firsts[layer_of])
        scale = torch.maximum(weight[at].abs_(), floors[layer_of.clamp_max(self.layers - 1)])
        importance = residual[at].abs_().div_(scale).nan_to_num_(nan=0.0, posinf=math.inf)
        # Numbers that are not negative have the order of their bits: one sort serves all layers.
        keys = importance.view(torch.int32).long().add_(layer_of << 32)
        found = torch.sort(keys).values[places.clamp_min(0)]
        quantiles = found.bitwise_and_(0x7FFFFFFF).int().view(torch.float32)
        return torch.where(places >= 0, quantiles, torch.zeros_like(quantiles))
