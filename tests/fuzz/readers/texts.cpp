#include "base/error.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "base/number_range.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "models/label_skew.hpp"
#include "models/schemes/threshold.hpp"
#include "sim/scan/shard.hpp"
#include "tests/fuzz/readers.hpp"
#include "tools/ringsim/seeds.hpp"
#include "tools/ringsim/timeline_output.hpp"

#include <array>
#include <cmath>

namespace ringsim::fuzz {
namespace {

/// Calls `parse`; whether it takes the text.
template <class Parse>
bool takes(Parse parse) {
  try {
    parse();
    return true;
  } catch (const UserError&) {
    return false;
  }
}

void read_quantity(std::string_view text) {
  const Place place{{}, "quantity"};
  takes([&] { check(parse_bytes(text, place).count <= 9'007'199'254'740'992, "few bytes"); });
  takes([&] {
    const auto time = parse_seconds(text, place);
    check(time.value >= 0 && std::isfinite(time.value), "a time is a number");
    static_cast<void>(format(time));
  });
  takes([&] {
    const auto bandwidth = parse_bandwidth(text, place);
    check(bandwidth.value > 0 && std::isfinite(bandwidth.value), "a bandwidth is above zero");
    static_cast<void>(format(bandwidth));
  });
  takes([&] {
    const auto rate = parse_flop_rate(text, place);
    check(rate.value > 0 && std::isfinite(rate.value), "a rate is above zero");
    static_cast<void>(format(rate));
  });
}

void read_range(std::string_view text) {
  if (const auto ranges = parse_whole_ranges(text)) {
    check(!ranges->empty(), "there is a range");
    for (const auto& range : *ranges) check(range.first <= range.last, "a range goes upwards");
  }
  if (const auto number = parse_number_or_fraction(text))
    check(!std::isnan(*number), "a number is one");
  takes([&] { NumberRanges::parse("timeline-steps", text).contains(7); });
  // Seeds are a list in memory; ranges of millions cost the fuzzer its time alone.
  constexpr std::size_t longest = 12;
  if (text.size() <= longest) takes([&] { parse_seeds(text); });
}

void read_words(std::string_view text) {
  const Place place{{}, "word"};
  takes([&] { parse_label_skew(text, place); });
  takes([&] { parse_threshold(text); });
  takes([&] {
    const auto shard = parse_shard(text);
    check(shard.index < shard.count && parse_shard(shard_text(shard)) == shard, "a shard is one");
  });
}

void read_json(std::string_view text) {
  for (const auto repeated : {RepeatedKeys::kept, RepeatedKeys::refused}) {
    const auto written = to_text(parse_json(text, "value.json", repeated).json());
    check(to_text(parse_json(written, "again.json", repeated).json()) == written,
          "a document is written as it was read");
  }
}

}  // namespace

std::span<const Reader> text_readers() {
  static constexpr std::array<Reader, 4> all = {{{"quantity", read_quantity},
                                                 {"range", read_range},
                                                 {"word", read_words},
                                                 {"json", read_json}}};
  return all;
}

}  // namespace ringsim::fuzz
