"""Captures steps of a training that goes on (ringsim.capture.steps)."""

import os
import platform
import time
import warnings

import torch
import torch.distributed as dist

from ringsim import torch_versions
from ringsim.capture import collectives, dump, folder
from ringsim.capture.operations import OperationCount


MARKS = 8  # those of a step that are of no gradient
TURN = 2  # plain steps, then as many captured ones
SMALL = 1024  # elements; such gradients are ready with the next one that is larger: hooks cost the host time


class GpuClock:
    """Moments on the current stream."""

    def __init__(self):
        self.spare = []

    def prepare(self, count):
        """Makes events for so many marks, which takes longer than to record them."""
        for _ in range(count - len(self.spare)):
            self.spare.append(torch.cuda.Event(enable_timing=True))
            self.spare[-1].record()

    def mark(self):
        event = self.spare.pop() if self.spare else torch.cuda.Event(enable_timing=True)
        event.record()
        return event

    @staticmethod
    def seconds(begin, end):
        return begin.elapsed_time(end) / 1e3

    @staticmethod
    def wait():
        torch.cuda.synchronize()


class HostClock:
    mark = staticmethod(time.perf_counter)

    def prepare(self, count):
        pass

    @staticmethod
    def seconds(begin, end):
        return end - begin

    @staticmethod
    def wait():
        pass


class Marks:
    """The moments of one step."""

    def __init__(self, kind, begin):
        self.kind, self.begin, self.end = kind, begin, None
        self.called = self.forward = self.computed = self.exchanged = self.updating = self.updated = None
        self.ready = {}

    def times(self, clock, order, hooked):
        """order: the names of gradients as they become ready. hooked: those that have a time of their own."""

        def between(begin, end):
            return None if begin is None or end is None else clock.seconds(begin, end)

        return folder.StepTimes(
            kind=self.kind,
            step=between(self.begin, self.end),
            computing=between(self.forward, self.computed),
            exchanged=between(self.called, self.exchanged),
            optimizer=between(self.updating, self.updated),
            ready=folder.with_small(
                {name: clock.seconds(self.forward, moment) for name, moment in self.ready.items()}, order, hooked
            ),
        )


def flattened(value):
    """What lists and dictionaries hold."""
    if isinstance(value, dict):
        value = list(value.values())
    return [item for each in value for item in flattened(each)] if isinstance(value, (list, tuple)) else [value]


class Steps:
    """A loader whose steps are captured."""

    def __init__(self, loader, capture):
        self.loader, self.capture = loader, capture

    def __len__(self):
        return len(self.loader)

    def __getattr__(self, name):
        return getattr(self.loader, name)

    def __iter__(self):
        try:
            for each in self.loader:
                self.capture.next_step()
                yield each
            self.capture.next_step(is_last=True)
        finally:
            self.capture.say_what_is_missing()


def kinds_of_steps(settings, may_be_alone):
    """Plain and captured steps take turns, so that a pace that changes is not taken for the overhead. The step in which
    hooks come or go counts nowhere: the host falls behind."""
    count, kinds = settings["count"], ["warm-up"] * settings["warmup"] + ["count", "order"]
    for done in range(0, count, TURN):
        turn = min(TURN, count - done)
        kinds += ["warm-up"] + ["plain"] * turn + ["settling"] + ["captured"] * turn
    if may_be_alone:
        kinds += ["settling"] + ["alone"] * count
    return kinds + ["dump"] * settings["gradients"]


class Capture:
    """next_step() is called before each step. Kinds of steps: "warm-up"; "count", in which operations are counted;
    "order", in which every gradient has a hook; "plain", with events around the step alone; "captured", with hooks on
    the gradients that matter; "settling", as captured, before the first of them; "alone", as captured but exchanged
    after the backward pass; "dump", whose gradients are written."""

    def __init__(self, model, path, optimizer, settings):
        self.model, self.path, self.optimizer, self.settings = model, path, optimizer, settings
        self.is_ddp = isinstance(model, torch.nn.parallel.DistributedDataParallel)
        self.inner = model.module if self.is_ddp else model
        self.ranks = dist.get_world_size(model.process_group) if self.is_ddp else 1
        self.names = {each: name for name, each in self.inner.named_parameters() if each.requires_grad}
        on_gpu = any(parameter.is_cuda for parameter in self.names)
        self.clock = GpuClock() if on_gpu else HostClock()
        if settings["compression"] and not on_gpu:
            raise ValueError("compression is measured on a CUDA GPU, and the model has no parameter on one")
        # Whoever leaves parameters out may leave out others on each rank, and they cannot be averaged one by one.
        self.may_be_alone = self.is_ddp and not (model.find_unused_parameters or model.static_graph)
        self.kinds = kinds_of_steps(settings, self.may_be_alone)
        self.hooks, self.gradient_hooks, self.marks, self.now, self.at = [], [], [], None, -1
        self.counter, self.batch, self.sample, self.dumped = None, settings["batch"], "", 0
        self.is_counting, self.order = False, []
        self.manifest = None

    def is_done(self):
        return self.manifest is not None

    def say_what_is_missing(self):
        if not self.is_done():
            text = f"{max(self.at, 0)} of {len(self.kinds)} steps were seen; {self.path} is written after the last one"
            warnings.warn(f"ringsim.capture: {text}, or where the loader ends after {self.kinds.index('captured') + 1}")

    def next_step(self, is_last=False):
        """Ends the step before, and begins the next one."""
        if self.is_done():
            return
        if self.at < 0 and (not self.is_ddp or dist.get_rank(self.model.process_group) == 0):
            folder.clear(self.path)
        if self.now is not None:
            self.end_step()
        self.at += 1
        if self.at == len(self.kinds):
            self.finish()
        elif is_last:
            if any(each.kind == "captured" for each in self.marks):
                self.finish()
            else:
                self.at -= 1  # the next epoch goes on
        else:
            self.begin_step(self.kinds[self.at])

    def begin_step(self, kind):
        if not self.hooks:
            self.add_hooks()
        if kind == "count":
            marked = sum(each in ("settling", "captured", "alone") for each in self.kinds)
            self.clock.prepare((1 + marked) * len(self.names) + MARKS * len(self.kinds))
        if kind in ("warm-up", "count", "plain"):
            self.remove_gradient_hooks()
        elif not self.gradient_hooks:
            self.add_gradient_hooks()
        self.averages = kind in ("alone", "dump") and self.may_be_alone
        if self.averages:
            self.model.require_backward_grad_sync = False
        self.now = Marks(kind, self.clock.mark())

    def end_step(self):
        if self.averages:
            self.model.require_backward_grad_sync = True
        self.now.end = self.clock.mark()
        if self.now.kind in ("plain", "captured", "alone"):
            self.marks.append(self.now)
        if self.now.kind == "order":
            self.order = list(self.now.ready)
            self.remove_gradient_hooks()
        self.now = None

    def add_hooks(self):
        self.hooks.append(self.model.register_forward_pre_hook(self.before_call))
        self.hooks += torch_versions.hook_forward(self.inner, self.before_forward, self.after_forward)
        if self.optimizer is not None:
            self.hooks += torch_versions.hook_optimizer(
                self.optimizer, lambda: self.mark_once("updating"), lambda: self.mark_once("updated")
            )

    def hooked(self):
        """The parameters whose gradients' times are taken, when their order is known: large ones, the last one, and
        those that had no gradient yet."""
        left_out = set(self.order[:-1])
        return [each for each, name in self.names.items() if each.numel() >= SMALL or name not in left_out]

    def add_gradient_hooks(self):
        hooked = self.hooked() if self.order else self.names
        self.gradient_hooks = [torch_versions.hook_accumulation(each, self.gradient_is_ready) for each in hooked]

    def remove_gradient_hooks(self):
        for hook in self.gradient_hooks:
            hook.remove()
        self.gradient_hooks = []

    def mark_once(self, name):
        if self.now is not None and getattr(self.now, name) is None:
            setattr(self.now, name, self.clock.mark())

    def before_call(self, *_):
        self.mark_once("called")

    def before_forward(self, _, arguments, keywords):
        if self.now is None:
            return
        if self.now.kind == "count" and self.counter is None:
            self.see_input([*arguments, *keywords.values()])
            self.counter = OperationCount(self.inner)
            self.counter.__enter__()
            self.is_counting = True
        if self.now.forward is None:
            self.now.forward = self.clock.mark()
            # Where backward passes are accumulated, the last one counts.
            self.now.ready.clear()

    def after_forward(self, *_):
        if self.is_counting:
            self.is_counting = False
            self.counter.__exit__(None, None, None)
            self.counter.remove()

    def see_input(self, values):
        tensors = [value for value in flattened(values) if isinstance(value, torch.Tensor) and value.dim() > 0]
        if tensors:
            self.batch = self.batch or tensors[0].shape[0]
            self.sample = "an input of " + "x".join(map(str, tensors[0].shape[1:] or [1]))

    def gradient_is_ready(self, parameter):
        if self.now is None or self.now.forward is None:
            return
        if not self.now.ready:
            torch.autograd.Variable._execution_engine.queue_callback(self.pass_has_ended)
        self.now.ready[self.names[parameter]] = self.clock.mark()

    def pass_has_ended(self):
        """At the end of the backward pass, before DistributedDataParallel waits for its exchanges."""
        if self.now is None:
            return
        self.now.computed = self.clock.mark()
        if self.now.kind == "dump":
            self.write_gradients()
        if self.averages:
            self.average()
        # Callbacks that were queued meanwhile come before this one.
        torch.autograd.Variable._execution_engine.queue_callback(lambda: self.mark_once("exchanged"))

    def average(self):
        """What DistributedDataParallel would have done."""
        gradients = [parameter.grad for parameter in self.names if parameter.grad is not None]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients]).div_(self.ranks)
        dist.all_reduce(flat, group=self.model.process_group)
        at = 0
        for gradient in gradients:
            gradient.copy_(flat[at : at + gradient.numel()].view_as(gradient))
            at += gradient.numel()

    def write_gradients(self):
        named = [(name, parameter) for parameter, name in self.names.items()]
        group = self.model.process_group if self.is_ddp else None
        if self.dumped == 0:
            dump.write_weights(self.path, named, group)
        dump.write_gradients(self.path, named, group, self.dumped)
        self.dumped += 1

    def bucket_bytes(self):
        """DistributedDataParallel's buckets in the order of their exchange; none where it does not say them."""
        if not self.is_ddp:
            return []
        logged = self.model._get_ddp_logging_data()
        text = logged.get("rebuilt_bucket_sizes") or logged.get("bucket_sizes") or ""
        return [int(size) for size in text.replace(",", " ").split()]

    def machine(self):
        found = {"torch": torch.__version__, "python": platform.python_version()}
        if isinstance(self.clock, GpuClock):
            found["device"] = torch.cuda.get_device_name()
            found["cuda"] = torch.version.cuda
            found["nccl"] = ".".join(map(str, torch.cuda.nccl.version()))
        dtypes = sorted({str(parameter.dtype).removeprefix("torch.") for parameter in self.names})
        found["parameters"] = " ".join(dtypes)
        return found

    def add_compression(self, captured):
        """What compressing takes on this GPU, where that was asked for. A failure does not cost the rest."""
        if not self.settings["compression"]:
            return
        from ringsim.capture import compression

        torch.cuda.empty_cache()
        device, visible = torch.cuda.current_device(), os.environ.get("CUDA_VISIBLE_DEVICES")
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": visible.split(",")[device] if visible else str(device)}
        shapes = [parameter.shape for parameter in self.names]
        try:
            measured = compression.measured(shapes, self.settings["compression"], environment)
            captured.compression = compression.profile_of(measured)
        except RuntimeError as error:
            captured.notes.append(str(error))
            warnings.warn(str(error))

    def finish(self):
        """Removes the hooks and writes the folder, on rank 0."""
        self.remove_gradient_hooks()
        for hook in self.hooks:
            hook.remove()
        self.hooks = []
        self.clock.wait()
        hooked = {self.names[each] for each in self.hooked()}
        own = [marks.times(self.clock, self.order, hooked) for marks in self.marks]
        everyone = [own]
        if self.is_ddp:
            everyone = [None] * self.ranks
            dist.all_gather_object(everyone, own, group=self.model.process_group)
        if self.settings["collectives"] and self.is_ddp:
            collectives.write_all_reduces(self.path, self.model.process_group)
        operations = self.counter.operations if self.counter else {}
        captured = folder.Captured(
            model=type(self.inner).__name__,
            layers=[
                folder.Layer(name, tuple(parameter.shape), operations.get(name, 0.0))
                for parameter, name in self.names.items()
            ],
            buffers=len(list(self.inner.buffers())) if self.is_ddp and self.model.broadcast_buffers else 0,
            sample=self.sample,
            batch=self.batch or 1,
            ranks=self.ranks,
            steps=everyone,
            bucket_bytes=self.bucket_bytes(),
            machine=self.machine(),
            notes=[] if self.may_be_alone or not self.is_ddp else ["gradients are ready as in steps with exchanges"],
        )
        manifest = {}
        if not self.is_ddp or dist.get_rank(self.model.process_group) == 0:
            self.add_compression(captured)
            manifest = folder.write(self.path, captured)
        if self.is_ddp:
            shared, group = [manifest], self.model.process_group
            dist.broadcast_object_list(shared, torch_versions.ranks_of(group)[0], group=group)
            manifest = shared[0]
        self.manifest = manifest
