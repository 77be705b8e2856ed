"""What compressing costs in a captured training: compression.json of its folder. Needs no torch."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

from ringsim.capture import cost_profile
from ringsim.capture.profile_output import rounded

SCRIPT = pathlib.Path(__file__).with_name("compression_cost.py")


def measured(shapes, budget_seconds, environment):
    """What compression_cost.py measures of layers of these shapes, in a process of its own: CUDA graphs that fail there
    do not disturb the training. environment: names the GPU. Raises RuntimeError."""
    with tempfile.TemporaryDirectory() as folder:
        layers, output = pathlib.Path(folder) / "shapes.json", pathlib.Path(folder) / "measured.json"
        layers.write_text(json.dumps([list(shape) or [1] for shape in shapes]), encoding="utf-8")
        command = [sys.executable, SCRIPT, "--shapes", layers, "--quick", "--budget-seconds", budget_seconds]
        done = subprocess.run(
            [*map(str, command), "-o", str(output)], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode or not output.is_file():
            said = (done.stderr or done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
            raise RuntimeError(f"compressing could not be measured: {said[-1]}")
        return json.loads(output.read_text(encoding="utf-8"))


def profile_of(points):
    """The profile of what was measured, as `ringsim run --compress-time FILE` reads it. It names no GPU: it holds where
    it was measured. ringsim's own engine is not in it. Raises RuntimeError where nothing was measured."""
    unnamed = argparse.Namespace(gpu=None, memory_bandwidth=None, engine=None)
    profile = cost_profile.profile(points, unnamed, "torch", cost_profile.TORCH, [])
    if not profile["schemes"]:
        raise RuntimeError(f"compressing could not be measured: {points['failures'] or 'the time was too short'}")
    return rounded(profile, 4)
