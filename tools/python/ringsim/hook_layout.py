"""Which elements of a bucket's buffer a hook prunes and which it sends whole, and how many values are
sent. Needs no torch."""

from dataclasses import dataclass, field


def in_memory_order(tensor):
    """A flat view of the elements as they stand in memory, which is how DistributedDataParallel lays their gradients
    out in a bucket (channels last, for one)."""
    return tensor.as_strided((tensor.numel(),), (1,))


def check_memory(name, tensor):
    """Refuses a parameter whose elements do not stand one behind the other: its gradients do."""
    expected = 1
    for stride, extent in sorted(each for each in zip(tensor.stride(), tensor.shape) if each[1] > 1):
        if stride != expected:
            raise ValueError(
                f"{name}: found the strides {tensor.stride()} of a shape {tuple(tensor.shape)}; a parameter whose "
                "elements stand one behind the other is accepted"
            )
        expected *= extent


@dataclass(frozen=True)
class Tensor:
    """A parameter's gradient in the flat buffer of a bucket."""

    offset: int
    elements: int


@dataclass(frozen=True)
class Layout:
    """The tensors of a bucket, in the order of its buffer. Those with fewer elements than `whole_below` are whole."""

    tensors: list[Tensor]
    whole_below: int
    pruned: list[int] = field(init=False)
    whole: list[int] = field(init=False)

    def __post_init__(self):
        numbers = range(len(self.tensors))
        object.__setattr__(self, "pruned", [i for i in numbers if self.tensors[i].elements >= self.whole_below])
        object.__setattr__(self, "whole", [i for i in numbers if self.tensors[i].elements < self.whole_below])

    @classmethod
    def of_sizes(cls, sizes, whole_below):
        tensors, offset = [], 0
        for size in sizes:
            tensors.append(Tensor(offset, size))
            offset += size
        return cls(tensors, whole_below)

    @property
    def elements(self):
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def pruned_elements(self):
        return sum(self.tensors[i].elements for i in self.pruned)

    @property
    def whole_elements(self):
        return sum(self.tensors[i].elements for i in self.whole)

    def segments(self):
        """(offset, elements, first word of the mask, threshold, floor) of each pruned tensor, for a plan of
        prune_library."""
        found, word = [], 0
        for i in self.pruned:
            tensor = self.tensors[i]
            found.append((tensor.offset, tensor.elements, word, 1.0, 1.0))
            word += (tensor.elements + 63) // 64
        return found

    def whole_indices(self):
        """Where the elements of the whole tensors stand in the buffer."""
        indices = []
        for i in self.whole:
            tensor = self.tensors[i]
            indices += range(tensor.offset, tensor.offset + tensor.elements)
        return indices


class Room:
    """How many values a bucket's all-reduce has room for, where nobody waits to learn how many there are: more than in
    any of the last steps. What finds no room stays in the residual, so that nothing is lost."""

    def __init__(self, elements, share_above=0.25, spare=256, steps=8):
        self.elements, self.share_above, self.spare, self.steps = elements, share_above, spare, steps
        self.recent = []

    def saw(self, kept):
        self.recent = [*self.recent[1 - self.steps :], kept]

    @property
    def values(self):
        if not self.recent:
            return self.elements
        most = max(self.recent)
        return min(self.elements, most + round(self.share_above * most) + self.spare)
