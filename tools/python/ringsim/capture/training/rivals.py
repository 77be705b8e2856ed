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
    """topk, after Lin et al. (1712.01887) and their code: momentum correction, momentum factor masking, optional
    clipping of a rank's gradient to clip/sqrt(N), a threshold from a strided sample of 1 %, adapted at most ten times
    (bounds 0.8 and 1.3). What is above the threshold is sent, values and four-byte indices, in an all-gather."""

    SAMPLE, LEAST = 0.01, 4096
    LOWER, UPPER, ROUNDS = 0.8, 1.3, 10

    def step(self, step, density, marks):
        self.clip()
        self.accumulate()
        self.update.zero_()
        self.sent = []
        targets = [max(1, math.ceil(density * size)) for size in self.sizes]
        for rank in range(self.ranks):
            kept = self.select_of(rank, step, density, targets)
            count = sum(kept)
            self.sent.append(count)
            velocity = None if self.velocity is None else self.velocity[rank]
            packed = self.packed[rank]
            self.plan.pack(self.union, self.residual[rank], velocity, packed)
            scratch = self.packed[(rank + 1) % self.ranks]  # its own turn comes later, or is over
            scratch.zero_()
            self.plan.unpack(self.union, packed, scratch)
            self.update.add_(scratch, alpha=1 / self.ranks)
        self.kept = kept
        marks("select")
        marks("exchange")
        whole = self.gradients.gradients.index_select(1, self.layers.whole_index).mean(0)
        self.update[self.layers.whole_index] = self.whole_velocity.mul_(self.momentum).add_(whole)
        return self.update

    def clip(self):
        limit = self.settings.get("clip")
        if limit:
            norms = self.gradients.gradients.norm(dim=1, keepdim=True)
            self.gradients.gradients.mul_((limit / math.sqrt(self.ranks) / norms).clamp_max(1))

    def select_of(self, rank, step, density, targets):
        found = []
        for i, size in zip(self.layers.pruned, self.sizes):
            wanted = max(self.LEAST, int(self.SAMPLE * size), math.ceil(2 / density))
            stride = max(1, size // wanted)
            start = random.Random(f"{self.seed}/{step}/{rank}/{i}").randrange(stride)
            sample = self.layers.view(self.residual[rank], i)[start::stride].abs()
            count = min(max(1, math.ceil(density * sample.numel())), sample.numel())
            found.append(torch.topk(sample, count, sorted=False).values.min())
        limits = torch.stack(found).tolist()
        for _ in range(self.ROUNDS + 1):
            self.plan.set_limits([limit / floor for limit, floor in zip(limits, self.floors)], self.floors)
            self.select(rank, accumulate=False)
            kept = self.statistics[rank].view(-1, 3)[:, 0].tolist()
            low = [count < self.LOWER * target for count, target in zip(kept, targets)]
            high = [count > self.UPPER * target for count, target in zip(kept, targets)]
            if not any(low) and not any(high):
                break
            limits = [
                limit * (self.LOWER if below else self.UPPER if above else 1)
                for limit, below, above in zip(limits, low, high)
            ]
        self.union.copy_(self.masks[rank])
        return kept

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
        self.error = torch.zeros_like(gradients.gradients)
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
