"""Types of options and results. Made by tools/python/generate.py of `ringsim explain --document schema`: it
is changed in the program."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

Text = str | os.PathLike[str]
Whole = int | str
Real = float | str
Switch = bool | str


class RunOptions(TypedDict, total=False):
    """Options of one run; quantities carry their unit ("10Gbps")."""

    topology: Text
    """FILE|NAME|KIND: the network: a topology file, the name of a shipped one (ringsim list topologies), or a kind
    (ringsim list topology-kinds) with `ranks` hosts. Accepted: a file (with / or .json in its name) or a name. Default:
    ring8-1g."""
    ranks: Whole
    """N: GPUs that train. Accepted: a whole number from 2 to 1048576. Default: all hosts of the topology."""
    bandwidth: str
    """Q: of every link, e.g. 10Gbps. Accepted: a rate such as 10Gbps or 900GBps. Needs `topology` KIND."""
    latency: str
    """Q: of every link, e.g. 5us. Accepted: a time such as 20us. Needs `topology` KIND."""
    backend: Text
    """NAME: what finds the times; auto: recurrence where it is exact, fluid elsewhere. Accepted: auto, recurrence,
    fluid or simgrid. Default: auto."""
    collective: Text
    """NAME: all-reduce algorithm (ringsim list collectives); auto: what the topology's file names ("library"), else
    hierarchical over whole nodes of several GPUs, else ring. Accepted: auto, ring, tree, halving-doubling, pairwise,
    hierarchical, allgather or nccl. Default: auto."""
    directions: Whole
    """1|2: 2 sends half of the buffer the other way. Accepted: a whole number from 1 to 2. Default: 1. Needs
    `collective` ring."""
    channels: Whole
    """C: splits the buffer among so many rings that move together, in each direction. Accepted: a whole number from 1
    to 64. Default: 1. Needs `collective` ring."""
    chunk: str
    """Q: size of the pieces that follow one another, one value or more. Accepted: a size above zero such as 512KiB.
    Default: 512KiB. Needs `collective` tree."""
    reduce_rate: str
    """Q: how fast a host adds up what it receives, where its topology file does not say. Accepted: a rate such as
    10Gbps or 900GBps. Default: in no time."""
    after_outage: Text
    """resume|restart: when a link is up again, a message that was under way goes on where it stopped, or is sent from
    its start. Accepted: resume or restart. Default: resume. Needs a topology with outages."""
    detection_timeout: str
    """Q: how long after a host's death the others notice, and go on without it. Accepted: a time such as 20us. Default:
    10s. Needs a topology whose hosts die."""
    model: Text
    """NAME|FILE|DIR: network to train, or with `source` synthetic a specification, shipped or a file (ringsim list
    models); DIR: a training that ringsim.capture wrote, with its times, buckets, GPU and costs of compressing, which
    options may replace. Accepted: a name, or a file (with / or .json in its name). Default: mlp. Needs `source` train
    or synthetic."""
    source: Text
    """train|synthetic|trace:DIR: where gradients come from: training, or a trace, which is a folder that ringsim prune
    wrote or a shipped one (ringsim list traces); synthetic: none, what is kept is drawn at random. Accepted: train,
    synthetic or trace:DIR. Default: train. Needs no `bytes`."""
    assume: Text
    """independent: masks that ranks select on their own, where a trace has none and a ring adds them up. Accepted:
    independent. Default: an error. Needs `source` trace:DIR `scheme` topk `sparse_sum` ring."""
    bytes: Text
    """Q: a pure exchange of so many bytes of fp32, e.g. 100MB, without a model. Accepted: whole numbers of fp32 values
    are accepted: 4B, 8B, .... Needs `compute_time` Q."""
    steps: Whole
    """N: training steps; or `epochs`. Accepted: a whole number from 1 to 100000000. Default: those of the epochs, or of
    the trace; synthetic: 1."""
    epochs: Real
    """X: passes over the training set, fractions too. Accepted: a number from 1e-06 to 1000000. Default: 1. Needs
    `source` train."""
    batch: Whole
    """N: samples per rank and step. Accepted: a whole number from 1 to 1000000. Default: 32. Needs `source` train or
    synthetic; training, or `compute_time` model."""
    seed: Whole
    """N: of all random numbers; run: several as 1,2,7 or 1..5, each a run, and their mean. Accepted: a whole number.
    Default: 1."""
    optimizer: Text
    """NAME: what makes an update of the mean gradient (ringsim list optimizers). Accepted: sgd, nesterov or adam.
    Default: sgd. Needs `source` train."""
    lr: Real
    """X: learning rate. Accepted: a number from 0 to 1000000. Default: the optimizer's, or the scheme's (ringsim list
    schemes). Needs `source` train."""
    momentum: Real
    """X: momentum; adam: beta1. Accepted: a number from 0 to 0.9999. Default: the optimizer's, or the scheme's. Needs
    `source` train or synthetic, or `bytes`."""
    schedule: Text
    """NAME: learning rate over the run: constant, cosine (to 0) or step (a tenth after half of it, a hundredth after
    three quarters). Accepted: constant, cosine or step. Default: cosine. Needs `source` train."""
    label_skew: Text
    """SKEW: unequal data per rank: none, dirichlet:X (shares of the classes drawn with concentration X: 100 is nearly
    even, 0.1 leaves a rank few classes) or shards:K (K runs of the samples sorted by class). Accepted: none,
    dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole number from 1 to 1000). Default: none. Needs `source`
    train."""
    evaluate: Text
    """test|validation: accuracy on the test set, or on the last 10,000 training samples, which are not trained on then,
    to choose settings by. Accepted: test or validation. Default: test. Needs `source` train."""
    evaluate_every: Whole
    """N: measures the accuracy after every N steps, and after the last. Accepted: a whole number from 1 to 100000000.
    Default: an epoch. Needs training."""
    target_accuracy: Real
    """X: reports when an accuracy of X is first measured (`evaluate_every`). Accepted: a number from 0 to 1. Default:
    none. Needs training."""
    gpu: Text
    """NAME|FILE: the GPU of every rank: how fast it computes and moves memory, what a kernel takes at least, and which
    profiles of compressing were measured on it (ringsim list gpus). Accepted: a100, h100, h200, v100, or a file (with /
    or .json in its name). Default: the topology's, or v100. Needs `compute_time` model, or `compress_time` without a
    time."""
    precision: Text
    """NAME: of computing: which of the GPU's speeds is taken. Accepted: fp32, tf32 or bf16. Default: the GPU's own:
    tf32 where it has that. Needs `source` train or synthetic; `compute_time` model, without `gpu_speed`."""
    gpu_speed: str
    """Q: sustained speed of a GPU. Accepted: a speed such as 9TFLOPS. Default: that of `gpu` at `precision`; V100,
    fp32: 9TFLOPS, 367 ResNet-50 images/s of 24.6 GFLOP. Needs `source` train or synthetic; `compute_time` model."""
    gpu_memory_bandwidth: str
    """Q: how fast a GPU's memory is read and written. Accepted: a rate such as 10Gbps or 900GBps. Default: that of
    `gpu`; V100: 900GBps. Needs `compress_time` model, torch, fused or FILE."""
    gradients: Text
    """TYPE: type in which the backward pass leaves gradients: they are copied and travel in it, and nothing is cast;
    ratios stay against fp32. Accepted: fp32, fp16 or bf16. Default: fp32. Needs `scheme` dense; `source` train or
    synthetic, or `bytes`."""
    compute_time: Text
    """Q|model|FILE: forward and backward pass of one step; model: operations over `gpu_speed`, and no less than its
    kernels take; FILE: measured, when each layer's gradient was ready, as CSV or a trace of the PyTorch profiler; a
    folder: traces of ranks, of whose whole steps the median counts. Accepted: model, a time such as 120ms, a file (with
    /, .csv or .json in its name) or a folder. Default: model."""
    compress_time: Text
    """WHAT: compressing per step: a time Q; model: bytes moved over `gpu_memory_bandwidth`; torch, fused: as measured
    of PyTorch, or of ringsim's engine, on `gpu` (or on another one, and scaled to it); FILE: as measured by ringsim
    bench -o or cost_profile.py. Accepted: model, none, torch, fused, a time such as 20us, or a file (with / or .json in
    its name). Default: torch where `gpu` was measured with the scheme, else model."""
    accumulate: Whole
    """K: a step is K forward and backward passes, of `batch` or `compute_time` each; gradients are exchanged in the
    last one. Accepted: a whole number from 1 to 1000000. Default: 1. Needs a run that does not train; computing that
    takes time."""
    jitter: Real
    """X: spread of the computing time: log-normal with mean 1 and this sigma, per rank and step. Accepted: a number
    from 0 to 10. Default: 0. Needs computing that takes time."""
    bucket: Text
    """ddp|Q: gradients are exchanged in buckets, filled from the last layer on: ddp as PyTorch does (25 MiB, the first
    1 MiB, overshot by up to a tensor), or of at most Q, tensors not split. Accepted: ddp or a size above zero such as
    8MiB. Default: all together, or ddp with `overlap` on."""
    bucket_timeout: str
    """Q: a bucket that is not full goes so long after the one before it, or with its first gradient if that is ready
    later (Horovod's fusion timer). Accepted: a time such as 20us. Default: a bucket goes when it is full. Needs
    `source` train or synthetic; `overlap` on."""
    overlap: Switch
    """on|off: a bucket's exchange begins while the backward pass goes on. Accepted: on or off. Default: on with
    `bucket`. Needs `local_steps` 1."""
    ddp: Switch
    """on|off: what PyTorch's DistributedDataParallel adds to computing, as measured on `gpu`: copies into buckets and
    back, what it launches, slower computing beside exchanges, and hooks that wait for theirs. Accepted: on or off.
    Default: on where `overlap` is on and `gpu` was measured so. Needs `overlap` on, and all ranks in every step."""
    headroom: Switch
    """on|off: dense gradients, in fp32 and in bf16, are timed too, to say how much longer compressing may take until
    they are as fast, and on how fast links they are. Accepted: on or off. Default: on in a run, off in the points of a
    scan. Needs `staleness` 0 and no `quorum`."""
    masks_ahead: Switch
    """on|off: the masks of a bucket are exchanged before the values of the bucket before it; pays seldom
    (docs/scan.md). Accepted: on or off. Default: off. Needs `scheme` iwp, magnitude or cltk; `overlap` on, and all
    ranks in every step."""
    scheme: Text
    """NAME: what is sent (ringsim list schemes). Accepted: dense, iwp, magnitude, cltk, topk, randomk, qsgd, terngrad,
    signsgd or powersgd. Default: iwp."""
    density: Real
    """D: kept share of the pruned layers, e.g. 1/64. Accepted: a number above 0 and at most 1. Default: 1/84. Needs
    `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, or `bytes`."""
    threshold: Text
    """POLICY: density (steered to `density` from step to step), quantile (each rank's own, of a sample in each step),
    fixed:T, or dispersion:K (mean + K stddev). Accepted: fixed:T (T at least 0), dispersion:K, quantile or density.
    Default: density. Needs `scheme` iwp or magnitude; `source` train or synthetic, or `bytes`; `source` train."""
    broadcasters: Whole
    """R: ranks that broadcast a mask in a step. Accepted: a whole number from 1 to 1048576. Default: 4. Needs `scheme`
    iwp or magnitude; `source` train or synthetic, or `bytes`."""
    mask_encoding: Text
    """NAME: how masks travel: auto (the smallest) or one of ringsim list encodings. Accepted: auto, bitmap, index,
    delta, runs, rice or index32. Default: auto. Needs `scheme` iwp, magnitude, cltk or topk."""
    floor: Real
    """X: weights count as at least X times the layer's root mean square in the importance. Accepted: a number from
    1e-09 to 1000000000. Default: 1. Needs `scheme` iwp; `source` train or synthetic, or `bytes`; `source` train."""
    tail: Real
    """X: chance at which a broadcaster keeps a coordinate below the threshold. Accepted: a number from 0 and below 1.
    Default: 0. Needs `scheme` iwp or magnitude; `source` train or synthetic, or `bytes`; `source` train."""
    mask_interval: Whole
    """K: steps that the masks serve. Accepted: a whole number from 1 to 1000000. Default: 1. Needs `scheme` iwp or
    magnitude; `source` train or synthetic, or `bytes`."""
    warmup: Whole
    """EPOCHS: in epoch e of the first ones the density is at least 4^-(e+1). Accepted: a whole number from 0 to 1000.
    Default: 0. Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, or `bytes`; `source`
    train."""
    momentum_correction: Switch
    """on|off: momentum before pruning, on each rank, instead of after. Accepted: on or off. Default: on where momentum
    is above 0 (cltk: off). Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, or
    `bytes`."""
    factor_masking: Switch
    """on|off: with momentum correction, clears the momentum where a gradient was sent (arXiv 1712.01887). Accepted: on
    or off. Default: on. Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train; momentum correction."""
    filter: Real
    """X: share of a step's error that enters the residual; ScaleCom takes 0.1. Accepted: a number from 1e-09 to 1.
    Default: 1. Needs `scheme` cltk; `source` train or synthetic, or `bytes`; `momentum_correction` off."""
    clip: Real
    """X: the norm of a rank's gradient is at most X over the square root of the ranks. Accepted: a number from 1e-09 to
    1000000000. Default: not clipped. Needs `scheme` topk; `source` train or synthetic, or `bytes`."""
    sample: Real
    """X: share of a layer on which its threshold is found. Accepted: a number from 1e-09 to 1. Default: 0.01. Needs
    `scheme` topk; `source` train or synthetic, or `bytes`; `source` train."""
    whole_below: Whole
    """N: layers with fewer parameters are sent whole. Accepted: a whole number. Default: 1024. Needs `scheme` iwp,
    magnitude, cltk, topk or randomk; `source` train or synthetic, or `bytes`."""
    rank: Whole
    """N: rank of the products that stand for matrices. Accepted: a whole number from 1 to 1000000. Default: 4. Needs
    `scheme` powersgd; `source` train or synthetic, or `bytes`."""
    values: Text
    """TYPE: type of the values that travel, rounded at every hop of an all-reduce. Accepted: fp32, fp16 or bf16.
    Default: fp32. Needs `scheme` dense, iwp, magnitude, cltk, topk, randomk or powersgd; `source` train or synthetic,
    or `bytes`."""
    sparse_sum: Text
    """all-gather|ring: all-gather the ranks' values, or add them up on a ring, where the sum grows denser. Accepted:
    all-gather or ring. Default: all-gather. Needs `scheme` topk."""
    engine: Text
    """NAME: what prunes: auto or one of ringsim list engines; results do not depend on it. Accepted: auto, cuda,
    avx512, avx2 or scalar. Default: auto. Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train."""
    levels: Whole
    """N: levels of a magnitude besides 0. Accepted: a whole number from 1 to 32767. Default: 7 (4 bits a value). Needs
    `scheme` qsgd; `source` train or synthetic, or `bytes`."""
    block: Whole
    """N: values that share a scale. Accepted: a whole number from 1 on. Default: 512 (the paper's). Needs `scheme`
    qsgd; `source` train or synthetic, or `bytes`."""
    clip_deviations: Real
    """X: gradients are limited to X standard deviations of their layer. Accepted: a number from 1e-09 to 1000000000.
    Default: 2.5 (the paper's). Needs `scheme` terngrad; `source` train."""
    vote: Text
    """auto|all-gather|pairwise: all signs go to all ranks, or those of a chunk to its owner, which sends the majority's
    back; auto: what sends less. Accepted: auto, all-gather or pairwise. Default: auto. Needs `scheme` signsgd; `source`
    train or synthetic, or `bytes`."""
    staleness: Whole
    """S: a rank may begin step t once it has applied step t-1-S, while later exchanges go on; 0: every step waits for
    its exchange. Accepted: a whole number from 0 to 10000. Default: 0. Needs training."""
    quorum: Whole
    """Q: an exchange starts when Q ranks are ready; the others contribute nothing to it and keep their residual.
    Accepted: a whole number from 1 to 1048576. Default: all ranks. Needs training."""
    local_steps: Whole
    """H: ranks train apart and exchange how far their weights have moved every H steps; 1: they exchange gradients.
    Accepted: a whole number from 1 to 1000000. Default: 1. Needs training; `staleness` 0 and no `quorum`."""
    delay_scaling: Switch
    """on|off: a gradient of delay d > 1 counts a d-th (arXiv 1511.05950). Accepted: on or off. Default: off. Needs
    training; `staleness` S; `staleness` of 2 or more."""
    delay_compensation: Real
    """X: adds X*g*g*(change of the weights since they were read) to a late gradient g (arXiv 1609.08326, which takes
    0.04). Accepted: a number from 0 to 1000000. Default: nothing. Needs training; `staleness` S."""
    fresh_error: Switch
    """on|off: error and cosine in layers.csv compare with gradients computed anew with the weights before the step's
    update, which doubles the work; off: with those that were computed. Accepted: on or off. Default: off. Needs
    training; `staleness` S."""


class ScanOptions(TypedDict, total=False):
    """Options of a scan: each takes a value, several, or a range ("1..5", "1Gbps..100Gbps*10")."""

    topology: Text | Iterable[Text]
    ranks: Whole | Iterable[Whole]
    bandwidth: str | Iterable[str]
    latency: str | Iterable[str]
    backend: Text | Iterable[Text]
    collective: Text | Iterable[Text]
    directions: Whole | Iterable[Whole]
    channels: Whole | Iterable[Whole]
    chunk: str | Iterable[str]
    reduce_rate: str | Iterable[str]
    after_outage: Text | Iterable[Text]
    detection_timeout: str | Iterable[str]
    model: Text | Iterable[Text]
    source: Text | Iterable[Text]
    assume: Text | Iterable[Text]
    bytes: Text | Iterable[Text]
    steps: Whole | Iterable[Whole]
    epochs: Real | Iterable[Real]
    batch: Whole | Iterable[Whole]
    seed: Whole | Iterable[Whole]
    optimizer: Text | Iterable[Text]
    lr: Real | Iterable[Real]
    momentum: Real | Iterable[Real]
    schedule: Text | Iterable[Text]
    label_skew: Text | Iterable[Text]
    evaluate: Text | Iterable[Text]
    evaluate_every: Whole | Iterable[Whole]
    target_accuracy: Real | Iterable[Real]
    gpu: Text | Iterable[Text]
    precision: Text | Iterable[Text]
    gpu_speed: str | Iterable[str]
    gpu_memory_bandwidth: str | Iterable[str]
    gradients: Text | Iterable[Text]
    compute_time: Text | Iterable[Text]
    compress_time: Text | Iterable[Text]
    accumulate: Whole | Iterable[Whole]
    jitter: Real | Iterable[Real]
    bucket: Text | Iterable[Text]
    bucket_timeout: str | Iterable[str]
    overlap: Switch | Iterable[Switch]
    ddp: Switch | Iterable[Switch]
    headroom: Switch | Iterable[Switch]
    masks_ahead: Switch | Iterable[Switch]
    scheme: Text | Iterable[Text]
    density: Real | Iterable[Real]
    threshold: Text | Iterable[Text]
    broadcasters: Whole | Iterable[Whole]
    mask_encoding: Text | Iterable[Text]
    floor: Real | Iterable[Real]
    tail: Real | Iterable[Real]
    mask_interval: Whole | Iterable[Whole]
    warmup: Whole | Iterable[Whole]
    momentum_correction: Switch | Iterable[Switch]
    factor_masking: Switch | Iterable[Switch]
    filter: Real | Iterable[Real]
    clip: Real | Iterable[Real]
    sample: Real | Iterable[Real]
    whole_below: Whole | Iterable[Whole]
    rank: Whole | Iterable[Whole]
    values: Text | Iterable[Text]
    sparse_sum: Text | Iterable[Text]
    engine: Text | Iterable[Text]
    levels: Whole | Iterable[Whole]
    block: Whole | Iterable[Whole]
    clip_deviations: Real | Iterable[Real]
    vote: Text | Iterable[Text]
    staleness: Whole | Iterable[Whole]
    quorum: Whole | Iterable[Whole]
    local_steps: Whole | Iterable[Whole]
    delay_scaling: Switch | Iterable[Switch]
    delay_compensation: Real | Iterable[Real]
    fresh_error: Switch | Iterable[Switch]


@dataclass(frozen=True)
class SecondsPerStep:
    """What a step's time goes to: means over the steps, on the rank that finishes last (of those that finish together,
    the one that was ready last)."""

    compute: float
    """[s] Mean of `compute_s` of `steps.csv`."""

    compress: float
    """[s] Mean of `compress_s` of `steps.csv`."""

    exchange: float
    """[s] Mean of `exchange_s` of `steps.csv`."""

    exposed_exchange: float
    """[s] Mean of `exposed_exchange_s` of `steps.csv`."""

    total: float
    """[s] Mean of `total_s` of `steps.csv`: compute + compress + exposed exchange."""


@dataclass(frozen=True)
class Basis:
    """How these times are known."""

    compute: str
    """`measured` (a time or a file was given) or `modelled` (operations over the speed of the GPU, and no less than its
    kernels take)."""

    compress: str | None
    """`measured` (on this GPU; or a time was given), `extrapolated` (on another GPU or at another rank, and scaled) or
    `modelled` (bytes moved over the bandwidth of the memory). Null where nothing is compressed, or that takes no
    time."""

    exchange: str
    """`calibrated` (the topology's links were fitted to measured times), `extrapolated` (to others than these: of other
    sizes, ranks or operations) or `modelled` (latency and bandwidth)."""


@dataclass(frozen=True)
class HeadroomSeconds:
    """How much longer compressing may take per step until the same run with dense gradients is as fast."""

    dense_fp32: float | None
    """[s] Until dense fp32 is as fast; below 0, by how much that is faster. Null where nothing is compressed, times
    feed back into training, hosts die, or `--headroom` is off."""

    dense_bf16: float | None
    """[s] As `dense_fp32`, until dense bf16 is, whose casts take what they take by default (`--compress-time`)."""


@dataclass(frozen=True)
class EqualAtBandwidth:
    """How fast the slowest link would be, all links being as many times as fast as they are, where the same run with
    dense gradients is as fast."""

    slowest_link: float | None
    """[bytes/s] What the slowest link has. Null where `headroom_seconds` is."""

    dense_fp32: float | None
    """[bytes/s] Where dense fp32 is as fast. Above `slowest_link` where this run is faster, and up to there; below it
    where dense is. Null where they do not meet from a thousandth to a thousand times the bandwidth."""

    dense_bf16: float | None
    """[bytes/s] As `dense_fp32`, where dense bf16 is."""


@dataclass(frozen=True)
class BytesSentPerRank:
    """Bytes sent in the whole run, the mean over the ranks."""

    values: float
    """[bytes] Sum of `values_bytes` of `steps.csv`, over the number of ranks."""

    masks: float
    """[bytes] Sum of `masks_bytes` of `steps.csv`, over the number of ranks."""

    headers: float
    """[bytes] Sum of `headers_bytes` of `steps.csv`, over the number of ranks."""

    total: float
    """[bytes] Sum of `total_bytes` of `steps.csv`, over the number of ranks."""


@dataclass(frozen=True)
class CompressionRatio:
    """How many times less was sent than without compression, over the whole run."""

    kept: float | None
    """[x] Parameters over kept parameters (`kept` of `layers.csv`), over all steps."""

    values: float | None
    """[x] The bytes that dense fp32 sends on a ring, over the bytes of values that this run sent, whatever its
    collective. Null where it sent none."""

    wire: float | None
    """[x] The bytes that dense fp32 sends on a ring, over all bytes that this run sent: values, masks and headers."""

    wire_after_warmup: float | None
    """[x] As `wire`, without the steps of the warm-up (`--warmup`). Null where no step is left."""


@dataclass(frozen=True)
class StalenessSteps:
    """How old the parameters' last updates are, and how late updates are applied."""

    mean: float | None
    """[steps] Mean age of all parameters at the end of the run (`staleness.csv`): how many steps before the last one a
    parameter was last sent. Null where nothing is trained."""

    p50: float | None
    """[steps] Median of these ages, by nearest rank."""

    p95: float | None
    """[steps] 95th percentile of these ages, by nearest rank."""

    max: float | None
    """[steps] The largest of these ages."""

    delay_mean: float | None
    """[steps] Mean over the steps of `delay_steps` of `steps.csv`."""

    delay_max: float | None
    """[steps] The largest `delay_max_steps` of `steps.csv`."""


@dataclass(frozen=True)
class Target:
    """When the accuracy of `--target-accuracy` was first measured (`--evaluate-every`). Null without that option."""

    accuracy: float
    """[1] The accuracy that was asked for."""

    steps: int | None
    """[steps] How many steps it took until it was first measured. Null where it never was."""

    seconds: float | None
    """[s] The simulated time at the end of that step. Null where it never was."""


@dataclass(frozen=True)
class Bottleneck:
    """What the critical path spends most of its time on: the chain of delays and messages without a gap that ends with
    the run. Null where nothing takes time."""

    kind: str
    """What most time of the critical path goes to: `link` (bytes flow), `latency`, `compute`, `compress`, `reduce`
    (adding up) or `failure` (until a death was noticed)."""

    name: str
    """The link or rank that most of this time goes to. A message counts for the link of its route that is used most in
    relation to its capacity."""

    share: float
    """[1] The share of `kind` in the critical path."""


@dataclass(frozen=True)
class ProvenanceInputs:
    """The files that the run read, a list."""

    name: str
    """The file, as it was named or found."""

    sha256: str
    """The SHA-256 of its bytes, in hexadecimal."""


@dataclass(frozen=True)
class Provenance:
    """What made this result."""

    version: str
    """The version of ringsim."""

    command: str
    """The command line, as it was typed."""

    seed: int
    """The seed of all random numbers (`--seed`)."""

    inputs: list[ProvenanceInputs]
    """The files that the run read, a list."""


@dataclass(frozen=True)
class Figures:
    """What a run reports, as a point of a scan has it."""

    ranks: int
    """[ranks] The number of ranks: GPUs that train together."""

    scheme: str
    """How gradients are compressed (`--scheme`; `ringsim list schemes`)."""

    collective: str
    """The algorithm of the all-reduce (`--collective`). With `nccl` also what its calls became, each once, as
    algorithm/protocol: `nccl: ring/LL128 + tree/LL` (`ring`, `tree` or `nvls`; `LL`, `LL128` or `Simple`)."""

    backend: str
    """What timed the messages: the backend that ran (`--backend`)."""

    steps: int
    """[steps] The number of steps."""

    simulated_seconds: float
    """[s] The simulated time when the last rank ends its last step."""

    seconds_per_step: SecondsPerStep
    """What a step's time goes to: means over the steps, on the rank that finishes last (of those that finish together,
    the one that was ready last)."""

    basis: Basis
    """How these times are known."""

    headroom_seconds: HeadroomSeconds
    """[s] How much longer compressing may take per step until the same run with dense gradients is as fast."""

    equal_at_bandwidth: EqualAtBandwidth
    """How fast the slowest link would be, all links being as many times as fast as they are, where the same run with
    dense gradients is as fast."""

    bytes_sent_per_rank: BytesSentPerRank
    """Bytes sent in the whole run, the mean over the ranks."""

    compression_ratio: CompressionRatio
    """How many times less was sent than without compression, over the whole run."""

    density: float | None
    """[1] Kept parameters over all parameters, over all steps: 1 / `compression_ratio.kept`."""

    staleness_steps: StalenessSteps
    """How old the parameters' last updates are, and how late updates are applied."""

    left_out_ranks: float | None
    """[ranks] How many ranks' gradients came too late for a step's exchange, the mean over the steps. Null without
    `--quorum`."""

    target: Target | None
    """When the accuracy of `--target-accuracy` was first measured (`--evaluate-every`). Null without that option."""

    bottleneck: Bottleneck | None
    """What the critical path spends most of its time on: the chain of delays and messages without a gap that ends with
    the run. Null where nothing takes time."""

    accuracy: float | None
    """[1] Share of the test set that is classified correctly after the last step. Null where nothing is trained."""

    loss: float | None
    """[nats] Training loss (cross-entropy) of the last step: the mean over the ranks' batches, before the update. Null
    where nothing is trained."""


@dataclass(frozen=True)
class Summary(Figures):
    """summary.json: all figures, the inputs' hashes and the command."""

    wall_seconds: float
    """[s] How long the simulation itself took on this machine."""

    provenance: Provenance
    """What made this result."""


@dataclass(frozen=True)
class Step:
    """A row of steps.csv: times and bytes by kind, delay of the update, loss, accuracy. One row per step."""

    step: int
    """The step, from 0."""

    start_s: float
    """[s] When the step before ended on the rank that holds up the run: the one that finishes last, and of those that
    finish together the one that was ready last. Where steps overlap, when it has applied the update before."""

    compute_s: float
    """[s] How long that rank computes in the step. Where steps overlap, how long it computes between start and end of
    the step, for whichever step."""

    compress_s: float
    """[s] How long that rank compresses (selects, encodes, packs, unpacks, decodes) while it does not compute."""

    exchange_s: float
    """[s] From the start of the step's first transfer to the end of its last one, over all ranks. Where a host died,
    this is the exchange that ended."""

    exposed_exchange_s: float
    """[s] How long that rank neither computes nor compresses: the part of the exchange that nothing hides."""

    total_s: float
    """[s] How long the step lasts on that rank: `compute_s` + `compress_s` + `exposed_exchange_s`."""

    values_bytes: int
    """[bytes] Bytes of gradient values that all ranks together send in the step, in all hops of the collectives."""

    masks_bytes: int
    """[bytes] Bytes that say which parameters the values belong to (encoded masks, indices), sent by all ranks
    together."""

    headers_bytes: int
    """[bytes] Bytes of the headers of mask encodings, of the scales of quantized values and of the messages that tell
    who is ready (`--quorum`), sent by all ranks together."""

    total_bytes: int
    """[bytes] All bytes that all ranks together send in the step: values, masks and headers."""

    delay_steps: float | None
    """[steps] The delay of the step's update: how many updates were applied between the reading of the weights that a
    gradient was computed with and the application of the update that it is in; the mean over the ranks whose gradients
    the update takes. It is 0 where every step waits for its exchange."""

    delay_max_steps: int | None
    """[steps] The largest delay among the gradients that the step's update takes."""

    left_out_ranks: list[int] | None
    """The ranks whose gradients came too late for the step's exchange (of one bucket at least), separated by blanks.
    Empty where none did, and without `--quorum`."""

    loss: float | None
    """[nats] Training loss (cross-entropy): the mean over the ranks' batches, before the update. Empty where nothing is
    trained."""

    accuracy: float | None
    """[1] Share of the test set that is classified correctly after the step. Empty where it was not measured: it is
    measured after every epoch, or as `--evaluate-every` says, and after the last step."""


@dataclass(frozen=True)
class Layer:
    """A row of layers.csv: threshold, kept share, importance, age, error, overlap. One row per step and layer."""

    step: int
    """The step, from 0."""

    layer: str
    """The layer's name."""

    parameters: int
    """[parameters] How many parameters the layer has."""

    threshold: float | None
    """[1] The threshold of the selection: on the importance with `iwp`, on |r| in units of the layer's root mean square
    weight with `magnitude`, on |r| itself with `cltk`. It is the mean over the broadcasters where each has its own.
    Empty where no threshold selects, as in the steps between two masks (`--mask-interval`), and where sizes are
    drawn."""

    kept: int
    """[parameters] Parameters of which a rank sends a value. Where ranks send different ones it is the mean over the
    ranks, rounded."""

    density: float
    """[1] `kept` over `parameters`."""

    importance_mean: float | None
    """[1] Mean of the importance over all parameters of the layer and all broadcasters. The importance is what the
    threshold is compared with. Empty where nothing is selected by importance in the step."""

    importance_stddev: float | None
    """[1] Standard deviation of the importance, over the same parameters."""

    age_mean_steps: float | None
    """[steps] Mean age of the layer's parameters after the step. The age is how many steps ago a parameter was last
    sent; the number of steps so far where it never was. Where ranks send different parameters, and with `--quorum`,
    each parameter counts on each rank. Empty where nothing is trained."""

    age_p95_steps: float | None
    """[steps] 95th percentile of these ages, by nearest rank."""

    age_max_steps: float | None
    """[steps] The largest of these ages."""

    error: float | None
    """[1] Norm of the difference between the layer's update and the one that the same optimizer makes of the dense mean
    gradient, over the norm of the latter. Empty where nothing is trained or the latter is 0."""

    cosine: float | None
    """[1] Cosine of the angle between these two updates. Empty where nothing is trained or one of them is 0."""

    mask_overlap: float | None
    """[1] Share of the kept parameters that the step before kept too; by chance it would be the density of the step
    before. Empty in the first step, where nothing is kept and where nothing is trained."""


@dataclass(frozen=True)
class Link:
    """A row of links.csv: bytes, busy time, utilization. One row per link and direction."""

    link: str
    """The link's name; each direction is a link of its own."""

    bytes: int
    """[bytes] Bytes that passed the link during the run, with what had passed of messages that a death broke off."""

    busy_s: float
    """[s] How long bytes flowed on the link."""

    utilization: float
    """[1] `bytes` over what the link could have carried: its bandwidth integrated over the run."""


@dataclass(frozen=True)
class StalenessCount:
    """A row of staleness.csv: how many parameters were last sent so many steps ago. One row per layer and age."""

    layer: str
    """The layer's name."""

    age_steps: int
    """[steps] An age at the end of the run: how many steps before the last one a parameter was last sent; the number of
    steps of the run where it never was."""

    parameters: int
    """[parameters] How many parameters of the layer have this age, at least one. Where ranks send different parameters,
    and with `--quorum`, each parameter counts on each rank."""


@dataclass(frozen=True)
class Transfer:
    """A row of transfers.csv: from where to where, bytes, start and end. One row per message."""

    step: int
    """The step that the message belongs to, from 0."""

    phase: str
    """The exchange of the step that the message belongs to: `masks`; `values` (with their indices, where they travel
    together); `whole` (layers that the scheme does not compress); `p` and `q` (factors of matrices); `ready` (who is
    ready, with `--quorum`)."""

    bucket: int
    """The bucket that is exchanged, from 0; 0 where there are no buckets."""

    round: int
    """The round of the collective that the message belongs to, from 0."""

    source: int
    """The rank that sends."""

    target: int
    """The rank that receives."""

    bytes: int
    """[bytes] The size of the message."""

    start_s: float
    """[s] When both sides had posted the message; its latency begins."""

    end_s: float
    """[s] When its last byte arrived."""


@dataclass(frozen=True)
class Fault:
    """A row of faults.csv: when it died and was noticed, the step, what was lost. One row per death of a host."""

    rank: int
    """The rank that died, by its number before any death."""

    died_s: float
    """[s] When its host died."""

    detected_s: float
    """[s] When the others noticed it and began a step again."""

    step: int
    """The step, from 0, that was begun again without the rank."""

    lost_mass: float | None
    """[1] Sum of the absolute values of the gradients that the rank had kept back and that are lost with it, its
    gradient of that step included. It is 0 with schemes that keep nothing back, and empty where no values are known."""


@dataclass(frozen=True)
class TraceLayer:
    """A row of trace_layers.csv: what each rank selected, and the bytes of its mask. One row per step, rank and
    layer."""

    step: int
    """The step, from 0: the number of the dump."""

    rank: int
    """The rank whose gradient it is."""

    layer: str
    """The layer's name."""

    parameters: int
    """[parameters] How many parameters the layer has."""

    threshold: float | None
    """[1] The rank's threshold on the importance. Empty where the layer is sent whole."""

    kept: int
    """[parameters] How many parameters the rank itself selected: all where the layer is sent whole, 0 where it selected
    nothing (`--mask-interval`)."""

    density: float
    """[1] `kept` over `parameters`."""

    broadcasts: bool
    """1 where the other ranks got this rank's mask in this step, else 0."""

    sent: int
    """[parameters] How many parameters every rank sends: the union of the masks that were broadcast last."""

    sampled: int | None
    """[parameters] How many parameters the rank judged its threshold by, in a pass of its own over what it had
    accumulated. Empty where the pass that accumulates selects, too."""

    bitmap_bytes: int | None
    """[bytes] The rank's own mask with a bit for each parameter. Empty where the layer is sent whole, as the following
    are."""

    index_bytes: int | None
    """[bytes] The rank's own mask as indices, all in the fewest whole bytes that hold the largest one."""

    delta_bytes: int | None
    """[bytes] The rank's own mask as gaps between indices, each in as many bytes (LEB128) as it needs."""

    runs_bytes: int | None
    """[bytes] The rank's own mask as lengths of runs of unset and set bits in turn (LEB128)."""

    rice_bytes: int | None
    """[bytes] The rank's own mask as gaps between indices in Golomb-Rice code."""


@dataclass(frozen=True)
class CalibrationPoint:
    """A row of points.csv: measured and fitted time, error. One row per size of the measured table."""

    size_bytes: int
    """[bytes] The size, as the measured table has it."""

    message_bytes: float
    """[bytes] The size of each message that the operation makes of it."""

    measured_s: float
    """[s] How long the operation took: the median, where the size was measured several times."""

    fitted_s: float
    """[s] How long it takes by the fitted links."""

    error: float
    """[1] `fitted_s` / `measured_s` - 1."""

    piece: int
    """The piece of the links' model that the messages' size falls into, from 0."""

    held_out: bool
    """1 where the size was not fitted but held out to see the error (`--holdout`), else 0."""


# What is said of each option, by its name in Python.
OPTIONS: dict[str, str] = {
    "topology": (
        "FILE|NAME|KIND: the network: a topology file, the name of a shipped one (ringsim list topologies), or a "
        "kind (ringsim list topology-kinds) with `ranks` hosts. Accepted: a file (with / or .json in its name) or"
        " a name. Default: ring8-1g."
    ),
    "ranks": "N: GPUs that train. Accepted: a whole number from 2 to 1048576. Default: all hosts of the topology.",
    "bandwidth": "Q: of every link, e.g. 10Gbps. Accepted: a rate such as 10Gbps or 900GBps. Needs `topology` KIND.",
    "latency": "Q: of every link, e.g. 5us. Accepted: a time such as 20us. Needs `topology` KIND.",
    "backend": (
        "NAME: what finds the times; auto: recurrence where it is exact, fluid elsewhere. Accepted: auto, "
        "recurrence, fluid or simgrid. Default: auto."
    ),
    "collective": (
        'NAME: all-reduce algorithm (ringsim list collectives); auto: what the topology\'s file names ("library"),'
        " else hierarchical over whole nodes of several GPUs, else ring. Accepted: auto, ring, tree, halving-"
        "doubling, pairwise, hierarchical, allgather or nccl. Default: auto."
    ),
    "directions": (
        "1|2: 2 sends half of the buffer the other way. Accepted: a whole number from 1 to 2. Default: 1. Needs "
        "`collective` ring."
    ),
    "channels": (
        "C: splits the buffer among so many rings that move together, in each direction. Accepted: a whole number"
        " from 1 to 64. Default: 1. Needs `collective` ring."
    ),
    "chunk": (
        "Q: size of the pieces that follow one another, one value or more. Accepted: a size above zero such as "
        "512KiB. Default: 512KiB. Needs `collective` tree."
    ),
    "reduce_rate": (
        "Q: how fast a host adds up what it receives, where its topology file does not say. Accepted: a rate such"
        " as 10Gbps or 900GBps. Default: in no time."
    ),
    "after_outage": (
        "resume|restart: when a link is up again, a message that was under way goes on where it stopped, or is "
        "sent from its start. Accepted: resume or restart. Default: resume. Needs a topology with outages."
    ),
    "detection_timeout": (
        "Q: how long after a host's death the others notice, and go on without it. Accepted: a time such as 20us."
        " Default: 10s. Needs a topology whose hosts die."
    ),
    "model": (
        "NAME|FILE|DIR: network to train, or with `source` synthetic a specification, shipped or a file (ringsim "
        "list models); DIR: a training that ringsim.capture wrote, with its times, buckets, GPU and costs of "
        "compressing, which options may replace. Accepted: a name, or a file (with / or .json in its name). "
        "Default: mlp. Needs `source` train or synthetic."
    ),
    "source": (
        "train|synthetic|trace:DIR: where gradients come from: training, or a trace, which is a folder that "
        "ringsim prune wrote or a shipped one (ringsim list traces); synthetic: none, what is kept is drawn at "
        "random. Accepted: train, synthetic or trace:DIR. Default: train. Needs no `bytes`."
    ),
    "assume": (
        "independent: masks that ranks select on their own, where a trace has none and a ring adds them up. "
        "Accepted: independent. Default: an error. Needs `source` trace:DIR `scheme` topk `sparse_sum` ring."
    ),
    "bytes": (
        "Q: a pure exchange of so many bytes of fp32, e.g. 100MB, without a model. Accepted: whole numbers of "
        "fp32 values are accepted: 4B, 8B, .... Needs `compute_time` Q."
    ),
    "steps": (
        "N: training steps; or `epochs`. Accepted: a whole number from 1 to 100000000. Default: those of the "
        "epochs, or of the trace; synthetic: 1."
    ),
    "epochs": (
        "X: passes over the training set, fractions too. Accepted: a number from 1e-06 to 1000000. Default: 1. "
        "Needs `source` train."
    ),
    "batch": (
        "N: samples per rank and step. Accepted: a whole number from 1 to 1000000. Default: 32. Needs `source` "
        "train or synthetic; training, or `compute_time` model."
    ),
    "seed": (
        "N: of all random numbers; run: several as 1,2,7 or 1..5, each a run, and their mean. Accepted: a whole "
        "number. Default: 1."
    ),
    "optimizer": (
        "NAME: what makes an update of the mean gradient (ringsim list optimizers). Accepted: sgd, nesterov or "
        "adam. Default: sgd. Needs `source` train."
    ),
    "lr": (
        "X: learning rate. Accepted: a number from 0 to 1000000. Default: the optimizer's, or the scheme's "
        "(ringsim list schemes). Needs `source` train."
    ),
    "momentum": (
        "X: momentum; adam: beta1. Accepted: a number from 0 to 0.9999. Default: the optimizer's, or the "
        "scheme's. Needs `source` train or synthetic, or `bytes`."
    ),
    "schedule": (
        "NAME: learning rate over the run: constant, cosine (to 0) or step (a tenth after half of it, a hundredth"
        " after three quarters). Accepted: constant, cosine or step. Default: cosine. Needs `source` train."
    ),
    "label_skew": (
        "SKEW: unequal data per rank: none, dirichlet:X (shares of the classes drawn with concentration X: 100 is"
        " nearly even, 0.1 leaves a rank few classes) or shards:K (K runs of the samples sorted by class). "
        "Accepted: none, dirichlet:X (X from 0.001 to 1e6) or shards:K (K a whole number from 1 to 1000). "
        "Default: none. Needs `source` train."
    ),
    "evaluate": (
        "test|validation: accuracy on the test set, or on the last 10,000 training samples, which are not trained"
        " on then, to choose settings by. Accepted: test or validation. Default: test. Needs `source` train."
    ),
    "evaluate_every": (
        "N: measures the accuracy after every N steps, and after the last. Accepted: a whole number from 1 to "
        "100000000. Default: an epoch. Needs training."
    ),
    "target_accuracy": (
        "X: reports when an accuracy of X is first measured (`evaluate_every`). Accepted: a number from 0 to 1. "
        "Default: none. Needs training."
    ),
    "gpu": (
        "NAME|FILE: the GPU of every rank: how fast it computes and moves memory, what a kernel takes at least, "
        "and which profiles of compressing were measured on it (ringsim list gpus). Accepted: a100, h100, h200, "
        "v100, or a file (with / or .json in its name). Default: the topology's, or v100. Needs `compute_time` "
        "model, or `compress_time` without a time."
    ),
    "precision": (
        "NAME: of computing: which of the GPU's speeds is taken. Accepted: fp32, tf32 or bf16. Default: the GPU's"
        " own: tf32 where it has that. Needs `source` train or synthetic; `compute_time` model, without "
        "`gpu_speed`."
    ),
    "gpu_speed": (
        "Q: sustained speed of a GPU. Accepted: a speed such as 9TFLOPS. Default: that of `gpu` at `precision`; "
        "V100, fp32: 9TFLOPS, 367 ResNet-50 images/s of 24.6 GFLOP. Needs `source` train or synthetic; "
        "`compute_time` model."
    ),
    "gpu_memory_bandwidth": (
        "Q: how fast a GPU's memory is read and written. Accepted: a rate such as 10Gbps or 900GBps. Default: "
        "that of `gpu`; V100: 900GBps. Needs `compress_time` model, torch, fused or FILE."
    ),
    "gradients": (
        "TYPE: type in which the backward pass leaves gradients: they are copied and travel in it, and nothing is"
        " cast; ratios stay against fp32. Accepted: fp32, fp16 or bf16. Default: fp32. Needs `scheme` dense; "
        "`source` train or synthetic, or `bytes`."
    ),
    "compute_time": (
        "Q|model|FILE: forward and backward pass of one step; model: operations over `gpu_speed`, and no less "
        "than its kernels take; FILE: measured, when each layer's gradient was ready, as CSV or a trace of the "
        "PyTorch profiler; a folder: traces of ranks, of whose whole steps the median counts. Accepted: model, a "
        "time such as 120ms, a file (with /, .csv or .json in its name) or a folder. Default: model."
    ),
    "compress_time": (
        "WHAT: compressing per step: a time Q; model: bytes moved over `gpu_memory_bandwidth`; torch, fused: as "
        "measured of PyTorch, or of ringsim's engine, on `gpu` (or on another one, and scaled to it); FILE: as "
        "measured by ringsim bench -o or cost_profile.py. Accepted: model, none, torch, fused, a time such as "
        "20us, or a file (with / or .json in its name). Default: torch where `gpu` was measured with the scheme, "
        "else model."
    ),
    "accumulate": (
        "K: a step is K forward and backward passes, of `batch` or `compute_time` each; gradients are exchanged "
        "in the last one. Accepted: a whole number from 1 to 1000000. Default: 1. Needs a run that does not "
        "train; computing that takes time."
    ),
    "jitter": (
        "X: spread of the computing time: log-normal with mean 1 and this sigma, per rank and step. Accepted: a "
        "number from 0 to 10. Default: 0. Needs computing that takes time."
    ),
    "bucket": (
        "ddp|Q: gradients are exchanged in buckets, filled from the last layer on: ddp as PyTorch does (25 MiB, "
        "the first 1 MiB, overshot by up to a tensor), or of at most Q, tensors not split. Accepted: ddp or a "
        "size above zero such as 8MiB. Default: all together, or ddp with `overlap` on."
    ),
    "bucket_timeout": (
        "Q: a bucket that is not full goes so long after the one before it, or with its first gradient if that is"
        " ready later (Horovod's fusion timer). Accepted: a time such as 20us. Default: a bucket goes when it is "
        "full. Needs `source` train or synthetic; `overlap` on."
    ),
    "overlap": (
        "on|off: a bucket's exchange begins while the backward pass goes on. Accepted: on or off. Default: on "
        "with `bucket`. Needs `local_steps` 1."
    ),
    "ddp": (
        "on|off: what PyTorch's DistributedDataParallel adds to computing, as measured on `gpu`: copies into "
        "buckets and back, what it launches, slower computing beside exchanges, and hooks that wait for theirs. "
        "Accepted: on or off. Default: on where `overlap` is on and `gpu` was measured so. Needs `overlap` on, "
        "and all ranks in every step."
    ),
    "headroom": (
        "on|off: dense gradients, in fp32 and in bf16, are timed too, to say how much longer compressing may take"
        " until they are as fast, and on how fast links they are. Accepted: on or off. Default: on in a run, off "
        "in the points of a scan. Needs `staleness` 0 and no `quorum`."
    ),
    "masks_ahead": (
        "on|off: the masks of a bucket are exchanged before the values of the bucket before it; pays seldom "
        "(docs/scan.md). Accepted: on or off. Default: off. Needs `scheme` iwp, magnitude or cltk; `overlap` on, "
        "and all ranks in every step."
    ),
    "scheme": (
        "NAME: what is sent (ringsim list schemes). Accepted: dense, iwp, magnitude, cltk, topk, randomk, qsgd, "
        "terngrad, signsgd or powersgd. Default: iwp."
    ),
    "density": (
        "D: kept share of the pruned layers, e.g. 1/64. Accepted: a number above 0 and at most 1. Default: 1/84. "
        "Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, or `bytes`."
    ),
    "threshold": (
        "POLICY: density (steered to `density` from step to step), quantile (each rank's own, of a sample in each"
        " step), fixed:T, or dispersion:K (mean + K stddev). Accepted: fixed:T (T at least 0), dispersion:K, "
        "quantile or density. Default: density. Needs `scheme` iwp or magnitude; `source` train or synthetic, or "
        "`bytes`; `source` train."
    ),
    "broadcasters": (
        "R: ranks that broadcast a mask in a step. Accepted: a whole number from 1 to 1048576. Default: 4. Needs "
        "`scheme` iwp or magnitude; `source` train or synthetic, or `bytes`."
    ),
    "mask_encoding": (
        "NAME: how masks travel: auto (the smallest) or one of ringsim list encodings. Accepted: auto, bitmap, "
        "index, delta, runs, rice or index32. Default: auto. Needs `scheme` iwp, magnitude, cltk or topk."
    ),
    "floor": (
        "X: weights count as at least X times the layer's root mean square in the importance. Accepted: a number "
        "from 1e-09 to 1000000000. Default: 1. Needs `scheme` iwp; `source` train or synthetic, or `bytes`; "
        "`source` train."
    ),
    "tail": (
        "X: chance at which a broadcaster keeps a coordinate below the threshold. Accepted: a number from 0 and "
        "below 1. Default: 0. Needs `scheme` iwp or magnitude; `source` train or synthetic, or `bytes`; `source` "
        "train."
    ),
    "mask_interval": (
        "K: steps that the masks serve. Accepted: a whole number from 1 to 1000000. Default: 1. Needs `scheme` "
        "iwp or magnitude; `source` train or synthetic, or `bytes`."
    ),
    "warmup": (
        "EPOCHS: in epoch e of the first ones the density is at least 4^-(e+1). Accepted: a whole number from 0 "
        "to 1000. Default: 0. Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, "
        "or `bytes`; `source` train."
    ),
    "momentum_correction": (
        "on|off: momentum before pruning, on each rank, instead of after. Accepted: on or off. Default: on where "
        "momentum is above 0 (cltk: off). Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train or"
        " synthetic, or `bytes`."
    ),
    "factor_masking": (
        "on|off: with momentum correction, clears the momentum where a gradient was sent (arXiv 1712.01887). "
        "Accepted: on or off. Default: on. Needs `scheme` iwp, magnitude, cltk, topk or randomk; `source` train; "
        "momentum correction."
    ),
    "filter": (
        "X: share of a step's error that enters the residual; ScaleCom takes 0.1. Accepted: a number from 1e-09 "
        "to 1. Default: 1. Needs `scheme` cltk; `source` train or synthetic, or `bytes`; `momentum_correction` "
        "off."
    ),
    "clip": (
        "X: the norm of a rank's gradient is at most X over the square root of the ranks. Accepted: a number from"
        " 1e-09 to 1000000000. Default: not clipped. Needs `scheme` topk; `source` train or synthetic, or "
        "`bytes`."
    ),
    "sample": (
        "X: share of a layer on which its threshold is found. Accepted: a number from 1e-09 to 1. Default: 0.01. "
        "Needs `scheme` topk; `source` train or synthetic, or `bytes`; `source` train."
    ),
    "whole_below": (
        "N: layers with fewer parameters are sent whole. Accepted: a whole number. Default: 1024. Needs `scheme` "
        "iwp, magnitude, cltk, topk or randomk; `source` train or synthetic, or `bytes`."
    ),
    "rank": (
        "N: rank of the products that stand for matrices. Accepted: a whole number from 1 to 1000000. Default: 4."
        " Needs `scheme` powersgd; `source` train or synthetic, or `bytes`."
    ),
    "values": (
        "TYPE: type of the values that travel, rounded at every hop of an all-reduce. Accepted: fp32, fp16 or "
        "bf16. Default: fp32. Needs `scheme` dense, iwp, magnitude, cltk, topk, randomk or powersgd; `source` "
        "train or synthetic, or `bytes`."
    ),
    "sparse_sum": (
        "all-gather|ring: all-gather the ranks' values, or add them up on a ring, where the sum grows denser. "
        "Accepted: all-gather or ring. Default: all-gather. Needs `scheme` topk."
    ),
    "engine": (
        "NAME: what prunes: auto or one of ringsim list engines; results do not depend on it. Accepted: auto, "
        "cuda, avx512, avx2 or scalar. Default: auto. Needs `scheme` iwp, magnitude, cltk, topk or randomk; "
        "`source` train."
    ),
    "levels": (
        "N: levels of a magnitude besides 0. Accepted: a whole number from 1 to 32767. Default: 7 (4 bits a "
        "value). Needs `scheme` qsgd; `source` train or synthetic, or `bytes`."
    ),
    "block": (
        "N: values that share a scale. Accepted: a whole number from 1 on. Default: 512 (the paper's). Needs "
        "`scheme` qsgd; `source` train or synthetic, or `bytes`."
    ),
    "clip_deviations": (
        "X: gradients are limited to X standard deviations of their layer. Accepted: a number from 1e-09 to "
        "1000000000. Default: 2.5 (the paper's). Needs `scheme` terngrad; `source` train."
    ),
    "vote": (
        "auto|all-gather|pairwise: all signs go to all ranks, or those of a chunk to its owner, which sends the "
        "majority's back; auto: what sends less. Accepted: auto, all-gather or pairwise. Default: auto. Needs "
        "`scheme` signsgd; `source` train or synthetic, or `bytes`."
    ),
    "staleness": (
        "S: a rank may begin step t once it has applied step t-1-S, while later exchanges go on; 0: every step "
        "waits for its exchange. Accepted: a whole number from 0 to 10000. Default: 0. Needs training."
    ),
    "quorum": (
        "Q: an exchange starts when Q ranks are ready; the others contribute nothing to it and keep their "
        "residual. Accepted: a whole number from 1 to 1048576. Default: all ranks. Needs training."
    ),
    "local_steps": (
        "H: ranks train apart and exchange how far their weights have moved every H steps; 1: they exchange "
        "gradients. Accepted: a whole number from 1 to 1000000. Default: 1. Needs training; `staleness` 0 and no "
        "`quorum`."
    ),
    "delay_scaling": (
        "on|off: a gradient of delay d > 1 counts a d-th (arXiv 1511.05950). Accepted: on or off. Default: off. "
        "Needs training; `staleness` S; `staleness` of 2 or more."
    ),
    "delay_compensation": (
        "X: adds X*g*g*(change of the weights since they were read) to a late gradient g (arXiv 1609.08326, which"
        " takes 0.04). Accepted: a number from 0 to 1000000. Default: nothing. Needs training; `staleness` S."
    ),
    "fresh_error": (
        "on|off: error and cosine in layers.csv compare with gradients computed anew with the weights before the "
        "step's update, which doubles the work; off: with those that were computed. Accepted: on or off. Default:"
        " off. Needs training; `staleness` S."
    ),
}
