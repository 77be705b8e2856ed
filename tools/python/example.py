#!/usr/bin/env python3
"""From a network of torch to the map of who wins where: the last three statements are what a training script adds.

Usage: example.py [MAP.html]   (needs torch, and the package ringsim: pip install ./tools/python)
"""
import sys

import ringsim
import torch


def network():
    """A perceptron that stands for whatever the script trains."""
    widths = (784, 4096, 4096, 10)
    layers = [torch.nn.Linear(inputs, outputs) for inputs, outputs in zip(widths, widths[1:])]
    return torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])


def main():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.randn(32, 784)), torch.randint(10, (32,)))
        loss.backward()
        optimizer.step()

    spec = ringsim.import_model(model, "mine.json")
    scan = ringsim.scan(
        model=spec,
        source="synthetic",
        bucket="ddp",
        scheme=["dense", "iwp"],
        topology="ring",
        latency="5us",
        ranks=[8, 16, 32],
        bandwidth="1Gbps..100Gbps*10",
    )
    print(scan, scan.report(sys.argv[1] if len(sys.argv) > 1 else "map.html"), sep="\n")


if __name__ == "__main__":
    main()
