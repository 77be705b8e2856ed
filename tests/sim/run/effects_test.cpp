// Every option of a run changes a result or is refused, with every scheme, every source of what is
// exchanged, and beside what it may go with.
#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "models/networks/mlp.hpp"
#include "sim/run/prepare.hpp"
#include "sim/run/run.hpp"
#include "tests/pixels.hpp"
#include "tests/random_cases.hpp"
#include "tests/sim/run/given.hpp"
#include "tests/sim/run/small_captures.hpp"
#include "tests/sim/run/small_traces.hpp"
#include "tests/temporary_folder.hpp"
#include "traces/csv.hpp"
#include "traces/summary.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace ringsim;
using namespace ringsim::test;

namespace {

/// Values with which each option may change something. None is here of `backend` and `engine`, on
/// which no result depends.
const std::map<std::string_view, std::vector<const char*>> tried_values = {
    {"topology", {"switch", "switch8-25g"}},
    {"ranks", {"2", "4"}},
    {"bandwidth", {"2Gbps"}},
    {"latency", {"50us"}},
    {"collective", {"tree", "pairwise", "nccl"}},
    {"directions", {"2"}},
    {"channels", {"3"}},
    {"chunk", {"1KiB"}},
    {"reduce-rate", {"1GBps", "1kBps"}},
    {"after-outage", {"restart"}},
    {"detection-timeout", {"1s"}},
    {"model", {"lenet5"}},
    {"source", {"train", "synthetic"}},
    {"assume", {"independent"}},
    {"bytes", {"80kB"}},
    {"steps", {"1", "2"}},
    {"epochs", {"0.5"}},
    {"batch", {"8"}},
    {"seed", {"2", "3"}},
    {"optimizer", {"adam", "nesterov"}},
    {"lr", {"0.01"}},
    {"momentum", {"0", "0.4", "0.8"}},
    {"schedule", {"constant"}},
    {"label-skew", {"shards:1"}},
    {"evaluate", {"validation"}},
    {"evaluate-every", {"1"}},
    {"target-accuracy", {"0.01"}},
    {"compute-time", {"10ms"}},
    {"gpu", {"h100"}},
    {"precision", {"bf16", "fp32"}},
    {"gpu-speed", {"1MFLOPS"}},
    {"compress-time", {"1ms", "none", "model", "torch", "fused"}},
    {"gpu-memory-bandwidth", {"1MBps"}},
    {"jitter", {"0.7"}},
    {"bucket", {"1KiB", "100KiB"}},
    {"bucket-timeout", {"1ns", "1us"}},
    {"overlap", {"on", "off"}},
    {"ddp", {"off"}},
    {"accumulate", {"2"}},
    {"gradients", {"bf16", "fp16"}},
    {"headroom", {"off"}},
    {"masks-ahead", {"on"}},
    {"scheme", {"dense", "topk"}},
    {"density", {"1/16", "1/2"}},
    {"threshold", {"fixed:0.1", "dispersion:1"}},
    {"broadcasters", {"1", "2"}},
    {"mask-encoding", {"bitmap", "index"}},
    {"floor", {"0.1"}},
    {"tail", {"0.001"}},
    {"mask-interval", {"2"}},
    {"warmup", {"1"}},
    {"momentum-correction", {"on", "off"}},
    {"factor-masking", {"off"}},
    {"whole-below", {"0", "2000", "1000000000"}},
    {"values", {"fp16"}},
    {"clip", {"0.01"}},
    {"sample", {"1"}},
    {"sparse-sum", {"ring"}},
    {"filter", {"0.1"}},
    {"levels", {"1"}},
    {"block", {"64"}},
    {"clip-deviations", {"1"}},
    {"vote", {"all-gather", "pairwise"}},
    {"rank", {"1", "2"}},
    {"staleness", {"1", "3"}},
    {"quorum", {"2"}},
    {"local-steps", {"2"}},
    {"delay-scaling", {"on"}},
    {"delay-compensation", {"1000"}},
    {"fresh-error", {"on"}},
};

/// A network of 3,000 parameters, and images of noise on which there is little to learn.
Experiment small_training() {
  Dataset data;
  for (auto* samples : {&data.train, &data.test}) {
    samples->input_size = 64;
    samples->labels.resize(60);
    samples->input_of = test::inputs_of_pixels();
    samples->pixels.resize(samples->labels.size() * samples->input_size);
    for (std::size_t i = 0; i < samples->pixels.size(); ++i)
      samples->pixels[i] = test::pixel_of(static_cast<double>(i * 7919 % 1009) / 504 - 1);
    for (std::size_t i = 0; i < samples->labels.size(); ++i)
      samples->labels[i] = static_cast<std::uint8_t>(i * i % 10);
  }
  auto experiment = prepare({});
  experiment.network = make_mlp({64, 32, 24, 10});
  experiment.data = std::make_shared<const Dataset>(std::move(data));
  experiment.threads = 1;
  return experiment;
}

/// What a run says: its tables, and its summary but for the words that repeat an option.
std::string text_of(const Experiment& experiment) {
  std::string text;
  RunObserver observer;
  observer.on_layer = [&](const LayerRow& row) { text += csv_line(row); };
  observer.on_row = [&](const StepRow& row) { text += csv_line(row); };
  auto result = run_experiment(experiment, observer);
  for (const auto& row : result.links) text += csv_line(row);
  for (const auto& row : result.staleness) text += csv_line(row);
  for (const auto& row : result.faults) text += csv_line(row);
  result.summary.provenance = {};
  result.summary.collective.clear();
  result.summary.scheme.clear();
  return text + to_text(to_json(result.summary));
}

/// Runs each set of options once.
class Results {
 public:
  struct Result {
    bool is_refused;
    std::string text;
  };

  const Result& of(const Given& given) {
    const auto [known, is_new] = known_.try_emplace(given);
    if (is_new) known->second = found(given);
    return known->second;
  }

 private:
  Result found(const Given& given) const {
    try {
      RunOptions options;
      for (const auto& option : run_options()) {
        const auto value = given.find(option.name);
        if (value != given.end()) set_run_option(options, option.name, value->second);
      }
      const bool is_small = !given.contains("model") && options.source != Source::trace;
      auto experiment = prepare(options, is_small ? &small_ : nullptr);
      experiment.threads = 1;
      return {false, text_of(experiment)};
    } catch (const UserError& error) {
      return {true, error.what()};
    } catch (const RunError& error) {
      return {false, error.what()};
    }
  }

  Experiment small_ = small_training();
  std::map<Given, Result> known_;
};

const Given ring = {
    {"topology", "ring"}, {"ranks", "3"}, {"bandwidth", "1Gbps"}, {"latency", "5us"}};

/// Whether `value` is what the option has beside `base` where it is not given: it may be said.
bool is_default(const Given& base, std::string_view name, const std::string& value) {
  const bool is_captured =
      base.contains("model") && std::filesystem::is_directory(base.at("model"));
  if (name == "source" && is_captured) return value == "synthetic";
  if (name == "overlap" && is_captured) return value == "on";
  if (name == "overlap" && value == "off") return !base.contains("bucket");
  const std::string scheme = base.contains("scheme") ? base.at("scheme") : "iwp";
  const bool has_profile = base.contains("gpu");
  if (name == "compress-time" && (value == "model" || value == "torch"))
    return (value == "torch") == (has_profile && scheme != "iwp" && scheme != "magnitude");
  if (name == "precision" && value == "fp32") return !has_profile;
  if (name == "momentum-correction") {
    const bool has_momentum =
        base.contains("momentum") ? base.at("momentum") != "0" : scheme == "topk";
    return (value == "on") == (has_momentum && scheme != "cltk");
  }
  return value == find_run_option(name)->default_value &&
         !(name == "source" && base.contains("bytes"));
}

/// Adds to `silent` the options that change nothing beside `base` with any value that is accepted.
void find_silent(Results& results, const Given& base, std::set<std::string>& silent,
                 std::set<std::string_view>& felt) {
  if (results.of(base).is_refused) return;
  const auto text = results.of(base).text;
  for (const auto& [name, values] : tried_values) {
    // Other networks take longer, and need the real images.
    if (base.contains(name) || (name == "model" && !base.contains("source"))) continue;
    bool is_accepted = false, is_felt = false;
    for (const std::string value : values) {
      if (is_default(base, name, value)) continue;
      const auto& result = results.of(with(base, {{std::string(name), value}}));
      is_accepted = is_accepted || !result.is_refused;
      is_felt = is_felt || (!result.is_refused && result.text != text);
    }
    if (is_felt) felt.insert(name);
    if (!is_accepted || is_felt) continue;
    auto line = fmt::format("{} beside", name);
    for (const auto& [other, value] : base) {
      if (!ring.contains(other)) line += fmt::format(" {}={}", other, value);
    }
    silent.insert(line);
  }
}

/// All schemes beside all bases.
std::vector<Given> with_all_schemes(const std::vector<Given>& bases) {
  std::vector<Given> all;
  for (const auto& base : bases) {
    for (const auto* scheme : schemes())
      all.push_back(with(base, {{"scheme", std::string(scheme->name)}}));
  }
  return all;
}

/// Lines; none where all is well. With sanitizers one base of 17 is tried.
std::string silent_beside(const std::vector<Given>& bases) {
  Results results;
  std::set<std::string> silent;
  std::set<std::string_view> felt;
  constexpr std::size_t every = random_cases(17) == 17 ? 1 : 17;
  for (std::size_t i = 0; i < bases.size(); i += every)
    find_silent(results, bases[i], silent, felt);
  return silent.empty() ? "" : fmt::format("\n{}\n", fmt::join(silent, "\n"));
}

void check_effects(const std::vector<Given>& bases) {
  CHECK(silent_beside(with_all_schemes(bases)) == "");
}

}  // namespace

TEST_CASE("every option that results depend on is tried here", "[effects]") {
  std::set<std::string_view> all, tried = {"backend", "engine"};
  for (const auto& option : run_options()) all.insert(option.name);
  for (const auto& [name, values] : tried_values) tried.insert(name);
  CHECK(all == tried);
}

TEST_CASE("options of trainings change a result or are refused", "[effects]") {
  const auto train = with(ring, {{"steps", "3"}, {"batch", "4"}});
  check_effects({
      train,
      with(train, {{"momentum", "0.9"}, {"density", "1/4"}}),
      with(train, {{"momentum-correction", "off"}, {"momentum", "0.9"}}),
      with(train, {{"optimizer", "adam"}}),
      with(train, {{"local-steps", "2"}, {"steps", "6"}}),
      with(train, {{"bucket", "1KiB"}}),
      with(train, {{"threshold", "fixed:0.1"}}),
      with(train, {{"sparse-sum", "ring"}}),
      with(train, {{"whole-below", "1000000"}}),
  });
}

TEST_CASE("thresholds stay quantiles where the density would be steered", "[effects]") {
  // Both are the same in the first 64 steps.
  Results results;
  const auto steered = with(ring, {{"steps", "70"}, {"batch", "4"}, {"density", "1/4"}});
  const auto& by_quantiles = results.of(with(steered, {{"threshold", "quantile"}}));
  CHECK(!by_quantiles.is_refused);
  CHECK(results.of(steered).text != by_quantiles.text);
}

TEST_CASE("options of late trainings change a result or are refused", "[effects]") {
  const auto late = with(ring, {{"steps", "6"}, {"batch", "2"}, {"jitter", "0.5"}});
  check_effects({
      with(late, {{"staleness", "2"}}),
      with(late, {{"staleness", "1"}}),
      with(late, {{"staleness", "1"}, {"quorum", "2"}}),
      with(late, {{"quorum", "2"}}),
      with(late, {{"quorum", "3"}}),
      with(late, {{"staleness", "2"}, {"bucket", "1KiB"}}),
  });
}

TEST_CASE("options of drawn exchanges change a result or are refused", "[effects]") {
  // At this speed computing takes longer than launching its kernels.
  const auto given = with(ring, {{"steps", "3"}, {"source", "synthetic"}});
  const auto drawn = with(given, {{"gpu-speed", "1GFLOPS"}});
  check_effects({
      drawn,
      with(drawn, {{"bucket", "1KiB"}}),
      with(given, {{"compute-time", "1ms"}}),
      with(drawn, {{"compress-time", "1ms"}}),
      with(drawn, {{"compress-time", "none"}}),
      with(given, {{"gpu", "h100"}, {"batch", "1000000"}}),
      with(given, {{"gpu", "h100"}, {"compute-time", "1ms"}}),
      with(given, {{"compress-time", "torch"}, {"compute-time", "1ms"}}),
      with(drawn, {{"compress-time", "fused"}}),
      with(drawn, {{"jitter", "0.5"}}),
      with(drawn, {{"sparse-sum", "ring"}}),
      with(drawn, {{"collective", "tree"}}),
      with(drawn, {{"whole-below", "0"}}),
      with(drawn, {{"whole-below", "1000000"}}),
  });
}

TEST_CASE("options of exchanges of bytes change a result or are refused", "[effects]") {
  const auto bytes = with(ring, {{"steps", "3"}, {"bytes", "800kB"}, {"compute-time", "1ms"}});
  check_effects({
      bytes,
      with(bytes, {{"bucket", "64KiB"}}),
      with(bytes, {{"bucket", "1KiB"}, {"bytes", "8kB"}}),
      with(bytes, {{"compute-time", "0s"}}),
      with(bytes, {{"sparse-sum", "ring"}}),
      with(bytes, {{"collective", "tree"}}),
      with(bytes, {{"broadcasters", "2"}}),
      with(bytes, {{"broadcasters", "3"}}),
  });
}

TEST_CASE("options of replayed traces change a result or are refused", "[effects]") {
  const SmallTraces traces;
  std::vector<Given> bases;
  for (const auto& trace : traces.all()) {
    const auto replay = with(ring, {{"source", "trace:" + trace}, {"compute-time", "1ms"}});
    for (const auto& base :
         {replay, with(replay, {{"bucket", "2KiB"}}), with(replay, {{"bucket", "64KiB"}})}) {
      bases.push_back(base);
      for (const auto* scheme : {"iwp", "cltk", "dense", "topk"})
        bases.push_back(with(base, {{"scheme", scheme}}));
      bases.push_back(with(base, {{"scheme", "topk"}, {"sparse-sum", "ring"}}));
      bases.push_back(
          with(base, {{"scheme", "topk"}, {"sparse-sum", "ring"}, {"assume", "independent"}}));
    }
  }
  CHECK(silent_beside(bases) == "");
}

TEST_CASE("options beside a captured training change a result or are refused", "[effects]") {
  const SmallCaptures captures;
  const auto base = [](const std::string& folder) {
    return with(ring, {{"model", folder}, {"steps", "3"}});
  };
  const auto plain = captures.plain(), costs = captures.with_costs();
  check_effects({base(plain)});
  CHECK(silent_beside({with(base(costs), {{"scheme", "powersgd"}}), base(costs)}) == "");
  // What is in the folder is felt, too.
  Results results;
  const auto powersgd = [&](const auto& path, const Given& more) {
    return results.of(with(base(path), with({{"scheme", "powersgd"}}, more))).text;
  };
  CHECK(powersgd(costs, {}) != powersgd(plain, {}));
  CHECK(powersgd(costs, {{"gpu", "h100"}}) == powersgd(plain, {{"gpu", "h100"}}));
}

TEST_CASE("what is said beside faults and hosts of their own changes a result or is refused",
          "[effects]") {
  const TemporaryFolder folder;
  const auto topology = [&](const char* name, const char* more) {
    const auto path = folder.path() / (std::string(name) + ".json");
    std::ofstream(path) << R"({"name": ")" << name << R"(", "kind": "ring", "hosts": 3, )"
                        << R"("link": {"bandwidth": "1Gbps", "latency": "5us"}, )" << more << "}";
    return Given{
        {"topology", path.string()}, {"bytes", "800kB"}, {"compute-time", "1ms"}, {"steps", "3"}};
  };
  check_effects({
      topology("death", R"("host_exceptions": [{"host": 2, "dies": "2ms"}])"),
      topology("uneasy", R"("host": {"jitter": 0.2})"),
      topology("even", R"("host": {"jitter": 0})"),
      topology("reducing", R"("host": {"reduce_rate": "1GBps"})"),
  });
  // What is under way when the link fails depends on how much is sent.
  CHECK(silent_beside(
            {with(topology("outage", R"("link_exceptions": [{"link": "link2", "bandwidth": "1Gbps",
          "latency": "5us", "outages": [{"from": "2ms", "until": "20ms"}]}])"),
                  {{"scheme", "dense"}})}) == "");
}
