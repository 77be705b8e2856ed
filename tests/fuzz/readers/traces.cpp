#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "sim/sources/trace_source.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"
#include "tools/ringsim/report_data.hpp"
#include "traces/capture_folder.hpp"
#include "traces/gradient_trace.hpp"
#include "traces/summary.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace ringsim::fuzz {
namespace {

constexpr std::string_view small_header = R"({"schema": "ringsim-gradient-trace-1", "model": "m",
  "scheme": "iwp", "ranks": 2, "steps": 1, "with_velocity": false,
  "layers": [{"name": "a", "parameters": 70}, {"name": "b", "parameters": 10}],
  "provenance": {"version": "0", "command": "c", "seed": 1, "inputs": []}})";
constexpr std::string_view small_table =
    "step,rank,layer,parameters,threshold,kept,density,broadcasts,sent,bitmap_bytes,index_bytes,"
    "delta_bytes,runs_bytes,rice_bytes\n"
    "0,0,a,70,0.5,3,0.042,1,5,9,3,3,6,3\n0,0,b,10,,10,1,1,10,,,,,\n"
    "0,1,a,70,0.5,4,0.057,0,5,9,4,4,8,4\n0,1,b,10,,10,1,0,10,,,,,\n";

std::filesystem::path write_trace(std::string_view header, std::string_view table) {
  write_input("trace/trace_layers.csv", table);
  return write_input("trace/trace.json", header).parent_path();
}

/// Replays the first and the last step in every way that it can be.
void replay(const std::filesystem::path& folder) {
  for (const auto* scheme : {"", "dense", "topk"}) {
    const auto name = *scheme == '\0' ? std::nullopt : std::optional<std::string>(scheme);
    for (const bool on_ring : {false, true}) {
      if (on_ring && name != "topk") continue;
      const TraceSource source(folder, name, {}, {on_ring, on_ring});
      for (const Rank ranks : {2, 3}) {
        for (const auto step : {std::uint64_t{0}, source.header().steps - 1})
          check(!source.step(step, ranks).layers.empty(), "a step has layers");
      }
    }
  }
}

/// trace.json and trace_layers.csv.
void read_trace_folder(std::string_view bytes) {
  const auto parts = parts_of(bytes, 2);
  const auto folder = write_trace(parts[0], parts[1].empty() ? small_table : parts[1]);
  const auto trace = read_trace(folder);
  check(trace.rows.size() / trace.header.layers.size() / trace.header.ranks == trace.header.steps,
        "every step, rank and layer has a row");
  if (trace.rows.size() < 1000) replay(folder);
}

/// The masks of a trace's step.
void read_masks(std::string_view bytes) {
  const auto folder = write_trace(small_header, small_table);
  write_input("trace/masks/step-000000.safetensors", bytes);
  const TraceSource source(folder, "topk", {}, {.on_ring = true, .assumes_independent = false});
  try {
    check(!source.step(0, 2).stages.empty(), "a step has stages");
    std::filesystem::remove_all(folder / "masks");
  } catch (...) {
    std::filesystem::remove_all(folder / "masks");
    throw;
  }
}

void read_summary_text(std::string_view bytes) {
  const auto text = to_text(to_json(parse_summary(bytes, "summary.json")));
  expect_accepted("a summary that was written", [&] {
    check(to_text(to_json(parse_summary(text, "again.json"))) == text,
          "a summary is written as it was read");
  });
}

/// The page of a run: its summary and tables.
void read_run(std::string_view bytes) {
  const auto parts = parts_of(bytes, 6);
  const char* names[] = {"summary.json", "steps.csv",     "layers.csv",
                         "links.csv",    "staleness.csv", "transfers.csv"};
  std::filesystem::path folder;
  for (std::size_t i = 0; i < parts.size(); ++i)
    folder = write_input(std::string("run/") + names[i], parts[i]).parent_path();
  static_cast<void>(to_text(report_data({folder.string()})));
}

/// capture.json of a captured training.
void read_capture(std::string_view bytes) {
  const auto capture =
      read_capture_folder(write_input("capture/capture.json", bytes).parent_path());
  check(capture.batch > 0, "a captured step has samples");
  for (const auto& size : capture.buckets) check(size.count > 0, "a bucket is not empty");
}

}  // namespace

std::span<const Reader> trace_readers() {
  static constexpr std::array<Reader, 5> all = {{{"trace", read_trace_folder},
                                                 {"trace-masks", read_masks},
                                                 {"summary", read_summary_text},
                                                 {"run-folder", read_run},
                                                 {"capture", read_capture}}};
  return all;
}

}  // namespace ringsim::fuzz
