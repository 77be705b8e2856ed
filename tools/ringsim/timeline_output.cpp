#include "tools/ringsim/timeline_output.hpp"

#include "base/error.hpp"
#include "base/number_range.hpp"
#include "base/option_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ringsim {
namespace {

constexpr std::array<std::string_view, 4> row_names = {"compute", "compress", "send", "receive"};
constexpr std::uint64_t rows_per_kind = 1000;
constexpr std::uint64_t links_process = 2'000'000;  // behind all ranks
/// Times that differ by rounding errors alone are one.
constexpr double rounding = 1e-12;
/// What is kept of links until the end: 16 bytes each.
constexpr std::uint64_t most_uses = 20'000'000;

std::uint64_t process_of(std::uint64_t rank) { return rank + 1; }

}  // namespace

NumberRanges NumberRanges::parse(std::string_view option, std::string_view text) {
  const auto ranges = parse_whole_ranges(text);
  if (!ranges) {
    throw UserError(option_place(option), fmt::format("found \"{}\"", text),
                    "whole numbers and ranges of them are accepted, such as 0..4 or 0,7,16..23");
  }
  NumberRanges parsed;
  for (const auto& [first, last] : *ranges) parsed.ranges_.emplace_back(first, last);
  return parsed;
}

bool NumberRanges::contains(std::uint64_t number) const {
  return std::ranges::any_of(ranges_, [number](const auto& range) {
    return range.first <= number && number <= range.second;
  });
}

TimelineOutput::TimelineOutput(TimelineChoice choice, TimelineWriter::Write write)
    : choice_(std::move(choice)), writer_(std::move(write)) {}

/// The first row of the rank that is free then; a new one gets a name.
TimelineRow TimelineOutput::row(std::uint64_t rank, Kind kind, double start, double end) {
  const auto [found, is_new] = ranks_.try_emplace(rank);
  if (is_new) writer_.name_process(process_of(rank), fmt::format("rank {}", rank));
  auto& ends = found->second.ends.at(kind);
  const auto free = std::ranges::find_if(
      ends, [&](double last) { return last <= start + rounding * std::max(1.0, start); });
  const auto index = static_cast<std::uint64_t>(free - ends.begin());
  const TimelineRow row{process_of(rank), kind * rows_per_kind + index + 1};
  if (free == ends.end()) {
    const auto name = row_names.at(kind);
    writer_.name_thread(row,
                        index == 0 ? std::string(name) : fmt::format("{} ({})", name, index + 1));
    ends.push_back(end);
  } else {
    *free = end;
  }
  return row;
}

void TimelineOutput::add(const RankWork& work) {
  if (!has_step(work.step) || !has_rank(work.rank) || work.duration == Seconds{}) return;
  const double start = work.start.value, duration = work.duration.value;
  const auto at =
      row(work.rank, work.what == "compute" ? compute : compress, start, start + duration);
  writer_.slice(at, work.what, start, duration, fmt::format("\"step\":{}", work.step));
}

TimelineRow TimelineOutput::slice_of(const TransferRow& message, Kind kind) {
  const bool sends = kind == send;
  const auto at =
      row(sends ? message.source : message.target, kind, message.start_s, message.end_s);
  writer_.slice(at, message.phase, message.start_s, message.end_s - message.start_s,
                fmt::format(R"("step":{},"bucket":{},"round":{},"{}":{},"bytes":{})", message.step,
                            message.bucket, message.round, sends ? "to" : "from",
                            sends ? message.target : message.source, message.bytes));
  return at;
}

void TimelineOutput::add(const TransferRow& message) {
  if (!has_step(message.step)) return;
  const bool sends = has_rank(message.source), receives = has_rank(message.target);
  std::optional<TimelineRow> from, to;
  if (sends) from = slice_of(message, send);
  if (receives) to = slice_of(message, receive);
  // An arrow has to begin and end within its slices.
  if (from && to) writer_.arrow(*from, message.start_s, *to, (message.start_s + message.end_s) / 2);
  use_links(message, sends || receives);
}

void TimelineOutput::use_links(const TransferRow& message, bool is_shown) {
  const std::pair pair{message.source, message.target};
  auto found = routes_.find(pair);
  if (found == routes_.end()) {
    found = routes_
                .emplace(pair, topology_->route(static_cast<Rank>(message.source),
                                                static_cast<Rank>(message.target)))
                .first;
  }
  const auto& route = found->second;
  const double flows = message.flows_s;
  if (!(message.end_s > flows)) return;
  const double rate = static_cast<double>(message.bytes) / (message.end_s - flows);
  uses_ += 2 * route.links.size();
  if (uses_ > most_uses) {
    throw UserError(option_place("timeline"), "the links' utilization changes too often to be kept",
                    {}, "narrow it with `timeline-steps` (such as 0..4)");
  }
  for (const auto link : route.links) {
    auto& uses = links_[link];
    uses.is_shown |= is_shown;
    uses.uses.push_back({flows, rate});
    uses.uses.push_back({message.end_s, -rate});
  }
}

/// The sum of the mean rates of the messages that pass, over the bandwidth.
void TimelineOutput::write_counters(LinkId id) {
  auto& uses = links_.at(id).uses;
  const auto& link = topology_->links()[id];
  std::ranges::stable_sort(uses, {}, &Use::at);
  double rate = 0;
  std::int64_t messages = 0;
  for (std::size_t i = 0; i < uses.size(); ++i) {
    rate += uses[i].rate;
    messages += uses[i].rate > 0 ? 1 : -1;
    if (messages == 0) rate = 0;  // no rounding error is left
    const bool goes_on =
        i + 1 < uses.size() && uses[i + 1].at - uses[i].at <= rounding * std::max(1.0, uses[i].at);
    if (!goes_on)
      writer_.counter(links_process, link.name, uses[i].at, rate / link.bandwidth.value);
  }
}

void TimelineOutput::end() {
  if (ranks_.empty()) {
    throw UserError(option_place("timeline"), "the run has nothing of what was chosen", {},
                    "choose steps and ranks that it has with `timeline-steps` and "
                    "`timeline-ranks`");
  }
  writer_.name_process(links_process, "links");
  for (const auto& [link, uses] : links_)
    if (uses.is_shown) write_counters(link);
  writer_.end();
}

}  // namespace ringsim
