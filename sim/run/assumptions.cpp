#include "sim/run/assumptions.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "models/schemes/iwp.hpp"
#include "models/schemes/shared_options.hpp"
#include "sim/run/collective_choice.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/run/machine.hpp"
#include "sim/run/options/rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace ringsim {
namespace {

std::string in_capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  });
  return text;
}

/// "ring8-1g (links of 1Gbps and 25us)"; the name alone where the links differ.
std::string topology_text(const Topology& topology) {
  const auto& links = topology.links();
  const auto& first = links.front();
  const bool is_uniform = std::ranges::all_of(links, [&](const Link& link) {
    return link.bandwidth == first.bandwidth && link.latency == first.latency && !link.extras;
  });
  if (!is_uniform) return topology.name();
  return fmt::format("{} (links of {} and {})", topology.name(), format(first.bandwidth),
                     format(first.latency));
}

/// What may say something that the options leave open. A bare ring says nothing, however large it
/// is, so that the smallest one stands for it.
Topology topology_of(const RunOptions& options) {
  if (options.topology.what != "ring") return choose_topology(options.topology);
  return make_uniform(*kind_named("ring"), 2, BytesPerSecond{1e9}, Seconds{});
}

bool takes_time_to_compress(const RunOptions& options) {
  return options.source != Source::trace && options.compress_time != CompressTime::none &&
         options.compress_time != CompressTime::fixed && may_feel(options, "compress-time");
}

void add_work(const RunOptions& options, std::vector<std::string>& all) {
  const bool has_model = !options.bytes && options.source != Source::trace;
  if (has_model && !is_given(options, "model"))
    all.push_back(fmt::format("model {}", options.model));
  if (has_model && !is_given(options, "batch") && (trains(options) || models_compute_time(options)))
    all.push_back(fmt::format("{} samples per rank", options.batch));
  if (trains(options) && !options.steps && !options.epochs) all.emplace_back("1 epoch");
}

/// "V100, fp32, 9TFLOPS", as far as nobody has said it.
void add_machine(const RunOptions& options, const Topology& topology,
                 std::vector<std::string>& all) {
  const bool computes = models_compute_time(options);
  const bool compresses = takes_time_to_compress(options);
  if (!computes && !compresses) return;
  const auto machine = choose_machine(options, topology);
  std::vector<std::string> parts;
  if (options.gpu.empty() && topology.gpu().empty()) parts.push_back(in_capitals(machine.gpu.name));
  if (computes && !options.gpu_speed) {
    if (options.precision.empty()) parts.push_back(machine.gpu.default_precision);
    parts.push_back(format(machine.speed));
  }
  if (!parts.empty()) all.push_back(join(parts, ", "));
  if (!compresses || options.compress_time != CompressTime::usual) return;
  const auto choice = choose_compression(options, machine, find_scheme(options.scheme));
  // What a captured training says holds for its own GPU alone, and nobody assumed it.
  if (choice.measured && !choice.feels_memory) return;
  all.emplace_back(choice.measured ? "compressing as PyTorch takes"
                                   : "compressing as its bytes move through memory");
}

/// Ranks are GPUs in every other sentence.
std::string_view scheme_option_text(std::string_view name) {
  return name == "rank" ? "matrices of rank" : name;
}

void add_scheme(const RunOptions& options, std::vector<std::string>& all) {
  if (options.source == Source::trace) return;
  if (!is_given(options, "scheme")) all.push_back(fmt::format("scheme {}", options.scheme));
  constexpr std::array<std::string_view, 5> decisive = {"density", "rank", "levels", "broadcasters",
                                                        "values"};
  for (const auto& option : run_options()) {
    if (option.taken_by != TakenBy::scheme || option.default_value.empty() ||
        std::ranges::find(decisive, option.name) == decisive.end() ||
        is_given(options, option.name) || !takes(options.scheme, option)) {
      continue;
    }
    const bool has_effect = std::ranges::all_of(
        option.conditions, [&](const Condition& condition) { return condition.holds(options); });
    // Gradients that are born in another type travel in that.
    const bool is_born_so =
        option.name == "values" && gradient_type_of(options.scheme_options) != ValueType::fp32;
    const bool is_steered = option.name != "density" || !is_given(options, "threshold") ||
                            steered_density(options.scheme, options.scheme_options);
    if (has_effect && is_steered && !is_born_so)
      all.push_back(fmt::format("{} {}", scheme_option_text(option.name), option.default_value));
  }
}

}  // namespace

std::vector<std::string> assumptions(const RunOptions& options) {
  std::vector<std::string> all;
  const auto if_there = [](const auto& add) {
    try {
      add();
    } catch (const UserError&) {
      // The run itself says what is missing or wrong.
    }
  };
  std::optional<Topology> topology;
  if_there([&] { topology.emplace(topology_of(options)); });
  if (topology && !is_given(options, "topology")) all.push_back(topology_text(*topology));
  if (topology && !is_given(options, "collective") && options.source != Source::trace &&
      may_feel(options, "collective")) {
    const Rank ranks = options.topology.ranks.value_or(topology->hosts());
    all.push_back(fmt::format("collective {}", collective_name(options, *topology, ranks)));
  }
  add_work(options, all);
  if (topology) if_there([&] { add_machine(options, *topology, all); });
  const bool computes = !options.compute_time || *options.compute_time > Seconds{};
  if (computes && !is_given(options, "overlap") && !overlaps(options))
    all.emplace_back(options.staleness > 0 ? "exchanges start when the backward pass has ended"
                                           : "no overlap of exchange and computing");
  if_there([&] { add_scheme(options, all); });
  return all;
}

}  // namespace ringsim
