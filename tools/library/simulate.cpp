#include "tools/library/simulate.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "sim/run/assumptions.hpp"
#include "tools/ringsim/clocked_run.hpp"
#include "tools/ringsim/command_text.hpp"
#include "tools/ringsim/given_options.hpp"
#include "tools/ringsim/verdict.hpp"
#include "traces/summary.hpp"

#include <fmt/format.h>

#include <exception>
#include <map>
#include <new>
#include <string_view>

namespace ringsim::simulator {
namespace {

constexpr std::string_view help = "see ringsim run --help";

std::map<std::string_view, std::string> by_name(const Options& options) {
  std::map<std::string_view, std::string> given;
  for (const auto& [name, value] : options) {
    if (find_run_option(name) == nullptr) {
      std::vector<std::string> known;
      for (const auto& option : run_options()) known.push_back(fmt::format("--{}", option.name));
      const auto typed = "--" + name;
      throw UserError({{}, typed}, "unknown option" + did_you_mean(typed, known), help);
    }
    if (given.emplace(name, value).second) continue;
    const auto times = std::ranges::count(options, name, &Options::value_type::first);
    throw UserError(option_place(name), fmt::format("stands {} times", times), "once is accepted",
                    help);
  }
  return given;
}

/// The command that gives the same.
std::string command_of(const Options& options) {
  std::vector<std::string> words = {"ringsim", "run"};
  for (const auto& [name, value] : options) {
    words.push_back("--" + name);
    words.push_back(value);
  }
  return command_text(words);
}

Step step_of(const StepRow& row) {
  const auto bytes = [](std::uint64_t count) { return static_cast<double>(count); };
  return {.step = row.step,
          .start = row.start_s,
          .seconds = {.compute = row.compute_s,
                      .compress = row.compress_s,
                      .exchange = row.exchange_s,
                      .exposed_exchange = row.exposed_exchange_s,
                      .total = row.total_s},
          .bytes = {.values = bytes(row.values_bytes),
                    .masks = bytes(row.masks_bytes),
                    .headers = bytes(row.headers_bytes),
                    .total = bytes(row.total_bytes)},
          .loss = row.loss,
          .accuracy = row.accuracy};
}

void set_figures(Result& result, const Summary& summary) {
  const auto& seconds = summary.seconds_per_step;
  const auto& bytes = summary.bytes_sent_per_rank;
  result.ranks = summary.ranks;
  result.steps = summary.steps;
  result.scheme = summary.scheme;
  result.collective = summary.collective;
  result.backend = summary.backend;
  result.simulated_seconds = summary.simulated_seconds;
  result.seconds_per_step = {.compute = seconds.compute,
                             .compress = seconds.compress,
                             .exchange = seconds.exchange,
                             .exposed_exchange = seconds.exposed_exchange,
                             .total = seconds.total};
  result.bytes_sent_per_rank = {
      .values = bytes.values, .masks = bytes.masks, .headers = bytes.headers, .total = bytes.total};
  result.headroom = {.dense_fp32 = summary.headroom_seconds.dense_fp32,
                     .dense_bf16 = summary.headroom_seconds.dense_bf16};
  if (const auto& bottleneck = summary.bottleneck)
    result.bottleneck = {bottleneck->kind, bottleneck->name, bottleneck->share};
  result.accuracy = summary.accuracy;
  result.loss = summary.loss;
}

Result simulated(const Request& request) {
  const auto options = options_of(by_name(request.options));
  Result result;
  RunObserver observer;
  if (request.rows)
    observer.on_row = [&result](const StepRow& row) { result.rows.push_back(step_of(row)); };
  const auto summary = clocked_run(options, observer, command_of(request.options)).summary;
  set_figures(result, summary);
  const auto verdict = run_verdict(summary, assumptions(options));
  result.verdict = join(verdict.sentences, " ");
  result.assumed = verdict.assumed;
  result.json = to_text(to_json(summary));
  return result;
}

}  // namespace

Result simulate(const Request& request) {
  try {
    return simulated(request);
  } catch (const UserError& error) {
    throw InputError(with_dashes(error.what()));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw SimulationError(with_dashes(error.what()));
  }
}

const char* version() { return RINGSIM_VERSION; }

}  // namespace ringsim::simulator
