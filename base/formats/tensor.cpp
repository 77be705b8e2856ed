#include "base/formats/tensor.hpp"

#include "base/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace ringsim {
namespace {

static_assert(std::endian::native == std::endian::little);

float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half} >> 15 << 31;
  std::uint32_t exponent = half >> 10 & 31U, fraction = half & 1023U;
  if (exponent == 31) return std::bit_cast<float>(sign | 255U << 23 | fraction << 13);
  if (exponent == 0) {
    if (fraction == 0) return std::bit_cast<float>(sign);
    exponent = 1;
    while ((fraction & 1024U) == 0) {  // a denormal half is a normal float
      fraction <<= 1;
      --exponent;
    }
    fraction &= 1023U;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

float from_bfloat(std::uint16_t value) { return std::bit_cast<float>(std::uint32_t{value} << 16); }

template <class Element, class Convert>
void convert(std::string_view bytes, std::span<float> out, Convert to_float) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Element element;
    std::memcpy(&element, bytes.data() + i * sizeof element, sizeof element);
    out[i] = to_float(element);
  }
}

}  // namespace

std::size_t element_bytes(ElementType type) {
  switch (type) {
    case ElementType::f16:
    case ElementType::bf16:
      return 2;
    case ElementType::f32:
      return 4;
    case ElementType::f64:
      return 8;
    case ElementType::u8:
    case ElementType::other1:
      return 1;
    case ElementType::other2:
      return 2;
    case ElementType::other4:
      return 4;
    case ElementType::other8:
      return 8;
  }
  return 0;
}

const Tensor* TensorFile::find(std::string_view name) const {
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

TensorFile load_tensors(const std::filesystem::path& path) {
  constexpr std::string_view accepted = "a .safetensors or .npy file is accepted";
  const auto ending = path.extension();
  if (ending == ".safetensors")
    return parse_safetensors(read_file(path, accepted, most_of_records), path,
                             SafetensorsBytes::accepted);
  if (ending == ".npy") return parse_npy(read_file(path, accepted, most_of_records), path);
  throw UserError({path.string(), {}}, fmt::format("ends in \"{}\"", ending.string()), accepted);
}

void read_floats(const Tensor& tensor, std::size_t first, std::span<float> out) {
  check(first + out.size() <= tensor.elements(), "read_floats: past the end of the tensor");
  const auto bytes = tensor.bytes.substr(first * element_bytes(tensor.type));
  switch (tensor.type) {
    case ElementType::f16:
      return convert<std::uint16_t>(bytes, out, from_half);
    case ElementType::bf16:
      return convert<std::uint16_t>(bytes, out, from_bfloat);
    case ElementType::f32:
      if (!out.empty()) std::memcpy(out.data(), bytes.data(), out.size_bytes());
      return;
    case ElementType::f64:
      return convert<double>(bytes, out, [](double value) { return static_cast<float>(value); });
    default:
      check(false, "read_floats: no floats");
  }
}

}  // namespace ringsim
