"""Weights and gradients of all ranks as safetensors, as `ringsim prune` reads them."""

import pathlib

import torch
import torch.distributed as dist

from ringsim.capture.folder import write_safetensors


def bytes_of(tensor):
    flat = tensor.detach().to(device="cpu", dtype=torch.float32).contiguous().reshape(-1)
    return flat.view(torch.uint8).numpy().tobytes()


def write_virtual_ranks(folder, gradients, number):
    """The weights and the gradients of virtual ranks (training.gradients.RankGradients) in step `number`."""
    layers, folder = gradients.layers, pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shapes = list(zip(layers.names, layers.shapes))
    weights = [(name, shape, bytes_of(layers.view(gradients.weight, i))) for i, (name, shape) in enumerate(shapes)]
    write_safetensors(folder / f"weights-{number}.safetensors", weights)
    rows = [
        (name, (gradients.ranks, *shape), bytes_of(layers.columns(gradients.gradients, i)))
        for i, (name, shape) in enumerate(shapes)
    ]
    write_safetensors(folder / f"gradients-{number}.safetensors", rows)


def is_first(group):
    return group is None or dist.get_rank(group) == 0


def write_weights(folder, named, group):
    if is_first(group):
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        tensors = [
            (name, parameter.shape, bytes_of(parameter)) for name, parameter in named if parameter.grad is not None
        ]
        write_safetensors(pathlib.Path(folder) / "weights.safetensors", tensors)


def write_gradients(folder, named, group, number):
    """A tensor per parameter, whose first extent is the ranks."""
    tensors = []
    for name, parameter in named:
        if parameter.grad is None:
            continue
        own = parameter.grad.detach().float().contiguous()
        everyone = [own]
        if group is not None:
            everyone = [torch.empty_like(own) for _ in range(dist.get_world_size(group))]
            dist.all_gather(everyone, own, group=group)
        if is_first(group):
            tensors.append((name, (len(everyone), *own.shape), b"".join(map(bytes_of, everyone))))
    if is_first(group):
        write_safetensors(pathlib.Path(folder) / f"gradients-{number}.safetensors", tensors)
