#include "sim/sources/prune_dump.hpp"

#include "base/error.hpp"
#include "models/schemes/iwp.hpp"
#include "tests/sim/sources/dumps.hpp"
#include "tests/temporary_folder.hpp"
#include "traces/gradient_trace.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <cmath>

namespace ringsim {
namespace {

using namespace test;
namespace fs = std::filesystem;

template <class Call>
std::string error_of(const Call& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST_CASE("masks and values that a trace holds are those that were sent") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 2, 3);
  options.write_masks = options.write_values = true;
  prune_dump(options, {});
  const auto trace = read_trace(options.output);
  SchemeOptions scheme_options = options.scheme_options;
  scheme_options.ranks = 2;
  IwpScheme scheme(two_layers, scheme_options);
  for (std::uint64_t step = 0; step < 3; ++step) {
    for (Rank rank = 0; rank < 2; ++rank)
      scheme.contribute(rank, step, gradient(rank, step), random_values(parameters, 1));
    (void)scheme.exchange(step);
    const auto name = fmt::format("step-{:06}.safetensors", step);
    const auto values = load_tensors(options.output / "values" / name);
    const auto* of_rank_1 = values.find("rank1");
    REQUIRE(of_rank_1);
    std::vector<float> sent(of_rank_1->elements());
    read_floats(*of_rank_1, 0, sent);
    CHECK(sent.size() == trace.row(step, 1, 0).sent + 20);
    CHECK(std::ranges::equal(sent, scheme.packed(1)));
    const std::string masks = read_file(options.output / "masks" / name);
    CHECK(masks.find("\"rank0/fc.weight\"") != std::string::npos);
    CHECK(masks.find("\"sent/fc.weight\"") != std::string::npos);
    // The last 375 bytes are the mask that was sent.
    std::uint64_t bits = 0;
    for (const char c : masks.substr(masks.size() - 375))
      bits += static_cast<std::uint64_t>(__builtin_popcount(static_cast<unsigned char>(c)));
    CHECK(bits == trace.row(step, 0, 0).sent);
  }
}

TEST_CASE("a dump that does not fit its weights leaves no trace") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 2, 2);
  const auto second = options.gradients[1];
  const auto run = [&] { prune_dump(options, {}); };
  const auto files = [&] {
    return std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator());
  };
  const auto before = files();

  const std::string whole = read_file(second);
  write(second, std::string_view(whole).substr(0, whole.size() - 4));
  CHECK(error_of(run).starts_with(second.string() + ": /fc.bias/data_offsets/1: found the number"));
  write(second, read_file(options.weights));
  CHECK(error_of(run) == second.string() +
                             ": /fc.weight: \"fc.weight\" of 1 ranks; 2, the ranks of " +
                             options.gradients[0].string() + ", are accepted");
  const std::vector<TensorBytes> other = {{"fc.weight", "F32", {0}, {}}};
  write(second, to_safetensors(other));
  CHECK(error_of(run) ==
        second.string() +
            ": /fc.weight: the shape (0) of \"fc.weight\"; (30, 100), the shape of "
            "the weight, or (RANKS, ...) before it is accepted");
  std::vector<float> all(2 * 3000, 1);
  all[3005] = std::nanf("");
  const std::vector<float> biases(40, 1);
  const std::vector<TensorBytes> bad = {{"fc.weight", "F32", {2, 30, 100}, bytes_of(all)},
                                        {"fc.bias", "F32", {2, 20}, bytes_of(biases)}};
  write(second, to_safetensors(bad));
  CHECK(error_of(run) ==
        second.string() +
            ": /fc.weight: element 5 of \"fc.weight\", rank 1, is nan; finite gradients are "
            "accepted; `nonfinite` keep takes them as they are");
  CHECK(files() == before);

  options.keep_nonfinite = true;
  run();
  // A NaN is never selected, and never sent.
  CHECK(read_trace(options.output).header.steps == 2);
  CHECK(error_of(run) == options.output.string() +
                             ": exists and is not an empty folder; a new or empty folder is "
                             "accepted; choose another folder for -o");
  options.output = folder.path() / "missing" / "other";
  const auto first = read_file(second);
  write(second, "x");
  CHECK(error_of(run).starts_with(second.string()));
  CHECK(!fs::exists(folder.path() / "missing"));
  write(second, first);
  options.scheme = "dense";
  options.scheme_options = {};
  CHECK(error_of(run) ==
        "`scheme`: dense selects nothing; a scheme whose ranks share a mask is accepted: iwp, "
        "magnitude, cltk");
}

TEST_CASE("a trace that was changed or cut is refused with the line") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 2, 2);
  prune_dump(options, {});
  const fs::path file = options.output / "trace_layers.csv";
  const std::string good = read_file(file);
  const auto error_with = [&](const std::string& text) {
    write(file, text);
    return error_of([&] { (void)read_trace(options.output); });
  };
  CHECK(error_with(good) == "no error");
  // 2 steps of 2 ranks with 2 layers.
  const auto last_line = good.rfind('\n', good.size() - 2) + 1;
  CHECK(error_with(good.substr(0, last_line)) ==
        file.string() +
            ": line 8: the table ends after 7 rows; the 8 rows of trace.json are accepted; is the "
            "file truncated?");
  CHECK(error_with(good.substr(0, good.size() - 1)) ==
        file.string() +
            ": line 9: the file ends within a line; a whole table is accepted; is the file "
            "truncated?");
  CHECK(error_with(good + good.substr(last_line)) ==
        file.string() + ": line 10: one row too many; the 8 rows of trace.json are accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,0,21,,,,,,\n") ==
        file.string() +
            ": line 9: kept 20 and sent 21 of 20 parameters; at most all of them are accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,0,fc.bias,20,,20,1,0,20,,,,,,\n") ==
        file.string() +
            ": line 9: found step 1, rank 0, layer \"fc.bias\" of 20 parameters; after trace.json, "
            "step 1, rank 1, layer \"fc.bias\" of 20 parameters is accepted");
  // Both ranks of two broadcast.
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,0,20,,,,,,\n") ==
        file.string() + ": line 9: broadcasts is 0; 1, as in the rows above, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,2,20,1,1,20,,3,3,3,3,3\n") ==
        file.string() + ": line 9: threshold is given; empty, as in the rows above, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,20,1,1,20,7,,,,,\n") ==
        file.string() +
            ": line 9: sampled is 7; an empty cell, of a layer that is sent whole, is accepted");
  CHECK(error_with(good.substr(0, last_line) + "1,1,fc.bias,20,,x,1,0,20,,,,,,\n") ==
        file.string() + ": line 9: kept is \"x\"; a number that is not negative is accepted");
}

}  // namespace
}  // namespace ringsim
