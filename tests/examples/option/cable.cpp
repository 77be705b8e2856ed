// An option of every run: a cable by its trade name, for a topology whose links are all alike.
#include "sim/run/options/rows.hpp"

#include <algorithm>
#include <array>

namespace ringsim {
namespace {

struct Cable {
  std::string_view name;
  BytesPerSecond bandwidth;
  Seconds latency;
};
constexpr std::array<Cable, 3> cables = {{{"10GbE", BytesPerSecond{1.25e9}, Seconds{10e-6}},
                                          {"100GbE", BytesPerSecond{12.5e9}, Seconds{5e-6}},
                                          {"NDR", BytesPerSecond{50e9}, Seconds{2e-6}}}};

std::vector<std::string> cable_names() {
  std::vector<std::string> names;
  for (const auto& cable : cables) names.emplace_back(cable.name);
  return names;
}

void set_cable(RunOptions& options, const OptionValue& value) {
  const auto& cable = *std::ranges::find(cables, value_as<std::string>(value), &Cable::name);
  options.topology.bandwidth = cable.bandwidth;
  options.topology.latency = cable.latency;
}

constexpr RunOption rows[] = {
    {{.name = "cable",
      .value = "NAME",
      .meaning = "`bandwidth` and `latency` of every link, by the name of its cable",
      .limits = OneOf{cable_names},
      .needs = "`topology` KIND"},
     {.group = "network", .affects = Affects::timing, .set = set_cable}},
};

}  // namespace

extern const OptionGroup cable_option_group;
const OptionGroup cable_option_group = {rows};

}  // namespace ringsim
