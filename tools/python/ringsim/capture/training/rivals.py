"""Schemes without a shared mask: dense, Deep Gradient Compression (topk), powersgd."""

import math
import random

import torch

from ringsim.capture.training.shared_masks import SharedMask


class Dense:
    has_momentum = False

    def __init__(self, module, engine, gradients, settings, seed):
        self.gradients, self.kept = gradients, []

    def step(self, step, density, marks):
        marks("select")
        mean = self.gradients.gradients.mean(0)
        marks("exchange")
        return mean

    def bytes_sent(self, step):
        share = (self.gradients.ranks - 1) / self.gradients.ranks
        values = 2 * share * 4 * self.gradients.layers.parameters
        return values, values


class DeepGradientCompression(SharedMask):
    """topk, after Lin et al. (1712.01887) and the authors' program with its default settings: momentum correction,
    momentum factor masking, and for each layer a threshold from a strided sample of 1 % (at least 2/density elements).
    Where less than 0.8 of the wanted number passes, the threshold falls by that factor, at most ten times; where more
    than 1.3 times as many pass, the largest of them are taken, else the first. Values and four-byte indices go to all
    ranks in an all-gather. The clipping of a rank's gradient is the trial's `norm_limit`: their threshold over sqrt(N).
    All ranks sample at the same places, drawn anew in every step."""

    SAMPLE, LOWER, UPPER, ROUNDS = 0.01, 0.8, 1.3, 10
    packs = False

    def step(self, step, density, marks):
        self.accumulate()
        targets = [max(1, math.ceil(density * size)) for size in self.sizes]
        passed = self.select_all(self.sampled_limits(step, density), targets)
        self.update.zero_()
        self.sent = []
        for rank in range(self.ranks):
            index = self.chosen(rank, passed[rank], targets)
            self.sent.append(index.numel())
            self.update.index_add_(0, index, self.residual[rank][index], alpha=1 / self.ranks)
            self.residual[rank].index_fill_(0, index, 0)
            if self.velocity is not None:
                self.velocity[rank].index_fill_(0, index, 0)
        self.kept = [min(counts) for counts in zip(targets, passed[-1])]
        marks("select")
        marks("exchange")
        whole = self.gradients.gradients.index_select(1, self.layers.whole_index).mean(0)
        self.update[self.layers.whole_index] = self.whole_velocity.mul_(self.momentum).add_(whole)
        return self.update

    def sampled_limits(self, step, density):
        found = []
        for i, size in zip(self.layers.pruned, self.sizes):
            wanted, stride = max(math.ceil(self.SAMPLE * size), math.ceil(2 / density)), 1
            if wanted < size:
                stride = math.ceil(size / wanted / 32) * 32 + 1
                while size // stride < wanted and stride > 8:
                    stride -= 8
            start = random.Random(f"{self.seed}/{step}/{i}").randrange(stride)
            sample = self.layers.columns(self.residual, i)[:, start::stride].abs()
            count = math.ceil(density * sample.shape[1])
            least = torch.topk(sample, count, dim=1, sorted=False).values.amin(1)
            found.append(least * (1 - 1e-6))  # what equals it passes
        return torch.stack(found, 1).tolist()

    def select_all(self, limits, targets):
        """How many elements of each layer each rank's mask has."""
        missing = range(self.ranks)
        for _ in range(self.ROUNDS + 1):
            for rank in missing:
                self.plan.set_limits([t / floor for t, floor in zip(limits[rank], self.floors)], self.floors)
                self.select(rank, accumulate=False)
            passed = torch.stack(self.statistics).view(self.ranks, -1, 3)[:, :, 0].tolist()
            low = [[count < self.LOWER * wanted for count, wanted in zip(row, targets)] for row in passed]
            missing = [rank for rank in range(self.ranks) if any(low[rank])]
            for rank in missing:
                limits[rank] = [t * (self.LOWER if below else 1) for t, below in zip(limits[rank], low[rank])]
        return passed

    def chosen(self, rank, passed, targets):
        """The places that a rank sends, of those that passed."""
        parts = list(self.places(self.masks[rank]).split(passed))
        for at, (count, wanted) in enumerate(zip(passed, targets)):
            if count > self.UPPER * wanted:
                largest = torch.topk(self.residual[rank][parts[at]].abs(), wanted, sorted=False)
                parts[at] = parts[at][largest.indices]
            elif count > wanted:
                parts[at] = parts[at][:wanted]
        return torch.cat(parts)

    def bytes_sent(self, step):
        whole = 2 * (self.ranks - 1) / self.ranks * 4 * len(self.whole_velocity)
        gathered = (self.ranks - 1) * sum(self.sent) / self.ranks
        return 4 * gathered + whole, 8 * gathered + whole


class PowerSgd:
    """Vogels et al. (1905.13727): error feedback, warm start, momentum on the update."""

    has_momentum = False

    def __init__(self, module, engine, gradients, settings, seed):
        self.gradients, self.layers, self.rank = gradients, gradients.layers, settings["rank"]
        self.ranks, self.kept = gradients.ranks, []
        self.error = gradients.new_rows()
        self.update = torch.zeros_like(gradients.weight)
        generator = torch.Generator().manual_seed(seed)
        self.q, self.sent = {}, 0
        for i, shape in enumerate(self.layers.shapes):
            rows, columns = shape[0], math.prod(shape[1:])
            rank = min(rows, columns, self.rank)
            if len(shape) > 1 and 2 * rank * (rows + columns) < rows * columns:
                self.q[i] = torch.randn(columns, rank, generator=generator).to(gradients.device)
                self.sent += rank * (rows + columns)
            else:
                self.sent += self.layers.sizes[i]

    def step(self, step, density, marks):
        marks("select")
        for i, size in enumerate(self.layers.sizes):
            at, target = self.layers.offsets[i], self.layers.view(self.update, i)
            given = self.gradients.gradients[:, at : at + size]
            if i not in self.q:
                target.copy_(given.mean(0))
                continue
            own = self.error[:, at : at + size].add_(given)
            matrices = own.view(self.ranks, self.layers.shapes[i][0], -1)
            p = torch.linalg.qr((matrices @ self.q[i]).mean(0)).Q.contiguous()
            self.q[i] = (matrices.transpose(1, 2) @ p).mean(0)
            target.copy_((p @ self.q[i].t()).view(-1))
            own.sub_(target)
        marks("exchange")
        return self.update

    def bytes_sent(self, step):
        values = 2 * (self.ranks - 1) / self.ranks * 4 * self.sent
        return values, values
