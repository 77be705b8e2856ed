// Tables and test results as they lie about: from launchers, older versions and logs.
#include "base/error.hpp"
#include "tests/temporary_folder.hpp"
#include "topologies/calibration/measured_table.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <functional>

using namespace ringsim;

namespace {

auto read(const std::string& text, BufferUse use = BufferUse::either) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "f") << text;
  try {
    return read_measured(folder.path() / "f", use);
  } catch (const UserError& error) {
    const std::string message = error.what(), path = (folder.path() / "f").string() + ": ";
    throw std::runtime_error(message.substr(message.starts_with(path) ? path.size() : 0));
  }
}

std::vector<MeasuredTable> tables(const std::string& text, BufferUse use = BufferUse::either) {
  return std::get<std::vector<MeasuredTable>>(read(text, use));
}

/// The lines of a run of 2 ranks on 2 hosts, with sizes of 1 KiB (20.5 us) and 1 MiB (105.9 us).
const std::vector<std::string> lines = {
    "# Collective test starting: all_reduce_perf",
    "# nThread 1 nGpus 1 minBytes 1024 maxBytes 1048576 step: 1024(factor) warmup iters: 5",
    "#",
    "# Using devices",
    "#  Rank  0 Group  0 Pid   4000 on    node0 device  0 [0000:18:00] NVIDIA H100",
    "#  Rank  1 Group  0 Pid   4001 on    node1 device  0 [0000:18:00] NVIDIA H100",
    "#",
    "#                                       out-of-place                       in-place",
    "#       size     count   type  redop  root   time  algbw  busbw #wrong   time  algbw  busbw "
    "#wrong",
    "#        (B)  (elements)                     (us) (GB/s) (GB/s)          (us) (GB/s) (GB/s)",
    "        1024       256  float    sum    -1  20.50   0.05   0.05      0  19.75   0.05   0.05   "
    "   "
    "0",
    "     1048576    262144  float    sum    -1  105.9   9.90   9.90      0  105.7   9.92   9.92   "
    "   "
    "0",
    "# Out of bounds values : 0 OK",
    "# Avg bus bandwidth    : 4.98",
};

std::string text_of(const std::function<std::string(std::string, std::size_t)>& change) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) text += change(lines[i], i) + "\n";
  return text;
}

std::string prefixed(const std::string& prefix) {
  return text_of([&](const std::string& line, std::size_t) { return prefix + line; });
}

void check_run(const std::string& text) {
  const auto found = tables(text);
  REQUIRE(found.size() == 1);
  const auto& table = found.front();
  CHECK(table.setting.operation == "all_reduce");
  CHECK(table.setting.ranks == 2U);
  CHECK(table.setting.nodes == 2U);
  CHECK(!table.in_place);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].size == Bytes{1024});
  CHECK(table.rows[0].time.value == Approx(20.5e-6));
  CHECK(table.rows[1].size == Bytes{1048576});
  CHECK(table.rows[1].time.value == Approx(105.9e-6));
}

const std::string heading_12 =
    "# size count type redop time algbw busbw error time algbw busbw error\n";

}  // namespace

TEST_CASE("what launchers put before each line is passed over", "[calibration]") {
  for (const std::string prefix : {"",
                                   "[1,0]<stdout>:",
                                   "[1,0]<stdout>: ",
                                   "[prterun-node0-77@1,0]<stdout>: ",
                                   " 0: ",
                                   "0: ",
                                   "[0] ",
                                   "node0: ",
                                   "node0 | ",
                                   "2026-11-26T22:10:39.123456Z ",
                                   "[2026-11-26 22:10:39] ",
                                   "2026-11-26 22:10:39,123 INFO ",
                                   "Thu Nov 26 22:10:39 2026<stdout>:",
                                   "1764195039 ",
                                   "1764195039.5 ",
                                   "(worker pid=77, ip=10.0.0.1) ",
                                   "> ",
                                   "    ",
                                   "| ",
                                   "\x1b[32m"}) {
    INFO(prefix);
    check_run(prefixed(prefix));
  }
}

TEST_CASE("marks that Markdown eats, escapes or quotes are not needed", "[calibration]") {
  check_run(text_of([](std::string line, std::size_t) {
    std::erase(line, '#');
    return line;
  }));
  check_run(text_of([](const std::string& line, std::size_t) {
    return line.front() == '#' ? "\\" + line : line;
  }));
  check_run(text_of([](const std::string& line, std::size_t) {
    return line.front() == '#' && line.size() > 1 ? "#" + line.substr(line.find_first_not_of("# "))
                                                  : line;
  }));
  check_run(text_of([](const std::string& line, std::size_t) { return "\"" + line + "\""; }));
  check_run(text_of([](const std::string& line, std::size_t) { return line + "\r"; }));
}

TEST_CASE("lines of other programs between the rows are no rows", "[calibration]") {
  for (const std::string other :
       {"-----------------------------------------------------------------",
        "[node0:03999] 3 more processes have sent help message help-mpi-btl-openib.txt / x",
        "node0:4000:4011 [0] NCCL INFO Channel 00/16 : 0 1", "NCCL version 2.27.5+cuda12.9",
        "slurmstepd: error: 1024 tasks",
        "          0         0  float    sum    -1   5.70   0.00   0.00 "
        "     0   5.54   0.00   0.00      0"}) {
    INFO(other);
    check_run(text_of([&](const std::string& line, std::size_t i) {
      return i == 10 || i == 11 ? other + "\n" + line : line;
    }));
  }
}

TEST_CASE("digits in groups are read, and rows that cannot be are errors", "[calibration]") {
  const auto replaced = [](const std::string& from, const std::string& to) {
    return text_of([&](std::string line, std::size_t i) {
      const auto at = line.find(from);
      return i < 10 || at == line.npos ? line : line.replace(at, from.size(), to);
    });
  };
  for (const std::string size : {"1,048,576", "1.048.576", "1'048'576", "1_048_576"})
    check_run(replaced("1048576", size));
  check_run(replaced("262144", "262,144"));
  check_run(replaced("     1048576", "[1,0]<stdout>:1,048,576"));
  const auto long_time = tables(replaced("105.9", "1,105.9"));
  CHECK(long_time.front().rows[1].time.value == Approx(1105.9e-6));
  // 1 ms or 1 us: nobody knows.
  CHECK_THROWS_WITH(tables(replaced("105.9", "1,105")),
                    Catch::StartsWith("line 12: found \"1,105\""));
  for (const std::string size : {"1M", "1,04,576", "1e6"}) {
    CHECK_THROWS_WITH(
        tables(replaced("1048576", size)),
        "line 12: found the size \"" + size +
            "\" and the count \"262144\"; whole numbers are accepted, such as 1048576 "
            "or 1,048,576");
  }
}

TEST_CASE("several tables of a log are told apart", "[calibration]") {
  const auto second = text_of([](std::string line, std::size_t i) {
    if (i == 0) return std::string("# Collective test starting: all_gather_perf");
    if (i == 5) return line + "\n#  Rank  2 Group  0 Pid 4 on node1 device 1 [0] NVIDIA H100";
    return line;
  });
  const auto found = tables(prefixed("") + second);
  REQUIRE(found.size() == 2);
  CHECK(found[0].setting.operation == "all_reduce");
  CHECK(found[0].setting.ranks == 2U);
  CHECK(found[1].setting.operation == "all_gather");
  CHECK(found[1].setting.ranks == 3U);
  CHECK(found[1].setting.nodes == 2U);
  CHECK(found[1].place.position == "line 24");
  CHECK(found[1].rows.size() == 2);
  // The command says the operation where the program does not.
  std::string old = prefixed("");
  old.replace(0, old.find('\n'), "+ mpirun -np 2 ./build/sendrecv_perf_mpi -b 1K -e 1M -f 1024");
  CHECK(tables(old).at(0).setting.operation == "sendrecv");
}

TEST_CASE("columns of older versions are read", "[calibration]") {
  // "error" is the largest rounding error; sendrecv leaves "redop" empty.
  const auto time = [](const std::string& row, const std::string& heading = heading_12) {
    return tables(heading + row + "\n").at(0).rows.at(0).time.value;
  };
  CHECK(time("8 2 float sum 9.5 0.0 0.0 5e-07 9.6 0.0 0.0 5e-07") == Approx(9.5e-6));
  CHECK(time("8 2 float sum 9.5 0.0 0.0 N/A 9.6 0.0 0.0 N/A") == Approx(9.5e-6));
  CHECK(time("8 2 float 9.5 0.0 0.0 0e+00 9.6 0.0 0.0 0e+00") == Approx(9.5e-6));
  CHECK(time("8 2 float 0 9.5 0.0 0.0 0", "# size count type root time algbw busbw #wrong\n") ==
        Approx(9.5e-6));
  // The tests of NCCL 1 print milliseconds.
  CHECK(time("10000000 10000000 char prod 0.949 10.5 6.59 0e+00 0.938 10.6 6.6 0e+00",
             "# bytes N type op time algbw busbw res time algbw busbw res\n") == Approx(949e-6));
  CHECK_THROWS_WITH(time("8 2 float sum 9.5 0.0 0.0 0 9.6 0.0"),
                    "line 2: found 10 columns; the heading's 12 are accepted; remove lines that "
                    "are no part of the table");
  CHECK_THROWS_WITH(
      tables(heading_12 + "8 2 float sum 9.5 0.0 0.0 0 9.6 0.0 0.0 0\n# Out of bounds values : 3 "
                          "FAILED\n"),
      "line 3: found values that were out of bounds; a table whose results were right is accepted; "
      "its times cannot be trusted; find out why, and measure again");
}

TEST_CASE("times that stand in place alone are read from there", "[calibration]") {
  const std::string text =
      "# Collective test starting: all_reduce_perf\n"
      "# size count type redop root time algbw busbw #wrong time algbw busbw #wrong\n"
      "1024 256 float sum -1 N/A N/A N/A N/A 19.75 0.05 0.05 N/A\n";
  const auto table = tables(text).at(0);
  CHECK(table.in_place);
  CHECK(table.rows.at(0).time.value == Approx(19.75e-6));
  CHECK(tables(text, BufferUse::in_place).at(0).rows.at(0).time.value == Approx(19.75e-6));
  std::string other = text;
  other.replace(other.find("N/A N/A"), 7, "20.5 0.1");
  CHECK(!tables(other).at(0).in_place);
}

TEST_CASE("CSV is read as what its notes and columns say", "[calibration]") {
  const auto found = tables(
      "# operation: all_reduce\n# algorithm: Ring\n# transport: nvlink\n# ranks: 4\n"
      "bytes,seconds,seconds_min,batch,seconds_p25\n"
      "1024,9e-6,7e-6,20,8e-6\n2048,1e-5,8e-6,1,9e-6\n");
  REQUIRE(found.size() == 1);
  CHECK(found[0].setting == MeasuredSetting{"all_reduce", 4, {}, "ring"});
  REQUIRE(found[0].rows.size() == 2);
  CHECK(found[0].rows[0].lower_quartile->value == Approx(8e-6));
  CHECK(!found[0].rows[0].is_single_call);
  CHECK(found[0].rows[1].is_single_call);
  const auto cluster = tables(
      "nodes,gpus_per_node,operation,bytes,time_us\n"
      "1,4,alltoall,1024,12\n2,8,all_gather,1024,30\n1,4,alltoall,2048,13\n");
  REQUIRE(cluster.size() == 2);
  CHECK(cluster[0].setting == MeasuredSetting{"alltoall", 4, 1, {}});
  CHECK(cluster[0].rows.size() == 2);
  CHECK(cluster[1].setting == MeasuredSetting{"all_gather", 16, 2, {}});
  CHECK(cluster[1].rows.at(0).time.value == Approx(30e-6));
  CHECK_THROWS_WITH(
      tables("# ranks: many\nbytes,seconds\n1,2\n"),
      "line 3: found \"many\" as ranks; a whole number from 1 to 1048576 is accepted");
}

namespace {

/// A test of iperf3, with more members of "start", "test_start" and "end".
std::string iperf(const std::string& start, const std::string& test_start, const std::string& end) {
  return R"({"start":{"version":"iperf 3.12","sock_bufsize":0,"sock_bufsize":0)" + start +
         R"(,"test_start":{"protocol":"TCP")" + test_start + R"(}},"intervals":[],"end":{)" + end +
         "}}\n";
}
std::string sums(double sent, double received, double seconds = 10) {
  return fmt::format(R"("streams":[{{"sender":{{"min_rtt":200}}}}],)"
                     R"("sum_sent":{{"seconds":{0},"bytes":{1},"bits_per_second":{2}}},)"
                     R"("sum_received":{{"seconds":{0},"bytes":{3},"bits_per_second":{4}}})",
                     seconds, sent, sent * 8 / seconds, received, received * 8 / seconds);
}

MeasuredThroughput throughput(const std::string& text) {
  return std::get<MeasuredThroughput>(read(text));
}

}  // namespace

TEST_CASE("iperf3 of all versions is read, its repeated keys and objects too", "[calibration]") {
  const std::string good = iperf("", "", sums(1.2e10, 1.15e10));
  // 1.15e10 bytes in 10 s.
  const std::string stream = R"({"event":"start","data":{"test_start":{"protocol":"TCP"}}})"
                             "\n"
                             R"({"event":"interval","data":{"sum":{"bytes":5}}})"
                             "\n"
                             R"({"event":"end","data":{)" +
                             sums(1.2e10, 1.15e10) + "}}\n";
  for (const auto& text : {good, good + good, "\xef\xbb\xbf" + good, good + "iperf3: done\n",
                           "warning: Ignoring nonsense TCP MSS 0\n" + good, stream,
                           iperf("", R"(,"target_bitrate":0,"bidir":1)",
                                 sums(1.2e10, 1.15e10) +
                                     R"(,"sum_received_bidir_reverse":{"bits_per_second":1e9})")}) {
    const auto measured = throughput(text);
    CHECK(measured.bandwidth.value == Approx(1.15e9));
    CHECK(measured.round_trip->value == Approx(200e-6));
  }
  CHECK(throughput(good).notes.empty());
  const auto server = throughput(iperf("", R"(,"reverse":1)", sums(1.2e10, 0)));
  CHECK(server.bandwidth.value == Approx(1.2e9));
  CHECK(server.notes.at(0).starts_with("The file is the server's of a test with -R"));
  CHECK(throughput(iperf("", "", sums(1e8, 0.8e8))).notes ==
        std::vector<std::string>{"Only 80 % of what was sent had arrived at the test's end."});
  CHECK(
      throughput(iperf("", "", sums(1e8, 1e8, 0.25))).notes ==
      std::vector<std::string>{"The test took 0.25 s, in which TCP has hardly reached its rate."});
}

TEST_CASE("tests of iperf3 that do not measure the link are refused", "[calibration]") {
  const std::string one_way = "; a test of one way is accepted; measure again without --bidir",
                    free =
                        "; a test that sends as fast as it can is accepted; measure again "
                        "without -b and --fq-rate";
  CHECK_THROWS_WITH(read(iperf("", "", sums(1e9, 1e9) + "," + sums(2e9, 2e9))),
                    "/end/sum_received: stands twice, as iperf3 3.7 to 3.10 writes it with "
                    "--bidir, once for each "
                    "way" +
                        one_way);
  CHECK_THROWS_WITH(read(iperf("", R"(,"target_bitrate":50000000)", sums(1e9, 1e9))),
                    "/start/test_start/target_bitrate: found the number 50000000" + free);
  CHECK_THROWS_WITH(read(iperf(R"(,"target_bitrate":50000000)", "", sums(1e9, 1e9))),
                    "/start/target_bitrate: found the number 50000000" + free);
  CHECK_THROWS_WITH(read(iperf("", R"(,"fqrate":7)", sums(1e9, 1e9))),
                    "/start/test_start/fqrate: found the number 7" + free);
  CHECK_THROWS_WITH(
      read(iperf("", "", sums(1.2e8, 14469, 0.171))),
      "/end/sum_received/bits_per_second: 14469 bytes were received of 120000000 that were sent: "
      "the test ended before they arrived; a test most of whose data arrives is accepted; measure "
      "for longer (-t 10, without -n and -k)");
  CHECK_THROWS_WITH(read(iperf("", "", sums(1e9, 1e9)) + iperf("", "", sums(1e9, 0.95e9))),
                    "found 2 tests of different rates; one test is accepted; put each into a file "
                    "of its own");
  CHECK_THROWS_WITH(read("Connecting to host a, port 5201\n[ ID] Interval           Transfer\n"),
                    "line 2: found what iperf3 prints for people; what iperf3 -c HOST -J writes is "
                    "accepted; measure again with -J");
  CHECK_THROWS_WITH(read(R"({"event":"error","data":"unable to connect"})"),
                    "/data: the test failed (unable to connect); what iperf3 -c HOST -J writes is "
                    "accepted; measure again");
}
