"""Captures: a few steps of a training, and what compressing costs on a GPU.

In a training script, whose model may be a DistributedDataParallel:

    import ringsim.capture
    loader = ringsim.capture.steps(loader, model, "mine", optimizer=optimizer)
    ...                                                    # the loop as it is; after some 40 steps "mine" is written
    print(ringsim.scan(model="mine", topology="ring8-10g", scheme=["dense", "iwp"]))

or in one call, with a function that makes a step:

    ringsim.capture.run(step, model, "mine")

capture.folder says what is in the folder; needs torch 1.13 or later."""

import itertools

COMPRESSION_SECONDS = 120


def steps(
    loader,
    model,
    folder,
    *,
    optimizer=None,
    count=8,
    warmup=3,
    batch=None,
    gradients=0,
    collectives=False,
    compression=0,
):
    """What `loader` yields, while the first steps are captured; then the hooks are gone and the folder is written.

    model: a torch.nn.Module, or the DistributedDataParallel around it. optimizer: its time is captured, too. count:
    steps of each kind (as they are, with hooks, and with hooks and without the exchange, whose gradients are averaged
    after the backward pass). batch: samples of a rank, where the first tensor of the input does not say it. gradients:
    so many more steps, whose gradients of each rank are written (`ringsim prune`). collectives: all-reduces are timed,
    too (`ringsim calibrate`). compression: so many seconds at the end (True: 120) go to what compressing these layers
    takes on this GPU with PyTorch's hooks and usual compressors, for `ringsim run --model FOLDER --scheme NAME`; the
    other ranks wait."""
    from ringsim.capture.loop import Capture, Steps

    settings = {"count": count, "warmup": warmup, "batch": batch, "gradients": gradients, "collectives": collectives}
    settings["compression"] = COMPRESSION_SECONDS if compression is True else compression
    return Steps(loader, Capture(model, folder, optimizer, settings))


def run(step, model, folder, **settings):
    """Captures steps that `step()` makes, each a forward and a backward pass and what else belongs to one. Settings are
    those of steps(). Returns what capture.json holds."""
    captured = steps(itertools.repeat(None), model, folder, **settings)
    for _ in captured:
        if captured.capture.is_done():
            break
        step()
    return captured.capture.manifest


__all__ = ["run", "steps"]
