#include "topologies/calibration/measured_table.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "topologies/calibration/readers.hpp"

namespace ringsim {

std::variant<MeasuredTable, MeasuredThroughput> read_measured(const std::filesystem::path& path,
                                                              BufferUse use) {
  using namespace calibration;
  const std::string accepted =
      "a table of nccl-tests (text or JSON), JSON of iperf3, or CSV is accepted";
  const Place file{path.string(), {}};
  const std::string text = read_file(path, accepted);
  const auto lines = lines_of(text, file.file);
  if (lines.empty()) throw UserError(file, "is empty", accepted);
  if (lines.front().text.front() == '{') {
    const auto root = parse_json(text, file.file);
    if (root.find("results")) return read_nccl_json(root, use);
    if (root.find("start") || root.find("error")) return read_iperf(root);
    throw UserError(file, "found JSON with neither \"results\" nor \"start\"",
                    "what nccl-tests or iperf3 writes with -J is accepted");
  }
  if (is_nccl_text(lines)) return read_nccl_text(lines, file, use);
  return read_csv(lines, file);
}

}  // namespace ringsim
