// What `nvidia-smi topo -m` prints: how the GPUs of a machine reach each other.
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "topologies/calibration/readers.hpp"
#include "topologies/import/network.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace ringsim::import {
namespace {

/// No GPU has more NVLinks (H100, B200): where a row names more, they lead to a switch.
constexpr std::uint32_t most_nvlinks = 18;
constexpr std::array<std::string_view, 7> over_pci = {"PIX", "PXB", "PHB", "NODE",
                                                      "SYS", "SOC", "PIB"};

std::string without_colours(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '[') {
      while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) == 0) ++i;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

bool is_gpu(std::string_view word) {
  return word.starts_with("GPU") && parse_whole_number(word.substr(3)).has_value();
}

/// The heading's GPUs, where the line is one; it begins with a name, as rows do, but has no cells.
std::uint32_t gpus_of_heading(const std::vector<std::string_view>& words) {
  if (words.empty() || words.front() != "GPU0" || (words.size() > 1 && words[1] == "X")) return 0;
  return static_cast<std::uint32_t>(std::count_if(words.begin(), words.end(), is_gpu));
}

struct Matrix {
  std::uint32_t gpus = 0;
  std::vector<std::uint32_t> nvlinks = {};  ///< of each pair; 0: none

  std::uint32_t at(Rank source, Rank target) const { return nvlinks[source * gpus + target]; }
};

std::uint32_t read_cell(std::string_view cell, bool is_own, const Place& place) {
  constexpr std::uint64_t most = 1024;
  if (is_own ? cell == "X" : std::ranges::find(over_pci, cell) != over_pci.end()) return 0;
  if (!is_own && cell.starts_with("NV")) {
    const auto count = parse_whole_number(cell.substr(2));
    if (count && *count >= 1 && *count <= most) return static_cast<std::uint32_t>(*count);
  }
  throw UserError(place, fmt::format("found \"{}\" between two GPUs", cell),
                  is_own ? "X, of a GPU with itself, is accepted"
                         : "NV and a number, PIX, PXB, PHB, NODE or SYS is accepted");
}

Matrix read_matrix(const std::string& text, const std::string& file) {
  Matrix matrix;
  Rank row = 0;
  for (const auto& line : calibration::lines_of(text, file)) {
    const auto words = calibration::words_of(line.text);
    if (matrix.gpus == 0) {
      matrix.gpus = gpus_of_heading(words);
      if (matrix.gpus > 0) check_hosts(matrix.gpus, {file, {}});
      matrix.nvlinks.resize(std::size_t{matrix.gpus} * matrix.gpus);
      continue;
    }
    if (row == matrix.gpus || !is_gpu(words.front())) continue;
    if (words.front() != fmt::format("GPU{}", row)) {
      throw UserError(line.place, fmt::format("found the row \"{}\"", words.front()),
                      fmt::format("the row GPU{} is accepted here", row));
    }
    if (words.size() <= matrix.gpus) {
      throw UserError(line.place, fmt::format("found {} cells", words.size() - 1),
                      fmt::format("one for each of the {} GPUs is accepted", matrix.gpus));
    }
    for (Rank i = 0; i < matrix.gpus; ++i)
      matrix.nvlinks[row * matrix.gpus + i] = read_cell(words[1 + i], i == row, line.place);
    ++row;
  }
  check_hosts(matrix.gpus, {file, {}});
  if (row == matrix.gpus) return matrix;
  throw UserError({file, {}}, fmt::format("found {} rows of {} GPUs", row, matrix.gpus),
                  "a row for each GPU is accepted");
}

/// The value of an option that is needed, or has no effect.
template <class Value>
Value needed(const std::optional<Value>& value, std::string_view name, bool is_needed,
             std::string_view why, std::string_view example) {
  if (value.has_value() == is_needed) return value.value_or(Value{});
  if (is_needed) {
    throw UserError(option_place(name), fmt::format("is needed: {}", why), "a value is accepted",
                    fmt::format("e.g. {} {}", option_word(name), example));
  }
  throw UserError(option_place(name), "has no effect, as no two GPUs meet there", "leave it out");
}

struct Speeds {
  BytesPerSecond nvlink, pcie;
  Seconds latency;
};

Speeds speeds_of(const Matrix& matrix, const NetworkImport& request) {
  bool has_nvlink = false, has_pcie = false;
  for (Rank source = 0; source < matrix.gpus; ++source) {
    for (Rank target = source + 1; target < matrix.gpus; ++target)
      (matrix.at(source, target) > 0 ? has_nvlink : has_pcie) = true;
  }
  return {needed(request.nvlink, "nvlink", has_nvlink,
                 "the matrix has the number of NVLinks, not their bandwidth", "25GBps"),
          needed(request.pcie, "pcie", has_pcie, "two GPUs meet over PCIe", "25GBps"),
          needed(request.latency, "latency", true, "the matrix has none", "3us")};
}

std::uint32_t nvlinks_of(const Matrix& matrix, Rank gpu) {
  std::uint32_t sum = 0;
  for (Rank other = 0; other < matrix.gpus; ++other) sum += matrix.at(gpu, other);
  return sum;
}
std::uint32_t widest(const Matrix& matrix, Rank gpu) {
  std::uint32_t most = 0;
  for (Rank other = 0; other < matrix.gpus; ++other) most = std::max(most, matrix.at(gpu, other));
  return most;
}

/// Links of each GPU's own, up and down, half of the latency each.
struct Ports {
  std::vector<std::uint32_t> up, down;

  void add(Network& network, Rank gpu, std::string_view what, BytesPerSecond bandwidth,
           Seconds latency) {
    const Seconds half = latency / 2;
    up.push_back(network.add({fmt::format("gpu{}-{}:up", gpu, what), bandwidth, half}));
    down.push_back(network.add({fmt::format("gpu{}-{}:down", gpu, what), bandwidth, half}));
  }
};

Network network_of(const Matrix& matrix, const Speeds& speeds) {
  Network network(matrix.gpus);
  network.gpus_per_node = matrix.gpus;
  bool is_switched = false;
  Ports nvlinks, pcie;
  for (Rank gpu = 0; gpu < matrix.gpus; ++gpu)
    is_switched = is_switched || nvlinks_of(matrix, gpu) > most_nvlinks;
  for (Rank gpu = 0; gpu < matrix.gpus; ++gpu) {
    const auto width = std::max(1U, widest(matrix, gpu));
    if (is_switched) nvlinks.add(network, gpu, "nvlink", speeds.nvlink * width, speeds.latency);
    if (speeds.pcie.value > 0) pcie.add(network, gpu, "pcie", speeds.pcie, speeds.latency);
  }
  for (Rank source = 0; source < matrix.gpus; ++source) {
    for (Rank target = 0; target < matrix.gpus; ++target) {
      if (source == target) continue;
      auto& way = network.way(source, target);
      const auto count = matrix.at(source, target);
      if (count == 0) {
        way = {pcie.up[source], pcie.down[target]};
      } else if (is_switched) {
        way = {nvlinks.up[source], nvlinks.down[target]};
      } else {
        way = {network.add(
            {fmt::format("gpu{}-gpu{}", source, target), speeds.nvlink * count, speeds.latency})};
      }
    }
  }
  return network;
}

}  // namespace

bool is_topology_matrix(std::string_view text) {
  const auto plain = without_colours(text);
  for (const auto& line : calibration::lines_of(plain, {})) {
    if (gpus_of_heading(calibration::words_of(line.text)) > 0) return true;
  }
  return false;
}

ImportedTopology read_topology_matrix(const std::string& text, const NetworkImport& request) {
  const auto matrix = read_matrix(without_colours(text), request.file.string());
  const auto speeds = speeds_of(matrix, request);
  return {routes_file(network_of(matrix, speeds), request.name,
                      fmt::format("imported from the matrix of nvidia-smi in {}",
                                  request.file.filename().string())),
          {}};
}

}  // namespace ringsim::import
