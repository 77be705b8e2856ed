"""The bytes of masks in every encoding of models/prune/encodings, computed where the masks are."""

import math

import torch

ENCODINGS = ("bitmap", "index", "delta", "runs", "rice")


def set_bits(mask, first_word, parameters):
    """The indices of the set bits of a segment."""
    words = mask[first_word : first_word + (parameters + 63) // 64]
    bits = (words.view(torch.uint8).unsqueeze(1) >> torch.arange(8, dtype=torch.uint8, device=mask.device)) & 1
    return torch.nonzero(bits.view(-1)).view(-1)


def leb128(values):
    return sum((values >= 1 << 7 * i).sum() for i in range(1, 5)) + values.numel()


def leb128_size(value):
    return max(1, (value.bit_length() + 6) // 7)


def golomb_parameter(kept, parameters):
    if kept >= parameters:
        return 1
    density = kept / parameters
    return int(min(max(math.ceil(-math.log(2 - density) / math.log1p(-density)), 1), min(parameters, 2**31)))


def encoded_sizes(index, parameters):
    """Bytes in each of ENCODINGS of a mask whose set elements are `index`, ascending: a tensor of five numbers."""
    kept = index.numel()
    width = (max(parameters - 1, 1).bit_length() + 7) // 8
    fixed = [(parameters + 7) // 8, width * kept]
    if kept == 0:
        return torch.tensor(fixed + [0, 0, 0], device=index.device)
    gaps = torch.diff(index, prepend=index.new_full((1,), -1)) - 1
    starts = gaps > 0
    starts[0] = True
    first = torch.nonzero(starts).view(-1)
    lengths = torch.diff(first, append=first.new_full((1,), kept))
    runs = leb128(gaps[first]) + leb128(lengths)
    m = golomb_parameter(kept, parameters)
    low_bits = m.bit_length() - 1
    short_codes = (2 << low_bits) - m
    quotient = torch.div(gaps, m, rounding_mode="floor")
    bits = quotient.sum() + (1 + low_bits) * kept + ((gaps - quotient * m) >= short_codes).sum()
    rice = leb128_size(m) + torch.div(bits + 7, 8, rounding_mode="floor")
    return torch.stack([torch.tensor(v, device=index.device) for v in fixed] + [leb128(gaps), runs, rice])


def sizes_of_mask(mask, plan):
    """For each segment of the plan its kept elements and the bytes in each encoding: a list of lists."""
    rows = []
    for segment in plan.segments:
        index = set_bits(mask, segment.mask_offset, segment.parameters)
        sizes = encoded_sizes(index, segment.parameters)
        rows.append(torch.cat([sizes.new_full((1,), index.numel()), sizes]))
    return torch.stack(rows).tolist()


def message_bytes(rows):
    """What masks with these sizes take on the wire: the smallest encoding of each layer, with its header."""
    smallest = [min(row[1:]) for row in rows]
    return sum(size + 1 + leb128_size(size) for size in smallest)
