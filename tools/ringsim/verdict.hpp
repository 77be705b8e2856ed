#pragma once
// The answer in a few sentences: what is fastest, by how much, what binds, for how long that holds,
// what it costs in accuracy, how the times are known, and what was assumed. The wording of all
// commands stands here; what it says comes from summaries alone.
#include "traces/records/summary.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Something that was timed, by the name that people know it by.
struct Contender {
  std::string name;
  double seconds = 0;  ///< what it is ranked by
  TimeBasis basis = {};
  HeadroomSeconds headroom = {};
  EqualAtBandwidth equal_at = {};
  std::optional<Summary::Bottleneck> bottleneck = {};
  std::optional<double> accuracy = {};
};
/// One that is ranked by its time per step.
Contender contender(std::string name, const Summary& summary);

struct Verdict {
  std::vector<std::string> sentences;
  std::vector<std::string> assumed;  ///< assumptions(), each once
  friend bool operator==(const Verdict&, const Verdict&) = default;
};

/// How often the accuracies of a comparison were measured: "one seed each".
inline constexpr std::string_view one_seed = "one seed each";

/// The verdict of one run, or of the means of several.
Verdict run_verdict(const Summary& summary, std::vector<std::string> assumed,
                    std::string_view accuracy_note = "one seed");

/// By how much the first time is less than the second one: "13.55x as fast as", "0.3 % less than".
std::string factor_text(double seconds, double rival);
/// "iwp is fastest: 1.02ms a step, 13.55x as fast as dense (13.8ms)." `what`: "a step".
std::string lead_text(const Contender& best, const Contender& rival, std::string_view what,
                      std::size_t contenders);
/// "Latency binds: 52.54 % of the critical path, most of it at link0."; empty where nothing does.
std::string binding_text(const Contender& contender);
/// What the bottleneck's kind is called: "latency".
std::string binding_name(std::string_view kind);
/// "Computing and the exchange are modelled, not measured." The worst of all for each part.
std::string basis_text(std::span<const TimeBasis> all);
/// Until when it is faster than dense gradients, or by how much slower it is; empty where that is
/// not known.
std::string headroom_text(const Contender& contender);
/// Until when the best one stays ahead of the rival by its time a step, where what it takes to
/// compress was not measured and its headroom is not known; else empty.
std::string uncertain_lead_text(const Contender& best, const Contender& rival);
/// How a lead that rests on such a time begins: "What iwp takes to compress is modelled, not
/// measured: ".
std::string uncertain_start(std::string_view names, std::string_view basis);
/// Up to which bandwidth of the links it is faster than dense gradients, or from where on it would
/// be; empty where that is not known.
std::string bandwidth_text(const Contender& contender);
/// What the best one costs in accuracy against the rival, or that this was not simulated.
std::string accuracy_text(const Contender& best, const Contender& rival,
                          std::string_view note = one_seed);
inline constexpr std::string_view no_accuracy = "Accuracy was not simulated.";

/// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& words);

/// Adds those that are not in `all`.
void add_once(std::vector<std::string>& all, const std::vector<std::string>& more);
/// Adds a sentence that is not empty.
void add_sentence(Verdict& verdict, std::string sentence);

/// What the best is, and what was assumed: each a paragraph, left out where it is empty.
std::vector<std::string> verdict_paragraphs(const Verdict& verdict);
/// The paragraphs in lines of at most 100 characters.
std::string verdict_text(const Verdict& verdict);
/// As paragraphs of GitHub Markdown, in which names of users are text.
std::string verdict_markdown(const Verdict& verdict);

}  // namespace ringsim
