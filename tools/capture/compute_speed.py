#!/usr/bin/env python3
"""How long forward and backward pass of a few networks take in eager PyTorch, and how many kernels they launch.

Prints CSV: seconds of single steps on an idle GPU (median of 25) and of a step of 20 in a row (least of 3), and what
the host takes to issue one. tf32: matrix products and convolutions; bf16: autocast. No optimizer. Where the GPU has
little to do, step_s over kernels is what a kernel takes at least (kernel_floor of models/profiles/gpus).

Usage: tools/capture/compute_speed.py > docs/measured/compute-GPU.csv"""

import statistics
import time

import torch
from torch import nn

IMAGES = (3, 224, 224)


def torchvision_model(name):
    import torchvision

    return getattr(torchvision.models, name)()


def bert_base():
    import transformers

    return transformers.BertModel(transformers.BertConfig())


def mlp():
    return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


def lenet5():
    pooled = [nn.ReLU(), nn.MaxPool2d(2)]
    layers = [nn.Conv2d(1, 6, 5, padding=2), *pooled, nn.Conv2d(6, 16, 5), *pooled, nn.Flatten()]
    for width, outputs in ((400, 120), (120, 84)):
        layers += [nn.Linear(width, outputs), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(84, 10))


# name: network, shape of a sample (None: 128 tokens), batches
CASES = {
    "mlp": (mlp, (784,), (32,)),
    "lenet5": (lenet5, (1, 28, 28), (32,)),
    "resnet50": (lambda: torchvision_model("resnet50"), IMAGES, (1, 64)),
    "alexnet": (lambda: torchvision_model("alexnet"), IMAGES, (1, 64)),
    "bert-base": (bert_base, None, (1, 32)),
}


def measured(network, inputs, precision):
    """(kernels, seconds of a step, of one in a row, of the host)"""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "fp32"

    def step():
        for parameter in network.parameters():
            parameter.grad = None
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            outputs = network(inputs)
            outputs = outputs if torch.is_tensor(outputs) else outputs[1]
        outputs.float().square().mean().backward()

    def seconds(steps):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        torch.cuda.synchronize()
        begin = time.perf_counter()
        start.record()
        for _ in range(steps):
            step()
        end.record()
        host = time.perf_counter() - begin
        torch.cuda.synchronize()
        return start.elapsed_time(end) / 1e3 / steps, host / steps

    for _ in range(8):
        step()
    single = [seconds(1) for _ in range(25)]
    row = min(seconds(20)[0] for _ in range(3))
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        step()
        torch.cuda.synchronize()
    events = [event for event in profile.events() if "CUDA" in str(event.device_type)]
    kernels = sum("Mem" not in event.name for event in events)
    return kernels, statistics.median(gpu for gpu, _ in single), row, statistics.median(host for _, host in single)


def main():
    print(f"# {torch.cuda.get_device_name(0)}, PyTorch {torch.__version__}")
    print("model,batch,precision,tensors,kernels,step_s,loop_s,host_s")
    for name, (make, shape, batches) in CASES.items():
        network = make().cuda()
        tensors = len(list(network.parameters()))
        for batch in batches:
            size = (batch, *(shape or (128,)))
            inputs = torch.randn(size, device="cuda") if shape else torch.randint(0, 30000, size, device="cuda")
            for precision in ("fp32", "tf32", "bf16"):
                kernels, *times = measured(network, inputs, precision)
                figures = [f"{value:.6f}" for value in times]
                print(name, batch, precision, tensors, kernels, *figures, sep=",", flush=True)


if __name__ == "__main__":
    main()
