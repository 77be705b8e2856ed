#include "sim/scan/points.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "models/schemes/scheme.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/run/felt_options.hpp"
#include "sim/run/machine.hpp"
#include "sim/run/run_options.hpp"
#include "sim/scan/points_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace ringsim {
namespace {

constexpr std::size_t most_points = 1'000'000;

const RunOption& option_of(std::string_view name) {
  const auto* found = find_run_option(name);
  check(found != nullptr, "a point names no option");
  return *found;
}

/// Where the option stands in run_options().
std::ptrdiff_t position_of(std::string_view name) {
  return &option_of(name) - run_options().data();
}

/// Whether the option says what a GPU does, of which schemes feel one thing or another.
bool is_of_gpu(std::string_view name) { return name == "gpu" || name == "gpu-memory-bandwidth"; }

/// Throws where `text` is no value of the option.
void check_value(std::string_view name, const std::string& text) {
  RunOptions scratch;
  set_run_option(scratch, name, text);
}

std::string bytes_of(std::span<const std::uint32_t> choices) {
  return {reinterpret_cast<const char*>(choices.data()), choices.size_bytes()};
}

}  // namespace

PointSet::PointSet(const ScanRequest& request) {
  for (const auto& option : request.options) {
    for (const auto& value : option.values) check_value(option.name, value);
    if (option.values.size() > 1) {
      varied_.push_back(option.name);
    } else {
      fixed_.emplace_back(option.name, option.values.front());
    }
  }
  std::vector<Axis> axes;
  if (!request.points_file.empty()) {
    axes.push_back(read_file(request));
  } else {
    std::ranges::sort(varied_, {}, position_of);
    texts_.resize(varied_.size());
  }
  add_lists(request, axes);
  set_slots();
  add_product(axes);
}

PointSet::Axis PointSet::read_file(const ScanRequest& request) {
  const auto file = read_points_file(request.points_file);
  for (const auto& option : request.options) {
    if (std::ranges::find(file.options, option.name) == file.options.end()) continue;
    throw UserError({{}, fmt::format("`{}`", option.name)},
                    fmt::format("is a column of {} too", request.points_file),
                    "one of the two is accepted");
  }
  varied_.insert(varied_.end(), file.options.begin(), file.options.end());
  std::ranges::sort(varied_, {}, position_of);
  texts_.resize(varied_.size());
  Axis axis;
  for (const auto name : file.options) axis.columns.push_back(column_of(name));
  std::vector<std::unordered_map<std::string, std::uint32_t>> known(file.options.size());
  const auto choice_of = [&](std::size_t column, const std::string& text, std::size_t line) {
    if (text.empty()) return left_out;
    auto& texts = texts_[axis.columns[column]];
    const auto next = static_cast<std::uint32_t>(texts.size());
    const auto [found, is_new] = known[column].try_emplace(text, next);
    if (is_new) {
      try {
        check_value(file.options[column], text);
      } catch (const UserError& error) {
        throw UserError({request.points_file, fmt::format("line {}", line)}, error.what());
      }
      texts.push_back(text);
    }
    return found->second;
  };
  for (std::size_t r = 0; r < file.rows.size(); ++r) {
    auto& row = axis.rows.emplace_back();
    for (std::size_t i = 0; i < file.options.size(); ++i)
      row.push_back(choice_of(i, file.rows[r][i], file.lines[r]));
  }
  return axis;
}

void PointSet::add_lists(const ScanRequest& request, std::vector<Axis>& axes) {
  const ScanRequest::Option* first = nullptr;
  for (const auto& option : request.options) {
    if (option.values.size() == 1) continue;
    const bool is_paired = request.zip && first != nullptr;
    if (is_paired && option.values.size() != first->values.size()) {
      throw UserError(option_place("zip"),
                      fmt::format("found {} values of `{}` and {} of `{}`", first->values.size(),
                                  first->name, option.values.size(), option.name),
                      "lists of equal length are accepted");
    }
    if (!is_paired) axes.emplace_back().rows.resize(option.values.size());
    const std::size_t column = column_of(option.name);
    axes.back().columns.push_back(column);
    for (std::uint32_t i = 0; i < option.values.size(); ++i) axes.back().rows[i].push_back(i);
    texts_[column] = option.values;
    if (first == nullptr) first = &option;
  }
  if (request.zip && first == nullptr)
    throw UserError(option_place("zip"), "has no effect without lists", {}, "leave it out");
}

void PointSet::add_product(const std::vector<Axis>& axes) {
  std::size_t count = 1;
  for (const auto& axis : axes) {
    count *= axis.rows.size();
    if (count > most_points) {
      throw UserError({{}, "scan"}, fmt::format("found more than {} points", most_points),
                      "fewer are accepted", "give shorter lists, or several scans");
    }
  }
  std::unordered_set<std::string> with_gaps;  // points that an option was left out of
  std::vector<std::size_t> at(axes.size());
  std::vector<std::uint32_t> whole(varied_.size()), choices;
  for (std::size_t n = 0; n < count; ++n) {
    std::size_t rest = n;
    for (std::size_t i = axes.size(); i-- > 0; rest /= axes[i].rows.size()) {
      const auto& row = axes[i].rows[rest % axes[i].rows.size()];
      for (std::size_t k = 0; k < row.size(); ++k) whole[axes[i].columns[k]] = row[k];
    }
    choices = whole;
    bool has_gap = false;
    for (const auto& slot : slots_) {
      if (!slot.is_varied || !leaves_out(slot, whole)) continue;
      choices[slot.index] = left_out;
      has_gap = true;
    }
    if (has_gap && !with_gaps.insert(bytes_of(choices)).second) continue;
    choices_.insert(choices_.end(), choices.begin(), choices.end());
  }
}

std::size_t PointSet::column_of(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::find(varied_, name) - varied_.begin());
}

std::string PointSet::value_of(std::string_view name,
                               std::span<const std::uint32_t> choices) const {
  const std::size_t column = column_of(name);
  if (column < varied_.size() && choices[column] != left_out)
    return texts_[column][choices[column]];
  const auto given = std::ranges::find(fixed_, name, &Assignment::first);
  if (given != fixed_.end()) return given->second;
  return name == "scheme" ? RunOptions{}.scheme : RunOptions{}.collective;
}

bool PointSet::may_feel_seed(const RunOptions& options) const {
  const bool is_drawn = options.bytes || options.source == Source::synthetic;
  if (!is_drawn || options.jitter > 0 || may_draw(options)) return true;
  const auto& topology = options.topology.what;
  const auto [known, is_new] = has_own_jitter_.try_emplace(topology, true);
  if (is_new && kind_named(topology) != nullptr) known->second = false;
  if (is_new && known->second) {
    try {
      const auto found = find_topology(topology);
      known->second = false;
      for (Rank rank = 0; rank < found.hosts(); ++rank)
        known->second = known->second || found.host(rank).jitter.value_or(0) > 0;
    } catch (const UserError&) {
      // A run says what is wrong with the topology.
    }
  }
  return known->second;
}

RunOptions PointSet::options_that_count(std::span<const std::uint32_t> choices,
                                        const std::string& scheme, const std::string* ranks,
                                        std::span<const std::string_view> more) const {
  RunOptions options;
  const auto set = [&](std::string_view option, const std::string& text) {
    const auto& row = option_of(option);
    constexpr std::string_view others[] = {"bytes",  "ranks",    "source",
                                           "jitter", "topology", "bucket"};
    const bool counts = row.of_scheme != nullptr
                            ? takes(scheme, row)
                            : std::ranges::find(others, option) != std::end(others) ||
                                  std::ranges::find(more, option) != more.end();
    if (counts) set_run_option(options, option, text);
  };
  for (const auto& [option, text] : fixed_) set(option, text);
  for (std::size_t i = 0; i < varied_.size(); ++i) {
    if (choices[i] != left_out) set(varied_[i], texts_[i][choices[i]]);
  }
  options.scheme = scheme;
  if (ranks != nullptr) set("ranks", *ranks);
  return options;
}

bool PointSet::adds_ddp(const RunOptions& options) const {
  if (!may_feel_ddp(options)) return false;
  const auto& topology = options.topology;
  const auto [known, is_new] =
      has_ddp_costs_.try_emplace(fmt::format("{} {}", options.gpu, topology.what), true);
  if (is_new) {
    try {
      const auto* kind = kind_named(topology.what);
      const auto found = kind == nullptr
                             ? find_topology(topology.what)
                             : make_uniform(*kind_named("ring"), 2, BytesPerSecond{1e9}, Seconds{});
      known->second = choose_machine(options, found).gpu.ddp.has_value();
    } catch (const UserError&) {
      // A run says what is wrong with the topology or the GPU.
    }
  }
  return known->second;
}

bool PointSet::may_feel_gpu(std::string_view name, const RunOptions& options) const {
  if (name == "gpu" && computing_feels_gpu(options)) return true;
  return may_feel(options, "compress-time") || adds_ddp(options);
}

bool PointSet::lacks_stage(std::string_view name, std::span<const std::uint32_t> choices) const {
  const std::size_t column = column_of("scheme");
  if (column == varied_.size()) return false;
  constexpr std::string_view of_gpu[] = {
      "gpu",       "gpu-memory-bandwidth", "compute-time", "overlap", "ddp", "quorum",
      "staleness", "local-steps"};
  const auto has_stage = [&](const std::string& scheme) {
    if (!is_of_gpu(name)) return may_feel(options_that_count(choices, scheme, nullptr), name);
    return may_feel_gpu(name, options_that_count(choices, scheme, nullptr, of_gpu));
  };
  return !has_stage(value_of("scheme", choices)) && std::ranges::any_of(texts_[column], has_stage);
}

bool PointSet::lacks_seed(std::span<const std::uint32_t> choices) const {
  const std::size_t by_scheme = column_of("scheme"), by_ranks = column_of("ranks");
  const auto own = value_of("scheme", choices);
  if (may_feel_seed(options_that_count(choices, own, nullptr))) return false;
  const auto schemes = by_scheme < varied_.size() ? texts_[by_scheme] : std::vector{own};
  return std::ranges::any_of(schemes, [&](const std::string& scheme) {
    if (may_feel_seed(options_that_count(choices, scheme, nullptr))) return true;
    return by_ranks < varied_.size() &&
           std::ranges::any_of(texts_[by_ranks], [&](const std::string& ranks) {
             return may_feel_seed(options_that_count(choices, scheme, &ranks));
           });
  });
}

PointSet::Slot PointSet::slot_of(std::string_view name, bool is_varied, std::size_t index) const {
  const auto& option = option_of(name);
  Slot slot{&option, is_varied, index, false, std::nullopt};
  const bool has_schemes = column_of("scheme") != varied_.size();
  if (((depends_on_stages(name) || is_of_gpu(name)) && has_schemes) ||
      (name == "seed" && (has_schemes || column_of("ranks") != varied_.size()))) {
    slot.may_be_left_out = true;
  } else if (option.taken_by != TakenBy::every_run) {
    const std::string_view by = option.taken_by == TakenBy::scheme ? "scheme" : "collective";
    const std::size_t column = column_of(by);
    if (column == varied_.size()) return slot;
    slot.other_column = column;
    for (const auto& text : texts_[column]) slot.is_left_out.push_back(!takes(text, option));
    slot.may_be_left_out = std::ranges::find(slot.is_left_out, false) != slot.is_left_out.end();
  }
  return slot;
}

void PointSet::set_slots() {
  for (std::size_t i = 0; i < fixed_.size(); ++i)
    slots_.push_back(slot_of(fixed_[i].first, false, i));
  for (std::size_t i = 0; i < varied_.size(); ++i) slots_.push_back(slot_of(varied_[i], true, i));
  std::ranges::sort(slots_, {}, &Slot::option);
}

bool PointSet::leaves_out(const Slot& slot, std::span<const std::uint32_t> choices) const {
  if (!slot.may_be_left_out) return false;
  const auto& option = *slot.option;
  if (slot.other_column && choices[*slot.other_column] != left_out)
    return slot.is_left_out[choices[*slot.other_column]];
  if ((depends_on_stages(option.name) || is_of_gpu(option.name)) &&
      lacks_stage(option.name, choices)) {
    return true;
  }
  if (option.name == "seed" && lacks_seed(choices)) return true;
  if (option.taken_by == TakenBy::every_run) return false;
  const std::string_view by = option.taken_by == TakenBy::scheme ? "scheme" : "collective";
  const std::size_t column = column_of(by);
  if (column == varied_.size() || takes(value_of(by, choices), option)) return false;
  return std::ranges::any_of(texts_[column],
                             [&](const std::string& other) { return takes(other, option); });
}

std::vector<std::optional<std::string_view>> PointSet::values(std::size_t point) const {
  std::vector<std::optional<std::string_view>> values(varied_.size());
  for (std::size_t i = 0; i < varied_.size(); ++i) {
    const std::uint32_t choice = choices_[point * varied_.size() + i];
    if (choice != left_out) values[i] = texts_[i][choice];
  }
  return values;
}

std::vector<Assignment> PointSet::assignments(std::size_t point) const {
  const auto own = choices(point);
  std::vector<Assignment> all;
  all.reserve(slots_.size());
  for (const auto& slot : slots_) {
    if (slot.is_varied) {
      const std::uint32_t choice = own[slot.index];
      if (choice != left_out) all.emplace_back(varied_[slot.index], texts_[slot.index][choice]);
    } else if (!leaves_out(slot, own)) {
      all.push_back(fixed_[slot.index]);
    }
  }
  return all;
}

std::vector<std::string> PointSet::all_values(std::string_view name) const {
  const std::size_t column = column_of(name);
  if (column < varied_.size()) return texts_[column];
  const auto given = std::ranges::find(fixed_, name, &Assignment::first);
  return given == fixed_.end() ? std::vector<std::string>{} : std::vector{given->second};
}

std::string describe_point(const PointSet& points, std::size_t point) {
  std::string text;
  const auto values = points.values(point);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i])
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", points.varied()[i], *values[i]);
  }
  return text;
}

}  // namespace ringsim
