"""What thresholds of a training are made of: the policy (ringsim/density_policy.py), and quantiles of importance."""

from ringsim.density_policy import START_STEPS, DensityController, DensityStart
from ringsim.hook_bucket import quantile

__all__ = ["START_STEPS", "DensityController", "DensityStart", "quantile"]
