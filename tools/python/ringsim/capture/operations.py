"""Operations of a forward pass, by parameter, as torch's own FLOP counter counts them."""

from torch.utils._python_dispatch import TorchDispatchMode

from ringsim.torch_versions import operation_counts

COUNTS = operation_counts()


class OperationCount(TorchDispatchMode):
    """While it is entered, counts what the module's forward pass computes: `operations` has floating-point operations
    by the parameter's name. A product without parameters of its own (attention, scores of tied embeddings) counts with
    the parameter before it, whose gradient waits for its backward pass."""

    def __init__(self, module):
        super().__init__()
        self.operations, self.modules, self.last, self.early = {}, [id(module)], None, 0.0
        name_of = {id(parameter): name for name, parameter in module.named_parameters()}
        self.weight_of = {}
        self.hooks = []
        for path, part in module.named_modules():
            own = [name_of[id(each)] for each in part.parameters(recurse=False) if each.dim() > 1]
            own = [name for name in own if name.rpartition(".")[0] == path]  # else it is another module's, tied
            self.weight_of[id(part)] = own[0] if own else None
            if part is not module:
                self.hooks.append(part.register_forward_pre_hook(lambda part, _: self.modules.append(id(part))))
                self.hooks.append(part.register_forward_hook(lambda *_: self.leave()))

    def leave(self):
        """Returns nothing, as a hook that changes nothing has to."""
        self.modules.pop()

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        keywords = keywords or {}
        result = function(*arguments, **keywords)
        count = COUNTS.get(function._overloadpacket)
        if count is not None:
            self.add(float(count(*arguments, **keywords, out_val=result)))
        return result

    def add(self, operations):
        weight = self.weight_of[self.modules[-1]]
        self.last = weight or self.last
        if self.last is None:
            self.early += operations
            return
        self.operations[self.last] = self.operations.get(self.last, 0.0) + self.early + operations
        self.early = 0.0

    def remove(self):
        for hook in self.hooks:
            hook.remove()
