// What iperf3 writes with -J and with --json-stream (src/iperf_api.c there).
#include "topologies/calibration/readers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim::calibration {
namespace {

constexpr std::string_view accepted = "what iperf3 -c HOST -J writes is accepted";
/// The shares of what was sent that a test has to have received, and usually has.
constexpr double least_received = 0.1, usual_received = 0.9;
constexpr double short_seconds = 1;
constexpr double least_rate = 1, most_rate = 1e18, most = 1e18, bits = 8;

/// The value at a path of keys, where all of them are there.
std::optional<JsonValue> at(const JsonValue& root, std::initializer_list<std::string_view> keys) {
  std::optional<JsonValue> value = root;
  for (const auto key : keys) {
    if (!value->is_object()) return std::nullopt;
    value = value->find(key);
    if (!value) return std::nullopt;
  }
  return value;
}

double number_at(const JsonValue& root, std::initializer_list<std::string_view> keys) {
  const auto value = at(root, keys);
  return value ? value->number(0, most) : 0;
}

/// How often a key stands in the object.
std::size_t count_key(const JsonValue& object, std::string_view key) {
  const auto* members = object.json().get_if<Json::Object>();
  if (!members) return 0;
  return static_cast<std::size_t>(std::count_if(
      members->begin(), members->end(), [&](const auto& member) { return member.first == key; }));
}

/// The smallest round trip that the sending side's TCP saw: later ones wait in queues that the
/// test itself fills.
std::optional<Seconds> round_trip(const JsonValue& end) {
  std::optional<Seconds> smallest;
  const auto streams = at(end, {"streams"});
  if (!streams) return smallest;
  for (const auto& stream : streams->array("a list of streams is accepted")) {
    const auto time = at(stream, {"sender", "min_rtt"});
    if (!time) continue;
    const Seconds seconds{time->number(0, 1e12) / 1e6};
    if (seconds > Seconds{} && (!smallest || seconds < *smallest)) smallest = seconds;
  }
  return smallest;
}

/// A test: what it was told to do, and what came out.
struct Test {
  JsonValue start, end;
};

/// Tests that are told how fast to send, and those over UDP, do not measure the link.
void check_free(const Test& test) {
  const auto protocol = at(test.start, {"test_start", "protocol"});
  if (protocol && protocol->string() != "TCP") {
    protocol->wrong("a test over TCP is accepted",
                    "UDP sends as fast as it is told to, not as fast as the link goes");
  }
  const std::initializer_list<std::string_view> paths[] = {
      {"target_bitrate"}, {"test_start", "target_bitrate"}, {"fq_rate"}, {"test_start", "fqrate"}};
  for (const auto& path : paths) {
    const auto rate = at(test.start, path);
    if (rate && rate->number(0, most) > 0) {
      rate->wrong("a test that sends as fast as it can is accepted",
                  "measure again without -b and --fq-rate");
    }
  }
}

/// What the receiver counted; of the server of a -R test, which does not hear of it, what was sent.
BytesPerSecond rate_of(const Test& test, std::vector<std::string>& notes) {
  const auto rate = at(test.end, {"sum_received", "bits_per_second"});
  if (!rate) {
    throw UserError({test.end.place().file, {}}, "found no end/sum_received/bits_per_second",
                    accepted, "let the test run to its end");
  }
  const auto sent = at(test.end, {"sum_sent", "bits_per_second"});
  const bool is_reverse = number_at(test.start, {"test_start", "reverse"}) > 0;
  if (is_reverse && rate->number(0, most_rate) == 0 && sent) {
    notes.emplace_back(
        "The file is the server's of a test with -R, so that the rate is what was sent; the "
        "client's file says what was received.");
    return {sent->number(least_rate, most_rate) / bits};
  }
  const BytesPerSecond bandwidth{rate->number(least_rate, most_rate) / bits};
  const double bytes_sent = number_at(test.end, {"sum_sent", "bytes"}),
               received = number_at(test.end, {"sum_received", "bytes"});
  if (received < least_received * bytes_sent) {
    throw UserError(rate->place(),
                    fmt::format("{:.0f} bytes were received of {:.0f} that were sent: the test "
                                "ended before they arrived",
                                received, bytes_sent),
                    "a test most of whose data arrives is accepted",
                    "measure for longer (-t 10, without -n and -k)");
  }
  if (received < usual_received * bytes_sent) {
    notes.push_back(fmt::format("Only {:.0f} % of what was sent had arrived at the test's end.",
                                100 * received / bytes_sent));
  }
  return bandwidth;
}

MeasuredThroughput read_test(const Test& test) {
  check_free(test);
  for (const auto* key : {"sum_received", "sum_sent"}) {
    if (count_key(test.end, key) < 2) continue;
    throw UserError(test.end.place().member(key),
                    "stands twice, as iperf3 3.7 to 3.10 writes it with --bidir, once for each way",
                    "a test of one way is accepted", "measure again without --bidir");
  }
  MeasuredThroughput measured{"iperf3 JSON", {}, round_trip(test.end), {}};
  measured.bandwidth = rate_of(test, measured.notes);
  const double seconds = number_at(test.end, {"sum_received", "seconds"});
  if (seconds > 0 && seconds < short_seconds) {
    measured.notes.push_back(
        fmt::format("The test took {:.2g} s, in which TCP has hardly reached its rate.", seconds));
  }
  if (at(test.end, {"sum_received_bidir_reverse"})) {
    measured.notes.emplace_back(
        "The test sent both ways at once (--bidir); the rate is one way's.");
  }
  return measured;
}

void check_error(const JsonValue& root) {
  const auto error = root.find("error");
  if (!error) return;
  throw UserError(error->place(), fmt::format("the test failed ({})", error->string()), accepted,
                  "measure again");
}

/// The events "start" and "end" of --json-stream.
std::vector<Test> stream_tests(const std::vector<JsonValue>& events) {
  std::vector<Test> tests;
  std::optional<JsonValue> start;
  for (const auto& event : events) {
    const auto name = event.find("event"), data = event.find("data");
    if (!name || !data) continue;
    const auto text = name->string();
    if (text == "error") {
      throw UserError(data->place(),
                      fmt::format("the test failed ({})",
                                  data->is_string() ? data->string() : std::string("no reason")),
                      accepted, "measure again");
    }
    if (text == "start") start = *data;
    if (text == "end" && start) tests.push_back({*start, *data});
  }
  return tests;
}

}  // namespace

MeasuredThroughput read_iperf(const std::vector<std::string_view>& documents,
                              const std::string& file) {
  std::vector<JsonValue> roots;
  for (const auto document : documents) {
    // iperf3 writes the same object twice now and then (3.16, 3.17).
    const bool is_new =
        std::find(documents.begin(), documents.end(), document)->data() == document.data();
    if (is_new) roots.push_back(parse_json(document, file, RepeatedKeys::kept));
  }
  std::vector<Test> tests;
  if (roots.front().find("event")) {
    tests = stream_tests(roots);
  } else {
    for (const auto& root : roots) {
      check_error(root);
      const auto start = root.find("start"), end = root.find("end");
      if (start && end) tests.push_back({*start, *end});
    }
  }
  if (tests.empty()) {
    throw UserError({file, {}}, "found no end/sum_received/bits_per_second", accepted,
                    "let the test run to its end");
  }
  auto measured = read_test(tests.front());
  for (const auto& test : tests) {
    if (read_test(test).bandwidth == measured.bandwidth) continue;
    throw UserError({file, {}}, fmt::format("found {} tests of different rates", tests.size()),
                    "one test is accepted", "put each into a file of its own");
  }
  return measured;
}

}  // namespace ringsim::calibration
