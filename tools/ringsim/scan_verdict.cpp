#include "tools/ringsim/scan_verdict.hpp"

#include "base/text.hpp"
#include "base/units.hpp"
#include "sim/scan/uncertain.hpp"
#include "tools/ringsim/comparison_verdict.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

/// The fastest of a case among those that reach its best accuracy, and what that is held against:
/// the fastest dense one, or the next.
struct Decided {
  const ScanCase* where;
  const ScanEntry* best;
  const ScanEntry* rival;                     ///< null where there is no other
  std::vector<const ScanEntry*> passed_over;  ///< faster, but they do not reach that accuracy
};

double mean_seconds(const ScanEntry& entry) { return entry.mean.seconds; }

/// `is_to_target`: what is ranked has reached the accuracy that was asked for.
Decided decide(const ScanCase& where, bool is_to_target) {
  std::vector<const ScanEntry*> ordered;
  ordered.reserve(where.entries.size());
  for (const auto& entry : where.entries) ordered.push_back(&entry);
  std::ranges::stable_sort(ordered, {},
                           [](const ScanEntry* entry) { return mean_seconds(*entry); });
  std::vector<const Contender*> means;
  means.reserve(ordered.size());
  for (const auto* entry : ordered) means.push_back(&entry->mean);
  const std::size_t at = is_to_target ? 0 : first_that_learns(means);
  const auto best = ordered.begin() + static_cast<std::ptrdiff_t>(at);
  const auto next = best + 1;
  Decided decided{&where, *best, next == ordered.end() ? nullptr : *next, {ordered.begin(), best}};
  if ((*best)->is_dense) return decided;
  const auto dense =
      std::find_if(next, ordered.end(), [](const ScanEntry* entry) { return entry->is_dense; });
  if (dense != ordered.end()) decided.rival = *dense;
  return decided;
}

std::string factors_text(const std::vector<const Decided*>& won) {
  double least = 0, greatest = 0;
  bool are_dense = true;
  for (const auto* one : won) {
    if (one->rival == nullptr) return {};
    const double factor = mean_seconds(*one->rival) / mean_seconds(*one->best);
    least = least == 0 ? factor : std::min(least, factor);
    greatest = std::max(greatest, factor);
    are_dense = are_dense && one->rival->is_dense;
  }
  const auto* rival = are_dense ? "dense" : "the next";
  if (greatest - least < 0.005) return fmt::format(" ({:.2f}x as fast as {})", least, rival);
  return fmt::format(" ({:.2f}x to {:.2f}x as fast as {})", least, greatest, rival);
}

/// Neighbouring cases with the same winner.
std::vector<std::vector<const Decided*>> segments(const std::vector<Decided>& all) {
  std::vector<std::vector<const Decided*>> found;
  for (const auto& one : all) {
    if (found.empty() || found.back().back()->best->chosen != one.best->chosen)
      found.emplace_back();
    found.back().push_back(&one);
  }
  return found;
}

/// "1Gbps to 100Gbps"; names, which have no order, one by one.
std::string values_text(const std::vector<const Decided*>& segment) {
  constexpr std::size_t most_names = 4;
  std::vector<std::string> values;
  values.reserve(segment.size());
  for (const auto* one : segment) {
    const auto& value = one->where->last_value;
    values.push_back(value.empty() ? "without it" : value);
  }
  const bool is_range = std::ranges::all_of(
      values, [](const std::string& value) { return leading_number(value).has_value(); });
  if (values.size() > most_names || (is_range && values.size() > 1))
    return values.front() + " to " + values.back();
  return listed(values);
}

/// "scheme=iwp is fastest at bandwidth 1Gbps to 100Gbps (13.20x to 1.10x as fast as dense),
/// scheme=dense at 1000Gbps (...)."
std::string segments_text(const std::vector<std::vector<const Decided*>>& found,
                          std::string_view option) {
  std::string text;
  for (const auto& segment : found) {
    text += fmt::format("{}{}{} {}{}", text.empty() ? "" : "; ", segment.front()->best->chosen,
                        text.empty() ? fmt::format(" is fastest at {}", option) : " at",
                        values_text(segment), factors_text(segment));
  }
  return text + ".";
}

/// Who wins how many cases, the one with the most first.
std::string tally_text(const std::vector<Decided>& all) {
  std::map<std::string, std::vector<const Decided*>> by_winner;
  for (const auto& one : all) by_winner[one.best->chosen].push_back(&one);
  std::vector<const std::vector<const Decided*>*> ordered;
  ordered.reserve(by_winner.size());
  for (const auto& [name, won] : by_winner) ordered.push_back(&won);
  std::ranges::stable_sort(ordered, std::greater(), [](const auto* won) { return won->size(); });
  constexpr std::size_t most = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(most, ordered.size()); ++i) {
    const auto& won = *ordered[i];
    text += i == 0 ? fmt::format("{} is fastest in {} of {} cases{}", won.front()->best->chosen,
                                 won.size(), all.size(), factors_text(won))
                   : fmt::format("; {} in {}{}", won.front()->best->chosen, won.size(),
                                 factors_text(won));
  }
  if (ordered.size() > most) text += fmt::format("; {} others in the rest", ordered.size() - most);
  return text + ".";
}

std::string binding_tally(const std::vector<Decided>& all) {
  std::map<std::string, std::size_t> kinds;
  for (const auto& one : all) {
    if (const auto& bottleneck = one.best->mean.bottleneck) ++kinds[bottleneck->kind];
  }
  std::string text;
  for (const auto& [kind, count] : kinds)
    text += fmt::format("{}{} in {}", text.empty() ? "" : ", ", binding_name(kind), count);
  if (text.empty()) return {};
  return fmt::format("What binds the fastest, of {} cases: {}.", all.size(), text);
}

/// Accuracies of the fastest, over the cases.
std::string accuracies_text(const std::vector<Decided>& all) {
  std::optional<double> least, most;
  for (const auto& one : all) {
    const auto accuracy = one.best->mean.accuracy;
    if (!accuracy) continue;
    least = least ? std::min(*least, *accuracy) : *accuracy;
    most = most ? std::max(*most, *accuracy) : *accuracy;
  }
  if (!least) return std::string(no_accuracy);
  if (all.size() == 1) return fmt::format("It ends at an accuracy of {:.2f} %.", *least * 100);
  return fmt::format("The fastest end at accuracies of {:.2f} % to {:.2f} %.", *least * 100,
                     *most * 100);
}

/// Nothing was chosen from: where a step takes least and most.
std::string range_text(const std::vector<Decided>& all, std::string_view what) {
  const auto seconds = [](const Decided& one) { return mean_seconds(*one.best); };
  const auto [least, most] = std::ranges::minmax_element(all, {}, seconds);
  const auto time = [&](const Decided& one) { return format(Seconds{seconds(one)}); };
  if (all.size() == 1) return fmt::format("It takes {} {}.", time(*least), what);
  return fmt::format("It takes least at {}: {} {}; most at {}: {}.", least->where->where,
                     time(*least), what, most->where->where, time(*most));
}

std::string_view what_of(const ScanCases& cases) {
  return what_is_ranked(cases.is_to_target ? RankedBy::time_to_target : RankedBy::step);
}

void add_what_wins(Verdict& verdict, const ScanCases& cases, const std::vector<Decided>& decided) {
  if (!cases.has_choice) {
    add_sentence(verdict, range_text(decided, what_of(cases)));
  } else if (decided.size() == 1 && !decided.front().passed_over.empty()) {
    const auto& one = decided.front();
    std::vector<const Contender*> passed_over;
    for (const auto* entry : one.passed_over) passed_over.push_back(&entry->mean);
    add_what_learns(verdict, one.best->mean, one.rival != nullptr ? &one.rival->mean : nullptr,
                    passed_over, what_of(cases));
  } else if (decided.size() == 1) {
    const auto& one = decided.front();
    add_sentence(verdict, one.rival == nullptr
                              ? range_text(decided, what_of(cases))
                              : lead_text(one.best->mean, one.rival->mean, what_of(cases),
                                          one.where->entries.size()));
  } else {
    const auto found = segments(decided);
    constexpr std::size_t most_segments = 5;
    const bool is_line = !cases.only_option.empty() && found.size() <= most_segments;
    const auto passed =
        std::ranges::count_if(decided, [](const Decided& one) { return !one.passed_over.empty(); });
    add_sentence(verdict,
                 (passed > 0 ? "Within a point of the best accuracy " : "") +
                     (is_line ? segments_text(found, cases.only_option) : tally_text(decided)));
    const auto close = std::ranges::count_if(decided, [](const Decided& one) {
      constexpr double clear = 1.01;
      return one.rival != nullptr && mean_seconds(*one.rival) < clear * mean_seconds(*one.best);
    });
    if (close > 0)
      add_sentence(verdict, fmt::format("In {} of {} cases the fastest leads by less than 1 %.",
                                        close, decided.size()));
    if (is_line && found.size() > 1)
      add_sentence(verdict, "The command breakeven finds where that changes.");
    if (passed > 0)
      add_sentence(verdict, fmt::format("In {} of {} cases something else is faster, but ends more "
                                        "than a point below the best accuracy.",
                                        passed, decided.size()));
  }
}

/// Until when the winners of several cases stay ahead whose compressing was not measured: a step
/// grows by no more than that does.
std::string uncertain_tally(const std::vector<Decided>& all) {
  std::vector<const Decided*> uncertain;
  bool are_dense = true, is_modelled = false;
  for (const auto& one : all) {
    const auto& basis = one.best->mean.basis.compress;
    if (one.rival == nullptr || !is_uncertain(basis)) continue;
    uncertain.push_back(&one);
    are_dense = are_dense && one.rival->is_dense;
    is_modelled = is_modelled || *basis == "modelled";
  }
  if (uncertain.empty()) return {};
  const auto lead = [](const Decided* one) {
    return mean_seconds(*one->rival) - mean_seconds(*one->best);
  };
  const auto [least, most] = std::ranges::minmax_element(uncertain, {}, lead);
  const auto text = [&](const Decided* one) {
    return fmt::format("{} (at {})", format(Seconds{lead(one)}), one->where->where);
  };
  return fmt::format(
      "What the fastest take to compress is {}, not measured, in {} of {} cases: they stay faster "
      "than {} at least while that takes no more than {}{} longer a step.",
      is_modelled ? "modelled" : "extrapolated", uncertain.size(), all.size(),
      are_dense ? "dense" : "the next", text(*least), least == most ? "" : " to " + text(*most));
}

/// What binds, until when it holds, and accuracy.
void add_what_it_rests_on(Verdict& verdict, const ScanCases& cases,
                          const std::vector<Decided>& decided) {
  const auto& one = decided.front();
  const auto& best = one.best->mean;
  const bool is_alone = decided.size() == 1;
  std::vector<TimeBasis> bases;
  bool is_guess = false, has_headroom = false, is_against_dense = true;
  for (const auto& each : decided) {
    const auto& winner = each.best->mean;
    bases.push_back(winner.basis);
    if (each.rival != nullptr) bases.push_back(each.rival->mean.basis);
    if (is_uncertain(winner.basis.compress)) {
      is_guess = true;
      is_against_dense = is_against_dense && each.rival != nullptr && each.rival->is_dense;
    }
    has_headroom = has_headroom || winner.headroom.dense_fp32;
  }
  add_sentence(verdict, is_alone ? binding_text(best) : binding_tally(decided));
  if (is_alone) add_sentence(verdict, headroom_text(best));
  if (is_alone) add_sentence(verdict, bandwidth_text(best));
  std::string lead;
  if (!cases.is_to_target && is_alone && one.rival != nullptr) {
    lead = uncertain_lead_text(best, one.rival->mean);
  } else if (!cases.is_to_target && !is_alone) {
    lead = uncertain_tally(decided);
  }
  add_sentence(verdict, lead);
  // Against dense, the lead has said it.
  if (is_guess && !has_headroom && (lead.empty() || !is_against_dense))
    add_sentence(verdict,
                 "With --headroom on each point says how much longer compressing may take until "
                 "dense is as fast.");
  add_sentence(verdict, basis_text(bases));
  if (is_alone && one.rival != nullptr) {
    const auto note = one.best->seeds > 1 ? fmt::format("means of {} seeds", one.best->seeds)
                                          : std::string(one_seed);
    add_sentence(verdict, accuracy_text(best, one.rival->mean, note));
  } else {
    add_sentence(verdict, accuracies_text(decided));
  }
}

}  // namespace

Verdict scan_verdict(
    const ScanRows& scan,
    const std::function<std::vector<std::string>(std::uint32_t point)>& assumed_by) {
  const auto cases = read_cases(scan);
  Verdict verdict;
  std::vector<Decided> decided;
  for (const auto& where : cases.all) decided.push_back(decide(where, cases.is_to_target));
  if (!decided.empty()) {
    add_what_wins(verdict, cases, decided);
    add_what_it_rests_on(verdict, cases, decided);
  } else {
    add_sentence(verdict, "No point has a result.");
  }
  if (cases.failed > 0)
    add_sentence(verdict, fmt::format("{} of {} points failed.", cases.failed, scan.rows.size()));
  if (cases.not_reached > 0) {
    add_sentence(verdict, fmt::format("{} of {} points do not get to the target accuracy.",
                                      cases.not_reached, scan.rows.size()));
  }
  constexpr std::size_t most_asked = 16;
  for (std::size_t i = 0; i < std::min(most_asked, decided.size()); ++i) {
    for (const auto* entry : {decided[i].best, decided[i].rival}) {
      if (entry != nullptr) add_once(verdict.assumed, assumed_by(entry->point));
    }
  }
  return verdict;
}

}  // namespace ringsim
