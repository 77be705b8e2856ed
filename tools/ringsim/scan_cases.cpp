#include "tools/ringsim/scan_cases.hpp"

#include "base/csv_reader.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/scan_columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace ringsim {
namespace {

using Cells = std::vector<std::string>;

/// A table that somebody wrote may have any number.
constexpr std::uint64_t most_points = std::numeric_limits<std::uint32_t>::max();

bool is_chosen(std::string_view name) {
  const auto* option = find_run_option(name);
  constexpr std::array<std::string_view, 4> others = {"collective", "bucket", "bucket-timeout",
                                                      "overlap"};
  return option != nullptr && (option->group == "scheme" || option->group == "staleness" ||
                               option->taken_by != TakenBy::every_run ||
                               std::ranges::find(others, name) != others.end());
}

class ScanReader {
 public:
  explicit ScanReader(const ScanRows& scan) {
    for (std::size_t i = 0; i < scan.names.size(); ++i) {
      const auto& name = scan.names[i];
      columns_[name] = i;
      if (!name.starts_with(option_prefix)) continue;
      const auto option = name.substr(option_prefix.size());
      if (option == "seed") continue;
      (is_chosen(option) ? chosen_ : cases_).emplace_back(option, i);
    }
    found_.is_to_target = std::ranges::any_of(
        scan.rows, [&](const Cells& row) { return number(row, "target.accuracy").has_value(); });
    found_.has_choice = !chosen_.empty();
    if (cases_.size() == 1) found_.only_option = cases_.front().first;
    for (const auto& row : scan.rows) add(row);
  }

  ScanCases take() { return std::move(found_); }

 private:
  using Options = std::vector<std::pair<std::string, std::size_t>>;

  const std::string& cell(const Cells& row, const std::string& name) const {
    static const std::string none;
    const auto found = columns_.find(name);
    return found == columns_.end() ? none : row[found->second];
  }
  std::optional<double> number(const Cells& row, const std::string& name) const {
    const auto found = leading_number(cell(row, name));
    return found && found->rest.empty() ? std::optional(found->value) : std::nullopt;
  }
  static std::string values(const Options& options, const Cells& row) {
    std::string text;
    for (const auto& [name, column] : options) {
      if (!row[column].empty())
        text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, row[column]);
    }
    return text;
  }

  Contender contender_in(const Cells& row, const std::string& name, double seconds) const {
    Contender found{.name = name, .seconds = seconds};
    found.basis = {cell(row, "basis.compute"), std::nullopt, cell(row, "basis.exchange")};
    if (const auto& compress = cell(row, "basis.compress"); !compress.empty())
      found.basis.compress = compress;
    found.headroom = {number(row, "headroom_seconds.dense_fp32"),
                      number(row, "headroom_seconds.dense_bf16")};
    found.equal_at = {number(row, "equal_at_bandwidth.slowest_link"),
                      number(row, "equal_at_bandwidth.dense_fp32"),
                      number(row, "equal_at_bandwidth.dense_bf16")};
    if (const auto share = number(row, "bottleneck.share")) {
      found.bottleneck = {cell(row, "bottleneck.kind"), cell(row, "bottleneck.name"), *share};
    }
    found.accuracy = number(row, "accuracy");
    return found;
  }

  void add(const Cells& row) {
    if (!cell(row, std::string(error_column.name)).empty()) {
      ++found_.failed;
      return;
    }
    const auto seconds =
        number(row, found_.is_to_target ? "target.seconds" : "seconds_per_step.total");
    if (!seconds) {
      ++found_.not_reached;
      return;
    }
    auto& entries = case_of(row).entries;
    const auto chosen = values(chosen_, row);
    auto entry = std::ranges::find(entries, chosen, &ScanEntry::chosen);
    if (entry == entries.end()) {
      const auto point = parse_whole_number(cell(row, std::string(point_column.name)));
      entries.push_back(
          {.chosen = chosen,
           .is_dense = cell(row, "scheme") == "dense",
           .point = static_cast<std::uint32_t>(std::min(point.value_or(0), most_points)),
           .seeds = 1,
           .mean = contender_in(row, chosen, *seconds)});
      return;
    }
    const auto before = static_cast<double>(entry->seeds++);
    const auto with_one_more = [&](double mean, double value) {
      return mean + (value - mean) / (before + 1);
    };
    auto& mean = entry->mean;
    mean.seconds = with_one_more(mean.seconds, *seconds);
    const auto accuracy = number(row, "accuracy");
    mean.accuracy = mean.accuracy && accuracy
                        ? std::optional(with_one_more(*mean.accuracy, *accuracy))
                        : std::nullopt;
  }

  ScanCase& case_of(const Cells& row) {
    const auto where = values(cases_, row);
    const auto [found, is_new] = by_name_.try_emplace(where, found_.all.size());
    if (is_new) {
      found_.all.push_back({where, cases_.empty() ? std::string() : row[cases_.back().second], {}});
    }
    return found_.all[found->second];
  }

  std::map<std::string, std::size_t, std::less<>> columns_;
  Options chosen_, cases_;
  ScanCases found_;
  std::map<std::string, std::size_t> by_name_;
};

}  // namespace

ScanRows read_scan_rows(std::string_view csv, const std::string& file) {
  CsvReader reader(csv, file);
  ScanRows scan{reader.row(), {}};
  while (!reader.is_at_end()) {
    const auto line = reader.line();
    scan.rows.push_back(reader.row());
    if (scan.rows.back().size() == scan.names.size()) continue;
    throw UserError(reader.place(line), fmt::format("found {} cells", scan.rows.back().size()),
                    fmt::format("{}, as in the heading, are accepted", scan.names.size()));
  }
  return scan;
}

ScanCases read_cases(const ScanRows& scan) { return ScanReader(scan).take(); }

}  // namespace ringsim
