// ringsim bench: how fast this machine prunes, against its memory.
#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_writer.hpp"
#include "base/text.hpp"
#include "models/profiles/engine_costs.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/measure.hpp"
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/progress.hpp"
#include "tools/ringsim/table.hpp"
#include "traces/csv.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace ringsim {
namespace {

struct BenchCommand {
  std::string engine = "auto", threads = "1", elements, output;
  Format format = Format::table;
  bool quiet = false;
};

std::uint64_t parse_count(std::string_view text, const char* option, std::uint64_t largest) {
  const auto value = parse_whole_number(text);
  if (value && *value >= 1 && *value <= largest) return *value;
  throw UserError({{}, option}, fmt::format("found \"{}\"", text),
                  fmt::format("whole numbers from 1 to {} are accepted", largest));
}

std::vector<std::size_t> parse_sizes(std::string_view list) {
  std::vector<std::size_t> sizes;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    sizes.push_back(parse_count(list.substr(begin, end - begin), "--elements", 1'000'000'000));
    begin = end + 1;
  }
  return sizes;
}

std::string gigabytes(BytesPerSecond rate) { return fmt::format("{:.1f}", rate.value / 1e9); }

/// Nanoseconds for each kept element.
std::string per_kept(Seconds time, std::uint64_t kept) {
  return fmt::format("{:.1f}", time.value * 1e9 / static_cast<double>(kept));
}

std::vector<std::vector<std::string>> select_rows(const prune::EngineRates& rates) {
  std::vector<std::vector<std::string>> rows = {{"elements", "copy GB/s", "3R1W GB/s",
                                                 "select GB/s", "of 3R1W",
                                                 "select with velocity GB/s"}};
  for (const auto& size : rates.sizes) {
    rows.push_back({fmt::format("{}", size.elements), gigabytes(size.copy), gigabytes(size.limit),
                    gigabytes(size.select), fmt::format("{:.2f}", size.select / size.limit),
                    gigabytes(size.select_with_velocity)});
  }
  return rows;
}

std::vector<std::vector<std::string>> mask_rows(const prune::EngineRates& rates) {
  std::vector<std::vector<std::string>> rows = {{"elements", "kept", "pack ns/kept",
                                                 "unpack ns/kept", "encoding", "bytes",
                                                 "encode ns/kept", "decode ns/kept"}};
  for (const auto& size : rates.sizes) {
    for (const auto& mask : size.masks) {
      for (const auto& each : mask.encodings) {
        rows.push_back({fmt::format("{}", size.elements), fmt::format("{}", mask.kept),
                        per_kept(mask.pack, mask.kept), per_kept(mask.unpack, mask.kept),
                        each.encoding, fmt::format("{}", each.size.count),
                        per_kept(each.encode, mask.kept), per_kept(each.decode, mask.kept)});
      }
    }
  }
  return rows;
}

void print(const prune::EngineRates& rates, Format format) {
  if (format == Format::json) {
    fmt::print("{}", to_text(to_json(rates)));
    return;
  }
  if (format == Format::csv) {
    for (const auto& row : mask_rows(rates)) fmt::print("{}", csv_line(row));
    return;
  }
  fmt::print("engine {}, {} thread{}, {}\n\n{}\n{}", rates.engine, rates.threads,
             rates.threads == 1 ? "" : "s", rates.processor, format_table(select_rows(rates)),
             format_table(mask_rows(rates)));
}

int execute(const BenchCommand& command) {
  prune::MeasureOptions options;
  options.engine = command.engine;
  options.threads = parse_count(command.threads, "--threads", 1024);
  if (!command.elements.empty()) options.elements = parse_sizes(command.elements);
  prune::find_engine(options.engine);
  std::optional<AtomicFile> file;
  if (!command.output.empty()) file.emplace(command.output);
  Progress progress(command.quiet);
  const auto rates = prune::measure_engine(options, [&](std::size_t elements) {
    progress.line(fmt::format("measuring {} elements", elements));
  });
  if (file) {
    file->write(to_text(to_json(profile_of_engine(rates))));
    file->commit();
  }
  print(rates, command.format);
  return 0;
}

std::function<int()> add_bench(CLI::App& app, const Invocation&) {
  auto command = std::make_shared<BenchCommand>();
  app.add_option("--engine", command->engine, "auto or one of ringsim list engines; default auto")
      ->type_name("NAME");
  app.add_option("--threads", command->threads, "threads on the CPU; default 1")->type_name("N");
  app.add_option("--elements", command->elements, "sizes; default 1000000,25600000,61100000")
      ->type_name("N,N,...");
  app.add_option("-o,--output", command->output,
                 "file for the profile (JSON), for --compress-time FILE")
      ->type_name("FILE");
  add_format_option(app, command->format);
  app.add_flag("--quiet", command->quiet, "no progress on stderr")->group("output");
  return [command] { return execute(*command); };
}

}  // namespace

extern const CommandDefinition bench_command;
const CommandDefinition bench_command = {
    "bench", "how fast this machine prunes, against its memory", add_bench};

}  // namespace ringsim
