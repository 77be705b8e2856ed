#include "base/error.hpp"
#include "base/formats/tensor.hpp"
#include "base/gzip.hpp"
#include "models/gradient_dump.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "tests/fuzz/input_folder.hpp"
#include "tests/fuzz/readers.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

namespace ringsim::fuzz {
namespace {

void use(const TensorFile& file) {
  for (const auto& tensor : file.tensors) {
    check(file.find(tensor.name) != nullptr, "a tensor has its name");
    if (!is_float(tensor.type)) continue;
    std::vector<float> values(std::min<std::size_t>(tensor.elements(), 1000));
    read_floats(tensor, tensor.elements() - values.size(), values);
  }
}

void read_safetensors(std::string_view bytes) {
  use(load_tensors(write_input("tensors.safetensors", bytes)));
  use(parse_safetensors(std::string(bytes), "tensors.safetensors"));
}

void read_npy(std::string_view bytes) { use(load_tensors(write_input("tensor.npy", bytes))); }

/// Weights and the gradients of a step.
void read_dump(std::string_view bytes) {
  const auto parts = parts_of(bytes, 2);
  const auto ending = parts[0].starts_with("\x93NUMPY") ? ".npy" : ".safetensors";
  const auto weights = write_input(std::string("weights") + ending, parts[0]);
  const auto gradients = write_input(std::string("gradients") + ending, parts[1]);
  const GradientDump dump(weights, {gradients});
  const auto step = dump.read_step(0, true);
  check(step.gradients.size() == dump.ranks(), "every rank has a gradient");
  for (const auto& gradient : step.gradients)
    check(gradient.size() == dump.weights().size(), "a gradient is as long as the weights");
}

void read_gzip(std::string_view bytes) {
  constexpr std::size_t most = 1 << 20;
  const auto text = unpack_gzip(bytes, most, {.path = "packed"});
  check(text.size() <= most && unpack_gzip(pack_gzip(text), most, {.path = "again"}) == text,
        "what was unpacked is packed again");
}

/// The first byte chooses the encoding, the next two are the number of elements.
void decode_mask(std::string_view bytes) {
  if (bytes.size() < 3) return;
  const auto number = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const auto encodings = mask_encodings();
  const auto& encoding = *encodings[number(0) % encodings.size()];
  const std::size_t parameters = number(1) + std::size_t{256} * number(2);
  const std::vector<std::uint8_t> payload(bytes.begin() + 3, bytes.end());
  std::vector<prune::MaskWord> mask(prune::mask_words(parameters)), again(mask.size());
  if (!encoding.decode(payload, parameters, mask)) return;
  if (parameters % 64 != 0)
    check(mask.back() >> (parameters % 64) == 0, "no bit is set behind the last element");
  std::vector<std::uint8_t> encoded;
  encoding.encode(mask, parameters, encoded);
  check(encoded.size() == encoding.encoded_size(mask, parameters), "a size is that of the bytes");
  check(encoding.decode(encoded, parameters, again) && again == mask, "a mask comes back");
}

/// A message with the masks of three layers.
void decode_message(std::string_view bytes) {
  const std::array<prune::Segment, 3> layers = {
      {{0, 70, 0, 0, 1}, {70, 1000, 2, 0, 1}, {1070, 1, 18, 0, 1}}};
  std::vector<prune::MaskWord> mask(19), again(19);
  const std::vector<std::uint8_t> message(bytes.begin(), bytes.end());
  try {
    decode_masks(message, layers, mask);
  } catch (const std::runtime_error& error) {
    // The library's own error, which names the byte.
    check(std::string_view(error.what()).starts_with("byte "), "an error says where it is");
    return;
  }
  decode_masks(encode_masks(mask, layers, nullptr).bytes, layers, again);
  check(mask == again, "masks come back");
}

}  // namespace

std::span<const Reader> tensor_readers() {
  static constexpr std::array<Reader, 6> all = {{{"safetensors", read_safetensors},
                                                 {"npy", read_npy},
                                                 {"dump", read_dump},
                                                 {"gzip", read_gzip},
                                                 {"mask", decode_mask},
                                                 {"mask-message", decode_message}}};
  return all;
}

}  // namespace ringsim::fuzz
