#pragma once
// summary.json and `--format json`. An absent figure is null.
#include "traces/records/field.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ringsim {

struct SecondsPerStep {
  double compute = 0, compress = 0, exchange = 0, exposed_exchange = 0, total = 0;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"compute", &SecondsPerStep::compute, "s", "Mean of `compute_s` of `steps.csv`.",
              "  per step: compute"},
        Field{"compress", &SecondsPerStep::compress, "s", "Mean of `compress_s` of `steps.csv`.",
              "  per step: compress"},
        Field{"exchange", &SecondsPerStep::exchange, "s", "Mean of `exchange_s` of `steps.csv`."},
        Field{"exposed_exchange", &SecondsPerStep::exposed_exchange, "s",
              "Mean of `exposed_exchange_s` of `steps.csv`.", "  per step: exposed exchange"},
        Field{"total", &SecondsPerStep::total, "s",
              "Mean of `total_s` of `steps.csv`: compute + compress + exposed exchange.",
              "  per step: total"});
  }
};

/// How times are known: "measured", "calibrated", "extrapolated" or "modelled".
struct TimeBasis {
  std::string compute;
  std::optional<std::string> compress;
  std::string exchange;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"compute", &TimeBasis::compute, "",
              "`measured` (a time or a file was given) or `modelled` (operations over the speed of "
              "the GPU, and no less than its kernels take).",
              "basis: compute"},
        Field{"compress", &TimeBasis::compress, "",
              "`measured` (on this GPU; or a time was given), `extrapolated` (on another GPU or at "
              "another rank, and scaled) or `modelled` (bytes moved over the bandwidth of the "
              "memory). Null where nothing is compressed, or that takes no time.",
              "basis: compress"},
        Field{"exchange", &TimeBasis::exchange, "",
              "`calibrated` (the topology's links were fitted to measured times), `extrapolated` "
              "(to others than these: of other sizes, ranks or operations) or `modelled` (latency "
              "and bandwidth).",
              "basis: exchange"});
  }
};

/// How much longer compressing may take per step until dense gradients are as fast.
struct HeadroomSeconds {
  std::optional<double> dense_fp32, dense_bf16;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"dense_fp32", &HeadroomSeconds::dense_fp32, "s",
              "Until dense fp32 is as fast; below 0, by how much that is faster. Null where "
              "nothing is compressed, times feed back into training, hosts die, or "
              "`--headroom` is off.",
              "headroom to dense fp32"},
        Field{"dense_bf16", &HeadroomSeconds::dense_bf16, "s",
              "As `dense_fp32`, until dense bf16 is, whose casts take what they take by "
              "default (`--compress-time`).",
              "headroom to dense bf16"});
  }
};

/// Bandwidths of the slowest link, of all links as many times as fast as they are.
struct EqualAtBandwidth {
  std::optional<double> slowest_link, dense_fp32, dense_bf16;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"slowest_link", &EqualAtBandwidth::slowest_link, "bytes/s",
              "What the slowest link has. Null where `headroom_seconds` is."},
        Field{"dense_fp32", &EqualAtBandwidth::dense_fp32, "bytes/s",
              "Where dense fp32 is as fast. Above `slowest_link` where this run is faster, and up "
              "to there; below it where dense is. Null where they do not meet from a thousandth to "
              "a thousand times the bandwidth.",
              "as fast as dense fp32 at"},
        Field{"dense_bf16", &EqualAtBandwidth::dense_bf16, "bytes/s",
              "As `dense_fp32`, where dense bf16 is.", "as fast as dense bf16 at"});
  }
};

struct BytesSentPerRank {
  double values = 0, masks = 0, headers = 0, total = 0;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(Field{"values", &BytesSentPerRank::values, "bytes",
                      "Sum of `values_bytes` of `steps.csv`, over the number of ranks.",
                      "bytes sent per rank: values"},
                Field{"masks", &BytesSentPerRank::masks, "bytes",
                      "Sum of `masks_bytes` of `steps.csv`, over the number of ranks.",
                      "bytes sent per rank: masks"},
                Field{"headers", &BytesSentPerRank::headers, "bytes",
                      "Sum of `headers_bytes` of `steps.csv`, over the number of ranks.",
                      "bytes sent per rank: headers"},
                Field{"total", &BytesSentPerRank::total, "bytes",
                      "Sum of `total_bytes` of `steps.csv`, over the number of ranks.",
                      "bytes sent per rank: total"});
  }
};

struct CompressionRatio {
  std::optional<double> kept, values, wire, wire_after_warmup;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"kept", &CompressionRatio::kept, "x",
              "Parameters over kept parameters (`kept` of `layers.csv`), over all steps.",
              "compression: kept"},
        Field{"values", &CompressionRatio::values, "x",
              "The bytes that dense fp32 sends on a ring, over the bytes of values that this run "
              "sent, whatever its collective. Null where it sent none.",
              "compression: values"},
        Field{"wire", &CompressionRatio::wire, "x",
              "The bytes that dense fp32 sends on a ring, over all bytes that this run sent: "
              "values, masks and headers.",
              "compression: wire"},
        Field{"wire_after_warmup", &CompressionRatio::wire_after_warmup, "x",
              "As `wire`, without the steps of the warm-up (`--warmup`). Null where no step is "
              "left.",
              "compression: wire after warm-up"});
  }
};

struct StalenessSteps {
  std::optional<double> mean, p50, p95, max, delay_mean, delay_max;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"mean", &StalenessSteps::mean, "steps",
              "Mean age of all parameters at the end of the run (`staleness.csv`): how many steps "
              "before the last one a parameter was last sent. Null where nothing is trained.",
              "staleness in steps: mean age"},
        Field{"p50", &StalenessSteps::p50, "steps", "Median of these ages, by nearest rank."},
        Field{"p95", &StalenessSteps::p95, "steps",
              "95th percentile of these ages, by nearest rank.", "staleness in steps: age p95"},
        Field{"max", &StalenessSteps::max, "steps", "The largest of these ages.",
              "staleness in steps: age max"},
        Field{"delay_mean", &StalenessSteps::delay_mean, "steps",
              "Mean over the steps of `delay_steps` of `steps.csv`.",
              "staleness in steps: mean delay"},
        Field{"delay_max", &StalenessSteps::delay_max, "steps",
              "The largest `delay_max_steps` of `steps.csv`."});
  }
};

struct Summary {
  static constexpr FileHeading file = {"summary.json", "run (one object)", "`run`",
                                       "all figures, the inputs' hashes and the command"};

  struct Target {
    double accuracy;
    std::optional<std::uint64_t> steps;
    std::optional<double> seconds;

    template <class With>
    static constexpr decltype(auto) fields(With&& with) {
      return with(
          Field{"accuracy", &Target::accuracy, "1", "The accuracy that was asked for."},
          Field{"steps", &Target::steps, "steps",
                "How many steps it took until it was first measured. Null where it never was."},
          Field{"seconds", &Target::seconds, "s",
                "The simulated time at the end of that step. Null where it never was.",
                "time to the target accuracy"});
    }
  };

  struct Bottleneck {
    std::string kind, name;
    double share;

    template <class With>
    static constexpr decltype(auto) fields(With&& with) {
      return with(
          Field{"kind", &Bottleneck::kind, "",
                "What most time of the critical path goes to: `link` (bytes flow), `latency`, "
                "`compute`, `compress`, `reduce` (adding up) or `failure` (until a death was "
                "noticed).",
                "bottleneck"},
          Field{"name", &Bottleneck::name, "",
                "The link or rank that most of this time goes to. A message counts for the link of "
                "its route that is used most in relation to its capacity.",
                "  most of it at"},
          Field{"share", &Bottleneck::share, "1", "The share of `kind` in the critical path.",
                "  share of the critical path"});
    }
  };

  struct Input {
    std::string name, sha256;

    template <class With>
    static constexpr decltype(auto) fields(With&& with) {
      return with(Field{"name", &Input::name, "", "The file, as it was named or found."},
                  Field{"sha256", &Input::sha256, "", "The SHA-256 of its bytes, in hexadecimal."});
    }
  };

  struct Provenance {
    std::string version, command;
    std::uint64_t seed = 0;
    std::vector<Input> inputs;

    template <class With>
    static constexpr decltype(auto) fields(With&& with) {
      return with(
          Field{"version", &Provenance::version, "", "The version of ringsim."},
          Field{"command", &Provenance::command, "", "The command line, as it was typed."},
          Field{"seed", &Provenance::seed, "", "The seed of all random numbers (`--seed`)."},
          Field{"inputs", &Provenance::inputs, "", "The files that the run read, a list."});
    }
  };

  std::uint32_t ranks = 0;
  std::string scheme, collective, backend;
  std::uint64_t steps = 0;
  double simulated_seconds = 0;
  SecondsPerStep seconds_per_step;
  TimeBasis basis;
  HeadroomSeconds headroom_seconds;
  EqualAtBandwidth equal_at_bandwidth;
  BytesSentPerRank bytes_sent_per_rank;
  CompressionRatio compression_ratio;
  std::optional<double> density;
  StalenessSteps staleness_steps;
  std::optional<double> left_out_ranks;
  std::optional<Target> target;
  std::optional<Bottleneck> bottleneck;
  std::optional<double> accuracy, loss;
  double wall_seconds = 0;
  Provenance provenance;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"ranks", &Summary::ranks, "ranks", "The number of ranks: GPUs that train together.",
              "ranks"},
        Field{"scheme", &Summary::scheme, "",
              "How gradients are compressed (`--scheme`; `ringsim list schemes`).", "scheme"},
        Field{"collective", &Summary::collective, "",
              "The algorithm of the all-reduce (`--collective`). With `nccl` also what its calls "
              "became, each once, as algorithm/protocol: `nccl: ring/LL128 + tree/LL` (`ring`, "
              "`tree` or `nvls`; `LL`, `LL128` or `Simple`).",
              "collective"},
        Field{"backend", &Summary::backend, "",
              "What timed the messages: the backend that ran (`--backend`).", "backend"},
        Field{"steps", &Summary::steps, "steps", "The number of steps.", "steps"},
        Field{"simulated_seconds", &Summary::simulated_seconds, "s",
              "The simulated time when the last rank ends its last step.",
              "simulated time to the end"},
        Field{
            "seconds_per_step", &Summary::seconds_per_step, "",
            "What a step's time goes to: means over the steps, on the rank that finishes last (of "
            "those that finish together, the one that was ready last)."},
        Field{"basis", &Summary::basis, "", "How these times are known."},
        Field{"headroom_seconds", &Summary::headroom_seconds, "s",
              "How much longer compressing may take per step until the same run with dense "
              "gradients is as fast."},
        Field{"equal_at_bandwidth", &Summary::equal_at_bandwidth, "",
              "How fast the slowest link would be, all links being as many times as fast as they "
              "are, where the same run with dense gradients is as fast."},
        Field{"bytes_sent_per_rank", &Summary::bytes_sent_per_rank, "",
              "Bytes sent in the whole run, the mean over the ranks."},
        Field{"compression_ratio", &Summary::compression_ratio, "",
              "How many times less was sent than without compression, over the whole run."},
        Field{"density", &Summary::density, "1",
              "Kept parameters over all parameters, over all steps: 1 / `compression_ratio.kept`."},
        Field{"staleness_steps", &Summary::staleness_steps, "",
              "How old the parameters' last updates are, and how late updates are applied."},
        Field{"left_out_ranks", &Summary::left_out_ranks, "ranks",
              "How many ranks' gradients came too late for a step's exchange, the mean over the "
              "steps. Null without `--quorum`.",
              "ranks left out of a step"},
        Field{"target", &Summary::target, "",
              "When the accuracy of `--target-accuracy` was first measured (`--evaluate-every`). "
              "Null without that option."},
        Field{"bottleneck", &Summary::bottleneck, "",
              "What the critical path spends most of its time on: the chain of delays and messages "
              "without a gap that ends with the run. Null where nothing takes time."},
        Field{"accuracy", &Summary::accuracy, "1",
              "Share of the test set that is classified correctly after the last step. Null where "
              "nothing is trained.",
              "accuracy"},
        Field{"loss", &Summary::loss, "nats",
              "Training loss (cross-entropy) of the last step: the mean over the ranks' batches, "
              "before the update. Null where nothing is trained.",
              "training loss of the last step"},
        Field{"wall_seconds", &Summary::wall_seconds, "s",
              "How long the simulation itself took on this machine.",
              "wall time of the simulation"},
        Field{"provenance", &Summary::provenance, "", "What made this result."});
  }
};

}  // namespace ringsim
