// https://github.com/huggingface/safetensors: 8 bytes N, little-endian; N bytes of JSON; the
// tensors' bytes, without holes.
#include "base/formats/tensor.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>

namespace ringsim {
namespace {

constexpr std::size_t length_bytes = 8;
constexpr std::uint64_t largest_header = 100'000'000;  // the format's own limit

constexpr std::array<std::pair<std::string_view, ElementType>, 11> other_types = {{
    {"BOOL", ElementType::other1},
    {"I8", ElementType::other1},
    {"F8_E4M3", ElementType::other1},
    {"F8_E5M2", ElementType::other1},
    {"F8_E8M0", ElementType::other1},
    {"I16", ElementType::other2},
    {"U16", ElementType::other2},
    {"I32", ElementType::other4},
    {"U32", ElementType::other4},
    {"I64", ElementType::other8},
    {"U64", ElementType::other8},
}};

ElementType parse_type(const JsonValue& value, SafetensorsBytes bytes) {
  const std::string name = value.string("a type of elements is accepted");
  if (name == "F16") return ElementType::f16;
  if (name == "BF16") return ElementType::bf16;
  if (name == "F32") return ElementType::f32;
  if (name == "F64") return ElementType::f64;
  if (bytes == SafetensorsBytes::accepted) {
    if (name == "U8") return ElementType::u8;
    for (const auto& [other, type] : other_types)
      if (name == other) return type;
  }
  value.wrong("F16, BF16, F32 or F64 is accepted");
}

/// The bytes that a tensor of this shape takes; nothing where no memory could hold it.
std::optional<std::uint64_t> size_of(const std::vector<std::size_t>& shape, std::size_t element) {
  std::uint64_t size = element;
  for (const std::size_t extent : shape)
    if (__builtin_mul_overflow(size, extent, &size)) return std::nullopt;
  return size;
}

struct Entry {
  Tensor tensor;
  std::uint64_t begin, end;
};

Entry parse_entry(const std::string& name, const JsonValue& value, std::uint64_t data_bytes,
                  SafetensorsBytes bytes) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  const JsonObject object = value.object({"dtype", "shape", "data_offsets"});
  Entry entry{.tensor = {.name = name,
                         .type = parse_type(object["dtype"], bytes),
                         .shape = {},
                         .bytes = {},
                         .place = value.place()},
              .begin = 0,
              .end = 0};
  for (const auto& extent : object["shape"].array("a list of extents is accepted"))
    entry.tensor.shape.push_back(extent.integer(0, most));
  const JsonValue offsets_value = object["data_offsets"];
  const auto offsets = offsets_value.array();
  if (offsets.size() != 2)
    offsets_value.wrong("the first byte and the one after the last are accepted");
  entry.begin = offsets[0].integer(0, data_bytes);
  entry.end = offsets[1].integer(entry.begin, data_bytes);
  const auto size = size_of(entry.tensor.shape, element_bytes(entry.tensor.type));
  if (!size || *size != entry.end - entry.begin) {
    throw UserError(offsets_value.place(), fmt::format("found {} bytes", entry.end - entry.begin),
                    size ? fmt::format("the {} bytes of its shape are accepted", *size)
                         : "a shape that fits into memory is accepted");
  }
  return entry;
}

std::string_view json_text(const std::string& content, const std::string& file) {
  if (content.size() < length_bytes) {
    throw UserError({file, "byte 0"}, fmt::format("the file has {} bytes", content.size()),
                    "a safetensors file begins with the length of its header, 8 bytes");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, content.data(), length_bytes);
  const std::uint64_t left = content.size() - length_bytes;
  if (length > largest_header || length > left) {
    throw UserError({file, "byte 0"}, fmt::format("a header of {} bytes is announced", length),
                    fmt::format("at most the {} bytes that follow are accepted",
                                std::min(left, largest_header)),
                    "is the file truncated?");
  }
  return std::string_view(content).substr(length_bytes, length);
}

/// Tensors in the order of their bytes, which have to follow each other without holes.
void order(std::vector<Entry>& entries, std::uint64_t data_bytes, std::size_t data_begin,
           const std::string& file) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t next = 0;
  for (const auto& entry : entries) {
    if (entry.begin != next) {
      throw UserError(entry.tensor.place.member("data_offsets"),
                      fmt::format("begins at {}", entry.begin),
                      fmt::format("{} is accepted, where the tensor before ends", next));
    }
    next = entry.end;
  }
  if (next != data_bytes) {
    throw UserError({file, fmt::format("byte {}", data_begin + next)},
                    fmt::format("{} bytes belong to no tensor", data_bytes - next),
                    "a file that ends with its last tensor is accepted");
  }
}

}  // namespace

TensorFile parse_safetensors(std::string content, const std::filesystem::path& path,
                             SafetensorsBytes bytes) {
  TensorFile file{path, std::make_shared<const std::string>(std::move(content)), {}};
  const std::string name = path.string();
  const auto text = json_text(*file.content, name);
  const std::size_t data_begin = length_bytes + text.size();
  const std::string_view data = std::string_view(*file.content).substr(data_begin);
  const JsonValue header = parse_json(text, name);
  std::vector<Entry> entries;
  for (const auto& [key, value] : header.members("an object of tensors is accepted")) {
    if (key == "__metadata__") continue;
    entries.push_back(parse_entry(std::string(key), value, data.size(), bytes));
  }
  order(entries, data.size(), data_begin, name);
  for (auto& entry : entries) {
    entry.tensor.bytes = data.substr(entry.begin, entry.end - entry.begin);
    file.tensors.push_back(std::move(entry.tensor));
  }
  return file;
}

std::string to_safetensors(std::span<const TensorBytes> tensors) {
  Json::Object header;
  std::uint64_t next = 0;
  for (const auto& tensor : tensors) {
    Json::Array shape(tensor.shape.begin(), tensor.shape.end());
    const std::uint64_t end = next + tensor.bytes.size();
    header.emplace_back(tensor.name, Json::Object{{"dtype", tensor.type},
                                                  {"shape", std::move(shape)},
                                                  {"data_offsets", Json::Array{next, end}}});
    next = end;
  }
  std::string text = to_text(header);
  text.append((length_bytes - text.size() % length_bytes) % length_bytes, ' ');
  const std::uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), length_bytes);
  file += text;
  for (const auto& tensor : tensors) file += tensor.bytes;
  return file;
}

}  // namespace ringsim
