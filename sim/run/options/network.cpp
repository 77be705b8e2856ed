// Options: the network and how it is simulated.
#include "base/text.hpp"
#include "sim/run/backend_choice.hpp"
#include "sim/run/options/rows.hpp"

namespace ringsim {
namespace {

std::vector<std::string> topology_words() {
  std::vector<std::string> words;
  auto kinds = topology_kind_names();
  words.insert(words.end(), kinds.begin(), kinds.end());
  for (const auto& shipped : shipped_topologies()) words.push_back(shipped.name);
  return words;
}

std::vector<std::string> collective_names() {
  std::vector<std::string> names = {std::string(automatic_collective)};
  for (const auto* collective : collectives()) names.emplace_back(collective->name);
  return names;
}

constexpr Limits bandwidth_limits = WithUnit{WithUnit::Kind::bytes_per_second};
constexpr Limits time_limits = WithUnit{WithUnit::Kind::seconds};

constexpr RunOption rows[] = {
    {{.name = "topology",
      .value = "FILE|NAME|KIND",
      .meaning =
          "the network: a topology file, the name of a shipped one (ringsim list topologies), "
          "or a kind (ringsim list topology-kinds) with `ranks` hosts",
      .limits = Custom{[] { return std::string("a file (with / or .json in its name) or a name"); },
                       topology_words},
      .default_value = "ring8-1g"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.topology.what = value_as<std::string>(v); },
      .reads = [](const RunOptions& o) -> std::vector<std::filesystem::path> {
        if (kind_named(o.topology.what)) return {};
        return {topology_file(o.topology.what)};
      }}},
    {{.name = "ranks",
      .value = "N",
      .meaning = "GPUs that train",
      .limits = WholeNumber{2, 1 << 20},
      .default_note = "all hosts of the topology"},
     {.group = "network",
      .affects = Affects::both,
      .set = [](RunOptions& o, const OptionValue& v) { o.topology.ranks = value_as<Rank>(v); }}},
    {{.name = "bandwidth",
      .value = "Q",
      .meaning = "of every link, e.g. 10Gbps",
      .limits = bandwidth_limits,
      .needs = "`topology` KIND"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.topology.bandwidth = value_as<BytesPerSecond>(v); }}},
    {{.name = "latency",
      .value = "Q",
      .meaning = "of every link, e.g. 5us",
      .limits = time_limits,
      .needs = "`topology` KIND"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.topology.latency = value_as<Seconds>(v); }}},
    {{.name = "backend",
      .value = "NAME",
      .meaning = "what finds the times; auto: recurrence where it is exact, fluid elsewhere",
      .limits = OneOf{backend_choices},
      .default_value = "auto"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o, const OptionValue& v) { o.backend = value_as<std::string>(v); }}},
    {{.name = "collective",
      .value = "NAME",
      .meaning =
          "all-reduce algorithm (ringsim list collectives); auto: what the topology's file "
          "names (\"library\"), else hierarchical over whole nodes of several GPUs, else ring",
      .limits = NameOf{collective_names,
                       [](std::string_view name) {
                         if (name != automatic_collective) find_collective(name);
                       }},
      .default_value = automatic_collective},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o, const OptionValue& v) { o.collective = value_as<std::string>(v); }}},
    // The options of the collectives stand here.
    {{.name = "reduce-rate",
      .value = "Q",
      .meaning = "how fast a host adds up what it receives, where its topology file does not say",
      .limits = bandwidth_limits,
      .default_note = "in no time"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o,
                const OptionValue& v) { o.reduce_rate = value_as<BytesPerSecond>(v); }}},
    {{.name = "after-outage",
      .value = "resume|restart",
      .meaning =
          "when a link is up again, a message that was under way goes on where it stopped, or "
          "is sent from its start",
      .limits = OneOf{[] {
        return std::vector<std::string>{"resume", "restart"};
      }},
      .default_value = "resume",
      .needs = "a topology with outages"},
     {.group = "network",
      .affects = Affects::timing,
      .set =
          [](RunOptions& o, const OptionValue& v) {
            o.after_outage =
                value_as<std::string>(v) == "resume" ? AfterOutage::resume : AfterOutage::restart;
          }}},
    {{.name = "detection-timeout",
      .value = "Q",
      .meaning = "how long after a host's death the others notice, and go on without it",
      .limits = time_limits,
      .default_value = "10s",
      .needs = "a topology whose hosts die"},
     {.group = "network",
      .affects = Affects::timing,
      .set = [](RunOptions& o, const OptionValue& v) { o.detection = value_as<Seconds>(v); }}},
};

}  // namespace

extern const OptionGroup network_option_group;
const OptionGroup network_option_group = {rows};

}  // namespace ringsim
