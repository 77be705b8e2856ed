#include "base/units.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace ringsim;

namespace {
const Place option{{}, "--option"};
}

TEST_CASE("bandwidths are parsed with every unit", "[units]") {
  const auto value = [](const char* text) { return parse_bandwidth(text, option).value; };
  CHECK(value("8bps") == 1);
  CHECK(value("1kbps") == 125);
  CHECK(value("1Mbps") == 125e3);
  CHECK(value("10Gbps") == 1.25e9);
  CHECK(value("1Tbps") == 125e9);
  CHECK(value("8Kibps") == 1024);
  CHECK(value("8Gibps") == 1024.0 * 1024 * 1024);
  CHECK(value("7Bps") == 7);
  CHECK(value("1.25GBps") == 1.25e9);
  CHECK(value("1e3 MBps") == 1e9);
  CHECK(value("2MiBps") == 2 * 1024.0 * 1024);
}

TEST_CASE("sizes and times are parsed with every unit", "[units]") {
  CHECK(parse_bytes("64B", option) == Bytes{64});
  CHECK(parse_bytes("1kB", option) == Bytes{1000});
  CHECK(parse_bytes("100MB", option) == Bytes{100'000'000});
  CHECK(parse_bytes("25MiB", option) == Bytes{25U << 20});
  CHECK(parse_bytes("0.5KiB", option) == Bytes{512});
  CHECK(parse_bytes("2TiB", option) == Bytes{std::uint64_t{2} << 40});
  CHECK(parse_seconds("5us", option) == Seconds{5e-6});
  CHECK(parse_seconds("3ns", option).value == Approx(3e-9));
  CHECK(parse_seconds("1.5ms", option) == Seconds{1.5e-3});
  CHECK(parse_seconds("0s", option) == Seconds{0});
  CHECK(parse_flop_rate("9TFLOPS", option) == FlopPerSecond{9e12});
}

TEST_CASE("the remaining units", "[units]") {
  const auto bandwidth = [](const char* text) { return parse_bandwidth(text, option).value; };
  CHECK(bandwidth("1Kbps") == 125);
  CHECK(bandwidth("8Mibps") == 1024.0 * 1024);
  CHECK(bandwidth("8Tibps") == std::ldexp(1.0, 40));
  CHECK(bandwidth("1kBps") == 1000);
  CHECK(bandwidth("1KBps") == 1000);
  CHECK(bandwidth("1TBps") == 1e12);
  CHECK(bandwidth("1KiBps") == 1024);
  CHECK(bandwidth("1GiBps") == std::ldexp(1.0, 30));
  CHECK(bandwidth("1TiBps") == std::ldexp(1.0, 40));
  CHECK(parse_bytes("1KB", option) == Bytes{1000});
  CHECK(parse_bytes("1GB", option) == Bytes{1'000'000'000});
  CHECK(parse_bytes("1TB", option) == Bytes{1'000'000'000'000});
  CHECK(parse_bytes("1GiB", option) == Bytes{1U << 30});
  CHECK(parse_seconds("2s", option) == Seconds{2});
  CHECK(parse_flop_rate("1MFLOPS", option) == FlopPerSecond{1e6});
  CHECK(parse_flop_rate("1GFLOPS", option) == FlopPerSecond{1e9});
  CHECK(parse_flop_rate("1PFLOPS", option) == FlopPerSecond{1e15});
}

TEST_CASE("decimal fractions of a prefix are whole bytes where they are in decimal", "[units]") {
  // 2.01 * 1e6 is 2009999.9999999998 in binary fractions.
  CHECK(parse_bytes("2.01MB", option) == Bytes{2'010'000});
  for (std::uint64_t thousandths = 1; thousandths < 5000; ++thousandths) {
    const auto text = std::to_string(static_cast<double>(thousandths) / 1000) + "TB";
    INFO(text);
    REQUIRE(parse_bytes(text, option) == Bytes{thousandths * 1'000'000'000});
  }
  CHECK_THROWS(parse_bytes("1.0001kB", option));
  CHECK_THROWS(parse_bytes("1000000000.0001kB", option));
  CHECK_THROWS(parse_bytes("800000000000000.5B", option));  // in binary fractions, too
}

TEST_CASE("wrong quantities are errors with place, finding, what is accepted and the mend",
          "[units]") {
  const std::string bandwidth = "; a bandwidth above zero such as 10Gbps or 1.25GBps is accepted";
  CHECK_THROWS_WITH(parse_bandwidth("10", option), "--option: \"10\" has no unit" + bandwidth +
                                                       "; write the unit after the number");
  CHECK_THROWS_WITH(parse_bandwidth("fast", option),
                    "--option: \"fast\" is not a quantity" + bandwidth);
  CHECK_THROWS_WITH(parse_bandwidth("", option), "--option: \"\" is not a quantity" + bandwidth);
  CHECK_THROWS_WITH(parse_bandwidth("-1Gbps", option),
                    "--option: \"-1Gbps\" is negative" + bandwidth);
  CHECK_THROWS_WITH(parse_bandwidth("0Gbps", option), "--option: \"0Gbps\" is zero" + bandwidth);
  CHECK_THROWS_WITH(parse_bandwidth("nanGbps", option),
                    "--option: \"nanGbps\" is not a quantity" + bandwidth);
  CHECK_THROWS_WITH(
      parse_bandwidth("1e307Tbps", option),
      "--option: \"1e307Tbps\" is too large; a bandwidth from 1bps to 1e6Tbps is accepted");
  CHECK_THROWS_WITH(parse_seconds("5m", option),
                    "--option: \"5m\" has the unknown unit \"m\"; a time such as 5us, 1.5ms or 2s "
                    "is accepted; units: "
                    "ns, us, ms, s");
  CHECK_THROWS_WITH(parse_bytes("0.3B", option),
                    "--option: \"0.3B\" is not a whole number of bytes below 9 PB; a size such as "
                    "64B, 100MB or 25MiB "
                    "is accepted");
}

TEST_CASE("quantities beyond all sense are errors that say the limits", "[units]") {
  const std::string bandwidths = "; a bandwidth from 1bps to 1e6Tbps is accepted";
  CHECK(parse_bandwidth("1bps", option).value == 0.125);
  CHECK(parse_bandwidth("1e6Tbps", option).value == 1.25e17);
  CHECK_THROWS_WITH(parse_bandwidth("1e-300bps", option),
                    "--option: \"1e-300bps\" is too small" + bandwidths);
  CHECK_THROWS_WITH(parse_bandwidth("0.99bps", option),
                    "--option: \"0.99bps\" is too small" + bandwidths);
  CHECK_THROWS_WITH(parse_bandwidth("1.01e6Tbps", option),
                    "--option: \"1.01e6Tbps\" is too large" + bandwidths);
  const std::string times = "; 0s and a time from 1e-15s to 1e9s are accepted";
  CHECK(parse_seconds("1e-15s", option).value == 1e-15);
  CHECK(parse_seconds("1e9s", option).value == 1e9);
  CHECK_THROWS_WITH(parse_seconds("1e300s", option), "--option: \"1e300s\" is too large" + times);
  CHECK_THROWS_WITH(parse_seconds("1e-16s", option), "--option: \"1e-16s\" is too small" + times);
  const std::string rates = "; a rate from 1MFLOPS to 1e6PFLOPS is accepted";
  CHECK(parse_flop_rate("1e6PFLOPS", option).value == 1e21);
  CHECK_THROWS_WITH(parse_flop_rate("0.5MFLOPS", option),
                    "--option: \"0.5MFLOPS\" is too small" + rates);
  CHECK_THROWS_WITH(parse_flop_rate("1e7PFLOPS", option),
                    "--option: \"1e7PFLOPS\" is too large" + rates);
}

TEST_CASE("quantities are shown with three digits", "[units]") {
  CHECK(format(Seconds{0}) == "0s");
  CHECK(format(Seconds{1.23456e-2}) == "12.3ms");
  CHECK(format(Seconds{0.9999}) == "1s");
  CHECK(format(Seconds{5e-6}) == "5us");
  CHECK(format(Seconds{-5e-6}) == "-5us");
  CHECK(format(Seconds{123.4}) == "123s");
  CHECK(format(Seconds{4e-12}) == "0ns");
  CHECK(format(Bytes{1'880'000}) == "1.88MB");
  CHECK(format(Bytes{999}) == "999B");
  CHECK(format(BytesPerSecond{1.25e9}) == "10Gbps");
  CHECK(format(FlopPerSecond{9e12}) == "9TFLOPS");
}

TEST_CASE("bytes over a bandwidth are seconds", "[units]") {
  CHECK((Bytes{1000} / BytesPerSecond{1e6}).value == Approx(1e-3));
  CHECK(Seconds{3} / Seconds{2} == 1.5);
  CHECK(Seconds{3} + Seconds{2} - Seconds{1} == Seconds{4});
  CHECK(2 * Seconds{3} / 4 == Seconds{1.5});
}

TEST_CASE("units of one kind have a ratio", "[units]") {
  CHECK(unit_ratio("Gbps", "Mbps") == 1000.0);
  CHECK(unit_ratio("GBps", "Gbps") == 8.0);
  CHECK(unit_ratio("MiB", "KiB") == 1024.0);
  CHECK(unit_ratio("us", "ms") == 1e-3);
  CHECK(unit_ratio("s", "s") == 1.0);
  CHECK_FALSE(unit_ratio("s", "B"));
  CHECK_FALSE(unit_ratio("s", ""));
  CHECK_FALSE(unit_ratio("parsec", "s"));
}
