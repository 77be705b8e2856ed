"""A communication hook of PyTorch's DistributedDataParallel that prunes gradients for real, with libringsim_prune:

    from ringsim import comm_hook
    comm_hook.register(model, scheme="iwp", density=1 / 84)

What `ringsim run --scheme iwp|magnitude` simulates is done here bucket by bucket: each rank keeps a residual, selects
what is above the thresholds of its layers, and the masks of the broadcasters (bitmaps) are gathered; every rank packs
what stands at the union of them, and the values are all-reduced with the tensors that are sent whole. What is not sent
stays in the residual. Thresholds follow from the density as models/schemes/threshold.hpp says, with the random numbers
of the simulation: with the same seed and gradients the same ranks broadcast the same masks.

schemes:
  iwp        importance is |residual| over max(|weight|, floor times the layer's root mean square weight)
  magnitude  importance is |residual|
  topk       as magnitude, but every rank's mask serves, and each rank steers its own threshold to `density` of its own
             residual: top-k by threshold

`momentum` is that of momentum correction (Lin et al., 1712.01887): where it is above 0, the optimizer has to be SGD
without momentum. Gradients have to be fp32. Apart from the first 64 steps, and from recording graphs, the host waits
for no work of the same step: how many values there are shows one step later, and what does not fit the room that was
left stays in the residual. With the threshold "quantile" each bucket also finds the quantiles of its layers, and is
selected in two passes. Needs torch 1.13 or later; from 2.1 on a bucket's work on a GPU is launched as CUDA graphs
(hook_graph.py), unless `graphs` is False."""

import fractions

import torch
import torch.distributed as dist

from ringsim import hook_layout
from ringsim.hook_bucket import BucketPruner, Settings
from ringsim.hook_graph import Recorder
from ringsim.prune_library import Engine, Library

SCHEMES = ("iwp", "magnitude", "topk")


def fixed_threshold(threshold):
    """That of fixed:T, or T; None where thresholds follow from the density."""
    if threshold in ("density", "quantile"):
        return None
    try:
        found = float(str(threshold).removeprefix("fixed:"))
    except ValueError:
        found = -1
    if not found >= 0:
        raise ValueError(f"threshold: found {threshold!r}; density, quantile, fixed:T or T (at least 0) is accepted")
    return found


def share_of(density):
    """A density as a number, also where it is a text such as 1/84."""
    try:
        found = float(fractions.Fraction(density))
    except (ValueError, ZeroDivisionError):
        found = 0.0
    if not 0 < found <= 1:
        raise ValueError(f"density: found {density}; above 0 to 1 is accepted")
    return found


def register(
    model,
    scheme="iwp",
    density=1 / 84,
    *,
    threshold="density",
    broadcasters=4,
    momentum=0.0,
    floor=1.0,
    whole_below=1024,
    seed=1,
    group=None,
    library=None,
    graphs=True,
):
    """Registers the hook on a DistributedDataParallel and returns it. Options are those of `ringsim run`; `threshold`
    is "density" (steered), "quantile" (of a sample in each step, each rank's own), or a number, which is fixed then.
    `library`: the path of libringsim_prune."""
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: found {scheme!r}; {', '.join(SCHEMES)} is accepted")
    if not isinstance(model, torch.nn.parallel.DistributedDataParallel):
        raise TypeError(f"model: found {type(model).__name__}; a DistributedDataParallel is accepted")
    density = share_of(density)
    if broadcasters < 1:
        raise ValueError(f"broadcasters: found {broadcasters}; at least 1 is accepted")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum: found {momentum}; 0 to below 1 is accepted")
    settings = Settings(
        by_ratio=scheme == "iwp",
        by_quantile=threshold == "quantile",
        steers_itself=scheme == "topk",
        density=density,
        threshold=fixed_threshold(threshold),
        momentum=momentum,
        floor=floor,
        whole_below=whole_below,
        broadcasters=dist.get_world_size(group) if scheme == "topk" else broadcasters,
        seed=seed,
    )
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            hook_layout.check_memory(name, parameter)
    pruned = [each for each in model.parameters() if each.requires_grad and each.numel() >= whole_below]
    hook = PruningHook(settings, {id(each): number for number, each in enumerate(pruned)}, group, library, graphs)
    model.register_comm_hook(hook, PruningHook.call)
    return hook


class PruningHook:
    """The hook's state: a BucketPruner for each bucket, and the stream on which exchanges run."""

    def __init__(self, settings, numbers, group=None, library=None, graphs=True):
        self.settings, self.numbers, self.group = settings, numbers, group
        self.library = Library(library)
        self.engine, self.recorders, self.graphs = None, None, graphs
        self.stream = None
        self.buckets = {}  # by the parameters that a bucket holds
        self.memory_of = {}  # what is kept of a parameter's gradient

    def call(self, bucket):
        """What DistributedDataParallel calls with a bucket whose gradients are ready."""
        buffer = bucket.buffer()
        if buffer.dtype != torch.float32:
            raise ValueError(f"gradients are {buffer.dtype}; the hook takes torch.float32")
        pruner = self.pruner(bucket, buffer)
        pruner.begin()
        pruner.select()
        if not buffer.is_cuda:
            pruner.exchange()
            return self.done(buffer, torch.futures.Future())
        # The exchange goes on beside the backward pass.
        self.stream = self.stream or torch.cuda.Stream()
        self.stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self.stream):
            pruner.exchange()
            return self.done(buffer, torch.futures.Future(devices=[buffer.device]))

    @staticmethod
    def done(buffer, future):
        future.set_result(buffer)
        return future

    def pruner(self, bucket, buffer):
        """That of this bucket. After its first step DistributedDataParallel fills its buckets anew; residuals stay with
        their parameters."""
        parameters = bucket.parameters()
        key = tuple(map(id, parameters))
        if key in self.buckets:
            self.buckets[key].follow(buffer, parameters)
            return self.buckets[key]
        self.engine = self.engine or Engine("cuda" if buffer.is_cuda else "auto", library=self.library)
        self.recorders = self.recorders or [Recorder(self.graphs and buffer.is_cuda) for _ in range(2)]
        made = BucketPruner(
            self.engine, self.settings, parameters, buffer, self.memory_of, self.numbers, self.group, self.recorders
        )
        in_use = {id(memory.pruner) for memory in self.memory_of.values()}
        for held in [held for held, each in self.buckets.items() if id(each) not in in_use]:
            self.buckets.pop(held).release()
        self.buckets[key] = made
        return made

    def kept(self):
        """Values that were sent in the last step whose count is known, whole tensors left out; and elements that may be
        pruned."""
        pruners = self.buckets.values()
        return sum(pruner.kept for pruner in pruners), sum(pruner.layout.pruned_elements for pruner in pruners)
