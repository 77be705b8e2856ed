"""Work on tensors that stay where they are, which the host launches as one CUDA graph: launched one by one, the many
small kernels of a bucket take the host longer than the GPU."""

import gc

import torch

from ringsim import torch_versions

EAGER_CALLS = 2  # in which libraries allocate and load what they need


class Recorder:
    """Records work that runs one piece after the other on one stream: temporary tensors of all its graphs share their
    memory, so that none may be used outside of them. Without `records` work runs as it is, as with PyTorch before
    2.1."""

    def __init__(self, records):
        self.records = records and torch_versions.HAS_GRAPHS_PER_THREAD
        self.pool = torch.cuda.graph_pool_handle() if self.records else None
        self.stream = torch.cuda.Stream() if self.records else None
        self.first = None  # PyTorch gives the pool up with the last graph
        self.used_on = None

    def serves(self):
        """Whether the current stream is the one of all its work."""
        if not self.records:
            return False
        self.used_on = self.used_on or torch.cuda.current_stream()
        return self.used_on == torch.cuda.current_stream()

    def record(self, function):
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        collects = gc.isenabled()
        gc.disable()  # nothing may free memory that the graph does not know of
        try:
            with torch.cuda.stream(self.stream):
                # Other threads go on: NCCL's asks for its events.
                graph.capture_begin(pool=self.pool, capture_error_mode="thread_local")
                try:
                    function()
                finally:
                    graph.capture_end()
        finally:
            if collects:
                gc.enable()
        self.first = self.first or graph
        return graph


class Work:
    """Calls `function`, which allocates no tensor that outlives the call and reads nothing on the host that changes."""

    def __init__(self, recorder, function):
        self.recorder, self.function, self.calls, self.graph = recorder, function, 0, None

    def forget(self):
        """Gives the graph up, for work that is another from now on."""
        if self.graph is not None:
            torch.cuda.synchronize()
        self.calls, self.graph = 0, None

    def __call__(self):
        self.calls += 1
        if self.calls <= EAGER_CALLS or not self.recorder.serves():
            self.function()
            return
        self.graph = self.graph or self.recorder.record(self.function)
        self.graph.replay()
