#include "models/schemes/scheme.hpp"
#include "sim/run/run.hpp"
#include "tests/examples/sink/rank_bytes_file.hpp"
#include "tests/scheme_options.hpp"
#include "tests/temporary_folder.hpp"
#include "traces/output_file.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

// Rank 0 adds 1 to every coordinate in every step and rank 1 adds 3, so that the mean of what a
// coordinate has accumulated in step t is 2(t + 1) where it was never sent. Of 5 coordinates,
// step 0 sends 0 and 3, step 1 sends 2, step 2 sends 1 and 4, and step 3 sends 0 and 3 again with
// three steps' worth.
TEST_CASE("every-kth sends what each coordinate has accumulated since its last turn",
          "[examples]") {
  SchemeOptions options{.ranks = 2};
  set(options, "every", 3);
  const auto scheme = find_scheme("every-kth").make({{"layer", 0, 5, 1}}, options);
  const std::vector<float> ones(5, 1.0F), threes(5, 3.0F);
  const std::vector<std::vector<float>> means = {
      {2, 0, 0, 2, 0}, {0, 0, 4, 0, 0}, {0, 6, 0, 0, 6}, {6, 0, 0, 6, 0}};
  const std::vector<prune::MaskWord> masks = {0b01001, 0b00100, 0b10010, 0b01001};
  for (std::uint64_t step = 0; step < means.size(); ++step) {
    scheme->contribute(0, step, ones, {});
    scheme->contribute(1, step, threes, {});
    const auto outcome = scheme->exchange(step);
    CHECK(std::vector<float>(outcome.mean.begin(), outcome.mean.end()) == means[step]);
    REQUIRE(outcome.mask.size() == 1);
    CHECK(outcome.mask[0] == masks[step]);
  }
  // Coordinate 2 has accumulated two steps since its turn, coordinates 1 and 4 one each.
  CHECK(scheme->drop(1) == 3.0 * (2 + 1 + 1));
}

TEST_CASE("a column's record gives the header, the cell and what is explained of it",
          "[examples]") {
  CHECK(csv_header<RankBytesRow>() == "rank,messages,bytes,message_bytes\n");
  CHECK(csv_line(RankBytesRow{2, 4, 10}) == "2,4,10,2.5\n");
  const auto file = describe<RankBytesRow>();
  REQUIRE(file.fields.size() == 4);
  CHECK(file.fields[3].name == "message_bytes");
  CHECK(file.fields[3].unit == "bytes");
  CHECK(file.fields[3].meaning == "The mean size of a message.");
}

// A ring all-reduce of 4 ranks: 2(N-1) = 6 rounds, in each of which a rank sends a quarter of the
// buffer; 1,000,000 values make 250,000 * 4 bytes a message.
TEST_CASE("a sink that is connected to a run gets every message", "[examples]") {
  RunOptions options;
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, const char*>>{{"bytes", "4MB"},
                                                                  {"scheme", "dense"},
                                                                  {"steps", "2"},
                                                                  {"compute-time", "1ms"},
                                                                  {"topology", "line"},
                                                                  {"ranks", "4"},
                                                                  {"cable", "NDR"}}) {
    set_run_option(options, name, value);
  }
  const TemporaryFolder folder;
  RankBytesFile sink(folder.path());
  RunObserver observer;
  observer.on_transfer = [&](const TransferRow& row) { sink.add(row); };
  run(options, observer);
  sink.commit();
  CHECK(read_file(folder.path() / "rank_bytes.csv") ==
        "rank,messages,bytes,message_bytes\n"
        "0,12,12000000,1000000\n1,12,12000000,1000000\n"
        "2,12,12000000,1000000\n3,12,12000000,1000000\n");
}
