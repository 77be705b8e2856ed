"""What thresholds of a training are made of: the policy (ringsim/density_policy.py), and quantiles of importance."""

import torch

from ringsim.density_policy import START_STEPS, DensityController, DensityStart

__all__ = ["START_STEPS", "DensityController", "DensityStart", "Sample", "quantile"]


def quantile(residual, weight, floor, share, most=1 << 18):
    """The importance that a share of the elements exceeds, judged by a strided sample: a tensor of one number."""
    stride = max(1, residual.numel() // most)
    importance = residual[::stride].abs() / weight[::stride].abs().clamp_min(floor)
    count = min(max(1, round(share * importance.numel())), importance.numel())
    return torch.topk(importance, count, sorted=False).values.min()


class Sample:
    """Evenly spread elements of each layer, at most `most`, on which thresholds are judged before the engine's pass."""

    def __init__(self, segments, device, most=1 << 18):
        strides = [max(1, segment.parameters // most) for segment in segments]
        places = [torch.arange(s.offset, s.offset + s.parameters, step) for s, step in zip(segments, strides)]
        self.counts = [len(each) for each in places]
        self.index = torch.cat(places).to(device)
        self.layer = torch.repeat_interleave(torch.arange(len(places)), torch.tensor(self.counts)).to(device)

    def quantiles(self, gradients, residual, velocity, weight, momentum, floors, shares):
        """For each rank and layer the importance that the layer's share of elements will exceed once the gradients have
        been accumulated: lists of lists."""
        arriving = gradients.index_select(1, self.index)
        if velocity is not None:
            arriving.add_(velocity.index_select(1, self.index), alpha=momentum)
        floor = torch.tensor(floors, device=self.index.device)[self.layer]
        scale = torch.maximum(weight[self.index].abs(), floor)
        importance = arriving.add_(residual.index_select(1, self.index)).abs_().div_(scale)
        found = []
        for part, share in zip(importance.split(self.counts, 1), shares):
            count = min(max(1, round(share * part.shape[1])), part.shape[1])
            found.append(torch.topk(part, count, dim=1, sorted=False).values.amin(1))
        return torch.stack(found, 1).tolist()
