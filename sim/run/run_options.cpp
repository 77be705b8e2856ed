#include "sim/run/run_options.hpp"

#include "base/error.hpp"
#include "base/shipped.hpp"
#include "base/text.hpp"
#include "models/optimizer.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/engine_profile.hpp"
#include "models/schedule.hpp"
#include "models/schemes/value_type.hpp"
#include "sim/run/backend_choice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace ringsim {
namespace {

using Text = std::string_view;

std::uint64_t whole_number(std::string_view text, const Place& place, std::uint64_t minimum,
                           std::uint64_t maximum) {
  const auto value = parse_whole_number(text);
  if (!value || *value < minimum || *value > maximum) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    fmt::format("a whole number from {} to {} is accepted", minimum, maximum));
  }
  return *value;
}

double number(std::string_view text, const Place& place, double minimum, double maximum) {
  const auto value = parse_number_or_fraction(text);
  if (!value || *value < minimum || *value > maximum) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    fmt::format("a number from {} to {}, or a fraction such as 1/64, is accepted",
                                minimum, maximum));
  }
  return *value;
}

std::string one_of(std::string_view text, const Place& place,
                   std::span<const std::string> accepted) {
  for (const auto& word : accepted) {
    if (word == text) return word;
  }
  throw UserError(place, fmt::format("found \"{}\"{}", text, did_you_mean(text, accepted)),
                  "accepted: " + join(accepted, ", "));
}

bool on_or_off(std::string_view text, const Place& place) {
  const std::array<std::string, 2> words = {"on", "off"};
  return one_of(text, place, words) == "on";
}

void set_prune_time(RunOptions& options, std::string_view text, const Place& place) {
  if (text == "model" || text == "none") {
    options.prune_time = text == "model" ? PruneTime::model : PruneTime::none;
    return;
  }
  if (text.find('/') != Text::npos || text.ends_with(".json")) {
    options.prune_time = PruneTime::profile;
    options.prune_profile = text;
    return;
  }
  std::vector<std::string> names;
  for (const auto& shipped : prune::shipped_engine_profiles()) {
    if (shipped.name == text) {
      options.prune_time = PruneTime::profile;
      options.prune_profile = shipped.path;
      return;
    }
    names.push_back(shipped.name);
  }
  if (!leading_number(text)) {
    throw UserError(
        place, fmt::format("found \"{}\"", text),
        fmt::format("model, none, a time such as 20us, a shipped profile ({}), or a file "
                    "(with / or .json in its name) is accepted",
                    join(names, ", ")));
  }
  options.prune_time = PruneTime::fixed;
  options.fixed_prune_time = parse_seconds(text, place);
}

void set_source(RunOptions& options, Text text, const Place& place) {
  constexpr Text prefix = "trace:";
  options.trace.clear();
  if (text == "train" || text == "synthetic") {
    options.source = text == "train" ? Source::train : Source::synthetic;
    return;
  }
  if (!text.starts_with(prefix) || text.size() == prefix.size()) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "train, synthetic or trace:DIR is accepted");
  }
  options.source = Source::trace;
  options.trace = text.substr(prefix.size());
}

void set_bytes(RunOptions& options, Text text, const Place& place) {
  const Bytes bytes = parse_bytes(text, place);
  if (bytes.count == 0 || bytes.count % sizeof(float) != 0) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "whole numbers of fp32 values are accepted: 4B, 8B, ...");
  }
  options.bytes = bytes;
}

void set_chunk(RunOptions& options, Text text, const Place& place) {
  const Bytes chunk = parse_bytes(text, place);
  if (chunk.count == 0) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "a size above zero such as 512KiB is accepted");
  }
  options.chunk = chunk;
}

void set_compute_time(RunOptions& options, std::string_view text, const Place& place) {
  options.compute_time.reset();
  options.ready_times.clear();
  if (text == "model") return;
  if (names_ready_times(text)) {
    options.ready_times = text;
    return;
  }
  if (!leading_number(text)) {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "model, a time such as 120ms, or a file (with /, .csv or .json in its name) is "
                    "accepted");
  }
  options.compute_time = parse_seconds(text, place);
}

void set_bucket(RunOptions& options, Text text, const Place& place) {
  if (text == "ddp") {
    options.bucket = ddp_buckets();
    return;
  }
  const auto refuse = [&] {
    throw UserError(place, fmt::format("found \"{}\"", text),
                    "ddp or a size above zero such as 8MiB is accepted");
  };
  if (!leading_number(text)) refuse();
  const Bytes size = parse_bytes(text, place);
  if (size.count == 0) refuse();
  options.bucket = BucketRule{.overshoots = false, .cap = size, .first = size};
}

constexpr std::uint64_t any = ~std::uint64_t{0};

constexpr RunOption table[] = {
    {"network", "topology", "FILE|NAME|KIND",
     "topology file, or the name of a shipped one (ringsim list topologies), or a kind (ringsim "
     "list topology-kinds) of --ranks hosts; default ring8-1g",
     [](RunOptions& o, Text text, const Place&) { o.topology.what = text; }},
    {"network", "ranks", "N", "GPUs that train; default: all hosts of the topology",
     [](RunOptions& o, Text text, const Place& place) {
       o.topology.ranks = static_cast<Rank>(whole_number(text, place, 2, 1 << 20));
     }},
    {"network", "bandwidth", "Q", "of every link, with a kind of topology, e.g. 10Gbps",
     [](RunOptions& o, Text text, const Place& place) {
       o.topology.bandwidth = parse_bandwidth(text, place);
     }},
    {"network", "latency", "Q", "of every link, with a kind of topology, e.g. 5us",
     [](RunOptions& o, Text text, const Place& place) {
       o.topology.latency = parse_seconds(text, place);
     }},
    {"network", "backend", "NAME",
     "auto (recurrence where it is exact, simgrid elsewhere), simgrid, recurrence or fluid; default auto",
     [](RunOptions& o, Text text, const Place& place) {
       o.backend = one_of(text, place, backend_choices());
     }},
    {"network", "collective", "NAME",
     "all-reduce algorithm (ringsim list collectives); default ring",
     [](RunOptions& o, Text text, const Place&) { o.collective = text; }},

    {"network", "directions", "1|2", "ring: 2 sends half of the buffer the other way; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.directions = static_cast<std::uint32_t>(whole_number(text, place, 1, 2));
     },
     TakenBy::collective},
    {"network", "channels", "C",
     "ring: splits the buffer among so many rings that move together, in each direction; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.channels = static_cast<std::uint32_t>(whole_number(text, place, 1, 64));
     },
     TakenBy::collective},
    {"network", "chunk", "Q",
     "tree: size of the pieces that follow one another, one value or more; default 512KiB",
     set_chunk, TakenBy::collective},
    {"network", "reduce-rate", "Q",
     "how fast a host adds up what it receives, where its topology file does not say; default: in "
     "no time",
     [](RunOptions& o, Text text, const Place& place) {
       o.reduce_rate = parse_bandwidth(text, place);
     }},
    {"network", "after-outage", "resume|restart",
     "when a link is up again, a message that was under way goes on where it stopped, or is sent "
     "from its start; default resume",
     [](RunOptions& o, Text text, const Place& place) {
       const std::array<std::string, 2> names = {"resume", "restart"};
       o.after_outage =
           one_of(text, place, names) == "resume" ? AfterOutage::resume : AfterOutage::restart;
     }},

    {"network", "detection-timeout", "Q",
     "how long after a host's death the others notice, and go on without it; default 10s",
     [](RunOptions& o, Text text, const Place& place) {
       o.detection = parse_seconds(text, place);
     }},

    {"work", "model", "NAME|FILE",
     "network to train, or with --source synthetic a specification, shipped or a file (ringsim "
     "list "
     "models); default mlp",
     [](RunOptions& o, Text text, const Place&) { o.model = text; }},
    {"work", "source", "train|synthetic|trace:DIR",
     "where gradients come from: training, or a trace that ringsim prune wrote; synthetic: none, "
     "what is kept is drawn at random; default train",
     set_source},
    {"work", "assume", "independent",
     "masks that ranks select on their own, where a trace has none and a ring adds them up "
     "(--source trace:DIR --scheme topk --sparse-sum ring); default: an error",
     [](RunOptions& o, Text text, const Place& place) {
       const std::array<std::string, 1> names = {"independent"};
       o.assumes_independent = one_of(text, place, names) == names[0];
     }},
    {"work", "bytes", "Q",
     "a pure exchange of so many bytes of fp32, e.g. 100MB, without a model; needs --compute-time",
     set_bytes},
    {"work", "steps", "N", "training steps; or --epochs",
     [](RunOptions& o, Text text, const Place& place) {
       o.steps = whole_number(text, place, 1, 100'000'000);
     }},
    {"work", "epochs", "X", "passes over the training set, fractions too; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.epochs = number(text, place, 1e-6, 1e6);
     }},
    {"work", "batch", "N", "samples per rank and step; default 32",
     [](RunOptions& o, Text text, const Place& place) {
       o.batch = whole_number(text, place, 1, 1'000'000);
     }},
    {"work", "seed", "N",
     "of all random numbers; run: several as 1,2,7 or 1..5, each a run, and their mean; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.seed = whole_number(text, place, 0, any);
     }},
    {"work", "optimizer", "NAME",
     "what makes an update of the mean gradient (ringsim list optimizers); default sgd",
     [](RunOptions& o, Text text, const Place&) { o.optimizer = find_optimizer(text).name; }},
    {"work", "lr", "X",
     "learning rate; default: the optimizer's, or the scheme's (ringsim list schemes)",
     [](RunOptions& o, Text text, const Place& place) {
       o.learning_rate = number(text, place, 0, 1e6);
     }},
    {"work", "momentum", "X",
     "momentum, below 1; adam: beta1; default: the optimizer's, or the scheme's",
     [](RunOptions& o, Text text, const Place& place) {
       o.momentum = number(text, place, 0, 0.9999);
     }},
    {"work", "schedule", "NAME",
     "learning rate over the run: constant, cosine (to 0) or step (a tenth after half of it, a "
     "hundredth after three quarters); default cosine",
     [](RunOptions& o, Text text, const Place& place) {
       o.schedule = one_of(text, place, schedule_names());
     }},
    {"work", "label-skew", "SKEW",
     "unequal data per rank: none, dirichlet:X (shares of the classes drawn with concentration X: "
     "100 is nearly even, 0.1 leaves a rank few classes) or shards:K (K runs of the samples sorted "
     "by class); default none",
     [](RunOptions& o, Text text, const Place& place) {
       o.label_skew = parse_label_skew(text, place);
     }},
    {"work", "evaluate", "test|validation",
     "accuracy on the test set, or on the last 10,000 training samples, which are not trained on "
     "then, to choose settings by; default test",
     [](RunOptions& o, Text text, const Place& place) {
       const std::array<std::string, 2> names = {"test", "validation"};
       o.validates = one_of(text, place, names) == "validation";
     }},

    {"work", "evaluate-every", "N",
     "measures the accuracy after every N steps, and after the last; default: an epoch",
     [](RunOptions& o, Text text, const Place& place) {
       o.evaluate_every = whole_number(text, place, 1, 100'000'000);
     }},
    {"work", "target-accuracy", "X",
     "reports when an accuracy of X, from 0 to 1, is first measured (--evaluate-every)",
     [](RunOptions& o, Text text, const Place& place) {
       o.target_accuracy = number(text, place, 0, 1);
     }},

    {"time", "compute-time", "Q|model|FILE",
     "forward and backward pass of one step; model: operations over --gpu-speed; FILE: measured, "
     "when each layer's gradient was ready, as CSV or a trace of the PyTorch profiler; default "
     "model",
     set_compute_time},
    {"time", "gpu-speed", "Q",
     "sustained speed of a GPU; default 9TFLOPS (V100, fp32: 367 ResNet-50 images/s of 24.6 GFLOP)",
     [](RunOptions& o, Text text, const Place& place) {
       o.gpu_speed = parse_flop_rate(text, place);
     }},
    {"time", "prune-time", "Q|NAME|FILE|model|none",
     "pruning per step; model: bytes moved over --gpu-memory-bandwidth; NAME: a shipped profile "
     "(h100); FILE: measured by ringsim bench -o; default model",
     set_prune_time},
    {"time", "gpu-memory-bandwidth", "Q", "default 900GBps (V100)",
     [](RunOptions& o, Text text, const Place& place) {
       o.gpu_memory_bandwidth = parse_bandwidth(text, place);
     }},
    {"time", "jitter", "X",
     "spread of the computing time: log-normal with mean 1 and this sigma, per rank and step; "
     "default 0",
     [](RunOptions& o, Text text, const Place& place) { o.jitter = number(text, place, 0, 10); }},
    {"time", "bucket", "ddp|Q",
     "gradients are exchanged in buckets, filled from the last layer on: ddp as PyTorch does (25 "
     "MiB, "
     "the first 1 MiB, overshot by up to a tensor), or of at most Q, tensors not split; default: "
     "all "
     "together, or ddp with --overlap on",
     set_bucket},
    {"time", "overlap", "on|off",
     "a bucket's exchange begins while the backward pass goes on; default on with --bucket",
     [](RunOptions& o, Text text, const Place& place) { o.overlap = on_or_off(text, place); }},
    {"time", "masks-ahead", "on|off",
     "the masks of a bucket are exchanged before the values of the bucket before it; default off",
     [](RunOptions& o, Text text, const Place& place) { o.masks_ahead = on_or_off(text, place); },
     TakenBy::scheme},

    {"scheme", "scheme", "NAME", "what is sent (ringsim list schemes); default iwp",
     [](RunOptions& o, Text text, const Place&) { o.scheme = text; }},
    {"scheme", "density", "D", "kept share of the pruned layers, e.g. 1/64; default 1/84",
     [](RunOptions& o, Text text, const Place& place) {
       const auto value = parse_number_or_fraction(text);
       if (!value || !(*value > 0 && *value <= 1)) {
         throw UserError(place, fmt::format("found \"{}\"", text),
                         "a number above 0 and at most 1 such as 0.01 or 1/64 is accepted");
       }
       o.scheme_options.density = *value;
     },
     TakenBy::scheme},
    {"scheme", "threshold", "POLICY",
     "density (steered to --density), fixed:T, or dispersion:K (mean + K stddev); default density",
     [](RunOptions& o, Text text, const Place&) { o.scheme_options.threshold = text; },
     TakenBy::scheme},
    {"scheme", "broadcasters", "R", "ranks that broadcast a mask in a step; default 4",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.broadcasters = static_cast<Rank>(whole_number(text, place, 1, 1 << 20));
     },
     TakenBy::scheme},
    {"scheme", "mask-encoding", "NAME",
     "auto (the smallest) or one of ringsim list encodings; default auto",
     [](RunOptions& o, Text text, const Place&) { o.scheme_options.mask_encoding = text; },
     TakenBy::scheme},
    {"scheme", "floor", "X",
     "weights count as at least X times the layer's root mean square in the importance; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.floor = number(text, place, 1e-9, 1e9);
     },
     TakenBy::scheme},
    {"scheme", "tail", "X",
     "chance at which a broadcaster keeps a coordinate below the threshold; default 0",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.tail = number(text, place, 0, 1);
     },
     TakenBy::scheme},
    {"scheme", "mask-interval", "K", "steps that the masks serve; default 1",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.mask_interval = whole_number(text, place, 1, 1'000'000);
     },
     TakenBy::scheme},
    {"scheme", "warmup", "EPOCHS",
     "in epoch e of the first ones the density is at least 4^-(e+1); default 0",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.warmup_epochs = whole_number(text, place, 0, 1000);
     },
     TakenBy::scheme},
    {"scheme", "momentum-correction", "on|off",
     "momentum before pruning, on each rank, instead of after; default on where momentum is above "
     "0 (cltk: off)",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.momentum_correction = on_or_off(text, place);
     },
     TakenBy::scheme},
    {"scheme", "factor-masking", "on|off",
     "with momentum correction, clears the momentum where a gradient was sent (arXiv 1712.01887); "
     "default on",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.factor_masking = on_or_off(text, place);
     },
     TakenBy::scheme},
    {"scheme", "whole-below", "N", "layers with fewer parameters are sent whole; default 1024",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.whole_below = whole_number(text, place, 0, any);
     },
     TakenBy::scheme},
    {"scheme", "values", "TYPE",
     "that travels: fp32, fp16 or bf16, rounded at every hop of an all-reduce; default fp32",
     [](RunOptions& o, Text text, const Place&) {
       parse_value_type(text);
       o.scheme_options.values = text;
     },
     TakenBy::scheme},
    {"scheme", "clip", "X",
     "topk: the norm of a rank's gradient is at most X over the square root of the ranks; default: "
     "not clipped",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.clip = number(text, place, 1e-9, 1e9);
     },
     TakenBy::scheme},
    {"scheme", "sample", "X",
     "topk: share of a layer on which its threshold is found; default 0.01",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.sample = number(text, place, 1e-9, 1);
     },
     TakenBy::scheme},
    {"scheme", "sparse-sum", "all-gather|ring",
     "topk: all-gather the ranks' values, or add them up on a ring, where the sum grows denser; "
     "default all-gather",
     [](RunOptions& o, Text text, const Place& place) {
       const std::array<std::string, 2> names = {"all-gather", "ring"};
       o.scheme_options.sparse_sum = one_of(text, place, names);
     },
     TakenBy::scheme},
    {"scheme", "filter", "X",
     "cltk: share of a step's error that enters the residual; default 1, ScaleCom 0.1",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.filter = number(text, place, 1e-9, 1);
     },
     TakenBy::scheme},
    {"scheme", "levels", "N", "qsgd: levels of a magnitude besides 0; default 7 (4 bits a value)",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.levels = static_cast<std::uint32_t>(whole_number(text, place, 1, 32767));
     },
     TakenBy::scheme},
    {"scheme", "block", "N", "qsgd: values that share a scale; default 512",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.block = whole_number(text, place, 1, any);
     },
     TakenBy::scheme},
    {"scheme", "clip-deviations", "X",
     "terngrad: gradients are limited to X standard deviations of their layer; default 2.5",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.clip_deviations = number(text, place, 1e-9, 1e9);
     },
     TakenBy::scheme},
    {"scheme", "rank", "N", "powersgd: rank of the products that stand for matrices; default 4",
     [](RunOptions& o, Text text, const Place& place) {
       o.scheme_options.rank = whole_number(text, place, 1, 1'000'000);
     },
     TakenBy::scheme},
    {"scheme", "engine", "NAME",
     "what prunes: auto or one of ringsim list engines; results do not depend on it; default auto",
     [](RunOptions& o, Text text, const Place&) {
       prune::find_engine(text);
       o.scheme_options.engine = text;
     },
     TakenBy::scheme},

    {"staleness", "staleness", "S",
     "a rank may begin step t once it has applied step t-1-S, while later exchanges go on; default "
     "0: every step waits for its exchange",
     [](RunOptions& o, Text text, const Place& place) {
       o.staleness = whole_number(text, place, 0, 10'000);
     }},
    {"staleness", "quorum", "Q",
     "an exchange starts when Q ranks are ready; the others contribute nothing to it and keep "
     "their residual; default: all ranks",
     [](RunOptions& o, Text text, const Place& place) {
       o.quorum = static_cast<Rank>(whole_number(text, place, 1, 1 << 20));
     }},
    {"staleness", "local-steps", "H",
     "ranks train apart and exchange how far their weights have moved every H steps; default 1: "
     "they exchange gradients",
     [](RunOptions& o, Text text, const Place& place) {
       o.local_steps = whole_number(text, place, 1, 1'000'000);
     }},
    {"staleness", "delay-scaling", "on|off",
     "a gradient of delay d > 1 counts a d-th (arXiv 1511.05950); default off",
     [](RunOptions& o, Text text, const Place& place) {
       o.scales_by_delay = on_or_off(text, place);
     }},
    {"staleness", "delay-compensation", "X",
     "adds X*g*g*(change of the weights since they were read) to a late gradient g (arXiv "
     "1609.08326, which takes 0.04); default: nothing",
     [](RunOptions& o, Text text, const Place& place) {
       o.delay_compensation = number(text, place, 0, 1e6);
     }},
    {"staleness", "fresh-error", "on|off",
     "error and cosine in layers.csv compare with gradients computed anew with the weights before "
     "the step's update, which doubles the work; off: with those that were computed; default off",
     [](RunOptions& o, Text text, const Place& place) {
       o.compares_with_fresh = on_or_off(text, place);
     }},
};

}  // namespace

std::span<const RunOption> run_options() { return table; }

void set_run_option(RunOptions& options, std::string_view name, std::string_view text) {
  for (const auto& option : table) {
    if (option.name != name) continue;
    option.set(options, text, {{}, fmt::format("--{}", name)});
    options.given.push_back(option.name);
    return;
  }
  check(false, "set_run_option: no such option");
}

}  // namespace ringsim
