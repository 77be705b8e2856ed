"""Quantiles of importance on tensors, beside the policy that thresholds follow (ringsim/density_policy.py)."""

import torch

from ringsim.density_policy import START_STEPS, DensityController, DensityStart

__all__ = ["START_STEPS", "DensityController", "DensityStart", "quantile"]


def quantile(residual, weight, floor, share, sample=1 << 18):
    """The importance that a share of the elements exceeds, judged by a strided sample: a tensor of one number."""
    stride = max(1, residual.numel() // sample)
    importance = residual[::stride].abs() / weight[::stride].abs().clamp_min(floor)
    count = min(max(1, round(share * importance.numel())), importance.numel())
    return torch.topk(importance, count, sorted=False).values.min()
