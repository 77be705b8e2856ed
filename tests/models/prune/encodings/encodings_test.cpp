#include "models/prune/encodings/encoding.hpp"
#include "tests/models/prune/masks.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace ringsim {
namespace {

using Bytes = std::vector<std::uint8_t>;
using prune::Segment;
using test::Mask;

const MaskEncoding& encoding(std::string_view name) {
  for (const MaskEncoding* each : mask_encodings())
    if (each->name == name) return *each;
  throw std::logic_error("no such encoding");
}

Bytes encode(std::string_view name, const Mask& mask, std::size_t parameters) {
  Bytes bytes;
  encoding(name).encode(mask, parameters, bytes);
  return bytes;
}

bool decodes(std::string_view name, const Bytes& bytes, std::size_t parameters) {
  Mask mask(prune::mask_words(parameters));
  return encoding(name).decode(bytes, parameters, mask);
}

Mask mask_of(std::size_t parameters, std::initializer_list<std::size_t> indices) {
  Mask mask(prune::mask_words(parameters));
  for (const std::size_t index : indices) test::set(mask, index);
  return mask;
}

TEST_CASE("encodings are registered once each") {
  std::vector<std::string_view> names;
  std::vector<int> ids;
  for (const MaskEncoding* each : mask_encodings()) {
    names.push_back(each->name);
    ids.push_back(each->wire_id);
  }
  CHECK(names ==
        std::vector<std::string_view>{"bitmap", "index", "delta", "runs", "rice", "index32"});
  CHECK(ids == std::vector<int>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("encodings write these bytes") {
  const Mask mask = mask_of(300, {0, 1, 5, 299});
  CHECK(encode("index", mask, 300) == Bytes{0, 0, 1, 0, 5, 0, 0x2b, 1});
  CHECK(encode("index32", mask, 300) == Bytes{0, 0, 0, 0, 1, 0, 0, 0, 5, 0, 0, 0, 0x2b, 1, 0, 0});
  // Gaps 0, 0, 3, 293 = 2*128 + 37.
  CHECK(encode("delta", mask, 300) == Bytes{0, 0, 3, 0x80 | 37, 2});
  // An empty run, 2 set, 3 unset, 1 set, 293 unset, 1 set.
  CHECK(encode("runs", mask, 300) == Bytes{0, 2, 3, 1, 0x80 | 37, 2, 1});
  CHECK(encode("bitmap", mask_of(10, {0, 1, 5, 9}), 10) == Bytes{0b00100011, 0b10});
  // d = 4/10: m = ceil(ln(1.6) / -ln(0.6)) = ceil(0.92) = 1, so gaps 0, 0, 3, 3 in unary: 1, 1,
  // 0001, 0001 from the low end up.
  CHECK(encode("rice", mask_of(10, {0, 1, 5, 9}), 10) == Bytes{1, 0b00100011, 0b10});
  // d = 2/12: m = ceil(ln(11/6) / -ln(5/6)) = ceil(3.32) = 4, so L = 2. Gap 6 = 1*4 + 2: 0, 1, then
  // 2 as 01 from the low end; gap 1: 1, then 10.
  CHECK(encode("rice", mask_of(12, {6, 8}), 12) == Bytes{4, 0b00111010});
  // d = 2/16: m = ceil(ln(15/8) / -ln(7/8)) = ceil(4.71) = 5, so L = 2 and s = 3. Gap 9 = 1*5 + 4:
  // 0, 1, then 4 + 3 = 7 without its lowest bit, 11, and that bit, 1; gap 2: 1, then 2 as 01.
  CHECK(encode("rice", mask_of(16, {9, 12}), 16) == Bytes{5, 0b10111110});
}

TEST_CASE("an index takes the fewest whole bytes that hold the largest") {
  for (const auto& [parameters, width] :
       {std::pair{1U, 1U}, std::pair{256U, 1U}, std::pair{257U, 2U}, std::pair{65536U, 2U},
        std::pair{65537U, 3U}, std::pair{16777216U, 3U}, std::pair{16777217U, 4U}})
    CHECK(encode("index", mask_of(parameters, {parameters - 1}), parameters).size() == width);
}

TEST_CASE("decoding gives the encoded mask back and encoded_size is exact") {
  for (const std::size_t parameters :
       {0U, 1U, 7U, 8U, 9U, 63U, 64U, 65U, 128U, 1000U, 4096U, 100003U})
    for (const auto& [name, mask] : test::hard_masks(parameters))
      for (const MaskEncoding* each : mask_encodings()) {
        INFO(each->name << " of " << name << ", " << parameters << " elements");
        Bytes bytes = {0xab};  // encode() appends
        each->encode(mask, parameters, bytes);
        REQUIRE(bytes.front() == 0xab);
        bytes.erase(bytes.begin());
        REQUIRE(bytes.size() == each->encoded_size(mask, parameters));
        Mask decoded(mask.size());
        REQUIRE(each->decode(bytes, parameters, decoded));
        REQUIRE(decoded == mask);
      }
}

TEST_CASE("rice is within 2 % of the entropy of random masks") {
  constexpr std::size_t parameters = 4'000'000;
  for (const double wanted :
       {1.0 / 16, 1.0 / 20, 1.0 / 33, 1.0 / 50, 1.0 / 84, 1.0 / 128, 1.0 / 1000, 1.0 / 4096}) {
    const Mask mask = test::random_mask(parameters, wanted);
    const double d = static_cast<double>(prune::count(mask)) / parameters;
    const double entropy_bits = parameters * (-d * std::log2(d) - (1 - d) * std::log2(1 - d));
    const double size = static_cast<double>(encoding("rice").encoded_size(mask, parameters));
    INFO("density " << d << ": " << size * 8 / entropy_bits);
    CHECK(size * 8 < 1.02 * entropy_bits);
    CHECK(size * 8 > 0.99 * entropy_bits);  // a smaller size would not be one of a real code
  }
}

TEST_CASE("no encoding is larger than its bound") {
  for (const auto& [name, mask] : test::hard_masks(100003)) {
    const std::uint64_t kept = prune::count(mask);
    INFO(name);
    CHECK(encoding("bitmap").encoded_size(mask, 100003) == 12501);
    CHECK(encoding("index").encoded_size(mask, 100003) == 3 * kept);
    CHECK(encoding("delta").encoded_size(mask, 100003) <= kept + 100003 / 128 * 2);
    // Golomb: log2(m) + 2 bits per element, n/m zeros, and 3 bytes of parameter.
    const double m = kept == 0 ? 1 : std::max(1.0, 100003.0 / static_cast<double>(kept));
    CHECK(static_cast<double>(encoding("rice").encoded_size(mask, 100003)) <=
          4 + (static_cast<double>(kept) * (std::log2(m) + 2) + 100003 / (0.69 * m)) / 8);
  }
}

TEST_CASE("malformed bytes are refused") {
  SECTION("bitmap") {
    CHECK_FALSE(decodes("bitmap", {1}, 9));
    CHECK_FALSE(decodes("bitmap", {1, 0, 0}, 9));
    CHECK_FALSE(decodes("bitmap", {1, 2}, 9));  // element 9
    CHECK(decodes("bitmap", {1, 1}, 9));
  }
  SECTION("index") {
    CHECK_FALSE(decodes("index", {1, 0, 2}, 300));     // half an index
    CHECK_FALSE(decodes("index", {0x2c, 1}, 300));     // 300
    CHECK_FALSE(decodes("index", {5, 0, 4, 0}, 300));  // descending
    CHECK_FALSE(decodes("index", {5, 0, 5, 0}, 300));  // twice
    CHECK_FALSE(decodes("index", {0}, 0));
    CHECK(decodes("index", {4, 0, 0x2b, 1}, 300));
  }
  SECTION("delta") {
    CHECK_FALSE(decodes("delta", {0x80}, 300));             // truncated
    CHECK_FALSE(decodes("delta", {0x80, 0}, 300));          // 0 in two bytes
    CHECK_FALSE(decodes("delta", {0x80 | 44, 2}, 300));     // 300
    CHECK_FALSE(decodes("delta", {0x80 | 43, 2, 0}, 300));  // 299, then 300
    CHECK_FALSE(decodes("delta", {0}, 0));
    CHECK_FALSE(decodes("delta", Bytes(10, 0xff), 300));
    CHECK_FALSE(decodes("delta", {255, 255, 255, 255, 255, 255, 255, 255, 255, 2}, 300));
    CHECK(decodes("delta", {0x80 | 43, 2}, 300));
  }
  SECTION("runs") {
    CHECK_FALSE(decodes("runs", {3}, 300));                // ends with an unset run
    CHECK_FALSE(decodes("runs", {3, 0}, 300));             // an empty set run
    CHECK_FALSE(decodes("runs", {3, 1, 0, 1}, 300));       // an empty unset run
    CHECK_FALSE(decodes("runs", {3, 0x80 | 42, 2}, 300));  // 3 + 298
    CHECK_FALSE(decodes("runs", {3, 0x80}, 300));
    CHECK(decodes("runs", {0, 0x80 | 44, 2}, 300));  // all
  }
  SECTION("rice") {
    CHECK_FALSE(decodes("rice", {0, 1}, 16));     // m = 0
    CHECK_FALSE(decodes("rice", {17, 1}, 16));    // m above n
    CHECK_FALSE(decodes("rice", {1}, 16));        // no code
    CHECK_FALSE(decodes("rice", {1, 1, 0}, 16));  // a byte too many
    CHECK_FALSE(decodes("rice", {1, 0}, 16));
    CHECK_FALSE(decodes("rice", {16, 0x80}, 16));          // remainder truncated
    CHECK_FALSE(decodes("rice", {8, 0b0100}, 16));         // gap 16
    CHECK_FALSE(decodes("rice", {1, 0xff, 0xff, 1}, 16));  // 17 elements
    CHECK_FALSE(decodes("rice", {1, 1}, 0));
    CHECK(decodes("rice", {1, 0xff, 0xff}, 16));
    // m = 2^57 and a quotient of 128: the gap, 2^64, does not wrap round to 0.
    Bytes huge = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2};
    huge.resize(huge.size() + 16);
    huge.push_back(1);
    huge.resize(huge.size() + 7);
    Mask one_word(1);
    CHECK_FALSE(encoding("rice").decode(huge, std::size_t{1} << 58, one_word));
  }
}

TEST_CASE("random bytes never harm a decoder, and what is accepted encodes as many elements") {
  Random random(7, Purpose::initial_weights);
  std::size_t accepted = 0;
  for (int trial = 0; trial < 40'000; ++trial) {
    const std::size_t parameters = random.below(200);
    Bytes bytes(random.below(12));
    const bool low = random.below(2) == 0;  // small numbers are accepted more often
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(low ? 8 : 256));
    for (const MaskEncoding* each : mask_encodings()) {
      Mask mask(prune::mask_words(parameters));
      if (!each->decode(bytes, parameters, mask)) continue;
      ++accepted;
      INFO(each->name << ", trial " << trial);
      if (parameters % 64 != 0) REQUIRE(mask.back() >> (parameters % 64) == 0);
      if (each->name == "rice") continue;  // its parameter is the encoder's choice
      Bytes again;
      each->encode(mask, parameters, again);
      REQUIRE(again == bytes);
    }
  }
  CHECK(accepted > 10'000);
}

TEST_CASE("a flipped or cut message is refused or differs") {
  const Mask mask = test::random_mask(1000, 0.02);
  for (const MaskEncoding* each : mask_encodings()) {
    INFO(each->name);
    Bytes bytes;
    each->encode(mask, 1000, bytes);
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      Bytes flipped = bytes;
      flipped[i / 8] = static_cast<std::uint8_t>(flipped[i / 8] ^ (1U << (i % 8)));
      Mask decoded(mask.size());
      REQUIRE((!each->decode(flipped, 1000, decoded) || decoded != mask));
    }
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      Mask decoded(mask.size());
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
      REQUIRE((!each->decode(cut, 1000, decoded) || decoded != mask));
    }
  }
}

struct Message {
  std::vector<Segment> segments;
  Mask mask;
};

/// Layers that each favour another encoding.
Message message() {
  Message result;
  const std::vector<std::pair<std::size_t, Mask>> layers = {
      {1000, test::random_mask(1000, 0.5)},       {0, {}},
      {40'000, test::random_mask(40'000, 0.01)},  {50'000, test::clustered_mask(50'000, 0.01)},
      {70'000, mask_of(70'000, {17, 69'999})},    {30, mask_of(30, {})},
      {20'000, test::strided_mask(20'000, 0, 1)},
  };
  for (const auto& [parameters, words] : layers) {
    result.segments.push_back({.offset = 0,
                               .parameters = parameters,
                               .mask_offset = result.mask.size(),
                               .threshold = 0,
                               .floor = 1});
    result.mask.insert(result.mask.end(), words.begin(), words.end());
  }
  return result;
}

TEST_CASE("a message of several layers comes back, in every encoding") {
  const auto [segments, mask] = message();
  std::vector<const MaskEncoding*> choices(mask_encodings().begin(), mask_encodings().end());
  choices.push_back(nullptr);
  for (const MaskEncoding* choice : choices) {
    const EncodedMasks encoded = encode_masks(mask, segments, choice);
    CHECK(encoded.header_bytes + encoded.mask_bytes == encoded.bytes.size());
    Mask decoded(mask.size(), 0x5555);
    decode_masks(encoded.bytes, segments, decoded);
    CHECK(decoded == mask);
  }
}

TEST_CASE("auto takes the smallest encoding per layer") {
  const auto [segments, mask] = message();
  std::size_t smallest = 0;
  for (const Segment& segment : segments) {
    std::size_t best = SIZE_MAX;
    const auto words =
        std::span(mask).subspan(segment.mask_offset, prune::mask_words(segment.parameters));
    for (const MaskEncoding* each : mask_encodings())
      best = std::min(best, each->encoded_size(words, segment.parameters));
    smallest += best;
  }
  CHECK(encode_masks(mask, segments, nullptr).mask_bytes == smallest);
  // The first of equals: an empty layer takes no bytes as a bitmap.
  const std::vector<Segment> empty = {{.floor = 1}};
  CHECK(encode_masks({}, empty, nullptr).bytes == Bytes{1, 0});
}

std::string refusal(const Bytes& bytes, const std::vector<Segment>& segments) {
  Mask mask(2);
  try {
    decode_masks(bytes, segments, mask);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "accepted";
}

TEST_CASE("a malformed message is refused with its offset") {
  const std::vector<Segment> two = {{.parameters = 9, .mask_offset = 0, .floor = 1},
                                    {.parameters = 9, .mask_offset = 1, .floor = 1}};
  CHECK(refusal({1, 2, 1, 0, 3, 1, 4}, two) == "accepted");
  CHECK(refusal({1, 2, 1, 0}, two) ==
        "byte 4 of the encoded masks: the message ends where a layer's mask should start");
  CHECK(refusal({1, 2, 1, 0, 77, 1, 4}, two) ==
        "byte 4 of the encoded masks: no encoding has the number 77");
  CHECK(refusal({1, 0x80}, two) ==
        "byte 1 of the encoded masks: the length of a mask is malformed");
  CHECK(refusal({1, 2, 1, 0, 3, 2, 4}, two) ==
        "byte 5 of the encoded masks: a mask of 2 bytes is announced, 1 follow");
  CHECK(refusal({1, 2, 1, 0, 3, 1, 9}, two) ==
        "byte 6 of the encoded masks: not a mask of 9 elements in the encoding delta");
  CHECK(refusal({1, 2, 1, 0, 3, 1, 4, 0, 0}, two) ==
        "byte 7 of the encoded masks: 2 bytes follow the last layer's mask");
}

}  // namespace
}  // namespace ringsim
