"""Gradients of virtual ranks: one copy of the weights, a gradient of its own for each rank's part of the batch."""

import copy

import torch

from ringsim.capture.training import one_pass


def small_network(normalised):
    """For tests: a convolution and two dense layers."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(3, 8, 5, stride=4, padding=1),
        nn.BatchNorm2d(8) if normalised else nn.Identity(),
        nn.ReLU(),
        nn.Flatten(),
        nn.LazyLinear(64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def make_network(name):
    """A network for ten classes. "alexnet" and "resnet50" are torchvision's, with its initial weights."""
    if name in ("small", "plain"):
        network = small_network(name == "small")
        network(torch.zeros(2, 3, 16, 16))
        return network
    import torchvision

    return getattr(torchvision.models, name)(num_classes=10)


class Layers:
    """The parameter tensors of a network in one flat buffer. Tensors of one dimension (biases, normalisation) are sent
    whole by every scheme."""

    def __init__(self, network, device):
        self.names, self.shapes, self.sizes, self.offsets = [], [], [], []
        offset = 0
        for name, parameter in network.named_parameters():
            self.names.append(name)
            self.shapes.append(tuple(parameter.shape))
            self.sizes.append(parameter.numel())
            self.offsets.append(offset)
            offset += parameter.numel()
        self.parameters = offset
        self.pruned = [i for i, shape in enumerate(self.shapes) if len(shape) > 1]
        whole = [torch.arange(self.offsets[i], self.offsets[i] + self.sizes[i]) for i in self.whole()]
        self.whole_index = torch.cat(whole).to(device)

    def whole(self):
        return [i for i, shape in enumerate(self.shapes) if len(shape) == 1]

    def view(self, flat, layer):
        return flat[self.offsets[layer] : self.offsets[layer] + self.sizes[layer]]

    def columns(self, rows, layer):
        return rows[:, self.offsets[layer] : self.offsets[layer] + self.sizes[layer]]


def limit_norms(rows, limit):
    """Each row's norm is at most `limit`."""
    rows.mul_((limit / rows.norm(dim=1, keepdim=True)).clamp_max(1))


class RankGradients:
    """`weight` is the flat buffer of all parameters; compute() fills `gradients`, one row per rank. Each rank has
    statistics of batch normalisation of its own, as in PyTorch's DistributedDataParallel; those of rank 0 serve the
    evaluation. `limit` bounds the norm of each rank's gradient.

    One pass serves all ranks where one_pass supports the network. Otherwise ranks are on `streams` streams side by
    side, in bf16 by autocast. On a GPU all passes are one CUDA graph."""

    def __init__(self, network, ranks, batch, resolution, device, streams=4, limit=None):
        self.device, self.ranks, self.on_gpu, self.limit = device, ranks, device.type == "cuda", limit
        network = network.to(device).train()
        self.layers = Layers(network, device)
        self.weight = torch.cat([parameter.detach().reshape(-1) for parameter in network.parameters()])
        parameters = []
        for i, parameter in enumerate(network.parameters()):
            parameter.data = self.layers.view(self.weight, i).view(parameter.shape)
            parameters.append(parameter)
        self.parameters = parameters
        self.gradients = self.new_rows()
        self.networks, self.one_pass = [network], None
        if streams > 0 and one_pass.supports(network):
            self.one_pass = one_pass.OnePass(network, self.layers, self.gradients, limit)
        else:
            self.networks += [self.with_same_parameters(network) for _ in range(ranks - 1)]
        self.losses = torch.zeros(ranks, device=device)
        self.images = torch.zeros(ranks * batch, 3, resolution, resolution, device=device)
        self.labels = torch.zeros(ranks * batch, dtype=torch.long, device=device)
        self.batch = batch
        self.graph = None
        self.streams = [torch.cuda.Stream() for _ in range(streams)] if self.on_gpu and streams > 1 else []
        if self.on_gpu and streams > 0:
            self.capture()

    def new_rows(self):
        """Zeros: a row for each rank, of whole cache lines."""
        width = (self.layers.parameters + 31) // 32 * 32
        return torch.zeros(self.ranks, width, device=self.device)[:, : self.layers.parameters]

    @staticmethod
    def with_same_parameters(network):
        other = copy.deepcopy(network)
        for theirs, own in zip(other.modules(), network.modules()):
            for name, parameter in own._parameters.items():
                theirs._parameters[name] = parameter
        return other

    def one(self, rank):
        own = slice(rank * self.batch, (rank + 1) * self.batch)
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.on_gpu, cache_enabled=False):
            output = self.networks[rank](self.images[own])
            loss = torch.nn.functional.cross_entropy(output.float(), self.labels[own])
        found = torch.autograd.grad(loss, self.parameters)
        torch.cat([gradient.reshape(-1) for gradient in found], out=self.gradients[rank])
        self.losses[rank].copy_(loss.detach())

    def all(self):
        if self.one_pass:
            self.one_pass.run(self.images, self.labels, self.losses, self.on_gpu)
            return
        self.one_by_one()
        if self.limit:
            limit_norms(self.gradients, self.limit)

    def one_by_one(self):
        if not self.streams:
            for rank in range(self.ranks):
                self.one(rank)
            return
        main = torch.cuda.current_stream()
        for stream in self.streams:
            stream.wait_stream(main)
        for rank in range(self.ranks):
            with torch.cuda.stream(self.streams[rank % len(self.streams)]):
                self.one(rank)
        for stream in self.streams:
            main.wait_stream(stream)

    def capture(self):
        self.images.normal_()
        warm = torch.cuda.Stream()
        warm.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(warm):
            for _ in range(3):
                self.all()
        torch.cuda.current_stream().wait_stream(warm)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.all()
        for network in self.networks:
            for module in network.modules():
                if hasattr(module, "reset_running_stats"):
                    module.reset_running_stats()

    def compute(self, images, labels):
        self.images.copy_(images)
        self.labels.copy_(labels)
        if self.graph is None:
            self.all()
        else:
            self.graph.replay()

    @torch.no_grad()
    def accuracy(self, dataset):
        """The share of the evaluation's images whose class is found."""
        network = self.networks[0].eval()
        right = torch.zeros((), dtype=torch.long, device=self.device)
        for at in range(0, len(dataset.test_labels), 1000):
            images = dataset.prepare(dataset.test_images[at : at + 1000])
            with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.on_gpu, cache_enabled=False):
                found = network(images).argmax(1)
            right += (found == dataset.test_labels[at : at + 1000]).sum()
        network.train()
        return right.item() / len(dataset.test_labels)
