"""The gradients of all ranks from one forward and one backward pass over the whole batch, for networks whose parameters
are those of convolutions and dense layers. Weights are read once for all ranks, and each rank's gradient is written
once: limited to a norm that is known before it is formed."""

import torch
from torch.nn import functional


def multiply(left, right, target=None):
    """Products of matrices in batches, in fp32."""
    if left.dtype == torch.float32:
        return torch.bmm(left, right) if target is None else target.copy_(torch.bmm(left, right))
    if target is None:
        return torch.bmm(left, right, out_dtype=torch.float32)
    return torch.bmm(left, right, out_dtype=torch.float32, out=target)


class LayerOfRanks(torch.autograd.Function):
    """What a layer computes, whose backward pass keeps the two factors of its weight's gradient in `layer.passed`."""

    @staticmethod
    def forward(context, given, weight, bias, layer):
        weight = weight.to(given.dtype)
        context.save_for_backward(given, weight)
        context.layer = layer
        return layer.output(given, weight, bias.to(given.dtype))

    @staticmethod
    def backward(context, gradient):
        given, weight = context.saved_tensors
        context.layer.passed = given.detach(), gradient.contiguous()
        before = context.layer.gradient_of_input(gradient, given, weight) if context.needs_input_grad[0] else None
        return before, None, None, None


class OfRanks:
    """A layer that passes through LayerOfRanks while it is trained."""

    def forward(self, given):
        return LayerOfRanks.apply(given, self.weight, self.bias, self) if self.training else super().forward(given)


class Dense(OfRanks, torch.nn.Linear):
    @staticmethod
    def output(given, weight, bias):
        return functional.linear(given, weight, bias)

    @staticmethod
    def gradient_of_input(gradient, given, weight):
        return gradient @ weight

    def operands(self, ranks):
        """Two matrices for each rank, whose product is its gradient of the weight."""
        given, gradient = self.passed
        split = given.view(ranks, -1, given.shape[1]), gradient.view(ranks, -1, gradient.shape[1])
        return split[1].transpose(1, 2), split[0]


class Convolution(OfRanks, torch.nn.Conv2d):
    def output(self, given, weight, bias):
        return functional.conv2d(given, weight, bias, self.stride, self.padding)

    def gradient_of_input(self, gradient, given, weight):
        arguments = [self.out_channels], self.stride, self.padding, (1, 1), False, [0, 0], 1, [True, False, False]
        return torch.ops.aten.convolution_backward(gradient, given, weight, *arguments)[0]

    def operands(self, ranks):
        given, gradient = self.passed
        (rows, columns), (down, right) = self.kernel_size, self.stride
        vertical, horizontal = self.padding
        padded = functional.pad(given, (horizontal, horizontal, vertical, vertical))
        windows = padded.unfold(2, rows, down).unfold(3, columns, right).permute(0, 2, 3, 1, 4, 5)
        split = gradient.view(ranks, -1, self.out_channels, gradient[0, 0].numel()).transpose(1, 2)
        left = split.reshape(ranks, self.out_channels, -1)
        return left, windows.reshape(ranks, left.shape[2], -1)


class Average(torch.nn.AdaptiveAvgPool2d):
    def forward(self, given):
        """Copies of a single position: PyTorch's own kernel adds their gradients one by one, in any order."""
        if given.shape[2:] == (1, 1) and isinstance(self.output_size, tuple):
            return given.expand(-1, -1, *self.output_size)
        return super().forward(given)


KINDS = {torch.nn.Linear: Dense, torch.nn.Conv2d: Convolution}


def supports(network):
    """Whether all parameters belong to dense layers and ordinary convolutions, with biases."""
    for module in network.modules():
        if not list(module.parameters(recurse=False)):
            continue
        ordinary = type(module) in KINDS and module.bias is not None
        if ordinary and type(module) is torch.nn.Conv2d:
            ordinary = (module.groups, module.dilation, module.padding_mode) == (1, (1, 1), "zeros")
        if not ordinary:
            return False
    return True


class OnePass:
    def __init__(self, network, layers, gradients, limit):
        self.network, self.ranks, self.limit = network, gradients.shape[0], limit
        self.layers, at, self.parameters = [], 0, list(network.parameters())
        for module in network.modules():
            if type(module) is torch.nn.AdaptiveAvgPool2d:
                module.__class__ = Average
            if type(module) not in KINDS:
                continue
            module.__class__ = KINDS[type(module)]
            weight = layers.columns(gradients, at).view(self.ranks, module.weight.shape[0], -1)
            self.layers.append((module, weight, layers.columns(gradients, at + 1)))
            at += 2

    def run(self, images, labels, losses, half):
        """Fills the gradients and each rank's loss. `half`: computes in bf16."""
        output = self.network(images.bfloat16() if half else images).float()
        each = functional.cross_entropy(output, labels, reduction="none").view(self.ranks, -1).mean(1)
        losses.copy_(each.detach())
        torch.autograd.grad(each.sum(), self.parameters, allow_unused=True)  # the layers keep what they need
        with torch.no_grad():
            self.form()

    def form(self):
        squares, dense = 0, []
        for module, weight, bias in self.layers:
            gradient = module.passed[1].float()
            bias.copy_(gradient.view(self.ranks, -1, bias.shape[1], gradient[0, 0].numel()).sum((1, 3)))
            squares = squares + bias.square().sum(1)
            left, right = module.operands(self.ranks)
            if isinstance(module, Convolution):
                multiply(left, right, weight)
                squares = squares + weight.square().sum((1, 2))
                continue
            dense.append((left, right, weight))
            # The square of a product's norm, from the products of the few samples with each other.
            both = multiply(left.transpose(1, 2), left), multiply(right, right.transpose(1, 2))
            squares = squares + (both[0] * both[1]).sum((1, 2))
        factors = None if self.limit is None else (self.limit / squares.sqrt()).clamp_max(1)
        for left, right, weight in dense:
            if factors is not None:
                left = (left * factors[:, None, None]).to(left.dtype)
            multiply(left, right, weight)
        if factors is None:
            return
        for module, weight, bias in self.layers:
            bias.mul_(factors[:, None])
            if isinstance(module, Convolution):
                weight.mul_(factors[:, None, None])
