"""What the package asks of torch that versions before 2.1 do not have, or have otherwise. From 1.13 on all serve."""

import functools
import re

import torch
import torch.distributed as dist

OLDEST = (1, 13)
# CUDA graphs that are recorded in one thread while others go on.
HAS_GRAPHS_PER_THREAD = tuple(map(int, re.findall(r"\d+", torch.__version__)[:2])) >= (2, 1)


def check_version(version=torch.__version__):
    """Refuses a torch that is too old, and names it."""
    found = tuple(map(int, re.findall(r"\d+", version)[:2]))
    if found < OLDEST:
        raise ImportError(f"found torch {version}; {'.'.join(map(str, OLDEST))} or later is accepted")


def copy_each(targets, sources):
    """Copies each source to its target."""
    if hasattr(torch, "_foreach_copy_"):  # 2.1
        torch._foreach_copy_(targets, sources)
        return
    for target, source in zip(targets, sources):
        target.copy_(source)


def gather(rows, own, group):
    """Leaves everybody's `own` in `rows`, a row for each rank."""
    try:
        dist.all_gather_into_tensor(rows.view(-1), own, group=group)
    except RuntimeError as error:  # before 2.1 gloo has none
        if "no support for _allgather_base" not in str(error):
            raise
        dist.all_gather(list(rows), own, group=group)


class Replaced:
    """A method of one object, called between `before(object, arguments, keywords)` and `after(object)`, which is called
    whatever happens, until remove()."""

    def __init__(self, owner, name, before=None, after=None):
        self.owner, self.name, self.had_own = owner, name, name in vars(owner)
        self.original = original = getattr(owner, name)

        @functools.wraps(original)
        def replacement(*arguments, **keywords):
            if before:
                before(owner, arguments, keywords)
            try:
                return original(*arguments, **keywords)
            finally:
                if after:
                    after(owner)

        setattr(owner, name, replacement)

    def remove(self):
        if self.had_own:
            setattr(self.owner, self.name, self.original)
        else:
            delattr(self.owner, self.name)


class AccumulationHook:
    """Calls `hook(parameter)` after its gradient has been accumulated, until remove()."""

    def __init__(self, parameter, hook):
        # The node, which lives as long as somebody holds it.
        self.node = parameter.expand_as(parameter).grad_fn.next_functions[0][0]
        self.handle = self.node.register_hook(lambda *_: hook(parameter))

    def remove(self):
        self.handle.remove()


def hook_accumulation(parameter, hook):
    if hasattr(parameter, "register_post_accumulate_grad_hook"):  # 2.1
        return parameter.register_post_accumulate_grad_hook(hook)
    return AccumulationHook(parameter, hook)


def hook_forward(module, before, after):
    """The handles of hooks around a module's forward pass: `before(module, arguments, keywords)`, `after(module)`."""
    if not hasattr(torch.nn.Module, "register_full_backward_pre_hook"):  # 2.0, as hooks that see keywords
        return [Replaced(module, "forward", before, after)]
    return [
        module.register_forward_pre_hook(before, with_kwargs=True),
        module.register_forward_hook(lambda module, *_: after(module), always_call=True),
    ]


def hook_optimizer(optimizer, before, after):
    """The handles of hooks around an optimizer's step."""
    if not hasattr(optimizer, "register_step_pre_hook"):  # 2.0
        return [Replaced(optimizer, "step", lambda *_: before(), lambda _: after())]
    return [
        optimizer.register_step_pre_hook(lambda *_: before()),
        optimizer.register_step_post_hook(lambda *_: after()),
    ]


def matrix_products(left, right, *_):
    """Operations of a product of matrices, or of a batch of them."""
    rows, inner = left.shape[-2:]
    return 2 * (left.shape[0] if left.dim() == 3 else 1) * rows * inner * right.shape[-1]


def added_products(_, left, right, *more):
    return matrix_products(left, right)


def convolution(given, weight, bias, stride, padding, dilation, transposed, *more, result):
    """Each element of the output, or of the input of a transposed one, meets the weights of one channel."""
    elements = (given if transposed else result).numel()
    return 2 * elements * weight[0].numel()


def operation_counts():
    """What counts the operations of a call of an operator, by the operator: torch's own, where it has some (2.1)."""
    try:
        from torch.utils.flop_counter import flop_registry
    except ImportError:
        aten = torch.ops.aten

        def of(count):
            return lambda *arguments, out_val, **keywords: count(*arguments)

        return {
            aten.mm: of(matrix_products),
            aten.bmm: of(matrix_products),
            aten.addmm: of(added_products),
            aten.baddbmm: of(added_products),
            aten.convolution: lambda *arguments, out_val, **_: convolution(*arguments, result=out_val),
        }
    return flop_registry


def ranks_of(group):
    """The global ranks of a group, in its order."""
    if hasattr(dist, "get_process_group_ranks"):  # 2.0
        return dist.get_process_group_ranks(group)
    return [dist.get_global_rank(group, rank) for rank in range(dist.get_world_size(group))]


check_version()
