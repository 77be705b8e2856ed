"""The gradients that are compressed: shapes of layers in the order of the forward pass, and the buckets that PyTorch's
DistributedDataParallel puts them into. Needs the standard library alone."""

import math

MIB = 1 << 20
FLOAT_BYTES = 4
# DDP's defaults: a first bucket of 1 MiB, so that the exchange starts early, then buckets of 25 MiB.
FIRST_BUCKET_BYTES, BUCKET_BYTES = MIB, 25 * MIB
# PowerSGD compresses a matrix where that saves more than this factor (PowerSGDState's min_compression_rate).
POWERSGD_MINIMUM_RATE = 2


def resnet50():
    """The 161 tensors of torchvision's ResNet-50, 1000 classes."""
    shapes = [(64, 3, 7, 7), (64,), (64,)]
    channels = 64
    for stage, blocks in enumerate((3, 4, 6, 3)):
        width = 64 << stage
        for block in range(blocks):
            for shape in ((width, channels, 1, 1), (width, width, 3, 3), (4 * width, width, 1, 1)):
                shapes += [shape, shape[:1], shape[:1]]
            if block == 0:
                shapes += [(4 * width, channels, 1, 1), (4 * width,), (4 * width,)]
            channels = 4 * width
    return shapes + [(1000, channels), (1000,)]


def bert_base(width=768, blocks=12):
    """The 199 tensors of BERT-base with its pooler, as Hugging Face transformers has it."""
    shapes = [(30522, width), (512, width), (2, width), (width,), (width,)]
    for _ in range(blocks):
        shapes += [(width, width), (width,)] * 4 + [(width,), (width,)]
        shapes += [(4 * width, width), (4 * width,), (width, 4 * width), (width,), (width,), (width,)]
    return shapes + [(width, width), (width,)]


def gpt2_small(width=768, blocks=12):
    """The 148 tensors of GPT-2 small with tied embeddings, as Hugging Face transformers has it."""
    shapes = [(50257, width), (1024, width)]
    for _ in range(blocks):
        shapes += [(width,), (width,), (width, 3 * width), (3 * width,), (width, width), (width,)]
        shapes += [(width,), (width,), (width, 4 * width), (4 * width,), (4 * width, width), (width,)]
    return shapes + [(width,), (width,)]


# In the order in which they are measured. Many equal tensors part what a tensor costs from what an element costs.
LAYER_LISTS = {
    "resnet50": resnet50(),
    "tensor-1m": [(1000, 1000)],
    "tensor-100m": [(10000, 10000)],
    "bert-base": bert_base(),
    "tensor-25m": [(5000, 5000)],
    "256-of-64k": [(256, 256)] * 256,
    "gpt2-small": gpt2_small(),
    "tensor-6m": [(2500, 2500)],
    "16-of-1m": [(1024, 1024)] * 16,
}


def elements(shape):
    return math.prod(shape)


def ddp_buckets(shapes, first=FIRST_BUCKET_BYTES, limit=BUCKET_BYTES):
    """Shapes of each bucket, in the order of the exchange: from the last layer to the first, a bucket is closed by the
    tensor that fills it."""
    buckets, bucket, size = [], [], 0
    for shape in reversed(shapes):
        bucket.append(shape)
        size += FLOAT_BYTES * elements(shape)
        if size >= (limit if buckets else first):
            buckets.append(bucket)
            bucket, size = [], 0
    return buckets + ([bucket] if bucket else [])


def as_matrix(shape):
    """Rows and columns of the matrix that PowerSGD takes a tensor for."""
    return shape[0], elements(shape) // shape[0]


def powersgd_compresses(shape, rank):
    rows, columns = as_matrix(shape)
    rank = min(rows, columns, rank)
    return (rows + columns) * rank * POWERSGD_MINIMUM_RATE < rows * columns


def powersgd_counts(buckets, rank, batched=False):
    """What PowerSGD's times grow with: matrices, rows and columns of all matrices times the rank, and elements that
    travel as they are. `batched`: each bucket is one square matrix."""
    matrices = rank_rows = uncompressed = 0
    for bucket in buckets:
        if batched:
            side = math.isqrt(sum(map(elements, bucket)) - 1) + 1
            matrices, rank_rows = matrices + 1, rank_rows + 2 * side * rank
            continue
        for shape in bucket:
            if powersgd_compresses(shape, rank):
                matrices += 1
                rank_rows += sum(as_matrix(shape)) * min(*as_matrix(shape), rank)
            else:
                uncompressed += elements(shape)
    return {"matrices": matrices, "rank_rows": rank_rows, "uncompressed": uncompressed}


def kept_of(piece, density):
    """Values that a sparse scheme keeps of a piece."""
    return max(1, round(density * piece))


def pieces_of(buckets, granularity):
    """Elements of each piece that is compressed by itself, per bucket."""
    sizes = [[elements(shape) for shape in bucket] for bucket in buckets]
    return sizes if granularity == "tensor" else [[sum(bucket)] for bucket in sizes]


def counts_of(buckets, settings):
    """Counts that the times of a scheme with these settings may grow with."""
    pieces = pieces_of(buckets, settings.get("granularity", "bucket"))
    found = {
        "calls": len(buckets),
        "tensors": sum(map(len, buckets)),
        "pieces": sum(map(len, pieces)),
        "elements": sum(map(sum, pieces)),
    }
    if "density" in settings:
        found["kept"] = sum(kept_of(piece, settings["density"]) for bucket in pieces for piece in bucket)
    if "rank" in settings:
        found.update(powersgd_counts(buckets, settings["rank"], settings.get("batched", False)))
    return found
