#include "sim/sources/trace_masks.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/formats/tensor.hpp"

#include <fmt/format.h>

#include <cstdint>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

/// Bit i%8 of byte i/8 stands for element i, in the file as in words.
void append_mask(const Tensor& tensor, std::uint64_t parameters,
                 std::vector<prune::MaskWord>& mask) {
  if (tensor.bytes.size() != (parameters + 7) / 8) {
    throw UserError(tensor.place, fmt::format("found {} bytes", tensor.bytes.size()),
                    fmt::format("a mask of {} elements is accepted", parameters));
  }
  const auto unused = parameters % 8;
  if (unused != 0 && static_cast<std::uint8_t>(tensor.bytes.back()) >> unused != 0) {
    throw UserError(tensor.place, "found bits behind the last element",
                    fmt::format("a mask of {} elements is accepted", parameters));
  }
  const std::size_t first = mask.size();
  mask.resize(first + prune::mask_words(parameters));
  for (std::size_t byte = 0; byte < tensor.bytes.size(); ++byte) {
    const auto bits = static_cast<std::uint8_t>(tensor.bytes[byte]);
    mask[first + byte / 8] |= prune::MaskWord{bits} << (byte % 8 * 8);
  }
}

}  // namespace

bool has_trace_masks(const fs::path& folder) {
  std::error_code error;
  return fs::is_directory(folder / "masks", error);
}

std::vector<std::vector<prune::MaskWord>> read_trace_masks(const fs::path& folder,
                                                           const TraceHeader& header,
                                                           std::uint64_t step, Rank ranks,
                                                           std::span<const std::size_t> layers) {
  const auto file_name = fmt::format("masks/step-{:06}.safetensors", step);
  const fs::path path = folder / file_name;
  auto bytes = read_file(path, {}, most_of_records);
  const auto hash = sha256(bytes);
  const auto file = parse_safetensors(std::move(bytes), path, SafetensorsBytes::accepted);
  std::vector<std::vector<prune::MaskWord>> masks(ranks);
  for (Rank rank = 0; rank < ranks; ++rank) {
    for (const std::size_t layer : layers) {
      const auto& [name, parameters] = header.layers[layer];
      const auto* tensor = file.find(fmt::format("rank{}/{}", rank, name));
      if (tensor == nullptr || tensor->type != ElementType::u8) {
        throw UserError({path.string(), {}}, fmt::format("no mask \"rank{}/{}\"", rank, name),
                        "a mask of each rank and layer is accepted",
                        "ringsim prune `masks` writes them");
      }
      append_mask(*tensor, parameters, masks[rank]);
    }
  }
  check_unchanged(header, folder, file_name, hash);
  return masks;
}

}  // namespace ringsim
