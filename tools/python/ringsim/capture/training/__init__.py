"""Training of networks on virtual ranks, whose gradients the pruning engine compresses (tools/capture/train.py)."""
