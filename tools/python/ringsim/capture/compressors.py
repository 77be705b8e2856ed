"""Compressors in eager PyTorch, as they are usually written: one call after the other, a tensor of its own for each
result.

A compressor has three stages, each over all pieces (tensors, or whole buckets) of a gradient: `encode`, before the
exchange; `between`, between two exchanges, where a scheme has two; `decode`, after the last one, with as many received
payloads as `payloads` says. The exchange is left out: a world of one whose payload is received several times.

`prepare` runs off the clock and forgets what the last repetition left, so that graphs can be replayed."""

import torch

from ringsim.capture.layer_lists import kept_of

MOMENTUM = 0.9


class Compressor:
    """What the schemes share: pieces of the gradient (flat fp32 tensors) and, where `residual`, what was not sent
    yet."""

    stages = ("encode", "decode")
    residual = True
    gathers = True  # payloads of all ranks are received, not their sum
    waits = False  # the host waits for a result: not to be captured in a CUDA graph

    def __init__(self, pieces, settings):
        self.pieces, self.settings = pieces, settings
        self.payloads = [None] * len(pieces)
        self.residuals = [torch.zeros_like(piece) for piece in pieces] if self.residual else None

    def encode(self):
        for i, piece in enumerate(self.pieces):
            if self.residual:
                self.residuals[i].add_(piece)
                piece = self.residuals[i]
            self.payloads[i] = self.compress(piece, i)

    def decode(self):
        received = self.settings.get("payloads", 1)
        for piece, payload in zip(self.pieces, self.payloads):
            if not self.gathers:
                self.restore(piece, payload)
                continue
            piece.zero_()
            for _ in range(received):
                self.add_payload(piece, payload)
            piece.div_(received)


def take(accumulated, index):
    """The values at the index, which leave what was accumulated."""
    values = accumulated[index]
    accumulated.index_fill_(0, index, 0)
    return values


class TopK(Compressor):
    """The largest values by magnitude; values and 32-bit indices of all ranks are gathered."""

    def select(self, residual):
        count = kept_of(residual.numel(), self.settings["density"])
        return torch.topk(residual.abs(), count, sorted=False).indices

    def compress(self, residual, _):
        index = self.select(residual)
        return take(residual, index), index.to(torch.int32)

    def add_payload(self, piece, payload):
        values, index = payload
        piece.index_add_(0, index, values)


class SampledThreshold(TopK):
    """Deep Gradient Compression (Lin et al., 1712.01887): momentum correction, the threshold from a strided sample of
    1 % (of 2048 values at least), what is above it is found with nonzero, momentum factor masking."""

    waits = True
    SAMPLE, LEAST = 0.01, 2048

    def __init__(self, pieces, settings):
        super().__init__(pieces, settings)
        self.velocities = [torch.zeros_like(piece) for piece in pieces]

    def encode(self):
        for i, (piece, velocity, residual) in enumerate(zip(self.pieces, self.velocities, self.residuals)):
            velocity.mul_(MOMENTUM).add_(piece)
            residual.add_(velocity)
            index = self.select(residual)
            values = take(residual, index)
            velocity.index_fill_(0, index, 0)
            self.payloads[i] = values, index.to(torch.int32)

    def select(self, residual):
        importance = residual.abs()
        size = importance.numel()
        stride = max(1, size // max(self.LEAST, int(self.SAMPLE * size)))
        sample = importance[::stride]
        threshold = torch.topk(sample, kept_of(sample.numel(), self.settings["density"]), sorted=False).values.min()
        return torch.nonzero(importance >= threshold).view(-1)


class RandomK(Compressor):
    """Random positions that all ranks draw alike; the values are reduced. `draw`: "permutation" takes the first of a
    random permutation of all positions, as GRACE does; "integers" draws that many positions. (Seeding the generator
    alike is the host's work alone and left out: a generator cannot be seeded in a CUDA graph.)"""

    gathers = False

    def compress(self, residual, _):
        size = residual.numel()
        count = kept_of(size, self.settings["density"])
        if self.settings["draw"] == "permutation":
            index = torch.randperm(size, device=residual.device)[:count]
        else:
            index = torch.randint(size, (count,), device=residual.device)
        return take(residual, index), index

    def restore(self, piece, payload):
        values, index = payload
        piece.zero_()
        piece.index_copy_(0, index, values.div_(1.0))


class CltK(TopK):
    """ScaleCom's CLT-k (Chen et al., 2104.11125), on the rank that leads: its top-k is broadcast, then all ranks'
    values at those positions are reduced."""

    stages = ("encode", "between", "decode")
    gathers = False

    def compress(self, residual, _):
        return self.select(residual).to(torch.int32)

    def between(self):
        for i, residual in enumerate(self.residuals):
            index = self.payloads[i].to(torch.int64)
            self.payloads[i] = take(residual, index), index

    restore = RandomK.restore


def pack(codes, bits):
    """Codes below 2^bits, 8 / bits to a byte."""
    each = 8 // bits
    codes = torch.nn.functional.pad(codes, (0, -codes.numel() % each)).view(-1, each)
    packed = codes[:, 0].clone()
    for i in range(1, each):
        packed.bitwise_or_(codes[:, i] << (bits * i))
    return packed


def unpack(packed, bits, count):
    each = 8 // bits
    codes = [(packed >> (bits * i)) & ((1 << bits) - 1) for i in range(each)]
    return torch.stack(codes, dim=1).view(-1)[:count]


class Signs(Compressor):
    """signSGD with error feedback (Karimireddy et al., 1901.09847): signs and the mean magnitude. `packed`: 8 signs
    to a byte, otherwise a byte each."""

    def compress(self, residual, _):
        scale = residual.abs().mean()
        if self.settings["packed"]:
            positive = (residual >= 0).to(torch.uint8)
            residual.sub_((positive.to(torch.float32) * 2 - 1) * scale)
            return pack(positive, 1), scale
        signs = residual.sign().to(torch.int8)
        residual.sub_(signs * scale)
        return signs, scale

    def add_payload(self, piece, payload):
        signs, scale = payload
        if self.settings["packed"]:
            signs = unpack(signs, 1, piece.numel()).to(torch.float32) * 2 - 1
        piece.add_(signs * scale)


class Qsgd(Compressor):
    """QSGD (Alistarh et al., 1610.02132), s = 7 levels, an L2 norm for each block of 512. `packed`: 4 bits, otherwise a
    byte each."""

    residual = False
    LEVELS, BLOCK = 7, 512

    def compress(self, gradient, _):
        blocks = torch.nn.functional.pad(gradient, (0, -gradient.numel() % self.BLOCK)).view(-1, self.BLOCK)
        norms = blocks.norm(dim=1, keepdim=True)
        scaled = blocks.abs() / norms * self.LEVELS
        level = scaled.floor()
        level = level + (torch.rand_like(scaled) < scaled - level)
        codes = level * blocks.sign()
        if self.settings["packed"]:
            return pack((codes + 8).to(torch.uint8).view(-1), 4), norms
        return codes.to(torch.int8), norms

    def add_payload(self, piece, payload):
        codes, norms = payload
        if self.settings["packed"]:
            codes = unpack(codes, 4, norms.numel() * self.BLOCK).view(-1, self.BLOCK).to(torch.float32) - 8
        values = codes * (norms / self.LEVELS)
        piece.add_(values.view(-1)[: piece.numel()])


class TernGrad(Compressor):
    """TernGrad (Wen et al., 1705.07878): clipped at 2.5 standard deviations, -1, 0 or 1 times the largest magnitude.
    `packed`: 2 bits, otherwise a byte each."""

    residual = False

    def compress(self, gradient, _):
        bound = 2.5 * gradient.std()
        clipped = torch.minimum(torch.maximum(gradient, -bound), bound)
        magnitude = clipped.abs()
        scale = magnitude.max()
        codes = clipped.sign() * (torch.rand_like(clipped) < magnitude / scale)
        if self.settings["packed"]:
            return pack((codes + 1).to(torch.uint8), 2), scale
        return codes.to(torch.int8), scale

    def add_payload(self, piece, payload):
        codes, scale = payload
        if self.settings["packed"]:
            codes = unpack(codes, 2, piece.numel()).to(torch.float32) - 1
        piece.add_(codes * scale)


SCHEMES = {
    "topk": TopK,
    "topk-sampled": SampledThreshold,
    "randomk": RandomK,
    "cltk": CltK,
    "signsgd": Signs,
    "qsgd": Qsgd,
    "terngrad": TernGrad,
}
RECEIVED = (1, 8)
DENSITIES = (0.01, 0.001)


def received_payloads(scheme):
    return RECEIVED if SCHEMES[scheme].gathers else (1,)


def settings_of_all():
    """(scheme, settings) without the number of received payloads, in the order in which they are measured: what
    people use most comes first, should the time run out."""
    found = []
    for density in DENSITIES:
        for granularity in ("tensor", "bucket"):
            sparse = {"granularity": granularity, "density": density}
            found += [
                ("topk", sparse),
                ("topk-sampled", sparse),
                ("randomk", {**sparse, "draw": "permutation"}),
                ("randomk", {**sparse, "draw": "integers"}),
                ("cltk", sparse),
            ]
        if density == DENSITIES[0]:
            for granularity in ("tensor", "bucket"):
                found += [
                    (scheme, {"granularity": granularity, "packed": packed})
                    for scheme in ("signsgd", "qsgd", "terngrad")
                    for packed in (False, True)
                ]
    return found
