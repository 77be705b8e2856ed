#include "sim/run/run.hpp"
#include "tests/examples/sink/rank_bytes_file.hpp"
#include "tests/temporary_folder.hpp"
#include "traces/output_file.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;

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
