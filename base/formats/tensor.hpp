#pragma once
// Tensors in files, as frameworks write them: safetensors and npy.
#include "base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Little-endian element types. Those from u8 on are listed, and cannot be read as floats; `other`
/// is any type of a state_dict's buffers (counters, truth values), of which the width is known.
enum class ElementType { f16, bf16, f32, f64, u8, other1, other2, other4, other8 };
/// Whether read_floats() takes it.
constexpr bool is_float(ElementType type) { return type < ElementType::u8; }
std::size_t element_bytes(ElementType type);

/// One tensor of a file, row-major.
struct Tensor {
  std::string name;
  ElementType type = ElementType::f32;
  std::vector<std::size_t> shape;  ///< empty: a scalar, one element
  std::string_view bytes;          ///< into the file's, or `reordered`
  Place place;                     ///< in the file
  /// Owns the bytes where the file has them in another order (NumPy's fortran_order).
  std::shared_ptr<const std::string> reordered = nullptr;

  std::size_t elements() const { return bytes.size() / element_bytes(type); }
};

/// A file of tensors, with its bytes.
struct TensorFile {
  std::filesystem::path path;
  std::shared_ptr<const std::string> content;
  std::vector<Tensor> tensors;  ///< in the order of their bytes

  /// The tensor of this name, or null.
  const Tensor* find(std::string_view name) const;
};

/// Reads a file whose name ends in .safetensors or .npy (one tensor, named as the file is, without
/// the ending). Throws UserError with the file and the byte or JSON pointer where it is missing,
/// truncated, too long or malformed. Tensors of safetensors may have any type; those that are no
/// floats are listed.
TensorFile load_tensors(const std::filesystem::path& path);

/// Whether a file may hold tensors that are no floats.
enum class SafetensorsBytes { refused, accepted };
/// The same from bytes that were read.
TensorFile parse_safetensors(std::string content, const std::filesystem::path& path,
                             SafetensorsBytes bytes = SafetensorsBytes::refused);
TensorFile parse_npy(std::string content, const std::filesystem::path& path);

/// Writes the elements [first, first + out.size()) of a tensor as binary32 (rounded to nearest from
/// f64).
void read_floats(const Tensor& tensor, std::size_t first, std::span<float> out);

/// What write_safetensors takes: the bytes of a tensor of type "F32" or "U8".
struct TensorBytes {
  std::string name;
  std::string_view type;
  std::vector<std::size_t> shape;
  std::string_view bytes;
};

/// A safetensors file with these tensors, in this order.
std::string to_safetensors(std::span<const TensorBytes> tensors);

}  // namespace ringsim
