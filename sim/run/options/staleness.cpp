// Options: ranks that do not wait for one another.
#include "sim/run/options/rows.hpp"

namespace ringsim {
namespace {

// With a quorum alone a gradient is taken in its own step or kept back, and never late.
constexpr Condition needs_lateness = {
    "`staleness` S", [](const RunOptions& options) { return options.staleness > 0; },
    "has no effect with `staleness` 0", "give `staleness` S, or leave it out"};
constexpr Condition needs_long_delays = {
    "`staleness` of 2 or more", [](const RunOptions& options) { return options.staleness != 1; },
    "has no effect with `staleness` 1, with which no delay is above 1",
    "give a larger `staleness`, or leave it out"};
bool waits_or_is_local(const RunOptions& options) {
  return options.local_steps == 1 || !feeds_back(options);
}

constexpr Condition of_trained[] = {is_trained};
constexpr Condition of_late[] = {is_trained, needs_lateness};
constexpr Condition of_long_delays[] = {is_trained, needs_lateness, needs_long_delays};
constexpr Condition of_local_steps[] = {
    is_trained,
    {"`staleness` 0 and no `quorum`", waits_or_is_local,
     "has no effect with `staleness` or `quorum`", "leave one of the two out"}};

constexpr RunOption rows[] = {
    {{.name = "staleness",
      .value = "S",
      .meaning = "a rank may begin step t once it has applied step t-1-S, while later exchanges go "
                 "on; 0: every step waits for its exchange",
      .limits = WholeNumber{0, 10'000},
      .default_value = "0"},
     {.group = "staleness",
      .affects = Affects::both,
      .conditions = of_trained,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.staleness = value_as<std::uint64_t>(v); }}},
    {{.name = "quorum",
      .value = "Q",
      .meaning =
          "an exchange starts when Q ranks are ready; the others contribute nothing to it and "
          "keep their residual",
      .limits = WholeNumber{1, 1 << 20},
      .default_note = "all ranks"},
     {.group = "staleness",
      .affects = Affects::both,
      .conditions = of_trained,
      .set = [](RunOptions& o, const OptionValue& v) { o.quorum = value_as<Rank>(v); }}},
    {{.name = "local-steps",
      .value = "H",
      .meaning =
          "ranks train apart and exchange how far their weights have moved every H steps; 1: "
          "they exchange gradients",
      .limits = WholeNumber{1, 1'000'000},
      .default_value = "1"},
     {.group = "staleness",
      .affects = Affects::both,
      .conditions = of_local_steps,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.local_steps = value_as<std::uint64_t>(v); }}},
    {{.name = "delay-scaling",
      .value = "on|off",
      .meaning = "a gradient of delay d > 1 counts a d-th (arXiv 1511.05950)",
      .limits = OnOff{},
      .default_value = "off"},
     {.group = "staleness",
      .conditions = of_long_delays,
      .set = [](RunOptions& o, const OptionValue& v) { o.scales_by_delay = value_as<bool>(v); }}},
    {{.name = "delay-compensation",
      .value = "X",
      .meaning =
          "adds X*g*g*(change of the weights since they were read) to a late gradient g (arXiv "
          "1609.08326, which takes 0.04)",
      .limits = Number{0, 1e6},
      .default_note = "nothing"},
     {.group = "staleness",
      .conditions = of_late,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.delay_compensation = value_as<double>(v); }}},
    {{.name = "fresh-error",
      .value = "on|off",
      .meaning =
          "error and cosine in layers.csv compare with gradients computed anew with the "
          "weights before the step's update, which doubles the work; off: with those that were "
          "computed",
      .limits = OnOff{},
      .default_value = "off"},
     {.group = "staleness",
      .conditions = of_late,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.compares_with_fresh = value_as<bool>(v); }}},
};

}  // namespace

extern const OptionGroup staleness_option_group;
const OptionGroup staleness_option_group = {rows};

}  // namespace ringsim
