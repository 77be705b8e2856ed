"""Shares that are spread as the models of masks say: min(1, c * exp(sigma * x)), x a standard normal number, by a sum
over fixed nodes with their weights."""
import math

NODES = [-6 + 12 * i / 32 for i in range(33)]
WEIGHTS = [math.exp(-x * x / 2) for x in NODES]
WEIGHTS = [w / sum(WEIGHTS) for w in WEIGHTS]


def probabilities(sigma, share):
    c = share / math.exp(sigma * sigma / 2)
    while True:
        p = [min(1, c * math.exp(sigma * x)) for x in NODES]
        mean = sum(w * q for w, q in zip(WEIGHTS, p))
        if abs(mean - share) <= 1e-9 * share:
            return p
        c *= share / mean
