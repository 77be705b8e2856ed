"""One trial: a network trained with one scheme and one seed."""

import math
import statistics
import time

import torch

from ringsim.capture import dump
from ringsim.capture.training import rivals, shared_masks
from ringsim.capture.training.data import Dataset, Sampler
from ringsim.capture.training.gradients import RankGradients, make_network
from ringsim.capture.training.trace import TraceRecorder

SCHEMES = {
    "dense": rivals.Dense,
    "topk": rivals.DeepGradientCompression,
    "powersgd": rivals.PowerSgd,
    "iwp": shared_masks.Importance,
    "magnitude": shared_masks.Magnitude,
    "cltk": shared_masks.LeadersTopK,
    "randomk": shared_masks.RandomK,
}
DEFAULTS = {
    "model": "alexnet",
    "ranks": 8,
    "batch": 32,
    "epochs": 10,
    "resolution": 64,
    "split": "test",
    "seed": 1,
    "lr": 0.03,
    "momentum": 0.9,
    "density": 1.0,
    "warmup_epochs": 1.0,
    "lr_warmup_epochs": 0.5,
    "norm_limit": None,  # of a rank's gradient, whatever the scheme
    "timed_from": 0,
    "dump_steps": [],  # whose weights, and gradients of all ranks, are written for `ringsim prune`
    "abandon": None,  # [epochs, accuracy]: the trial ends where less is reached in so many epochs
}


class StageTimes:
    """Seconds of each stage, in every 50th step from `first` on: in others nothing is waited for."""

    def __init__(self, device, first):
        self.on_gpu, self.totals, self.steps, self.active = device.type == "cuda", {}, 0, False
        self.first = first

    def begin(self, step):
        self.active = self.on_gpu and step % 50 == 49 and step >= self.first
        self.last = None
        if self.active:
            self.steps += 1
            self("")

    def __call__(self, stage):
        if not self.active:
            return
        torch.cuda.synchronize()
        now = time.perf_counter()
        if self.last is not None:
            self.totals[stage] = self.totals.get(stage, 0.0) + now - self.last
        self.last = now

    def means(self):
        return {stage: total / self.steps for stage, total in self.totals.items()}


def density_at(settings, step, warmup_steps):
    """In the warm-up it falls from 1/4 in proportion from step to step."""
    density = settings["density"]
    if step >= warmup_steps or density >= 0.25:
        return density
    return 0.25 * (density / 0.25) ** (step / warmup_steps)


def learning_rate(settings, step, steps, steps_per_epoch):
    rising = settings["lr_warmup_epochs"] * steps_per_epoch
    return settings["lr"] * min(1.0, (step + 1) / rising) * 0.5 * (1 + math.cos(math.pi * step / steps))


class Trial:
    def __init__(self, given, module, engine, device, streams=4, limit=None):
        self.settings = settings = {**DEFAULTS, **given}
        torch.manual_seed(settings["seed"])
        self.device = device
        self.dataset = Dataset(settings["split"], device, settings["resolution"], limit)
        network = make_network(settings["model"])
        shape = settings["ranks"], settings["batch"], settings["resolution"]
        self.gradients = RankGradients(network, *shape, device, streams, settings["norm_limit"])
        self.scheme = SCHEMES[settings["scheme"]](module, engine, self.gradients, settings, settings["seed"])
        self.sampler = Sampler(len(self.dataset.labels), settings["ranks"], settings["batch"], settings["seed"], device)
        self.steps_per_epoch = self.sampler.steps_per_epoch
        self.steps = settings["epochs"] * self.steps_per_epoch
        self.warmup_steps = round(settings["warmup_epochs"] * self.steps_per_epoch)
        self.velocity = torch.zeros_like(self.gradients.weight)
        self.trace, self.dump_folder = None, "gradients"
        if settings.get("trace_steps"):
            self.trace = TraceRecorder(self, settings["trace_steps"])

    def run(self, deadline=math.inf):
        """What was measured; {"finished": False, ...} where the deadline was passed."""
        times, begun = StageTimes(self.device, self.settings["timed_from"]), time.time()
        totals = {"values": 0.0, "all": 0.0, "late_values": 0.0, "late_all": 0.0, "late_kept": 0.0}
        epochs, losses = [], []
        self.sent_logs = []
        for step in range(self.steps):
            times.begin(step)
            losses.append(self.step(step, times))
            times("update")
            self.count_bytes(step, totals)
            if self.trace:
                self.trace.record(step)
            if (step + 1) % self.steps_per_epoch == 0:
                loss = torch.stack(losses).mean().item()
                epochs.append({"accuracy": self.gradients.accuracy(self.dataset), "loss": loss, **totals})
                losses = []
                if time.time() > deadline or not math.isfinite(loss) or self.is_hopeless(epochs):
                    break
        return self.result(epochs, totals, times, time.time() - begun)

    def is_hopeless(self, epochs):
        given = self.settings["abandon"]
        return given is not None and len(epochs) == given[0] and epochs[-1]["accuracy"] < given[1]

    def step(self, step, times):
        index = self.sampler.step(step)
        images = self.dataset.prepare(self.dataset.images[index])
        self.gradients.compute(images, self.dataset.labels[index])
        if step in self.settings["dump_steps"]:
            dump.write_virtual_ranks(self.dump_folder, self.gradients, step)
        times("gradient")
        update = self.scheme.step(step, density_at(self.settings, step, self.warmup_steps), times)
        if not self.scheme.has_momentum:
            update = self.velocity.mul_(self.settings["momentum"]).add_(update)
        rate = learning_rate(self.settings, step, self.steps, self.steps_per_epoch)
        self.gradients.weight.add_(update, alpha=-rate)
        return self.gradients.losses.mean()

    def count_bytes(self, step, totals):
        values, everything = self.scheme.bytes_sent(step)
        totals["values"] += values
        totals["all"] += everything
        if step >= self.warmup_steps:
            totals["late_values"] += values
            totals["late_all"] += everything
            totals["late_kept"] += sum(self.scheme.kept)
            self.sent_logs.append(math.log(values))

    def result(self, epochs, totals, times, seconds):
        done = len(epochs) * self.steps_per_epoch
        ranks = self.settings["ranks"]
        dense = 2 * (ranks - 1) / ranks * 4 * self.gradients.layers.parameters
        late = done - self.warmup_steps
        ratio = {"wire": dense * done / totals["all"]} if done else {}
        if late > 0:
            ratio["wire_after_warmup"] = dense * late / totals["late_all"]
            ratio["values_after_warmup"] = dense * late / totals["late_values"]
            ratio["kept_share_after_warmup"] = totals["late_kept"] / late / self.gradients.layers.parameters
            ratio["deviation_of_log_values"] = statistics.pstdev(self.sent_logs)
        return {
            "settings": self.settings,
            "finished": len(epochs) == self.settings["epochs"],
            "accuracy": epochs[-1]["accuracy"] if epochs else None,
            "ratio": ratio,
            "seconds": seconds,
            "seconds_per_step": seconds / max(done, 1),
            "stage_seconds": times.means(),
            "epochs": epochs,
        }
