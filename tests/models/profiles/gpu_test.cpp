#include "models/profiles/gpu.hpp"

#include "base/error.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <functional>
#include <string>

namespace ringsim {
namespace {

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

constexpr auto text = R"({"format": "ringsim gpu 1", "name": "mine", "description": "an example",
  "speeds": {"fp32": "1TFLOPS", "bf16": "4TFLOPS"}, "default_precision": "fp32",
  "memory_bandwidth": "1TBps", "kernel_floor": "5us", "profiles": [], "sources": ["none"]})";

TEST_CASE("a GPU has a speed for each precision", "[profiles]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "mine.json";
  std::ofstream(path) << text;
  const auto gpu = load_gpu(path);
  CHECK(gpu.speed("bf16").value == 4e12);
  CHECK(gpu.kernel_floor.value == 5e-6);
  CHECK(refusal([&] { gpu.speed("tf32"); }) ==
        "`precision`: found tf32, and the GPU mine has no speed for it; fp32, bf16 are accepted; "
        "take one of these, or give `gpu-speed`");
  std::string wrong = text;
  wrong.replace(wrong.find("\"fp32\","), 7, "\"tf32\",");
  std::ofstream(path) << wrong;
  CHECK(refusal([&] { load_gpu(path); }) ==
        path.string() + ": /default_precision: found the string \"tf32\"; fp32, bf16 is accepted");
}

TEST_CASE("a GPU says what DistributedDataParallel adds, or not", "[profiles]") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "mine.json";
  std::ofstream(path) << text;
  CHECK_FALSE(load_gpu(path).ddp);
  std::string more = text;
  more.replace(more.find("\"sources\""), 0,
               R"("ddp": {"step": "400us", "buffer": "10us", "copy": "2us", "memory_share": 0.5,
                 "exchange_share": 0.05, "exchange_rate": "1TBps"}, )");
  std::ofstream(path) << more;
  const auto ddp = load_gpu(path).ddp.value();
  CHECK(ddp.step.value == 400e-6);
  CHECK(ddp.buffer.value == 10e-6);
  CHECK(ddp.copy.value == 2e-6);
  CHECK(ddp.memory_share == 0.5);
  CHECK(ddp.exchange_share == 0.05);
  CHECK(ddp.exchange_rate.value == 1e12);
  more.replace(more.find("0.05"), 4, "0.95");
  std::ofstream(path) << more;
  CHECK(refusal([&] { load_gpu(path); }).find("/ddp/exchange_share: found the number 0.95") !=
        std::string::npos);
}

TEST_CASE("a GPU is found by its name, and what ships is whole", "[profiles]") {
  std::string names;
  for (const auto& shipped : shipped_gpus()) {
    CHECK(load_gpu(shipped.path).name == shipped.name);
    CHECK(gpu_file(shipped.name) == shipped.path);
    names += shipped.name + " ";
  }
  CHECK(names == "a100 h100 h200 v100 ");
  CHECK(gpu_file("x/mine.json") == "x/mine.json");
  CHECK(refusal([] { gpu_file("h10"); }) ==
        "`gpu`: unknown GPU \"h10\" (did you mean \"h100\"?); accepted: a100, h100, h200, v100, or "
        "a file (with / or .json in its name)");
}

}  // namespace
}  // namespace ringsim
