#include "tools/ringsim/verdict.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "sim/scan/uncertain.hpp"
#include "tools/ringsim/table.hpp"
#include "tools/ringsim/wrapped_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace ringsim {
namespace {

std::string seconds_text(double seconds) { return format(Seconds{seconds}); }
std::string percent(double share) { return fmt::format("{:.2f} %", share * 100); }

/// From the best known to the least; what is worse than calibrated was not measured here.
constexpr std::array<std::string_view, 4> from_best = {"measured", "calibrated", "extrapolated",
                                                       "modelled"};
constexpr std::ptrdiff_t last_certain = 1;

std::ptrdiff_t place_of(std::string_view basis) {
  return std::ranges::find(from_best, basis) - from_best.begin();
}

std::string capitalized(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z')
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

/// Equal but for rounding.
bool are_equal(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

/// Dense bf16 is no rival of itself.
bool is_no_headroom(const Contender& contender, double headroom) {
  return std::abs(headroom) <= 1e-9 * contender.seconds;
}

std::string target_text(const Summary::Target& target) {
  const auto accuracy = percent(target.accuracy);
  if (!target.seconds || !target.steps)
    return fmt::format("An accuracy of {} was not reached.", accuracy);
  return fmt::format("An accuracy of {} was reached after {} steps and {}.", accuracy,
                     *target.steps, seconds_text(*target.seconds));
}

}  // namespace

std::string listed(const std::vector<std::string>& words) {
  if (words.size() < 2) return words.empty() ? std::string() : words.front();
  return join(std::vector<std::string>(words.begin(), words.end() - 1), ", ") + " and " +
         words.back();
}

Contender contender(std::string name, const Summary& summary) {
  return {.name = std::move(name),
          .seconds = summary.seconds_per_step.total,
          .basis = summary.basis,
          .headroom = summary.headroom_seconds,
          .equal_at = summary.equal_at_bandwidth,
          .bottleneck = summary.bottleneck,
          .accuracy = summary.accuracy};
}

std::string binding_name(std::string_view kind) {
  if (kind == "link") return "the bandwidth of links";
  if (kind == "compute") return "computing";
  if (kind == "compress") return "compressing";
  if (kind == "reduce") return "adding up what arrives";
  if (kind == "failure") return "waiting for a host that died";
  return std::string(kind);
}

std::string binding_text(const Contender& contender) {
  if (!contender.bottleneck) return {};
  const auto& [kind, name, share] = *contender.bottleneck;
  return fmt::format("{} binds: {} of the critical path, most of it at {}.",
                     capitalized(binding_name(kind)), percent(share), name);
}

std::string basis_text(std::span<const TimeBasis> all) {
  std::array<std::ptrdiff_t, 3> worst = {-1, -1, -1};
  for (const auto& basis : all) {
    worst[0] = std::max(worst[0], place_of(basis.compute));
    if (basis.compress) worst[1] = std::max(worst[1], place_of(*basis.compress));
    worst[2] = std::max(worst[2], place_of(basis.exchange));
  }
  constexpr std::array<std::string_view, 3> parts = {"computing", "compressing", "the exchange"};
  std::vector<std::string> groups;
  for (auto place = static_cast<std::ptrdiff_t>(from_best.size()) - 1; place > 0; --place) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (worst[i] == place) names.emplace_back(parts[i]);
    }
    if (names.empty()) continue;
    groups.push_back(fmt::format("{} {} {}", listed(names), names.size() > 1 ? "are" : "is",
                                 from_best[static_cast<std::size_t>(place)]));
    if (place > last_certain) groups.back() += ", not measured";
  }
  // A time that was given counts as measured: of computing there is no other one.
  if (worst[0] == 0) groups.emplace_back("computing is as given");
  if (worst[1] == 0) groups.emplace_back("compressing is measured or as given");
  if (worst[2] == 0) groups.emplace_back("the exchange is measured");
  if (groups.empty()) return {};
  return fmt::format("{}.", capitalized(join(groups, "; ")));
}

std::string headroom_text(const Contender& contender) {
  std::vector<std::string> faster, slower;
  const auto add = [&](std::string_view rival, std::optional<double> headroom) {
    if (!headroom || is_no_headroom(contender, *headroom)) return;
    if (*headroom > 0) {
      faster.push_back(fmt::format("than {} until compressing takes {} longer a step", rival,
                                   seconds_text(*headroom)));
    } else {
      slower.push_back(fmt::format("than {} by {} a step", rival, seconds_text(-*headroom)));
    }
  };
  add("dense fp32", contender.headroom.dense_fp32);
  add("dense bf16", contender.headroom.dense_bf16);
  if (faster.empty() && slower.empty()) return {};
  const auto all = [](const std::vector<std::string>& parts) { return join(parts, ", and "); };
  if (slower.empty()) return fmt::format("It is faster {}.", all(faster));
  if (faster.empty()) return fmt::format("It is slower {}.", all(slower));
  return fmt::format("It is faster {}, and slower {}.", all(faster), all(slower));
}

std::string uncertain_start(std::string_view names, std::string_view basis) {
  return fmt::format("What {} to compress is {}, not measured: ", names, basis);
}

std::string uncertain_lead_text(const Contender& best, const Contender& rival) {
  const bool is_known = best.headroom.dense_fp32 || best.headroom.dense_bf16;
  if (!is_uncertain(best.basis.compress) || is_known || are_equal(best.seconds, rival.seconds))
    return {};
  return fmt::format(
      "{}it stays faster than {} at least while that takes no more than {} longer a step.",
      uncertain_start(best.name + " takes", *best.basis.compress), rival.name,
      seconds_text(rival.seconds - best.seconds));
}

std::string bandwidth_text(const Contender& contender) {
  const auto& equals = contender.equal_at;
  if (!equals.slowest_link) return {};
  const double slowest = *equals.slowest_link;
  std::vector<std::string> ahead, always_ahead, behind, never;
  const auto add = [&](std::string_view rival, std::optional<double> headroom,
                       std::optional<double> equal) {
    if (!headroom || is_no_headroom(contender, *headroom)) return;
    const auto at = [&] {
      return fmt::format("{} ({:.3g} times)", format(BytesPerSecond{*equal}), *equal / slowest);
    };
    if (*headroom > 0 && equal) {
      ahead.push_back(fmt::format("of {} up to {}", rival, at()));
    } else if (*headroom > 0) {
      always_ahead.emplace_back(rival);
    } else if (equal) {
      behind.push_back(fmt::format("of {} below {}", rival, at()));
    } else {
      never.emplace_back(rival);
    }
  };
  add("dense fp32", contender.headroom.dense_fp32, equals.dense_fp32);
  add("dense bf16", contender.headroom.dense_bf16, equals.dense_bf16);
  if (!always_ahead.empty())
    ahead.push_back(
        fmt::format("of {} at a thousand times the bandwidth, too", listed(always_ahead)));
  const auto links = format(BytesPerSecond{slowest});
  std::vector<std::string> sentences;
  if (!ahead.empty()) {
    sentences.push_back(fmt::format("With faster links (the slowest has {}) it stays ahead {}.",
                                    links, listed(ahead)));
  }
  if (!behind.empty()) {
    sentences.push_back(fmt::format("With slower links (the slowest has {}) it would be ahead {}.",
                                    links, listed(behind)));
  }
  if (!never.empty()) {
    sentences.push_back(fmt::format(
        "On links of a thousandth of the bandwidth it is slower than {}, too.", listed(never)));
  }
  return join(sentences, " ");
}

std::string factor_text(double seconds, double rival) {
  const double factor = rival / seconds;
  constexpr double clear = 1.01;
  return factor >= clear ? fmt::format("{:.2f}x as fast as", factor)
                         : fmt::format("{:.2g} % less than", (1 - 1 / factor) * 100);
}

std::string lead_text(const Contender& best, const Contender& rival, std::string_view what,
                      std::size_t contenders) {
  if (are_equal(best.seconds, rival.seconds)) {
    return fmt::format("{} and {} take the same: {} {}.", best.name, rival.name,
                       seconds_text(best.seconds), what);
  }
  return fmt::format("{} is fastest{}: {} {}, {} {} ({}).", best.name,
                     contenders > 2 ? fmt::format(" of {}", contenders) : std::string(),
                     seconds_text(best.seconds), what, factor_text(best.seconds, rival.seconds),
                     rival.name, seconds_text(rival.seconds));
}

std::string accuracy_text(const Contender& best, const Contender& rival, std::string_view note) {
  if (!best.accuracy && !rival.accuracy) return std::string(no_accuracy);
  if (!best.accuracy || !rival.accuracy) {
    const auto& known = best.accuracy ? best : rival;
    return fmt::format("{} ends at an accuracy of {}; that of {} was not simulated.", known.name,
                       percent(*known.accuracy), (best.accuracy ? rival : best).name);
  }
  const double points = (*best.accuracy - *rival.accuracy) * 100;
  const auto figures =
      fmt::format("{} against {}, {}", percent(*best.accuracy), percent(*rival.accuracy), note);
  if (std::abs(points) < 0.005)
    return fmt::format("{} ends at the accuracy of {} ({}).", best.name, rival.name, figures);
  return fmt::format("{} ends {:.2f} points of accuracy {} {} ({}).", best.name, std::abs(points),
                     points < 0 ? "below" : "above", rival.name, figures);
}

Verdict run_verdict(const Summary& summary, std::vector<std::string> assumed,
                    std::string_view accuracy_note) {
  const auto run = contender(summary.scheme, summary);
  const auto& step = summary.seconds_per_step;
  const bool is_dense = summary.scheme == "dense";
  Verdict verdict{{}, std::move(assumed)};
  add_sentence(verdict, fmt::format("{} takes {} a step on {} ranks: {} computing, {} compressing, "
                                    "{} waiting for the exchange.",
                                    run.name, seconds_text(step.total), summary.ranks,
                                    seconds_text(step.compute), seconds_text(step.compress),
                                    seconds_text(step.exposed_exchange)));
  add_sentence(verdict, binding_text(run));
  const auto headroom = headroom_text(run);
  add_sentence(verdict, headroom);
  if (!headroom.empty()) {
    add_sentence(verdict, bandwidth_text(run));
  } else if (run.basis.compress && !is_dense) {
    add_sentence(verdict, "Dense gradients were not timed beside it.");
  }
  add_sentence(verdict, basis_text({&run.basis, 1}));
  if (!run.accuracy) {
    add_sentence(verdict, std::string(no_accuracy));
  } else {
    add_sentence(
        verdict,
        fmt::format("It ends at an accuracy of {} ({}){}.", percent(*run.accuracy), accuracy_note,
                    is_dense ? "" : "; that of dense gradients was not simulated"));
  }
  if (summary.target) add_sentence(verdict, target_text(*summary.target));
  return verdict;
}

void add_once(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const auto& text : more) {
    if (std::ranges::find(all, text) == all.end()) all.push_back(text);
  }
}

void add_sentence(Verdict& verdict, std::string sentence) {
  if (!sentence.empty()) verdict.sentences.push_back(std::move(sentence));
}

std::vector<std::string> verdict_paragraphs(const Verdict& verdict) {
  std::vector<std::string> paragraphs;
  if (!verdict.sentences.empty()) paragraphs.push_back(join(verdict.sentences, " "));
  if (!verdict.assumed.empty())
    paragraphs.push_back(fmt::format("Assumed: {}.", join(verdict.assumed, "; ")));
  return paragraphs;
}

std::string verdict_text(const Verdict& verdict) {
  constexpr std::size_t width = 100;
  std::string text;
  for (const auto& paragraph : verdict_paragraphs(verdict))
    text += wrapped(paragraph, "", 0, width);
  return text;
}

std::string verdict_markdown(const Verdict& verdict) {
  std::string text = verdict.sentences.empty() ? "" : "**Verdict.** ";
  for (const auto& paragraph : verdict_paragraphs(verdict)) {
    if (paragraph.starts_with("Assumed: ") && !verdict.sentences.empty()) text += "\n";
    text += markdown_text(paragraph) + "\n";
  }
  return text;
}

}  // namespace ringsim
