#include "traces/timeline.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"

#include <fmt/format.h>

#include <utility>

namespace ringsim {
namespace {

double microseconds(double seconds) { return seconds * 1e6; }

/// The text as a JSON string.
std::string quoted(std::string_view text) {
  auto json = to_text(Json(text));
  json.pop_back();  // the newline
  return json;
}

std::string place_of(const TimelineRow& row) {
  return fmt::format(R"("pid":{},"tid":{})", row.process, row.thread);
}

}  // namespace

TimelineWriter::TimelineWriter(Write write) : write_(std::move(write)) {
  this->write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
}

void TimelineWriter::write(std::string_view text) {
  bytes_ += text.size();
  if (bytes_ > most_bytes) {
    throw UserError(option_place("timeline"), "timeline.json would be larger than 100 MB", {},
                    "narrow it with `timeline-steps` (such as 0..4) or `timeline-ranks`");
  }
  write_(text);
}

void TimelineWriter::event(const std::string& members) {
  write(fmt::format("{}\n{{{}}}", events_++ == 0 ? "" : ",", members));
}

void TimelineWriter::name(std::string_view what, const TimelineRow& row, std::string_view name) {
  const auto place = place_of(row);
  event(fmt::format(R"("ph":"M","name":"{}_name",{},"args":{{"name":{}}})", what, place,
                    quoted(name)));
  event(fmt::format(R"("ph":"M","name":"{}_sort_index",{},"args":{{"sort_index":{}}})", what, place,
                    what == "process" ? row.process : row.thread));
}

void TimelineWriter::name_process(std::uint64_t process, std::string_view text) {
  name("process", {process, 0}, text);
}

void TimelineWriter::name_thread(const TimelineRow& row, std::string_view text) {
  name("thread", row, text);
}

void TimelineWriter::slice(const TimelineRow& row, std::string_view text, double start_s,
                           double duration_s, std::string_view arguments) {
  event(fmt::format(R"("ph":"X","name":{},{},"ts":{},"dur":{},"args":{{{}}})", quoted(text),
                    place_of(row), microseconds(start_s), microseconds(duration_s), arguments));
}

void TimelineWriter::counter(std::uint64_t process, std::string_view text, double at_s,
                             double value) {
  event(fmt::format(R"("ph":"C","name":{},"pid":{},"ts":{},"args":{{"utilization":{}}})",
                    quoted(text), process, microseconds(at_s), value));
}

void TimelineWriter::arrow(const TimelineRow& from, double from_s, const TimelineRow& to,
                           double to_s) {
  const auto id = ++arrows_;
  event(fmt::format(R"("ph":"s","cat":"message","name":"message","id":{},{},"ts":{})", id,
                    place_of(from), microseconds(from_s)));
  event(fmt::format(R"("ph":"f","bp":"e","cat":"message","name":"message","id":{},{},"ts":{})", id,
                    place_of(to), microseconds(to_s)));
}

void TimelineWriter::end() { write("\n]}\n"); }

}  // namespace ringsim
