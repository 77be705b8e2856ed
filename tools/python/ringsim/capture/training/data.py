"""Fashion-MNIST on the device that trains, and the samples of each rank's batch."""

import gzip
import os
import pathlib

import torch

VALIDATION = 10000  # the last images of the training set, where settings are chosen
MEAN, DEVIATION = 0.2860, 0.3530  # of the training set's pixels, black 0, white 1


def read_idx(path):
    """A file of unsigned bytes in the format of MNIST."""
    data = gzip.decompress(path.read_bytes())
    dimensions = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    values = torch.frombuffer(bytearray(data[4 + 4 * data[3] :]), dtype=torch.uint8)
    return values.view(dimensions)


class Dataset:
    """Images and labels for training and for evaluation. `split`: "test", or "validation", which trains on the first
    50,000 images and evaluates on the last 10,000."""

    def __init__(self, split, device, resolution, limit=None):
        folder = pathlib.Path(os.environ.get("RINGSIM_DATASETS", "/usr/share/datasets")) / "fashion-mnist"
        images, labels = self.read(folder, "train")
        if split == "validation":
            test_images, test_labels = images[-VALIDATION:], labels[-VALIDATION:]
            images, labels = images[:-VALIDATION], labels[:-VALIDATION]
        else:
            test_images, test_labels = self.read(folder, "t10k")
        self.images, self.labels = images[:limit].to(device), labels[:limit].to(device)
        self.test_images, self.test_labels = test_images[:limit].to(device), test_labels[:limit].to(device)
        self.resolution = resolution

    @staticmethod
    def read(folder, name):
        images = read_idx(folder / f"{name}-images-idx3-ubyte.gz")
        return images, read_idx(folder / f"{name}-labels-idx1-ubyte.gz").long()

    def prepare(self, images):
        """Three equal channels of the network's resolution, with mean 0 and deviation 1."""
        scaled = (images.float().unsqueeze(1) / 255 - MEAN) / DEVIATION
        size = (self.resolution, self.resolution)
        scaled = torch.nn.functional.interpolate(scaled, size=size, mode="bilinear", align_corners=False)
        return scaled.expand(-1, 3, -1, -1)


class Sampler:
    """Deals all samples anew in every epoch; what does not fill a batch of every rank is left out."""

    def __init__(self, samples, ranks, batch, seed, device):
        self.samples, self.per_step, self.seed, self.device = samples, ranks * batch, seed, device
        self.steps_per_epoch = samples // self.per_step
        self.epoch = None

    def step(self, step):
        """The samples of all ranks' batches, one rank after the other."""
        epoch, at = divmod(step, self.steps_per_epoch)
        if epoch != self.epoch:
            generator = torch.Generator().manual_seed(self.seed * 1000003 + epoch)
            self.order = torch.randperm(self.samples, generator=generator).to(self.device)
            self.epoch = epoch
        return self.order[at * self.per_step : (at + 1) * self.per_step]
