"""The random numbers of base/random.hpp: Philox4x32-10, keyed by (seed, purpose, rank, step), so that what was drawn
in a simulation is drawn again. Needs no torch."""

import functools

BROADCASTERS, SAMPLE_START = 3, 17  # of `Purpose`
WORD, LONG = 2**32 - 1, 2**64


def philox4x32_10(counter, key):
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(10):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b & WORD, (a >> 32) ^ c3 ^ k1, a & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


@functools.cache
def key_of(seed, purpose):
    return philox4x32_10((purpose, 0, 0, 0), (seed & WORD, seed >> 32 & WORD))[:2]


class Random:
    """`skip` leaves out so many numbers of 64 bits."""

    def __init__(self, seed, purpose, rank=0, step=0, skip=0):
        self.key = key_of(seed, purpose)
        self.place, self.at = (rank, step & WORD, step >> 32), skip
        self.block = None

    def next(self):
        """Uniform in 0 .. 2^64-1: two words of a block of four."""
        block, second = divmod(self.at, 2)
        if self.block is None or self.block[0] != block:
            self.block = block, philox4x32_10((block, *self.place), self.key)
        self.at += 1
        words = self.block[1]
        return words[2 * second] << 32 | words[2 * second + 1]

    def below(self, bound):
        """Uniform in 0 .. bound-1."""
        while True:
            value = self.next()
            if value >= LONG % bound:
                return value % bound


def broadcasters(seed, step, ranks, count):
    """The ranks whose masks serve in a step, as draw_broadcasters() of models/schemes/shared_mask.cpp finds them."""
    drawn, random = list(range(ranks)), Random(seed, BROADCASTERS, 0, step)
    for i in range(min(count, ranks)):
        other = i + random.below(ranks - i)
        drawn[i], drawn[other] = drawn[other], drawn[i]
    return sorted(drawn[:count])
