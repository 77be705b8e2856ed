#include "traces/ready_times.hpp"

#include "tests/temporary_folder.hpp"
#include "traces/profiler_step.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

using namespace ringsim;

namespace {

const std::vector<MeasuredLayer> layers = {{"conv.weight", 12}, {"fc.weight", 20}, {"fc.bias", 5}};

std::vector<double> read(const std::string& name, const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / name) << text;
  try {
    return read_ready_times(folder.path() / name, layers);
  } catch (const std::runtime_error& error) {
    const std::string what = error.what(), path = folder.path().string() + "/";
    if (what.starts_with(path)) throw std::runtime_error(what.substr(path.size()));
    throw;
  }
}

// A step whose kernels are launched ahead: the CPU is at 10-60 us, the GPU at 100-205 us.
const std::string kernels = R"(
  {"ph": "X", "cat": "user_annotation", "name": "ProfilerStep#3", "ts": 5, "dur": 90},
  {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 1, "dur": 1, "args": {"correlation": 9}},
  {"ph": "X", "cat": "kernel", "name": "step before", "ts": 50, "dur": 20, "args": {"correlation": 9}},
  {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 10, "dur": 1, "args": {"correlation": 1}},
  {"ph": "X", "cat": "kernel", "name": "forward", "ts": 100, "dur": 30, "args": {"correlation": 1}},
  {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 20, "dur": 1, "args": {"correlation": 2}},
  {"ph": "X", "cat": "kernel", "name": "backward fc", "ts": 130, "dur": 20, "args": {"correlation": 2}},
  {"ph": "X", "cat": "cuda_runtime", "name": "cudaLaunchKernel", "ts": 40, "dur": 1, "args": {"correlation": 3}},
  {"ph": "X", "cat": "kernel", "name": "backward conv", "ts": 150, "dur": 50, "args": {"correlation": 3}})";

std::string trace(const std::string& more) {
  return "{\"schemaVersion\": 1, \"traceEvents\": [" + kernels + more + "\n]}";
}

std::string gradient(double ts, const std::string& shape) {
  return ",\n{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"torch::autograd::AccumulateGrad\", "
         "\"ts\": " +
         std::to_string(ts) + ", \"dur\": 1" +
         (shape.empty() ? "" : ", \"args\": {\"Input Dims\": [" + shape + "]}") + "}";
}

std::string all_reduce(int correlation, double ts, double start, int elements) {
  const auto c = std::to_string(correlation);
  return ",\n{\"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernelExC\", "
         "\"ts\": " +
         std::to_string(ts) + ", \"dur\": 1, \"args\": {\"correlation\": " + c + "}}" +
         ",\n{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": "
         "\"ncclDevKernel_AllReduce_Sum_f32_RING_LL\", \"ts\": " +
         std::to_string(start) + ", \"dur\": 40, \"args\": {\"correlation\": " + c +
         ", \"Collective name\": \"allreduce\", \"In msg nelems\": " + std::to_string(elements) +
         ", \"Out msg nelems\": " + std::to_string(elements) +
         ", \"Group size\": 2, \"dtype\": \"Float\"}}";
}

}  // namespace

TEST_CASE("ready times from a table", "[ready]") {
  CHECK(read("t.csv", "layer,ready_s\nfc.bias,0.5\nfc.weight,0.6\nconv.weight,1.25\n") ==
        std::vector<double>{1.25, 0.6, 0.5});
  CHECK(read("t.csv", "layer,ready_s\r\nfc.bias,5e-1\r\nfc.weight,0.6\r\nconv.weight,1.25") ==
        std::vector<double>{1.25, 0.6, 0.5});
  CHECK_THROWS_WITH(read("t.csv", "layer,ready\n"),
                    "t.csv: line 1: other columns; layer,ready_s is accepted");
  CHECK_THROWS_WITH(read("t.csv", "# gpu: H100\n"),
                    "t.csv: line 1: other columns; layer,ready_s is accepted");
  CHECK(read("t.csv", "# gpu: H100\nlayer,ready_s\nfc.bias,1\nfc.weight,2\nconv.weight,3\n") ==
        std::vector<double>{3, 2, 1});
  CHECK_THROWS_WITH(read("t.csv", "layer,ready_s\nfc.bias\n"),
                    "t.csv: line 2: found \"fc.bias\"; a layer and a time, with a comma between "
                    "them, are accepted");
  CHECK_THROWS_WITH(
      read("t.csv", "layer,ready_s\nfc,1\n"),
      "t.csv: line 2: the model has no layer \"fc\"; its layers are conv.weight to fc.bias");
  CHECK_THROWS_WITH(
      read("t.csv", "layer,ready_s\nfc.bias,1ms\n"),
      "t.csv: line 2: found \"1ms\" for ready_s; a number of seconds above zero is accepted");
  CHECK_THROWS_WITH(read("t.csv", "layer,ready_s\nfc.bias,1e300\n"),
                    "t.csv: line 2: \"1e300s\" is too large; 0s and a time from 1e-15s to 1e9s are "
                    "accepted");
  CHECK_THROWS_WITH(read("t.csv", "layer,ready_s\nfc.bias,1\nfc.bias,2\n"),
                    "t.csv: line 3: layer \"fc.bias\" once more; one line per layer is accepted");
  CHECK_THROWS_WITH(read("t.csv", "layer,ready_s\nfc.bias,1\n"),
                    "t.csv: layer \"conv.weight\" is missing; a line for each of the model's 3 "
                    "layers is accepted");
}

TEST_CASE("ready times from the profiler's gradients", "[ready]") {
  // At 30 us the kernels up to "backward fc" had been launched, which ends at 150 us; the step
  // began with its first kernel at 100 us. At 50 us "backward conv" had been, too: 200 us.
  const auto expected = std::vector<double>{100e-6, 50e-6, 50e-6};
  const auto check = [&](const std::vector<double>& found) {
    REQUIRE(found.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == Approx(expected[i]));
  };
  check(read("t.json", trace(gradient(30, "") + gradient(31, "") + gradient(50, ""))));
  // What is launched at the moment of a gradient is part of it.
  check(read("t.json", trace(gradient(20, "") + gradient(31, "") + gradient(40, ""))));
  // With shapes the order may be another one; what lies outside the step does not count.
  check(read("t.json", trace(gradient(30, "[4, 5]") + gradient(31, "[5]") + gradient(50, "[3, 4]") +
                             gradient(97, "[3, 4]"))));
  CHECK_THROWS_WITH(read("t.json", trace(gradient(30, ""))),
                    "t.json: 1 AccumulateGrad events in the step; one for each of the model's 3 "
                    "layers is accepted");
  CHECK_THROWS_WITH(
      read("t.json", trace(gradient(30, "[7]") + gradient(31, "[5]") + gradient(50, "[12]"))),
      "t.json: a gradient of 7 elements; a layer of the model for each is accepted; is it another "
      "model?");
}

TEST_CASE("the last whole step of a trace is taken", "[ready]") {
  const auto step = [](int number, double ts) {
    return ",\n{\"ph\": \"X\", \"cat\": \"user_annotation\", \"name\": \"ProfilerStep#" +
           std::to_string(number) + "\", \"ts\": " + std::to_string(ts) + ", \"dur\": 90}";
  };
  const auto launch = [](double ts, int correlation) {
    return ",\n{\"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernel\", "
           "\"ts\": " +
           std::to_string(ts) +
           ", \"dur\": 1, \"args\": {\"correlation\": " + std::to_string(correlation) + "}}";
  };
  const auto kernel = [](double ts, int correlation) {
    return ",\n{\"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"gemm\", \"ts\": " +
           std::to_string(ts) +
           ", \"dur\": 7, \"args\": {\"correlation\": " + std::to_string(correlation) + "}}";
  };
  const std::string first = gradient(30, "") + gradient(31, "") + gradient(50, "");
  const auto second = gradient(330, "") + gradient(331, "") + gradient(350, "");
  const auto expected = std::vector<double>{100e-6, 50e-6, 50e-6};
  const auto check_first = [&](const std::string& more) {
    const auto found = read("t.json", trace(first + more));
    REQUIRE(found.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) CHECK(found[i] == Approx(expected[i]));
  };
  check_first(step(4, 300));                                      // empty
  check_first(step(4, 300) + launch(310, 41) + kernel(320, 41));  // no backward pass
  check_first(step(4, 300) + launch(310, 41) + kernel(320, 41) +  // the second kernel is lost
              launch(325, 42) + second + step(5, 400));
  check_first(step(4, 300) + launch(310, 41) + kernel(320, 41) + gradient(330, ""));  // two lost
  // A kernel that is lost after the last gradient, and a copy, which has none, make none late.
  const auto taken = read("t.json", trace(first + step(4, 300) + launch(310, 41) + kernel(320, 41) +
                                          second + launch(360, 43)));
  REQUIRE(taken.size() == 3);
  for (const double time : taken) CHECK(time == Approx(7e-6));
  CHECK_THROWS_WITH(
      read("t.json", trace(launch(25, 42) + first)),
      "t.json: kernels of 1 launches in ProfilerStep#3 are missing; a step whose kernels are all "
      "there is accepted; record one more step, so that the profiler does not stop within the last "
      "one");
}

TEST_CASE("ready times from the all-reduces of NCCL", "[ready]") {
  const auto found =
      read("t.json", trace(all_reduce(21, 33, 152, 25) + all_reduce(22, 55, 205, 12)));
  REQUIRE(found.size() == 3);
  CHECK(found[0] == Approx(105e-6));
  CHECK(found[1] == Approx(52e-6));
  CHECK(found[2] == Approx(52e-6));
  CHECK_THROWS_WITH(read("t.json", trace(all_reduce(21, 33, 152, 24))),
                    "t.json: an all-reduce of 24 elements; the last layers that are left hold 25; "
                    "is it another model, or are its buckets not filled from the last layer on?");
  CHECK_THROWS_WITH(
      read("t.json", trace(all_reduce(21, 33, 152, 25))),
      "t.json: no all-reduce of layer \"conv.weight\"; all-reduces of all layers are accepted");
  CHECK_THROWS_WITH(read("t.json", trace("")),
                    "t.json: neither AccumulateGrad events nor all-reduces of NCCL in the step; "
                    "a trace of a backward pass with CPU and CUDA activities is accepted");
  CHECK_THROWS_WITH(read("t.json", "{\"traceEvents\": []}"),
                    "t.json: no kernel that is launched in the step; a trace with CPU and CUDA "
                    "activities is accepted");
  CHECK_THROWS_WITH(read("t.json", "{\"x\": []}"),
                    "t.json: found no traceEvents; a trace of the PyTorch profiler "
                    "(prof.export_chrome_trace) is accepted");
}

TEST_CASE("ready times from a folder of ranks are medians over all whole steps", "[ready]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "ranks";
  std::filesystem::create_directories(path);
  CHECK_THROWS_WITH(read_ready_times(path, layers),
                    path.string() +
                        ": no trace (.json, .json.gz) in the folder; a folder with a "
                        "trace of the PyTorch profiler of each rank is accepted");
  const std::string gradients = gradient(30, "") + gradient(31, "") + gradient(50, "");
  // On the second rank the last kernel ends 100 us later, on the third in between.
  const auto later = [&](const std::string& end) {
    return ",\n{\"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernel\", "
           "\"ts\": 45, \"dur\": 1, \"args\": {\"correlation\": 44}},\n{\"ph\": \"X\", "
           "\"cat\": \"kernel\", \"name\": \"gemm\", \"ts\": 200, \"dur\": " +
           end + ", \"args\": {\"correlation\": 44}}";
  };
  std::ofstream(path / "rank0.json") << trace(gradients);
  std::ofstream(path / "rank1.json") << trace(gradients + later("100"));
  std::ofstream(path / "notes.txt") << "no trace";
  auto found = read_ready_times(path, layers);
  REQUIRE(found.size() == 3);
  CHECK(found[0] == Approx(150e-6));
  CHECK(found[1] == Approx(50e-6));
  std::ofstream(path / "rank2.json") << trace(gradients + later("30"));
  found = read_ready_times(path, layers);
  CHECK(found[0] == Approx(130e-6));
  // A rank without a whole step is not passed over.
  std::ofstream(path / "rank3.json") << trace(gradient(30, ""));
  CHECK_THROWS_WITH(read_ready_times(path, layers),
                    (path / "rank3.json").string() +
                        ": 1 AccumulateGrad events in the step; one for each of the model's 3 "
                        "layers is accepted");
}

namespace {

ProfilerEvents events_of(const std::string& text) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "t.json") << text;
  return read_profiler_events(folder.path() / "t.json");
}

}  // namespace

TEST_CASE("a profiled step says how long it computes and what was called", "[ready]") {
  const std::string gradients = gradient(30, "") + gradient(31, "") + gradient(50, "");
  const auto events =
      events_of(trace(gradients + all_reduce(21, 33, 152, 25) + all_reduce(22, 55, 205, 12)));
  REQUIRE(events.windows.size() == 1);
  const ProfiledStep step(events, events.windows.front());
  CHECK(step.name() == "ProfilerStep#3");
  CHECK(step.computing() == Approx(100e-6));
  const auto called = step.collectives();
  REQUIRE(called.size() == 2);
  CHECK(called[0].call == ProfiledCollective{"allreduce", 25, "Float", 2});
  CHECK(called[0].seconds.value() == Approx(40e-6));
  CHECK(called[1].call.elements == 12);
  CHECK(step.unnamed_collectives() == 0);
}

TEST_CASE("what the host called counts where no kernel says it", "[ready]") {
  const auto comms = [](double ts, const std::string& name, int elements) {
    return ",\n{\"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"record_param_comms\", \"ts\": " +
           std::to_string(ts) + ", \"dur\": 1, \"args\": {\"Collective name\": \"" + name +
           "\", \"In msg nelems\": " + std::to_string(elements) +
           ", \"Out msg nelems\": 0, \"Group size\": 1, \"dtype\": \"Float\"}}";
  };
  const std::string unnamed =
      ",\n{\"ph\": \"X\", \"cat\": \"cuda_runtime\", \"name\": \"cudaLaunchKernel\", \"ts\": 52, "
      "\"dur\": 1, \"args\": {\"correlation\": 45}},\n{\"ph\": \"X\", \"cat\": \"kernel\", "
      "\"name\": \"ncclKernel_AllReduce_RING_LL_Sum_float\", \"ts\": 210, \"dur\": 9, \"args\": "
      "{\"correlation\": 45}}";
  const auto events = events_of(trace(gradient(30, "") + comms(32, "allreduce", 25) +
                                      comms(34, "wait", 0) + comms(99, "allreduce", 7) + unnamed));
  const ProfiledStep step(events, events.windows.front());
  const auto called = step.collectives();  // at 99 us the step has ended
  REQUIRE(called.size() == 1);
  CHECK(called[0].call == ProfiledCollective{"allreduce", 25, "Float", 1});
  CHECK_FALSE(called[0].seconds);
  CHECK(step.unnamed_collectives() == 1);
}
