#include "sim/run/memory_needs.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/timing/repeated_steps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

namespace ringsim {
namespace {

// Bytes of each structure, a little more than was measured (tests/sim/run/memory_needs_test.cpp
// compares whole runs). The program itself, some 40 MB with its libraries, has them already.
constexpr double of_dataset = 260e6;        // Fashion-MNIST, unpacked and normalised
constexpr double of_link = 300;             // the link, its schedule, its row of links.csv
constexpr double of_stream = 1000;          // an engine's stream, its program, its critical path
constexpr double of_step = 900;             // a step's plan and row, or its record
constexpr double of_step_in_window = 150;   // a step that was run lately
constexpr double of_rank_in_step = 34;      // what a rank did in it
constexpr double most_in_window = 1 << 18;  // ranks in such steps
constexpr double of_step_put_away = 5;      // a step that is over: which rank held it up
constexpr double of_rank_in_record = 720;   // the same, of a step that is kept to be taken again
constexpr double of_stage = 500;            // a stage, recorded and planned, with its collective
constexpr double of_layer = 500;            // a layer and when it is ready
constexpr double of_layer_in_step = 330;    // its row of layers.csv
constexpr double of_bucket = 360;           // the bucket
constexpr double of_route = 250;            // a route in a table of an engine
constexpr double of_link_of_route = 14;     // one of its links
constexpr double of_rank_in_call = 260;     // a rank's way through a ring in one go
constexpr double most_ranks_in_calls = 1 << 18;  // of which so many are kept,
constexpr double most_calls = 16;                // or of so many calls

/// What the exchanges of a bucket keep, found with a step of few ranks and small layers.
struct StageCounts {
  double stages = 5, calls = 3;
  double bytes_per_rank = 200;
  bool joins_all = false;  ///< every rank sends to every other one
};

/// The options of the scheme with which a step can be drawn, whatever the run does.
SchemeOptions options_of_drawing(const RunParts& run) {
  auto options = run.scheme_options;
  std::erase_if(options.given, [](const auto& given) {
    return (scheme_option(given.first).origins & from_model) == 0;
  });
  return options;
}

StageCounts count_stages(const RunParts& run) {
  constexpr Rank few = 4;
  auto options = options_of_drawing(run);
  options.ranks = few;
  const auto layers = small_layers(run.options);
  StageCounts counts{0, 0, 0};
  try {
    for (const auto& stage : run.scheme.synthesize(layers, options, 0).stages) {
      constexpr double of_work = 40, of_part = 80;
      ++counts.stages;
      const bool is_work = std::holds_alternative<LocalWork>(stage.what);
      if (!is_work) ++counts.calls;
      const auto* const reduce = std::get_if<AllReduce>(&stage.what);
      if (reduce == nullptr) counts.bytes_per_rank += is_work ? of_work : of_part;
      if (reduce != nullptr && reduce->at_owners) counts.joins_all = true;
    }
    return counts;
  } catch (const UserError&) {
    return {};  // what is wrong with the options is said elsewhere
  }
}

/// The pairs of ranks that exchange messages, and the links between them.
struct Pairs {
  double routes, links_per_route;
};

double mean_links(const Topology& topology, Rank source, const std::vector<Rank>& targets) {
  constexpr std::size_t most_samples = 32;
  const std::size_t stride = targets.size() / most_samples + 1;
  double links = 0, count = 0;
  for (std::size_t i = 0; i < targets.size(); i += stride, ++count)
    links += static_cast<double>(topology.route(source, targets[i]).links.size());
  return count > 0 ? links / count : 1;
}

/// As far as some ranks and rounds show; each rank sends to the next one, too (all-gathers).
Pairs count_pairs(const RunParts& run, bool joins_all) {
  constexpr Rank few = 64;
  std::vector<Rank> targets;
  for (Rank rank = 1; rank < run.ranks && (rank < 1 << 12); ++rank) targets.push_back(rank);
  const double all = run.ranks - 1.0;
  if (joins_all || run.ranks <= few) return {run.ranks * all, mean_links(run.topology, 0, targets)};
  auto request = run.collective.request;
  request.elements = run.ranks;
  const auto collective = run.collective.algorithm->make_all_reduce(request);
  const std::uint32_t rounds = std::min(collective->rounds(), 1U << 15);
  Pairs pairs{0, 0};
  Round round;
  for (const Rank rank : {Rank{0}, Rank{1}, run.ranks / 2, run.ranks - 1}) {
    std::unordered_set<Rank> peers = {(rank + 1) % run.ranks};
    for (std::uint32_t index = 0; index < rounds; ++index) {
      collective->round(rank, index, round);
      for (const auto& send : round.sends) peers.insert(send.peer);
    }
    pairs.routes = std::max(pairs.routes, static_cast<double>(peers.size()));
    targets.assign(peers.begin(), peers.end());
    pairs.links_per_route =
        std::max(pairs.links_per_route, mean_links(run.topology, rank, targets));
  }
  // Where a rank has a new peer in every round, those that were not looked at have others.
  if (pairs.routes >= rounds) pairs.routes *= static_cast<double>(collective->rounds()) / rounds;
  pairs.routes = run.ranks * std::min(pairs.routes, all);
  return pairs;
}

/// How many buckets, at most, a buffer or these layers fill.
double count_buckets(const RunParts& run, double layers) {
  const auto rule = bucket_rule(run.options);
  if (!rule) return 1;
  if (run.options.bytes) return layers;
  constexpr double half_full = 2;
  const double bytes = sizeof(float) * static_cast<double>(total_parameters(run.layers));
  const double cap = std::max(1.0, static_cast<double>(rule->cap.count));
  return rule->timeout ? layers : std::min(layers, half_full * bytes / cap + half_full);
}

double count_layers(const RunParts& run) {
  const auto& options = run.options;
  if (!options.bytes) return static_cast<double>(run.layers.size());
  const auto rule = bucket_rule(options);
  if (!rule) return 1;
  const double cap = std::max<double>(sizeof(float), static_cast<double>(rule->cap.count));
  return std::ceil(static_cast<double>(options.bytes->count) / cap) + 1;
}

double count_steps(const RunParts& run, RunSize& size) {
  const auto& options = run.options;
  if (options.steps) return static_cast<double>(*options.steps);
  if (run.trace_steps) return static_cast<double>(*run.trace_steps);
  if (run.network == nullptr) return 1;
  constexpr double samples = 60'000;
  size.made_by_steps = "epochs";
  return std::ceil(options.epochs.value_or(1) *
                   std::ceil(samples / (static_cast<double>(options.batch) * run.ranks)));
}

/// Whether every step that is drawn is the same, as some show.
bool draws_the_same(const RunParts& run) {
  auto layers = run.layers;
  if (run.options.bytes) {
    layers = {
        {.name = "values", .offset = 0, .parameters = run.options.bytes->count / sizeof(float)}};
  }
  constexpr std::uint64_t late = 1 << 20;  // after any that differ at the beginning
  const auto options = options_of_drawing(run);
  std::optional<std::vector<KeptStage>> first;
  std::vector<std::uint64_t> first_kept;
  for (const std::uint64_t step : {0UL, 1UL, 2UL, 3UL, late, late + 1}) {
    const auto drawn = run.scheme.synthesize(layers, options, step);
    auto stages = keep(drawn.stages, run.ranks);
    std::vector<std::uint64_t> kept;
    for (const auto& layer : drawn.layers) kept.push_back(layer.kept);
    if (first && (stages != *first || kept != first_kept)) return false;
    first = std::move(stages);
    first_kept = std::move(kept);
  }
  return true;
}

/// How many steps are recorded that differ from the one before.
double count_recorded(const RunParts& run, double steps) {
  constexpr double few = 64;  // which take little memory, and less time than finding out
  if (steps <= few || run.network != nullptr || run.trace_steps) return steps;
  try {
    return draws_the_same(run) ? 1 : steps;
  } catch (const UserError&) {
    return steps;  // as above
  }
}

/// How many of these steps have their plans and rows kept at a time.
double count_kept(const RunParts& run, double differing) {
  constexpr double most = most_drawn_before;
  const bool is_drawn = run.network == nullptr && !run.trace_steps;
  return is_drawn && !has_deaths(run.topology, run.ranks) ? std::min(differing, most) : differing;
}

/// Whether steps that come again are taken.
bool takes_steps(const RunParts& run, const RunSize& size, double differing) {
  return run.repeats && differing < size.steps && !feeds_back(run.options) &&
         is_steady(run.topology, run.ranks, {.time = {}, .jitter = run.options.jitter});
}

/// Whether the mean alone of a step's gradients is computed, by passes that the ranks share.
bool computes_mean(const RunParts& run) {
  if (run.options.local_steps > 1 || feeds_back(run.options)) return false;
  constexpr Rank few = 64;
  auto options = run.scheme_options;
  options.ranks = std::min(run.ranks, few);
  try {
    return run.scheme.make(small_layers(run.options), options)->is_exact();
  } catch (const UserError&) {
    return false;  // as above
  }
}

/// What a rank keeps of residuals and momenta, in copies of the parameters.
double state_copies(const RunParts& run, const Layers& layers) {
  try {
    const auto drawn = run.scheme.synthesize(layers, options_of_drawing(run), 0);
    return static_cast<double>(drawn.state_per_rank.count) / sizeof(float) /
           static_cast<double>(total_parameters(layers));
  } catch (const UserError&) {
    return 2;
  }
}

void add_training(const RunParts& run, RunSize& size) {
  if (run.network == nullptr) return;
  const auto layers = run.network->layers();
  size.parameters = static_cast<double>(total_parameters(layers));
  if (computes_mean(run)) return;
  // A batch and what a pass keeps of it: activations and their gradients.
  constexpr double kept_per_input = 24;
  const auto inputs = static_cast<double>(run.network->input_size() * run.options.batch);
  size.scratch_per_rank = sizeof(float) * kept_per_input * inputs;
  size.copies_per_rank = 1 + state_copies(run, layers) + (run.options.local_steps > 1 ? 2 : 0) +
                         (feeds_back(run.options) ? 1 : 0);
}

std::string shown(double number) { return fmt::format("{:.0f}", number); }

}  // namespace

RunSize run_size(const RunParts& run) {
  const auto counts = count_stages(run);
  RunSize size;
  size.links = static_cast<double>(run.topology.links().size());
  size.ranks = run.ranks;
  if (overlaps(run.options)) size.streams = 3;
  if (feeds_back(run.options)) size.streams = 2;
  size.steps = count_steps(run, size);
  const double differing = count_recorded(run, size.steps);
  size.recorded_steps = count_kept(run, differing);
  size.takes_steps = takes_steps(run, size, differing);
  size.timed_steps =
      size.takes_steps ? std::min(size.steps, most_run_steps(differing)) : size.steps;
  size.keeps_steps = feeds_back(run.options) || has_deaths(run.topology, run.ranks);
  size.layers = count_layers(run);
  size.buckets = count_buckets(run, size.layers);
  size.stages = counts.stages;
  size.bytes_per_rank = counts.bytes_per_rank;
  size.calls = size.timed_steps * size.buckets * counts.calls;
  const auto pairs = count_pairs(run, counts.joins_all);
  size.routes = pairs.routes;
  size.links_per_route = pairs.links_per_route;
  add_training(run, size);
  return size;
}

std::vector<MemoryNeed> memory_needs(const RunSize& size) {
  const double ranks_in_calls =
      std::min(size.calls * size.ranks, std::max(most_ranks_in_calls, most_calls * size.ranks));
  const double of_ring = of_rank_in_call * ranks_in_calls;
  const double recorded =
      of_step + of_layer_in_step * size.layers +
      size.buckets * (of_stage * size.stages + size.bytes_per_rank * size.ranks);
  const double most_kept =
      size.keeps_steps ? size.timed_steps : std::max(2.0, most_in_window / size.ranks);
  const double in_window = std::min(size.timed_steps, most_kept);
  const double timed = size.takes_steps
                           ? (of_step + of_rank_in_record * size.ranks) * size.timed_steps
                           : (of_step_in_window + of_rank_in_step * size.ranks) * in_window +
                                 of_step_put_away * size.timed_steps;
  const double state = size.parameters * sizeof(float) * size.copies_per_rank;
  return {
      {"ranks", of_link * size.links + of_stream * size.streams * size.ranks + of_ring, size.ranks,
       shown(size.ranks) + " ranks", "give fewer `ranks`"},
      {"collective", size.routes * (of_route + of_link_of_route * size.links_per_route),
       size.routes, shown(size.routes) + " routes",
       "choose a `collective` in which ranks have few partners, such as ring, or fewer `ranks`"},
      {"bucket", of_layer * size.layers + of_bucket * size.buckets + recorded, size.buckets,
       shown(size.buckets) + " buckets", "give a larger `bucket`"},
      {size.made_by_steps, recorded * (size.recorded_steps - 1) + timed, size.steps,
       shown(size.steps) + " steps", fmt::format("give fewer `{}`", size.made_by_steps)},
      {"ranks", size.parameters > 0 ? of_dataset + size.ranks * (state + size.scratch_per_rank) : 0,
       size.ranks, fmt::format("training {} ranks", shown(size.ranks)), "give fewer `ranks`"}};
}

double total_bytes(const std::vector<MemoryNeed>& needs) {
  double total = 0;
  for (const auto& need : needs) total += need.bytes;
  return total;
}

void check_memory(const std::vector<MemoryNeed>& needs, const std::function<FreeMemory()>& free) {
  // Asking takes longer than preparing a small run does.
  constexpr double little = 300e6, most_shown = 1e19;
  const double total = total_bytes(needs);
  if (total <= little) return;
  const auto memory = free();
  if (total <= static_cast<double>(memory.bytes.count)) return;
  const auto& most = *std::ranges::max_element(needs, {}, &MemoryNeed::bytes);
  const auto bytes = [&](double count) {
    return format(Bytes{static_cast<std::uint64_t>(std::min(count, most_shown))});
  };
  throw UserError(
      option_place(most.option),
      fmt::format("the run would take {} of memory, {} of it for {}, and {} are free "
                  "({})",
                  bytes(total), bytes(most.bytes), most.what, format(memory.bytes), memory.limit),
      {}, most.fix);
}

void check_memory_of_hosts(const TopologyChoice& choice, const std::function<FreeMemory()>& free) {
  if (!choice.ranks || kind_named(choice.what) == nullptr) return;
  RunSize size;
  size.ranks = *choice.ranks;
  size.links = 2 * size.ranks;  // at least
  auto needs = memory_needs(size);
  needs.resize(1);  // the others are not known yet
  check_memory(needs, free);
}

}  // namespace ringsim
