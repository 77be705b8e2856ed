#!/usr/bin/env python3
"""A training script, and the three lines that lead from it to a verdict: those that name ringsim.

Usage: torchrun --nproc_per_node 2 example_capture.py   (or python3 example_capture.py, for one process)
Needs torch 1.13 or later, and the package ringsim: pip install ./tools/python
"""
import os

import ringsim.capture
import torch


def main():
    ranks = int(os.environ.get("WORLD_SIZE", 1))
    model = torch.nn.Sequential(torch.nn.Linear(784, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, 10))
    if ranks > 1:
        torch.distributed.init_process_group("gloo")
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = [(torch.randn(32, 784), torch.randint(10, (32,))) for _ in range(50)]

    loader = ringsim.capture.steps(loader, model, "mine", optimizer=optimizer)
    for inputs, labels in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(inputs), labels).backward()
        optimizer.step()

    if int(os.environ.get("RANK", 0)) == 0:  # which has written the folder
        print(ringsim.scan(model="mine", topology="ring8-1g,ring8-10g,ring8-100g", scheme=["dense", "iwp"]))


if __name__ == "__main__":
    main()
