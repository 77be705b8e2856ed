#!/usr/bin/env python3
"""Writes the model specifications of models/specs/ from the architectures: every parameter tensor with its name, shape
and forward operations, in forward order (models/specs/README.md has the format).

Usage: tools/experiments/model_specs.py [DIR]   (default models/specs)
"""
import json
import pathlib
import sys

NVIDIA_RESNET = "NVIDIA DeepLearningExamples, PyTorch ResNet50 v1.5, one GPU"
NVIDIA_BERT = "NVIDIA DeepLearningExamples, PyTorch BERT, pre-training phase 1, one GPU"


class Model:
    """Collects tensors; a multiply-add counts as two operations."""

    def __init__(self, name, description, sample):
        self.head = {"name": name, "description": description, "sample": sample}
        self.layers, self.times = [], []
        self.buffers = 0

    def add(self, name, shape, flop=0):
        self.layers.append({"name": name, "shape": shape, "forward_flop": flop})

    def product(self, name, shape, positions=1, bias=True):
        """A matrix product or convolution that is taken at so many positions of a sample."""
        size = 1
        for extent in shape:
            size *= extent
        self.add(f"{name}.weight", shape, 2 * size * positions)
        if bias:
            self.add(f"{name}.bias", [shape[0]])

    def norm(self, name, width):
        self.add(f"{name}.weight", [width])
        self.add(f"{name}.bias", [width])

    def batch_norm(self, name, width):
        """With running mean, running variance and the number of batches as buffers."""
        self.norm(name, width)
        self.buffers += 3

    def published(self, gpu, precision, samples_per_second, source):
        self.times.append(
            {"gpu": gpu, "precision": precision, "samples_per_second": samples_per_second, "source": source}
        )

    def write(self, folder):
        head = dict(self.head, **({"buffers": self.buffers} if self.buffers else {}))
        head = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items())
        lists = {"step_times": self.times, "layers": self.layers}
        parts = [
            f"  {json.dumps(key)}: ["
            + ",".join("\n    " + json.dumps(item) for item in items)
            + ("\n  ]" if items else "]")
            for key, items in lists.items()
        ]
        (folder / f"{self.head['name']}.json").write_text("{\n" + ",\n".join([head] + parts) + "\n}\n")


IMAGE = "an image of 3x224x224"


def alexnet():
    model = Model("alexnet", "AlexNet as torchvision has it (Krizhevsky, 1404.5997), 1000 classes", IMAGE)
    for index, shape, side in (
        (0, [64, 3, 11, 11], 55),
        (3, [192, 64, 5, 5], 27),
        (6, [384, 192, 3, 3], 13),
        (8, [256, 384, 3, 3], 13),
        (10, [256, 256, 3, 3], 13),
    ):
        model.product(f"features.{index}", shape, side * side)
    for index, shape in ((1, [4096, 9216]), (4, [4096, 4096]), (6, [1000, 4096])):
        model.product(f"classifier.{index}", shape)
    return model


def vgg16():
    model = Model(
        "vgg16",
        "VGG-16 without batch normalisation (Simonyan & Zisserman, 1409.1556), torchvision's names, 1000 classes",
        IMAGE,
    )
    channels, index, side = 3, 0, 224
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            model.product(f"features.{index}", [width, channels, 3, 3], side * side)
            channels = width
            index += 2
        index += 1
        side //= 2
    for index, shape in ((0, [4096, 512 * 7 * 7]), (3, [4096, 4096]), (6, [1000, 4096])):
        model.product(f"classifier.{index}", shape)
    return model


def resnet(name, description, blocks, classes=1000):
    model = Model(
        name, f"{description} (He et al., 1512.03385), as torchvision has it (v1.5), {classes} classes", IMAGE
    )
    model.product("conv1", [64, 3, 7, 7], 112 * 112, bias=False)
    model.batch_norm("bn1", 64)
    channels, side = 64, 56
    for stage, count in enumerate(blocks):
        width = 64 << stage
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            prefix, inner = f"layer{stage + 1}.{block}", side // stride
            model.product(f"{prefix}.conv1", [width, channels, 1, 1], side * side, bias=False)
            model.batch_norm(f"{prefix}.bn1", width)
            model.product(f"{prefix}.conv2", [width, width, 3, 3], inner * inner, bias=False)
            model.batch_norm(f"{prefix}.bn2", width)
            model.product(f"{prefix}.conv3", [4 * width, width, 1, 1], inner * inner, bias=False)
            model.batch_norm(f"{prefix}.bn3", 4 * width)
            if block == 0:
                model.product(f"{prefix}.downsample.0", [4 * width, channels, 1, 1], inner * inner, bias=False)
                model.batch_norm(f"{prefix}.downsample.1", 4 * width)
            channels, side = 4 * width, inner
    model.product("fc", [classes, channels])
    return model


def bert(name, description, width, blocks, length=128):
    model = Model(
        name,
        f"{description} (Devlin et al., 1810.04805), encoder and pooler, names of Hugging Face transformers",
        f"a sequence of {length} tokens",
    )
    model.add("embeddings.word_embeddings.weight", [30522, width])
    model.add("embeddings.position_embeddings.weight", [512, width])
    model.add("embeddings.token_type_embeddings.weight", [2, width])
    model.norm("embeddings.LayerNorm", width)
    # Scores and their sum of values: two products of length x length x width.
    attention = 2 * 2 * length * length * width
    for block in range(blocks):
        prefix = f"encoder.layer.{block}"
        for what in ("query", "key", "value"):
            model.product(f"{prefix}.attention.self.{what}", [width, width], length)
        # The backward pass comes through the attention to its inputs' weights, of which value's are the last in forward
        # order.
        model.layers[-2]["forward_flop"] += attention
        model.product(f"{prefix}.attention.output.dense", [width, width], length)
        model.norm(f"{prefix}.attention.output.LayerNorm", width)
        model.product(f"{prefix}.intermediate.dense", [4 * width, width], length)
        model.product(f"{prefix}.output.dense", [width, 4 * width], length)
        model.norm(f"{prefix}.output.LayerNorm", width)
    model.product("pooler.dense", [width, width])
    return model


def gpt2(name, description, width, blocks, length=1024, vocabulary=50257):
    model = Model(
        name,
        f"{description} (Radford et al., 2019), tied embeddings, names of Hugging Face transformers",
        f"a sequence of {length} tokens",
    )

    def product(prefix, inputs, outputs, extra=0):  # weights are stored inputs x outputs
        model.add(f"{prefix}.weight", [inputs, outputs], 2 * inputs * outputs * length + extra)
        model.add(f"{prefix}.bias", [outputs])

    model.add("wte.weight", [vocabulary, width])
    model.add("wpe.weight", [length, width])
    for block in range(blocks):
        model.norm(f"h.{block}.ln_1", width)
        product(f"h.{block}.attn.c_attn", width, 3 * width, extra=2 * 2 * length * length * width)
        product(f"h.{block}.attn.c_proj", width, width)
        model.norm(f"h.{block}.ln_2", width)
        product(f"h.{block}.mlp.c_fc", width, 4 * width)
        product(f"h.{block}.mlp.c_proj", 4 * width, width)
    model.norm("ln_f", width)
    # The scores of the vocabulary: their weights are wte's, whose gradient is ready last; the others' wait for the
    # product.
    model.layers[-1]["forward_flop"] = 2 * vocabulary * width * length
    return model


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "models/specs")
    resnet50, wider = (
        resnet(name, "ResNet-50", (3, 4, 6, 3), classes)
        for name, classes in (("resnet50", 1000), ("resnet50-1001", 1001))
    )
    for gpu, precision, rate in (
        ("V100 16GB", "fp32", 367),
        ("V100 16GB", "mixed", 1200),
        ("A100 80GB", "TF32", 938),
        ("A100 80GB", "mixed", 2470),
    ):
        resnet50.published(gpu, precision, rate, NVIDIA_RESNET)
    large = bert("bert-large", "BERT-large", 1024, 24)
    for gpu, precision, rate in (
        ("V100", "fp32", 50),
        ("V100", "mixed", 206.5),
        ("A100", "TF32", 283),
        ("A100", "mixed", 485.6),
    ):
        large.published(gpu, precision, rate, NVIDIA_BERT)
    for model in (
        alexnet(),
        vgg16(),
        resnet50,
        wider,
        resnet("resnet101", "ResNet-101", (3, 4, 23, 3)),
        bert("bert-base", "BERT-base", 768, 12),
        large,
        gpt2("gpt2-small", "GPT-2 small", 768, 12),
        gpt2("gpt2-xl", "GPT-2 XL", 1600, 48),
    ):
        model.write(folder)


if __name__ == "__main__":
    main()
