#include "topologies/calibration/measured_table.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "topologies/calibration/readers.hpp"

#include <algorithm>

namespace ringsim {
namespace {

using calibration::Line;

/// Where JSON begins: in the first line, or behind the warnings that iperf3 prints before it.
std::optional<std::size_t> begin_of_json(std::string_view text, const std::vector<Line>& lines) {
  const auto found =
      std::ranges::find_if(lines, [](const Line& line) { return line.text.front() == '{'; });
  if (found == lines.end()) return std::nullopt;
  if (found != lines.begin() && calibration::is_nccl_text(lines)) return std::nullopt;
  return static_cast<std::size_t>(found->text.data() - text.data());
}

void refuse_iperf_text(const std::vector<Line>& lines) {
  for (const auto& line : lines) {
    if (!line.text.starts_with("[ ID] Interval")) continue;
    throw UserError(line.place, "found what iperf3 prints for people",
                    "what iperf3 -c HOST -J writes is accepted", "measure again with -J");
  }
}

}  // namespace

std::variant<std::vector<MeasuredTable>, MeasuredThroughput> read_measured(
    const std::filesystem::path& path, BufferUse use) {
  using namespace calibration;
  const std::string accepted =
      "a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is accepted";
  const Place file{path.string(), {}};
  const std::string content = read_file(path, accepted);
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  const auto text = std::string_view(content).substr(
      content.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
  const auto lines = lines_of(text, file.file);
  if (lines.empty()) throw UserError(file, "is empty", accepted);
  if (const auto begin = begin_of_json(text, lines)) {
    const auto documents = json_documents(text.substr(*begin));
    // Broken JSON is read as a whole, so that the error says where it breaks.
    const auto root =
        parse_json(documents.empty() ? text : documents.front(), file.file, RepeatedKeys::kept);
    if (root.find("results")) return std::vector{read_nccl_json(root, use)};
    if (root.find("start") || root.find("error") || root.find("event"))
      return read_iperf(documents, file.file);
    throw UserError(file, "found JSON with neither \"results\" nor \"start\"",
                    "what nccl-tests or iperf3 writes with -J is accepted");
  }
  if (is_nccl_text(lines)) return read_nccl_text(lines, file, use);
  refuse_iperf_text(lines);
  return read_csv(lines, file);
}

}  // namespace ringsim
