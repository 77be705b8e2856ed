"""What the communication hook (comm_hook.py) does with one bucket of DistributedDataParallel."""

import math
from dataclasses import dataclass

import torch
import torch.distributed as dist

from ringsim import density_policy, hook_layout, random_numbers, torch_versions
from ringsim.density_policy import START_STEPS, DensityController, DensityStart
from ringsim.prune_library import Plan

SMALLEST_FLOOR = 1.1754944e-38  # of single precision


@dataclass(frozen=True)
class Settings:
    """What a hook is told. `threshold` None: steered to `density`, or, `by_quantile`, in each step the quantile of a
    sample. `steers_itself`: each rank steers its own."""

    by_ratio: bool
    by_quantile: bool
    steers_itself: bool
    density: float
    threshold: float | None
    momentum: float
    floor: float
    whole_below: int
    broadcasters: int
    seed: int


class Readback:
    """Numbers that are copied to the host without waiting, and read a step later."""

    def __init__(self, count, dtype, device):
        on_gpu = device.type == "cuda"
        self.on_device = torch.zeros(count, dtype=dtype, device=device)
        self.on_host = torch.zeros(count, dtype=dtype, pin_memory=on_gpu)
        self.event = torch.cuda.Event() if on_gpu else None

    def send(self):
        self.on_host.copy_(self.on_device, non_blocking=True)
        if self.event:
            self.event.record()

    def read(self):
        if self.event:
            self.event.synchronize()
        return self.on_host.tolist()


def quantile(residual, weight, floor, share, first, stride):
    """importance_quantile() of models/schemes/threshold.cpp: the importance that a share of the elements `first`,
    `first + stride`, ... exceeds, a tensor of one number, as `floor` is."""
    importance = residual[first::stride].abs() / torch.maximum(weight[first::stride].abs(), floor)
    importance.nan_to_num_(nan=0.0, posinf=math.inf)
    above = density_policy.above(share, importance.numel())
    if above >= importance.numel():
        return torch.zeros((), device=residual.device)
    return torch.topk(importance, above + 1, sorted=False).values.min()


class BucketPruner:
    """begin(), select() and exchange() once a step, in this order; exchange() may run on another stream. `memory_of`
    has, by parameter, what was kept of it in a bucket of other parameters: (residual, velocity, start). `numbers`
    counts the model's pruned parameters, in its order."""

    def __init__(self, engine, settings, parameters, buffer, memory_of, numbers, group):
        self.settings, self.group, self.step, self.kept, self.limit = settings, group, 0, 0, 0
        self.waited, self.has_norms = True, False  # for the last count, and of the step before
        self.ranks, self.rank = dist.get_world_size(group), dist.get_rank(group)
        sizes = [parameter.numel() for parameter in parameters]
        self.layout = layout = hook_layout.Layout.of_sizes(sizes, settings.whole_below)
        if layout.elements != buffer.numel():
            raise ValueError(f"a bucket of {buffer.numel()} elements holds parameters of {layout.elements}")
        self.plan = Plan(engine, layout.segments()) if layout.pruned else None
        self.sizes = [sizes[i] for i in layout.pruned]
        self.numbers = [numbers[id(parameters[i])] for i in layout.pruned]
        self.pruned_parameters = [parameters[i].detach().reshape(-1) for i in layout.pruned]
        self.thresholds = [settings.threshold if settings.threshold is not None else 1.0] * len(self.sizes)
        self.floors = [SMALLEST_FLOOR] * len(self.sizes)
        self.controllers = []
        self.room = hook_layout.Room(layout.pruned_elements)
        self.make_buffers(buffer)
        self.keep_memory(parameters, memory_of)

    def make_buffers(self, buffer):
        layout, segments = self.layout, len(self.sizes)
        self.residual, self.weight = torch.zeros_like(buffer), torch.zeros_like(buffer)
        self.velocity = torch.zeros_like(buffer) if self.settings.momentum > 0 else None
        # Whole tensors stand before the kept values, so that one all-reduce takes both.
        self.packed, self.reduced, self.end = torch.zeros_like(buffer), torch.zeros_like(buffer), 0
        self.whole_index = torch.tensor(layout.whole_indices(), dtype=torch.long, device=buffer.device)
        if not self.plan:
            return
        # What a residual has to exceed, where the host does not know it.
        self.limits = torch.zeros_like(buffer) if self.takes_quantiles() else None
        self.pruned_weights = [self.part(self.weight, i) for i in layout.pruned]
        self.roots = torch.tensor(self.sizes, dtype=torch.float64, device=buffer.device).sqrt()
        self.broadcast = min(self.settings.broadcasters, self.ranks)

        def integers(*extents, kind=torch.int64):
            return torch.zeros(*extents, dtype=kind, device=buffer.device)

        self.mask, self.union = integers(self.plan.words), integers(self.plan.words)
        self.masks = integers(self.broadcast, self.plan.words)
        self.statistics = integers(3 * segments)
        self.chunk_counts = integers(self.plan.chunks, kind=torch.int32)
        chunks = torch.tensor([(size + 4095) // 4096 for size in self.sizes])
        self.segment_of_chunk = torch.repeat_interleave(torch.arange(segments), chunks).to(buffer.device)
        # What the union of masks kept of each segment, and then what this rank's own mask did.
        self.counts = Readback(2 * segments, torch.int64, buffer.device)
        self.norms = Readback(segments, torch.float64, buffer.device)

    def part(self, flat, tensor):
        found = self.layout.tensors[tensor]
        return flat[found.offset : found.offset + found.elements]

    def keep_memory(self, parameters, memory_of):
        starts = []
        for i, parameter in enumerate(parameters):
            residual = self.part(self.residual, i)
            velocity = None if self.velocity is None else self.part(self.velocity, i)
            step, start = 0, DensityStart()
            if id(parameter) in memory_of:
                old_residual, old_velocity, start, pruner = memory_of[id(parameter)]
                residual.copy_(old_residual)
                if velocity is not None:
                    velocity.copy_(old_velocity)
                step = pruner.step
            self.step = max(self.step, step)
            memory_of[id(parameter)] = residual, velocity, start, self
            starts.append(start)
        self.starts = [starts[i] for i in self.layout.pruned]

    def is_starting(self):
        return self.settings.threshold is None and self.step < START_STEPS

    def takes_quantiles(self):
        return self.settings.by_quantile or self.is_starting()

    def begin(self):
        """What the host has to know before it issues the step."""
        if not self.plan:
            return
        if not self.waited:
            self.learn(self.counts.read())
        if self.has_norms:
            self.set_floors(self.norms.read())

    def learn(self, counts):
        """What the last step kept steers the thresholds, and says whether all of it was sent."""
        segments = len(self.sizes)
        self.kept = sum(counts[:segments])
        self.room.saw(self.kept)
        if self.kept > self.limit:
            self.take_back_unsent()
        own = counts[segments:] if self.settings.steers_itself else counts[:segments]
        shares = [count / size for count, size in zip(own, self.sizes)]
        if self.controllers:
            for controller, share in zip(self.controllers, shares):
                controller.update(share, self.settings.density)
            self.thresholds = [controller.threshold for controller in self.controllers]
        else:
            for start, share in zip(self.starts, shares):
                start.update(share)

    def take_back_unsent(self):
        """Values that had no room in the last all-reduce return to the residual."""
        first = len(self.whole_index)
        self.packed[first : first + self.limit].zero_()
        unsent = torch.zeros_like(self.residual)
        self.plan.unpack(self.union, self.packed[first:], unsent)
        self.residual.add_(unsent)

    def set_floors(self, norms):
        self.floors = [
            max(self.settings.floor * norm / math.sqrt(size), SMALLEST_FLOOR) for norm, size in zip(norms, self.sizes)
        ]

    def select(self, buffer):
        """Adds the gradient to the residual and finds what is above the thresholds."""
        if not self.plan:
            return
        if self.settings.by_ratio:
            torch_versions.copy_each(self.pruned_weights, self.pruned_parameters)
        if self.takes_quantiles():
            return self.select_by_quantiles(buffer)
        self.norms.on_device.copy_(torch.stack(torch._foreach_norm(self.pruned_parameters)))
        self.norms.send()
        if not self.has_norms:
            self.set_floors(self.norms.read())
        self.has_norms = True
        self.plan.set_limits(self.thresholds, self.floors)
        self.pass_over(buffer, self.weight)

    def select_by_quantiles(self, gradient):
        """Norms and thresholds stay on the device, so that the host does not wait for them: what the engine compares
        with is their product, rounded as it would round it itself. The smallest difference would make other masks than
        those of the simulation."""
        count = len(self.sizes)
        self.plan.set_limits([math.inf] * count, [SMALLEST_FLOOR] * count)
        self.pass_over(gradient, self.weight)
        norms = [torch.linalg.vector_norm(each, dtype=torch.float64) for each in self.pruned_parameters]
        floors = (torch.stack(norms).mul_(self.settings.floor) / self.roots).clamp_min_(SMALLEST_FLOOR).float()
        thresholds = []
        for tensor, size, number, floor, start in zip(
            self.layout.pruned, self.sizes, self.numbers, floors, self.starts
        ):
            thresholds.append(self.find_quantile(tensor, size, number, floor, start))
            weight = self.part(self.weight, tensor).abs()
            torch.mul(torch.where(weight > floor, weight, floor), thresholds[-1], out=self.part(self.limits, tensor))
        self.thresholds = torch.stack(thresholds)
        self.plan.set_limits([1.0] * count, [SMALLEST_FLOOR] * count)
        self.pass_over(None, self.limits)

    def pass_over(self, gradient, weight):
        velocity = self.velocity if gradient is not None else None
        self.plan.select(gradient, self.residual, velocity, weight, self.settings.momentum, self.mask, self.statistics)

    def find_quantile(self, tensor, size, number, floor, start):
        each = start.each(self.settings.density, 1 if self.settings.steers_itself else self.broadcast)
        stride = density_policy.sample_stride(size, each)
        first = density_policy.sample_start(self.settings.seed, self.rank, self.step, number, stride)
        return quantile(self.part(self.residual, tensor), self.part(self.weight, tensor), floor, each, first, stride)

    def exchange(self, buffer):
        """Leaves the mean of what the ranks send in the buffer."""
        if self.plan:
            self.exchange_masks()
            self.count()
        self.pack(buffer)
        self.reduced[: self.end].copy_(self.packed[: self.end])
        dist.all_reduce(self.reduced[: self.end], group=self.group)
        self.reduced[: self.end].div_(self.ranks)
        first = len(self.whole_index)
        buffer.zero_()
        if self.plan:
            self.plan.unpack(self.union, self.reduced[first:], buffer)
        buffer.index_copy_(0, self.whole_index, self.reduced[:first])
        self.step += 1

    def exchange_masks(self):
        """The union of the broadcasters' masks."""
        if self.broadcast == self.ranks:
            torch_versions.gather(self.masks, self.mask, self.group)
        else:
            chosen = random_numbers.broadcasters(self.settings.seed, self.step, self.ranks, self.broadcast)
            for mask, rank in zip(self.masks, chosen):
                if rank == self.rank:
                    mask.copy_(self.mask)
                source = rank if self.group is None else dist.get_global_rank(self.group, rank)
                dist.broadcast(mask, source, group=self.group)
        self.union.copy_(self.masks[0])
        for mask in self.masks[1:]:
            self.plan.unite(self.union, mask)

    def count(self):
        """Counts what is kept. The host waits for it in the first steps alone."""
        segments, found = len(self.sizes), self.counts.on_device
        self.plan.count_chunks(self.union, self.chunk_counts)
        found.zero_()
        found[:segments].index_add_(0, self.segment_of_chunk, self.chunk_counts.long())
        found[segments:].copy_(self.statistics[::3])
        self.counts.send()
        self.waited = self.is_starting() or self.step == 0
        if not self.waited:
            self.limit = self.room.values
            return
        counts = self.counts.read()
        self.limit = sum(counts[:segments])
        self.learn(counts)
        if self.is_starting() and not self.settings.by_quantile and self.step + 1 == START_STEPS:
            self.start_steering()

    def start_steering(self):
        """From now on thresholds are those of a controller, which starts at the geometric mean of the broadcasters'."""
        # A layer of zeros has none; any will do.
        found = [each if 0 < each < math.inf else 1.0 for each in self.thresholds.tolist()]
        logs = torch.tensor([math.log(each) for each in found], dtype=torch.float64)
        if not self.settings.steers_itself:
            chosen = random_numbers.broadcasters(self.settings.seed, self.step, self.ranks, self.broadcast)
            shared = (logs if self.rank in chosen else torch.zeros_like(logs)).to(self.union.device)
            dist.all_reduce(shared, group=self.group)
            logs = shared.cpu() / len(chosen)
        self.controllers = [DensityController(math.exp(each)) for each in logs.tolist()]
        self.thresholds, self.limits = [controller.threshold for controller in self.controllers], None

    def pack(self, buffer):
        """Whole gradients and kept values, one behind the other."""
        first, end = len(self.whole_index), len(self.whole_index) + self.limit
        whole = buffer.index_select(0, self.whole_index)
        if self.velocity is not None:
            whole.add_(self.velocity.index_select(0, self.whole_index), alpha=self.settings.momentum)
            self.velocity.index_copy_(0, self.whole_index, whole)
        self.packed[first:end].zero_()
        self.packed[:first].copy_(whole)
        if self.plan:
            self.plan.pack(self.union, self.residual, self.velocity, self.packed[first:])
        # Beyond the room that is left this time the mean is zero.
        self.reduced[end : self.end].zero_()
        self.end = end
