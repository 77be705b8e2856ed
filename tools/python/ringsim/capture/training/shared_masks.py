"""Schemes whose ranks share a mask: iwp, magnitude, cltk, randomk. The engine does the work on each rank's buffers."""

import math
import random

import torch

from ringsim.capture.training import mask_sizes
from ringsim.capture.training.thresholds import START_STEPS, DensityController, DensityStart, Sample, quantile

# Masks are encoded in every so many steps ("measure_every" of a trial); between them their bytes go by what they keep.
MEASURE_EVERY = 20


class SharedMask:
    """step() returns the update of the flat weights. `has_momentum`: the update includes momentum (momentum
    correction); otherwise it is the mean gradient of what was sent."""

    def __init__(self, module, engine, gradients, settings, seed):
        self.gradients, self.layers, self.settings, self.seed = gradients, gradients.layers, settings, seed
        self.ranks, self.momentum = gradients.ranks, settings.get("momentum", 0.0)
        self.has_momentum = settings.get("momentum_correction", True)
        self.masks_velocity = settings.get("factor_masking", True)
        segments, word = [], 0
        for i in self.layers.pruned:
            segments.append((self.layers.offsets[i], self.layers.sizes[i], word, math.inf, 1.0))
            word += module.mask_words(self.layers.sizes[i])
        self.plan = module.Plan(engine, segments)
        self.sizes = [self.layers.sizes[i] for i in self.layers.pruned]
        self.segments = len(self.sizes)
        new = torch.zeros_like
        self.residual = gradients.new_rows()
        self.velocity = gradients.new_rows() if self.has_momentum and self.momentum > 0 else None
        self.masks = [self.plan.new_mask() for _ in range(self.ranks)]
        self.statistics = [self.plan.new_statistics() for _ in range(self.ranks)]
        self.union = self.plan.new_mask()
        self.packed = gradients.new_rows() if self.packs else None
        self.update = new(gradients.weight)
        self.whole_velocity = torch.zeros(len(self.layers.whole_index), device=gradients.device)
        self.counts = torch.zeros(self.plan.chunks, dtype=torch.int32, device=gradients.device)
        chunks = [max(1, (size + 4095) // 4096) for size in self.sizes]
        self.chunk_layer = torch.repeat_interleave(torch.arange(self.segments), torch.tensor(chunks))
        self.chunk_layer = self.chunk_layer.to(gradients.device)
        self.zeros = torch.zeros_like(gradients.weight) if not self.by_ratio else None
        shifts = [segment.offset - 64 * segment.mask_offset for segment in self.plan.segments]
        words = [module.mask_words(size) for size in self.sizes]
        self.shift_of_word = torch.repeat_interleave(torch.tensor(shifts), torch.tensor(words)).to(gradients.device)
        self.bytes_per_kept = None
        self.floors = self.find_floors()
        self.thresholds = [[1.0] * self.segments for _ in range(self.ranks)]
        self.broadcasters, self.kept = [], []

    by_ratio, packs = False, True

    def find_floors(self):
        rms = torch.stack([self.layers.view(self.gradients.weight, i).norm() for i in self.layers.pruned]).tolist()
        scale = self.settings.get("floor", 1.0)
        return [max(scale * norm / math.sqrt(size), 1e-30) for norm, size in zip(rms, self.sizes)]

    def select(self, rank, accumulate=True):
        velocity = self.velocity[rank] if accumulate and self.velocity is not None else None
        self.plan.select(
            self.gradients.gradients[rank] if accumulate else None,
            self.residual[rank],
            velocity,
            self.gradients.weight if self.by_ratio else self.zeros,
            self.momentum,
            self.masks[rank],
            self.statistics[rank],
        )

    def accumulate(self):
        """All ranks accumulate and select nothing."""
        self.plan.set_limits([math.inf] * self.segments, self.floors)
        for rank in range(self.ranks):
            self.select(rank)

    def places(self, mask):
        """The places of a mask's elements in the flat buffer of weights."""
        position = mask_sizes.set_bits(mask, 0, 64 * self.plan.words)
        return position + self.shift_of_word[position >> 6]

    def count_union(self):
        """The kept elements of each segment. Waits for the GPU."""
        self.plan.count_chunks(self.union, self.counts)
        sums = torch.zeros(self.segments, dtype=torch.int64, device=self.counts.device)
        return sums.index_add_(0, self.chunk_layer, self.counts.long()).tolist()

    def step(self, step, density, marks):
        self.find_union(step, density, marks)
        self.kept = self.count_union()
        marks("unite")
        count = sum(self.kept)
        for rank in range(self.ranks):
            velocity = self.velocity[rank] if self.velocity is not None and self.masks_velocity else None
            self.plan.pack(self.union, self.residual[rank], velocity, self.packed[rank])
        mean = self.packed[:, :count].sum(0).div_(self.ranks)
        self.update.zero_()
        if count > 0:
            self.plan.unpack(self.union, mean, self.update)
        self.after(density)
        marks("exchange")
        whole = self.gradients.gradients.index_select(1, self.layers.whole_index).mean(0)
        if self.has_momentum:
            whole = self.whole_velocity.mul_(self.momentum).add_(whole)
        self.update[self.layers.whole_index] = whole
        return self.update

    def after(self, density):
        pass

    def mask_bytes(self, step):
        """What all broadcast masks take."""
        if self.bytes_per_kept is None or step % self.settings.get("measure_every", MEASURE_EVERY) == 0:
            sizes = [mask_sizes.sizes_of_mask(self.masks[rank], self.plan) for rank in self.broadcasters]
            kept = sum(self.kept)
            self.bytes_per_kept = sum(map(mask_sizes.message_bytes, sizes)) / max(kept, 1)
        return self.bytes_per_kept * sum(self.kept)

    def bytes_sent(self, step):
        """(values, all) that a rank sends in this step."""
        share = (self.ranks - 1) / self.ranks
        values = 2 * share * 4 * (sum(self.kept) + len(self.whole_velocity))
        return values, values + share * self.mask_bytes(step)


class Importance(SharedMask):
    """iwp: R ranks, drawn anew in every step, broadcast what they select by importance. `threshold`: "density", which
    is steered from step to step after its first steps, or "quantile": in every step each rank takes that of a sample of
    what its residual is about to become."""

    by_ratio = True

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.masks_per_step = min(self.settings.get("broadcasters", 4), self.ranks)
        self.starts = [DensityStart() for _ in self.sizes]
        self.controllers, self.step_number, self.sample = None, 0, None
        if self.settings.get("threshold", "density") == "quantile":
            self.sample = Sample(self.plan.segments, self.gradients.device)

    def find_union(self, step, density, marks):
        self.floors = self.find_floors()
        self.broadcasters = sorted(random.Random(f"{self.seed}/{step}").sample(range(self.ranks), self.masks_per_step))
        if self.sample is not None:
            self.thresholds = self.sampled_thresholds(density)
        elif self.controllers is None:
            self.select_by_quantiles(density)
        else:
            self.thresholds = [[controller.threshold for controller in self.controllers]] * self.ranks
        marks("thresholds")
        if self.sample is not None or self.controllers is not None:
            self.select_above()
        marks("select")
        self.union.copy_(self.masks[self.broadcasters[0]])
        for rank in self.broadcasters[1:]:
            self.plan.unite(self.union, self.masks[rank])

    def select_above(self):
        """All ranks accumulate and select what exceeds their thresholds, in one pass of the engine each."""
        limits = None
        for rank in range(self.ranks):
            if self.thresholds[rank] is not limits:
                limits = self.thresholds[rank]
                self.plan.set_limits(limits, self.floors)
            self.select(rank)

    def sampled_thresholds(self, density):
        each = [start.each(density, self.masks_per_step) for start in self.starts]
        weight = self.gradients.weight if self.by_ratio else self.zeros
        rows = self.gradients.gradients, self.residual, self.velocity
        return self.sample.quantiles(*rows, weight, self.momentum, self.floors, each)

    def select_by_quantiles(self, density):
        self.accumulate()
        each = [start.each(density, self.masks_per_step) for start in self.starts]
        weight = self.gradients.weight if self.by_ratio else self.zeros
        for rank in range(self.ranks):
            found = [
                quantile(self.layers.view(self.residual[rank], i), self.layers.view(weight, i), floor, share)
                for i, floor, share in zip(self.layers.pruned, self.floors, each)
            ]
            self.thresholds[rank] = torch.stack(found).tolist()
            self.plan.set_limits(self.thresholds[rank], self.floors)
            self.select(rank, accumulate=False)

    def after(self, density):
        self.step_number += 1
        shares = [kept / size for kept, size in zip(self.kept, self.sizes)]
        if self.controllers is not None:
            for controller, share in zip(self.controllers, shares):
                controller.update(share, density)
            return
        for start, share in zip(self.starts, shares):
            start.update(share)
        if self.step_number == START_STEPS and self.sample is None:
            logs = [[math.log(max(t, 1e-30)) for t in self.thresholds[rank]] for rank in self.broadcasters]
            self.controllers = [DensityController(math.exp(sum(column) / len(column))) for column in zip(*logs)]


class Magnitude(Importance):
    """Plain magnitude, in units of the layer's root mean square weight, in the place of importance."""

    by_ratio = False


class LeadersTopK(SharedMask):
    """cltk: rank t mod N leads step t; what stands at its k largest residuals is sent by all (ScaleCom, without its
    low-pass filter)."""

    def __init__(self, module, engine, gradients, settings, seed):
        super().__init__(module, engine, gradients, {"momentum_correction": False, **settings}, seed)

    def find_union(self, step, density, marks):
        leader = step % self.ranks
        self.broadcasters = [leader]
        self.accumulate()
        found = []
        for i, size, floor in zip(self.layers.pruned, self.sizes, self.floors):
            count = max(1, int(density * size))
            least = torch.topk(self.layers.view(self.residual[leader], i).abs(), count, sorted=False).values.min()
            found.append(least / floor * (1 - 1e-6))
        self.thresholds[leader] = torch.stack(found).tolist()
        self.plan.set_limits(self.thresholds[leader], self.floors)
        self.select(leader, accumulate=False)
        self.union.copy_(self.masks[leader])
        marks("select")


class RandomK(SharedMask):
    """randomk: coordinates that all ranks draw alike, without an index on the wire."""

    def find_union(self, step, density, marks):
        self.accumulate()
        marks("select")
        device = self.union.device
        generator = torch.Generator(device).manual_seed(self.seed * 1000003 + step)
        bits = torch.zeros(64 * self.plan.words, dtype=torch.uint8, device=device)
        for segment in self.plan.segments:
            count = max(1, int(density * segment.parameters))
            index = torch.randint(segment.parameters, (count,), generator=generator, device=device)
            bits[index + 64 * segment.mask_offset] = 1
        weights = (1 << torch.arange(8, device=device)).to(torch.uint8)
        self.union.copy_((bits.view(-1, 8) * weights).sum(1, dtype=torch.uint8).view(torch.int64))

    def mask_bytes(self, step):
        return 0
