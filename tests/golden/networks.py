"""Networks and schemes that many configurations have."""

RING = "--topology ring --ranks 4 --bandwidth 1Gbps --latency 5us"
RING8 = "--topology ring --ranks 8 --bandwidth 10Gbps --latency 5us"
EXCHANGE = "run --compute-time 0s --scheme dense"

SCHEMES = {
    "dense": "",
    "iwp": "--density 1/50",
    "magnitude": "--density 1/50",
    "cltk": "--density 1/50",
    "topk": "--density 1/50",
    "randomk": "--density 1/50",
    "qsgd": "",
    "terngrad": "",
    "signsgd": "",
    "powersgd": "",
}
