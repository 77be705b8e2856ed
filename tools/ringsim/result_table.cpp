#include "tools/ringsim/result_table.hpp"

#include "tools/ringsim/table.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace ringsim {
namespace {

/// What decides: the time of a step and its parts, the headroom and what it rests on, the bytes,
/// what binds, accuracy.
constexpr std::array<std::string_view, 14> decisive = {"scheme",
                                                       "seconds_per_step.compute",
                                                       "seconds_per_step.compress",
                                                       "seconds_per_step.exposed_exchange",
                                                       "seconds_per_step.total",
                                                       "headroom_seconds.dense_fp32",
                                                       "headroom_seconds.dense_bf16",
                                                       "basis.compress",
                                                       "bytes_sent_per_rank.total",
                                                       "compression_ratio.wire",
                                                       "target.seconds",
                                                       "bottleneck.kind",
                                                       "bottleneck.share",
                                                       "accuracy"};

bool has(const Metric& metric, const Summary& summary) { return !exact(metric, summary).empty(); }

}  // namespace

std::vector<const Metric*> table_metrics(ResultFormat format, std::span<const Summary* const> of) {
  std::vector<const Metric*> chosen;
  for (const auto& metric : metrics()) {
    if (metric.label.empty()) continue;
    const bool decides =
        std::ranges::find(decisive, metric.name) != decisive.end() &&
        std::ranges::any_of(of, [&](const auto* one) { return has(metric, *one); });
    if (format == ResultFormat::full || decides) chosen.push_back(&metric);
  }
  return chosen;
}

bool has_any(const HeadroomSeconds& headroom) { return headroom.dense_fp32 || headroom.dense_bf16; }

std::vector<std::string> headroom_headings() { return {"headroom to dense fp32", "to dense bf16"}; }

std::vector<std::string> headroom_cells(const HeadroomSeconds& headroom) {
  const auto cell = [](std::optional<double> seconds) {
    return seconds ? shown(Shown::seconds, *seconds) : std::string();
  };
  return {cell(headroom.dense_fp32), cell(headroom.dense_bf16)};
}

void append_cells(std::vector<std::string>& row, const std::vector<std::string>& cells) {
  row.insert(row.end(), cells.begin(), cells.end());
}

std::string result_text(const TableRows& table, const std::vector<std::string>& lines,
                        const Verdict& verdict, ResultFormat format) {
  if (format == ResultFormat::markdown) {
    auto text = markdown_table(table);
    for (const auto& line : lines) text += "\n" + markdown_text(line) + "\n";
    return text + "\n" + verdict_markdown(verdict);
  }
  auto text = format_table(table);
  for (const auto& line : lines) text += line + "\n";
  return text + "\n" + verdict_text(verdict);
}

}  // namespace ringsim
