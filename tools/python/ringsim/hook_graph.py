"""Work on tensors that stay where they are, which the host launches as one CUDA graph: launched one by one, the many
small kernels of a bucket take the host longer than the GPU."""

import gc

import torch

from ringsim import torch_versions

EAGER_CALLS = 2  # in which libraries allocate and load what they need


class Recorder:
    """Of work that runs one after the other on the same stream. Tensors that it makes meanwhile share their memory, so
    that none may be used outside. Where there are no graphs, work runs as it is."""

    def __init__(self, device):
        self.records = device.type == "cuda" and torch_versions.HAS_GRAPHS_PER_THREAD
        self.pool = torch.cuda.graph_pool_handle() if self.records else None
        self.stream = torch.cuda.Stream() if self.records else None
        self.first = None  # PyTorch gives the pool up with the last graph

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
        self.recorder, self.function = recorder, function
        self.forget()

    def forget(self):
        """The next calls do something else than those before."""
        self.calls, self.graph = 0, None

    def __call__(self):
        if self.graph is None and self.recorder.records and self.calls == EAGER_CALLS:
            self.graph = self.recorder.record(self.function)
        self.calls += 1
        if self.graph is None:
            self.function()
        else:
            self.graph.replay()
