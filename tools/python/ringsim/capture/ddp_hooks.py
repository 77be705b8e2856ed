"""PyTorch's own communication hooks of DistributedDataParallel, without DistributedDataParallel and without an
exchange.

The hooks are called as they stand on stand-ins for DDP's buckets; where they call dist.all_reduce, a stand-in returns
at once with the tensor that was to be reduced. What hooks do in callbacks waits in a list, so that the stages of all
buckets can be timed apart: `encode` is what a hook does itself, up to its first exchange; `decode` the last callback;
`between` all callbacks before that. The hooks run on one stream; inside DDP the callbacks get streams of their
own."""

import torch
from torch.distributed.algorithms.ddp_comm_hooks import default_hooks, powerSGD_hook

RANKS = (1, 2, 4, 8)


class Group:
    """A process group of one rank."""

    @staticmethod
    def size():
        return 1

    @staticmethod
    def rank():
        return 0


class Future:
    """A future whose callbacks run when Exchange.run_callbacks comes to their depth in the chain."""

    def __init__(self, exchange, depth, result=None):
        self.exchange, self.depth, self.result = exchange, depth, result

    def then(self, callback):
        child = Future(self.exchange, self.depth + 1)
        self.exchange.waiting.setdefault(child.depth, []).append((child, callback, self))
        return child

    def value(self):
        return self.result

    wait = value


class Work:
    def __init__(self, exchange, tensor):
        self.exchange, self.tensor = exchange, tensor

    def get_future(self):
        return Future(self.exchange, 0, [self.tensor])

    def wait(self):
        return True


class Exchange:
    """Takes the place of torch.distributed in the modules of the hooks; costs nothing."""

    group = type("group", (), {"WORLD": Group()})

    def __init__(self):
        self.waiting = {}

    def all_reduce(self, tensor, group=None, async_op=False):
        return Work(self, tensor)

    def run_callbacks(self, depth):
        for child, callback, parent in self.waiting.pop(depth, []):
            child.result = callback(parent)

    def __getattr__(self, name):
        return getattr(torch.distributed, name)


class Bucket:
    """What hooks ask of DDP's GradBucket."""

    def __init__(self, number, count, flat, tensors):
        self.number, self.count, self.flat, self.tensors = number, count, flat, tensors

    def index(self):
        return self.number

    def is_last(self):
        return self.number == self.count - 1

    def buffer(self):
        return self.flat

    def gradients(self):
        return self.tensors

    def set_buffer(self, tensor):
        self.flat = tensor


ORTHOGONALIZE = powerSGD_hook._orthogonalize


def orthogonalize(matrices, epsilon=0):
    """PyTorch's, which takes a batch of matrices: its batched hook hands it a single one, and fails by an assertion
    (seen in 1.13). The batch of one is a view."""
    ORTHOGONALIZE(matrices.unsqueeze(0) if matrices.dim() == 2 else matrices, epsilon)


class Hook:
    """One of PyTorch's hooks on all buckets, with the stages of a compressor (compressors.py)."""

    waits = False  # once no_synchronize is in place

    def __init__(self, buckets, scheme, settings):
        self.exchange = Exchange()
        self.buckets = [Bucket(i, len(buckets), flat, tensors) for i, (flat, tensors) in enumerate(buckets)]
        if scheme in ("fp16", "bf16"):
            self.hook = getattr(default_hooks, f"{scheme}_compress_hook")
            self.state, self.callbacks = Group(), 1
        else:
            batched = settings.get("batched", False)
            self.hook = powerSGD_hook.batched_powerSGD_hook if batched else powerSGD_hook.powerSGD_hook
            self.state = powerSGD_hook.PowerSGDState(
                Group(), matrix_approximation_rank=settings["rank"], start_powerSGD_iter=2
            )
            # Past the first iterations, in which nothing is compressed.
            self.state.iter = self.state.start_powerSGD_iter
            self.callbacks = 2 if batched else 3
        self.stages = ("encode", "decode") if self.callbacks == 1 else ("encode", "between", "decode")

    def with_exchange(self, work, *arguments):
        before = default_hooks.dist, powerSGD_hook.dist, powerSGD_hook._orthogonalize
        default_hooks.dist = powerSGD_hook.dist = self.exchange
        powerSGD_hook._orthogonalize = orthogonalize
        try:
            work(*arguments)
        finally:
            default_hooks.dist, powerSGD_hook.dist, powerSGD_hook._orthogonalize = before

    def call_hooks(self):
        self.exchange.waiting.clear()
        for bucket in self.buckets:
            self.hook(self.state, bucket)

    def call_callbacks(self, first, last):
        for depth in range(first, last + 1):
            self.exchange.run_callbacks(depth)

    def encode(self):
        self.with_exchange(self.call_hooks)

    def between(self):
        self.with_exchange(self.call_callbacks, 1, self.callbacks - 1)

    def decode(self):
        self.with_exchange(self.call_callbacks, self.callbacks, self.callbacks)


class NoSynchronize:
    """While it is entered, PowerSGD's torch.cuda.synchronize waits for nothing (in a CUDA graph it is forbidden) or,
    with `stream`, for the current stream alone (other streams are busy with a backward pass that a benchmark
    queued)."""

    def __init__(self, stream=False):
        self.replacement = (lambda *_: torch.cuda.current_stream().synchronize()) if stream else (lambda *_: None)

    def __enter__(self):
        self.before, torch.cuda.synchronize = torch.cuda.synchronize, self.replacement

    def __exit__(self, *_):
        torch.cuda.synchronize = self.before


def settings_of_all():
    plain = [("fp16", {}), ("bf16", {})]
    return plain + [("powersgd", {"rank": rank, "batched": batched}) for batched in (False, True) for rank in RANKS]
