#include "topologies/calibration/measured_table.hpp"

#include "base/error.hpp"
#include "tests/temporary_folder.hpp"
#include "topologies/calibration/operation.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>

using namespace ringsim;

namespace {

class Measured {
 public:
  explicit Measured(const std::string& text) { std::ofstream(path_) << text; }

  std::vector<MeasuredTable> tables(BufferUse use = BufferUse::either) const {
    return std::get<std::vector<MeasuredTable>>(read_measured(path_, use));
  }
  MeasuredTable table(BufferUse use = BufferUse::either) const {
    const auto all = tables(use);
    REQUIRE(all.size() == 1);
    return all.front();
  }
  MeasuredThroughput throughput() const {
    return std::get<MeasuredThroughput>(read_measured(path_, BufferUse::either));
  }
  /// The error's message without the file's name in front.
  std::string error(BufferUse use = BufferUse::either) const {
    try {
      read_measured(path_, use);
    } catch (const UserError& error) {
      const std::string message = error.what(), prefix = path_.string() + ": ";
      return message.rfind(prefix, 0) == 0 ? message.substr(prefix.size()) : "no file: " + message;
    }
    return "no error";
  }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "measured";
};

std::string error_of(const std::string& text, BufferUse use = BufferUse::either) {
  return Measured(text).error(use);
}

const std::string heading =
    "#                                         out-of-place              in-place\n"
    "#    size   count  type  redop  root   time  algbw  busbw #wrong   time  algbw  busbw #wrong\n"
    "#     (B) (elements)                   (us) (GB/s) (GB/s)          (us) (GB/s) (GB/s)\n";

const std::string row_1k =
    "  1024  256  float  sum  -1  20.50  0.05  0.09  0  19.75  0.05  0.09  0\n";
const std::string row_1m =
    "  1048576  262144  float  sum  -1  105.9  9.90  17.33  0  105.7  9.92  17.37  0\n";

/// As nccl-tests prints it, started with mpirun, which mixes NCCL's log in.
std::string nccl_text(const std::string& rows = row_1k + row_1m, int ranks = 4) {
  std::string text =
      "# nccl-tests version 2.17.1 nccl-headers=22705 nccl-library=22705\n"
      "# Collective test starting: all_reduce_perf\n"
      "# nThread 1 nGpus 1 minBytes 1024 maxBytes 1048576 step: 1024(factor) warmup iters: 5\n"
      "#\n# Using devices\n";
  for (int rank = 0; rank < ranks; ++rank) {
    text +=
        fmt::format("#  Rank {:2} Group  0 Pid {:6} on node{} device  0 [0000:18:00] NVIDIA H100\n",
                    rank, 4000 + rank, rank);
  }
  return text + "NCCL version 2.27.5+cuda12.9\n#\n" + heading +
         "node0:4000:4011 [0] NCCL INFO Bootstrap : Using eth0\n" + rows +
         "# Out of bounds values : 0 OK\n# Avg bus bandwidth    : 8.71\n#\n";
}

std::string result(const std::string& size, const std::string& out, const std::string& in) {
  return R"({"size":)" + size + R"(,"count":1,"type":"float","redop":"sum","root":"    -1",)" +
         R"("out_of_place":)" + out + R"(,"in_place":)" + in +
         R"(,"actual_iterations":20,"experiment_name":"AllReduce"})";
}
const std::string times_a = R"({"time":20.5,"alg_bw":0.05,"bus_bw":0.09,"nwrong":0.0})";
const std::string times_b = R"({"time":19.75,"alg_bw":0.05,"bus_bw":0.09,"nwrong":null})";

std::string device(int rank, int group = 0) {
  return fmt::format(R"({{"rank":{},"group":{},"pid":4000,"hostname":"n","device":0}})", rank,
                     group);
}

std::string nccl_json(const std::string& results, const std::string& devices,
                      int gpus_per_process = 1) {
  return R"({"version":3,"start_time":"2026-11-01 10:00:00",)"
         R"("args":["/opt/nccl-tests/build/reduce_scatter_perf_mpi","-J","x"],"env":["A=b"],)"
         R"("nccl_version":22705,"config":{"nthreads":1,"ngpus":)" +
         std::to_string(gpus_per_process) + R"(,"devices":[)" + devices + R"(]},"results":[)" +
         results + "]}";
}

std::string iperf(const std::string& protocol, const std::string& end) {
  return R"({"start":{"version":"iperf 3.12","test_start":{"protocol":")" + protocol +
         R"(","num_streams":2}},"intervals":[],"end":)" + end + "}";
}

}  // namespace

TEST_CASE("the text of nccl-tests is read", "[calibration]") {
  const Measured file(nccl_text());
  const auto table = file.table();
  CHECK(table.format == "nccl-tests text");
  CHECK(table.setting.operation == "all_reduce");
  CHECK(table.setting.ranks == 4u);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].size == Bytes{1024});
  CHECK(table.rows[0].time.value == Approx(20.5e-6).epsilon(1e-12));
  CHECK(table.rows[1].size == Bytes{1048576});
  CHECK(table.rows[1].time.value == Approx(105.9e-6).epsilon(1e-12));
  CHECK(file.table(BufferUse::in_place).rows[1].time.value == Approx(105.7e-6).epsilon(1e-12));
}

TEST_CASE("older tables of nccl-tests, and wider ones, are read by their headings",
          "[calibration]") {
  const auto old = Measured(
                       "# nThread 1 nGpus 2 minBytes 8 maxBytes 8\n"
                       "#   Rank  0 Pid  91 on a device  0 [0x07] Tesla V100\n"
                       "#   Rank  1 Pid  91 on a device  1 [0x0a] Tesla V100\n"
                       "# size count type redop time algbw busbw error time algbw busbw error\n"
                       "8 2 float sum 9.5 0.0 0.0 0e+00 9.6 0.0 0.0 0e+00\n")
                       .table();
  CHECK(!old.setting.operation);
  CHECK(old.setting.ranks == 2u);
  CHECK(old.rows.front().time.value == Approx(9.5e-6).epsilon(1e-12));
  const Measured wide(
      "# size count type redop root time algbw busbw #wrong i_min i_max i_p99 i_cv% time algbw "
      "busbw #wrong i_min i_max i_p99 i_cv% timestamp\n"
      "8 2 float sum -1 1.2e+07 0.0 0.0 N/A 9 10 10 3 9.6 0.0 0.0 N/A 9 10 10 3 2026-11-01 "
      "10:00:00\n");
  CHECK(wide.table().rows.front().time.value == Approx(12).epsilon(1e-12));
  CHECK(wide.table(BufferUse::in_place).rows.front().time.value == Approx(9.6e-6).epsilon(1e-12));
}

TEST_CASE("ranks of groups are those of one group", "[calibration]") {
  std::string text = "# size count type redop root time algbw busbw #wrong\n";
  for (int rank = 0; rank < 8; ++rank)
    text = fmt::format("# Rank {} Group {} Pid 1 on a device 0 [x] y\n", rank, rank / 4) + text;
  CHECK(Measured(text + "8 2 float sum -1 9.5 0.0 0.0 0\n").table().setting.ranks == 4u);
  CHECK(Measured(nccl_text(row_1k, 1)).table().setting.ranks == std::nullopt);
}

TEST_CASE("the JSON of nccl-tests is read", "[calibration]") {
  const Measured file(
      nccl_json(result("1024", times_a, times_b), device(0) + "," + device(1) + "," + device(2)));
  const auto table = file.table();
  CHECK(table.format == "nccl-tests JSON");
  CHECK(table.setting.operation == "reduce_scatter");
  CHECK(table.setting.ranks == 3u);
  REQUIRE(table.rows.size() == 1);
  CHECK(table.rows[0].size == Bytes{1024});
  CHECK(table.rows[0].time.value == Approx(20.5e-6).epsilon(1e-12));
  CHECK(file.table(BufferUse::in_place).rows[0].time.value == Approx(19.75e-6).epsilon(1e-12));
}

TEST_CASE("the JSON of nccl-tests lists the first GPU of each process", "[calibration]") {
  const auto ranks = [](const std::string& devices, int gpus) {
    return Measured(nccl_json(result("8", times_a, times_b), devices, gpus)).table().setting.ranks;
  };
  CHECK(ranks(device(0), 8) == 8u);                                 // one process of 8 GPUs
  CHECK(ranks(device(0) + "," + device(4), 4) == 8u);               // two of 4
  CHECK(ranks(device(0) + "," + device(1), 2) == 2u);               // both of one process listed
  CHECK(ranks(device(0) + "," + device(1, 1), 1) == std::nullopt);  // groups of one
  CHECK(ranks(device(0) + "," + device(4, 1), 4) == 4u);
}

TEST_CASE("the JSON of iperf3 is read", "[calibration]") {
  const auto measured = Measured(iperf("TCP", R"({"streams":[
      {"sender":{"socket":5,"bits_per_second":4e9,"max_rtt":900,"min_rtt":120,"mean_rtt":600}},
      {"sender":{"socket":7,"bits_per_second":5e9,"max_rtt":900,"min_rtt":90,"mean_rtt":600}}],
      "sum_sent":{"bits_per_second":9.2e9},"sum_received":{"bits_per_second":9e9}})"))
                            .throughput();
  CHECK(measured.format == "iperf3 JSON");
  CHECK(measured.bandwidth.value == Approx(1.125e9).epsilon(1e-12));  // 9e9 bits / 8
  REQUIRE(measured.round_trip.has_value());
  CHECK(measured.round_trip->value == Approx(90e-6).epsilon(1e-12));  // the smallest
  // Systems that tell no round trip write 0.
  const auto without = Measured(iperf("TCP", R"({"streams":[{"sender":{"min_rtt":0}}],
      "sum_received":{"bits_per_second":8}})"))
                           .throughput();
  CHECK(without.bandwidth.value == Approx(1));
  CHECK(!without.round_trip);
}

TEST_CASE("CSV is read by its heading", "[calibration]") {
  const auto table = Measured(
                         "# measured on two hosts\r\nrun, seconds ,bytes\r\n"
                         "a,1.5e-5, 1024\r\n\r\nb,0.25,0\r\n")
                         .table();
  CHECK(table.format == "CSV");
  CHECK(!table.setting.operation);
  CHECK(!table.setting.ranks);
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0].size == Bytes{1024});
  CHECK(table.rows[0].time == Seconds{1.5e-5});
  CHECK(table.rows[1].size == Bytes{0});
}

TEST_CASE("wrong texts of nccl-tests are errors with their line", "[calibration]") {
  CHECK(error_of(nccl_text("")) == "no rows; a row for each size is accepted");
  CHECK(error_of(nccl_text("  1024  256  float\n")) ==
        "line 16: found 3 columns; the heading's 13 are accepted; remove lines that are no part of "
        "the table");
  CHECK(error_of(nccl_text("  1024  256  float  sum  -1  20.5  0.05  0.09  7  19.7  0 0 0\n")) ==
        "line 16: found 7 wrong values; a row whose results were right is accepted; its times "
        "cannot be trusted; find out why, and measure again");
  CHECK(error_of(nccl_text("  1024  256  float  sum  -1  0.00  0.05  0.09  0  19.7  0 0 0\n")) ==
        "line 16: found \"0.00\" as a time; a number above zero is accepted");
  CHECK(error_of("# size count type redop root cputime algbw busbw #wrong\n") ==
        "line 1: found the column \"cputime\"; the column \"time\" is accepted; run nccl-tests "
        "without -C");
  CHECK(error_of("# size count algbw\n") ==
        "line 1: found a heading without times; the columns \"time\" and \"#wrong\" are accepted");
  CHECK(error_of("# size count type time algbw busbw error\n", BufferUse::in_place) ==
        "line 1: found a heading without times; twice the columns \"time\" and \"#wrong\" (out of "
        "place and in place) are accepted");
}

TEST_CASE("wrong JSON of nccl-tests is an error with its place", "[calibration]") {
  const auto with = [](const std::string& results) {
    return error_of(nccl_json(results, device(0)));
  };
  CHECK(with(result("0", times_a, times_b)) ==
        "/results: found a list; a row for each size is accepted");
  CHECK(with("") == "/results: found a list; a row for each size is accepted");
  CHECK(with(R"({"time":1})") == "/results/0: the key \"size\" is missing");
  CHECK(with(result("8", "null", times_b)) == "no error");  // in place
  CHECK(with(result("8", times_a, times_b) + "," + result("8", "null", times_b)) ==
        "/results/1: found no times under \"out_of_place\"; an object with \"time\" is accepted");
  CHECK(error_of(nccl_json(result("8", times_a, "null"), device(0)), BufferUse::in_place) ==
        "/results/0: found no times under \"in_place\"; an object with \"time\" is accepted; leave "
        "out `in-place`");
  CHECK(with(result("8", R"({"cpu_time":1})", times_b)) ==
        "/results/0/out_of_place: the key \"time\" is missing; the time of the transfer is "
        "accepted; run nccl-tests without -C");
  CHECK(with(result("8", R"({"time":3,"nwrong":2.0})", times_b)) ==
        "/results/0/out_of_place/nwrong: found the number 2; a row whose results were right is "
        "accepted; its times cannot be trusted; find out why, and measure again");
  CHECK(with(result("8", R"({"time":"nan"})", times_b)) ==
        "/results/0/out_of_place/time: found the string \"nan\"; a number from 1e-06 to "
        "1000000000000 is accepted");
  CHECK(with(result("-8", times_a, times_b)) ==
        "/results/0/size: found the number -8; a whole number from 0 to 9000000000000000 is "
        "accepted");
  CHECK(error_of(nccl_json(result("8", times_a, times_b), "{}")) ==
        "/config/devices/0: the key \"rank\" is missing; what nccl-tests writes with -J is "
        "accepted");
}

TEST_CASE("wrong JSON of iperf3 is an error with its place", "[calibration]") {
  CHECK(error_of(R"({"start":{},"end":{},"error":"unable to connect to server"})") ==
        "/error: the test failed (unable to connect to server); what iperf3 -c HOST -J writes is "
        "accepted; measure again");
  CHECK(error_of(iperf("UDP", R"({"sum":{"bits_per_second":1048576}})")) ==
        "/start/test_start/protocol: found the string \"UDP\"; a test over TCP is accepted; UDP "
        "sends as fast as it is told to, not as fast as the link goes");
  CHECK(error_of(iperf("TCP", "{}")) ==
        "found no end/sum_received/bits_per_second; what iperf3 -c HOST -J writes is accepted; let "
        "the test run to its end");
  CHECK(error_of(iperf("TCP", R"({"sum_received":{"bits_per_second":0}})")) ==
        "/end/sum_received/bits_per_second: found the number 0; a number from 1 to 1e+18 is "
        "accepted");
}

TEST_CASE("wrong CSV and unknown files are errors with their place", "[calibration]") {
  const std::string tables =
      "a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is accepted";
  CHECK(error_of("\n \n") == "is empty; " + tables);
  CHECK(error_of("{\"x\":1}") ==
        "found JSON with neither \"results\" nor \"start\"; what nccl-tests or iperf3 writes with "
        "-J is accepted");
  CHECK(error_of("1024,3e-6\n") ==
        "line 1: found \"1024,3e-6\"; a heading with the columns bytes and seconds, a table of "
        "nccl-tests, or JSON of nccl-tests or iperf3 is accepted; begin a CSV file with the line "
        "bytes,seconds");
  CHECK(error_of("bytes,seconds\n") == "no rows; a row for each size is accepted");
  CHECK(error_of("bytes,seconds\n\n1,2,3\n") ==
        "line 3: found 3 cells; the heading's 2 are accepted");
  CHECK(error_of("bytes,seconds\n1.5,2\n") ==
        "line 2: found \"1.5\" as a size; a whole number of bytes below 9e15 is accepted");
  CHECK(error_of("bytes,seconds\n1,-2\n") ==
        "line 2: found \"-2\" as a time; a number above zero is accepted");
  CHECK(error_of("bytes,seconds\n1,5us\n") ==
        "line 2: found \"5us\" as a time; a number above zero is accepted");
  CHECK_THROWS_WITH(read_measured("/no/such", BufferUse::either),
                    "/no/such: no such file; " + tables);
}

TEST_CASE("operations cost what a ring's rounds cost", "[calibration]") {
  const auto cost = [](const char* name) { return find_operation(name, {}).cost(8, 8000); };
  // 8 ranks pass chunks of 1000 bytes, in 7 rounds each way.
  CHECK(cost("all_reduce").message == 1000);
  CHECK(cost("all_reduce").latencies == 14);
  CHECK(cost("all_reduce").bytes == 14000);
  for (const char* name : {"reduce_scatter", "all_gather"}) {
    CHECK(cost(name).message == 1000);
    CHECK(cost(name).latencies == 7);
    CHECK(cost(name).bytes == 7000);
  }
  for (const char* name : {"broadcast", "reduce"}) {
    CHECK(cost(name).latencies == 7);
    CHECK(cost(name).bytes == 8000);
  }
  for (const char* name : {"message", "sendrecv"}) {
    CHECK(cost(name).message == 8000);
    CHECK(cost(name).latencies == 1);
    CHECK(cost(name).bytes == 8000);
  }
  CHECK_THROWS_WITH(
      find_operation("allreduce", {"f.txt", {}}),
      "f.txt: found the operation \"allreduce\" (did you mean \"all_reduce\"?); accepted: message, "
      "sendrecv, reduce_scatter, all_gather, all_reduce, broadcast, reduce, alltoall, scatter, "
      "gather; other operations are not known");
}
