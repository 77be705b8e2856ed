#include "traces/ready_times.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "base/units.hpp"
#include "traces/profiler_trace.hpp"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <system_error>
#include <unordered_map>

namespace ringsim {
namespace {

constexpr std::string_view header = "layer,ready_s";

/// The next line of `rest`, which loses it, without its end.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

double parse_time(std::string_view text, const Place& place) {
  const auto number = leading_number(text);
  if (number && number->rest.empty() && number->value > 0 && std::isfinite(number->value))
    return parse_seconds(fmt::format("{}s", text), place).value;
  throw UserError(place, fmt::format("found \"{}\" for ready_s", text),
                  "a number of seconds above zero is accepted");
}

}  // namespace

std::vector<double> read_ready_times(const std::filesystem::path& path,
                                     const std::vector<MeasuredLayer>& layers) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return read_profiler_folder(path, layers);
  const auto name = path.filename().string();
  if (name.ends_with(".json") || name.ends_with(".json.gz"))
    return read_profiler_trace(path, layers);
  const std::string text = read_file(
      path, "a CSV table or a trace of the PyTorch profiler is accepted", most_of_records);
  std::unordered_map<std::string_view, std::size_t> index;
  for (std::size_t i = 0; i < layers.size(); ++i) index.emplace(layers[i].name, i);
  std::vector<std::optional<double>> times(layers.size());
  std::string_view rest = text;
  const auto place = [&](std::size_t line) {
    return Place{path.string(), fmt::format("line {}", line)};
  };
  bool has_header = false;
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const auto line = take_line(rest);
    if (line.empty() || line.front() == '#') continue;
    if (!has_header) {
      if (line != header)
        throw UserError(place(number), "other columns", fmt::format("{} is accepted", header));
      has_header = true;
      continue;
    }
    const auto comma = line.rfind(',');
    if (comma == std::string_view::npos)
      throw UserError(place(number), fmt::format("found \"{}\"", line),
                      "a layer and a time, with a comma between them, are accepted");
    const auto found = index.find(line.substr(0, comma));
    if (found == index.end()) {
      throw UserError(
          place(number), fmt::format("the model has no layer \"{}\"", line.substr(0, comma)),
          fmt::format("its layers are {} to {}", layers.front().name, layers.back().name));
    }
    auto& time = times[found->second];
    if (time)
      throw UserError(place(number), fmt::format("layer \"{}\" once more", found->first),
                      "one line per layer is accepted");
    time = parse_time(line.substr(comma + 1), place(number));
  }
  if (!has_header)
    throw UserError(place(1), "other columns", fmt::format("{} is accepted", header));
  std::vector<double> all;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    if (!times[i]) {
      throw UserError(
          {path.string(), {}}, fmt::format("layer \"{}\" is missing", layers[i].name),
          fmt::format("a line for each of the model's {} layers is accepted", layers.size()));
    }
    all.push_back(*times[i]);
  }
  return all;
}

}  // namespace ringsim
