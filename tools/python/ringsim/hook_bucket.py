"""What the communication hook (comm_hook.py) does with one bucket of DistributedDataParallel."""

import math
from dataclasses import dataclass

import torch
import torch.distributed as dist

from ringsim import density_policy, hook_graph, hook_layout, hook_quantiles, random_numbers, torch_versions
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
        """mark_sent() has to follow, outside of a graph."""
        self.on_host.copy_(self.on_device, non_blocking=True)

    def mark_sent(self):
        if self.event:
            self.event.record()

    def read(self):
        if self.event:
            self.event.synchronize()
        return self.on_host.tolist()


@dataclass
class Memory:
    """What is kept of a parameter's gradient, whatever bucket it is in."""

    residual: torch.Tensor
    velocity: torch.Tensor | None
    start: DensityStart
    controller: DensityController | None
    pruner: "BucketPruner"


class BucketPruner:
    """begin(), select() and exchange() once a step, in this order; exchange() may run on another stream. `buffer` holds
    the gradients of `parameters`, and takes what is exchanged. `memory_of` has, by parameter, what was kept of it in
    another bucket. `numbers` counts the model's pruned parameters, in its order. Of the two `recorders` one records the
    work of select(), the other that of exchange()."""

    def __init__(self, engine, settings, parameters, buffer, memory_of, numbers, group, recorders):
        self.settings, self.group, self.step, self.kept, self.sent_values = settings, group, 0, 0, 0
        self.has_learned = True  # of the last count
        self.ranks, self.rank = dist.get_world_size(group), dist.get_rank(group)
        sizes = [parameter.numel() for parameter in parameters]
        self.layout = layout = hook_layout.Layout.of_sizes(sizes, settings.whole_below)
        if layout.elements != buffer.numel():
            raise ValueError(f"a bucket of {buffer.numel()} elements holds parameters of {layout.elements}")
        self.plan = Plan(engine, layout.segments()) if layout.pruned else None
        self.sizes = [sizes[i] for i in layout.pruned]
        self.numbers = [numbers[id(parameters[i])] for i in layout.pruned]
        self.place(buffer, parameters)
        self.room = hook_layout.Room(layout.pruned_elements)
        self.make_buffers()
        self.keep_memory(parameters, memory_of)
        select, exchange = recorders
        self.select_by_quantiles = hook_graph.Work(select, self.find_quantiles_and_select)
        self.select_by_thresholds = hook_graph.Work(select, self.take_thresholds_and_select)
        self.count_and_pack = hook_graph.Work(exchange, self.unite_count_and_pack)
        self.unpack = hook_graph.Work(exchange, self.clear_and_unpack)

    @staticmethod
    def addresses_of(buffer, parameters):
        return buffer.data_ptr(), [parameter.data_ptr() for parameter in parameters]

    def place(self, buffer, parameters):
        self.buffer, self.addresses = buffer, self.addresses_of(buffer, parameters)
        self.pruned_parameters = [hook_layout.in_memory_order(parameters[i].detach()) for i in self.layout.pruned]

    def follow(self, buffer, parameters):
        """Where gradients or weights are no longer where they were, takes them where they are now."""
        if self.addresses != self.addresses_of(buffer, parameters):
            self.place(buffer, parameters)
            for work in (self.select_by_quantiles, self.select_by_thresholds, self.count_and_pack, self.unpack):
                work.forget()

    def release(self):
        """Gives its memory back at once: its work refers to it."""
        vars(self).clear()

    def make_buffers(self):
        layout, segments, buffer = self.layout, len(self.sizes), self.buffer
        self.residual, self.weight = torch.zeros_like(buffer), torch.zeros_like(buffer)
        self.velocity = torch.zeros_like(buffer) if self.settings.momentum > 0 else None
        # Whole tensors stand before the kept values, so that one all-reduce takes both.
        self.packed, self.reduced, self.reduced_end = torch.zeros_like(buffer), torch.zeros_like(buffer), 0
        self.whole_index = torch.tensor(layout.whole_indices(), dtype=torch.long, device=buffer.device)
        if not self.plan:
            return
        on_gpu = buffer.device.type == "cuda"
        self.quantiles = hook_quantiles.Quantiles(segments, buffer.device)
        self.told_thresholds = torch.full((segments,), self.settings.threshold or 0.0, pin_memory=on_gpu)
        self.thresholds = self.told_thresholds.to(buffer.device)
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

    def part(self, flat, tensor):
        found = self.layout.tensors[tensor]
        return flat[found.offset : found.offset + found.elements]

    def keep_memory(self, parameters, memory_of):
        self.memories = []
        for i, parameter in enumerate(parameters):
            residual = self.part(self.residual, i)
            velocity = None if self.velocity is None else self.part(self.velocity, i)
            memory = Memory(residual, velocity, DensityStart(), None, self)
            if id(parameter) in memory_of:
                old = memory_of[id(parameter)]
                old.pruner.learn_last()
                residual.copy_(old.residual)
                if velocity is not None:
                    velocity.copy_(old.velocity)
                memory.start, memory.controller = old.start, old.controller
                self.step = max(self.step, old.pruner.step)
            memory_of[id(parameter)] = memory
            self.memories.append(memory)
        self.memories = [self.memories[i] for i in self.layout.pruned]

    def is_starting(self):
        return self.settings.threshold is None and self.step < START_STEPS

    def is_steered(self):
        return self.settings.threshold is None and not self.settings.by_quantile and not self.is_starting()

    def takes_quantiles(self):
        return self.settings.by_quantile or self.is_starting()

    def begin(self):
        """What the host learns of the last step, and has to say before this one."""
        if not self.plan:
            return
        self.learn_last()
        if self.takes_quantiles():
            if self.quantiles.tell(self.samples()):
                self.select_by_quantiles.forget()
        elif self.is_steered():
            self.told_thresholds.copy_(torch.tensor([memory.controller.threshold for memory in self.memories]))

    def learn_last(self):
        if not self.has_learned:
            self.learn(self.counts.read())
            self.has_learned = True

    def learn(self, counts):
        """What the last step kept steers the thresholds, and says whether all of it was sent."""
        segments = len(self.sizes)
        self.kept = sum(counts[:segments])
        self.room.saw(self.kept)
        if self.kept > self.sent_values:
            self.take_back_unsent()
        own = counts[segments:] if self.settings.steers_itself else counts[:segments]
        for memory, count, size in zip(self.memories, own, self.sizes):
            if memory.controller:
                memory.controller.update(count / size, self.settings.density)
            else:
                memory.start.update(count / size)

    def take_back_unsent(self):
        """Values that had no room in the last all-reduce return to the residual."""
        first = len(self.whole_index)
        self.packed[first : first + self.sent_values].zero_()
        unsent = torch.zeros_like(self.residual)
        self.plan.unpack(self.union, self.packed[first:], unsent)
        self.residual.add_(unsent)

    def samples(self):
        masks = 1 if self.settings.steers_itself else self.broadcast
        found = []
        for tensor, size, number, memory in zip(self.layout.pruned, self.sizes, self.numbers, self.memories):
            each = memory.start.each(self.settings.density, masks)
            stride = density_policy.sample_stride(size, each)
            first = density_policy.sample_start(self.settings.seed, self.rank, self.step, number, stride)
            offset = self.layout.tensors[tensor].offset
            found.append(hook_quantiles.Sample(offset + first, stride, (size - first + stride - 1) // stride, each))
        return found

    def select(self):
        """Adds the gradient to the residual and finds what is above the thresholds."""
        if not self.plan:
            return
        if self.takes_quantiles():
            self.select_by_quantiles()
        else:
            self.select_by_thresholds()

    def find_quantiles_and_select(self):
        # In double precision, as the simulation takes them: the smallest difference would make other masks.
        floors = self.copy_weights_and_find_floors(
            lambda weights: [torch.linalg.vector_norm(each, dtype=torch.float64) for each in weights]
        )
        self.pass_over(self.buffer)
        self.thresholds.copy_(self.quantiles.find(self.residual, self.weight, floors))
        self.plan.copy_limits(self.thresholds, floors)
        self.pass_over(None)

    def take_thresholds_and_select(self):
        floors = self.copy_weights_and_find_floors(torch._foreach_norm)
        self.thresholds.copy_(self.told_thresholds, non_blocking=True)
        self.plan.copy_limits(self.thresholds, floors)
        self.pass_over(self.buffer)

    def copy_weights_and_find_floors(self, norms):
        """Copies the weights to where the engine expects them. Returns the floors of their layers."""
        if self.settings.by_ratio:
            torch_versions.copy_each(self.pruned_weights, self.pruned_parameters)
        found = torch.stack(norms(self.pruned_parameters)).double()
        return (found.mul_(self.settings.floor) / self.roots).clamp_min_(SMALLEST_FLOOR).float()

    def pass_over(self, gradient):
        velocity = self.velocity if gradient is not None else None
        self.plan.select(
            gradient, self.residual, velocity, self.weight, self.settings.momentum, self.mask, self.statistics
        )

    def exchange(self):
        """Leaves the mean of what the ranks send in the buffer."""
        if self.plan:
            self.gather_masks()
        self.count_and_pack()
        if self.plan:
            self.counts.mark_sent()
            self.find_sent_values()
        end = len(self.whole_index) + self.sent_values
        if end < self.reduced_end:  # Where there is no room this time the mean is zero.
            self.reduced[end : self.reduced_end].zero_()
        sent, self.reduced_end = self.reduced[:end], end
        sent.copy_(self.packed[:end])
        dist.all_reduce(sent, group=self.group)
        sent.div_(self.ranks)
        self.unpack()
        self.step += 1

    def gather_masks(self):
        if self.broadcast == self.ranks:
            torch_versions.gather(self.masks, self.mask, self.group)
            return
        chosen = random_numbers.broadcasters(self.settings.seed, self.step, self.ranks, self.broadcast)
        for mask, rank in zip(self.masks, chosen):
            if rank == self.rank:
                mask.copy_(self.mask)
            source = rank if self.group is None else dist.get_global_rank(self.group, rank)
            dist.broadcast(mask, source, group=self.group)

    def unite_count_and_pack(self):
        """Whole gradients and kept values, one behind the other. What stands behind them is sent and not read."""
        first = len(self.whole_index)
        whole = self.buffer.index_select(0, self.whole_index)
        if self.velocity is not None:
            whole.add_(self.velocity.index_select(0, self.whole_index), alpha=self.settings.momentum)
            self.velocity.index_copy_(0, self.whole_index, whole)
        self.packed[:first].copy_(whole)
        if not self.plan:
            return
        self.union.copy_(self.masks[0])
        for mask in self.masks[1:]:
            self.plan.unite(self.union, mask)
        self.count()
        self.plan.pack(self.union, self.residual, self.velocity, self.packed[first:])

    def count(self):
        segments, found = len(self.sizes), self.counts.on_device
        self.plan.count_chunks(self.union, self.chunk_counts)
        found.zero_()
        found[:segments].index_add_(0, self.segment_of_chunk, self.chunk_counts.long())
        found[segments:].copy_(self.statistics[::3])
        self.counts.send()

    def find_sent_values(self):
        """How many kept values are sent. The host waits for their count in the first steps alone."""
        self.has_learned = self.is_starting() or self.step == 0
        if not self.has_learned:
            self.sent_values = self.room.values
            return
        counts = self.counts.read()
        self.sent_values = sum(counts[: len(self.sizes)])
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
        for memory, each in zip(self.memories, logs.tolist()):
            memory.controller = DensityController(math.exp(each))
        self.select_by_quantiles.forget()

    def clear_and_unpack(self):
        first = len(self.whole_index)
        self.buffer.zero_()
        if self.plan:
            self.plan.unpack(self.union, self.reduced[first:], self.buffer)
        self.buffer.index_copy_(0, self.whole_index, self.reduced[:first])
