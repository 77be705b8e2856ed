#include "base/error.hpp"
#include "base/files.hpp"
#include "base/json_reader.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/specs/imported_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstring>
#include <fstream>

namespace ringsim {
namespace {

constexpr std::uint64_t most_extent = std::uint64_t{1} << 40;

struct Listed {
  std::string name;
  std::vector<std::uint64_t> shape;
  Place place;
};

/// A state_dict's buffers are no parameters.
bool is_buffer(const Listed& tensor) {
  constexpr std::array<std::string_view, 8> endings = {
      "running_mean", "running_var",       "num_batches_tracked", "position_ids",
      "inv_freq",     ".attn.masked_bias", "token_type_ids",      "relative_position_index"};
  const bool is_mask = tensor.name.ends_with(".attn.bias") && tensor.shape.size() == 4;
  return is_mask || tensor.shape.empty() || std::ranges::any_of(endings, [&](std::string_view end) {
           return tensor.name.ends_with(end);
         });
}

bool is_embedding(std::string_view name) {
  constexpr std::array<std::string_view, 4> words = {"embed", "wte.", "wpe.", "cls_token"};
  return std::ranges::any_of(
      words, [&](std::string_view word) { return name.find(word) != std::string_view::npos; });
}

/// Whether a comes before b: runs of digits by their value.
bool is_before(std::string_view a, std::string_view b) {
  const auto digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
  const auto take_number = [&](std::string_view& text) {
    const auto* end = std::find_if_not(text.begin(), text.end(), digit);
    auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(number.size());
    number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
    return number;
  };
  while (!a.empty() && !b.empty()) {
    if (digit(a.front()) && digit(b.front())) {
      const auto first = take_number(a), second = take_number(b);
      if (first.size() != second.size()) return first.size() < second.size();
      if (first != second) return first < second;
      continue;
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

/// The header of a file of safetensors, which may be much longer.
std::string read_header(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<unsigned char, 8> bytes{};
  file.read(reinterpret_cast<char*>(bytes.data()), bytes.size());
  std::uint64_t size = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) size = size << 8 | bytes[i];
  std::string header;
  if (file && size <= most_of_settings) {
    header.resize(size);
    file.read(header.data(), static_cast<std::streamsize>(size));
  }
  if (!file || header.empty()) {
    throw UserError({path.string(), "byte 0"}, "no header of safetensors",
                    "its length in 8 bytes, and a JSON object of that length are accepted");
  }
  return header;
}

std::vector<std::uint64_t> read_shape(const JsonValue& value) {
  std::vector<std::uint64_t> shape;
  for (const auto& extent : value.array("a list of extents is accepted"))
    shape.push_back(extent.integer(1, most_extent));
  return shape;
}

/// {"NAME": [EXTENT, ...]}, or what a header of safetensors has in the list's place.
std::vector<Listed> read_json(const JsonValue& root) {
  if (root.is_object() && root.find("architectures")) {
    throw UserError(root.place().member("model_type"), "missing",
                    "a config.json that says its family is accepted, or a list of tensors");
  }
  if (root.is_object() && root.find("weight_map")) {
    throw UserError(root.place().member("weight_map"), "found an index of files, without shapes",
                    "a file of safetensors, or a list of tensors is accepted");
  }
  std::vector<Listed> all;
  for (const auto& [name, value] : root.members("an object of tensors is accepted")) {
    if (name == "__metadata__") continue;
    const auto shape = value.is_object() ? value.find("shape") : value;
    if (!shape) value.wrong("a list of extents, or an object with \"shape\" is accepted");
    all.push_back({std::string(name), read_shape(*shape), value.place()});
  }
  return all;
}

/// "NAME (EXTENT, ...)", "NAME torch.Size([EXTENT, ...])" or "NAME [EXTENT, ...]".
Listed read_line(std::string_view line, const Place& place) {
  const auto wrong = [&]() -> UserError {
    return {place, fmt::format("found \"{}\"", line),
            "a name and the extents are accepted: layer1.weight (768, 3072)"};
  };
  const auto space = line.find_first_of(" \t");
  const auto open = line.find_last_of("(["), close = line.find_first_of(")]");
  if (space == 0 || space == std::string_view::npos || open == std::string_view::npos ||
      close == std::string_view::npos || open < space || close < open)
    throw wrong();
  Listed found{std::string(line.substr(0, space)), {}, place};
  if (found.name.ends_with(':')) found.name.pop_back();
  auto rest = line.substr(open + 1, close - open - 1);
  while (!rest.empty()) {
    if (rest.front() == ' ' || rest.front() == ',') {
      rest.remove_prefix(1);
      continue;
    }
    std::uint64_t extent = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
    if (error != std::errc{} || extent == 0 || extent > most_extent) throw wrong();
    found.shape.push_back(extent);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  }
  return found;
}

std::vector<Listed> read_text(std::string_view text, const std::filesystem::path& path) {
  std::vector<Listed> all;
  for (std::size_t number = 1; !text.empty(); ++number) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    all.push_back(read_line(line, {path.string(), fmt::format("line {}", number)}));
  }
  return all;
}

std::vector<Listed> read_list(const std::filesystem::path& path) {
  if (path.extension() == ".safetensors") {
    auto all = read_json(parse_json(read_header(path), path.string()));
    std::ranges::sort(all,
                      [](const Listed& a, const Listed& b) { return is_before(a.name, b.name); });
    return all;
  }
  if (path.extension() == ".json") return read_json(load_json(path));
  return read_text(read_file(path), path);
}

double operations_of(const Listed& tensor, const ModelImportRequest& request) {
  if (!request.has_operations || tensor.shape.size() < 2 || is_embedding(tensor.name)) return 0;
  if (tensor.shape.size() > 2) {
    throw UserError(
        tensor.place, fmt::format("\"{}\" has {} extents", tensor.name, tensor.shape.size()),
        "vectors and matrices are accepted, as a list of tensors does not say how often "
        "a convolution is taken",
        fmt::format("give {} off, and runs a {}", option_word("operations"),
                    option_word("compute-time")));
  }
  double flop = 2.0 * static_cast<double>(request.length.value_or(1));
  for (const auto extent : tensor.shape) flop *= static_cast<double>(extent);
  return flop;
}

}  // namespace

ImportedModel import_tensor_list(const std::filesystem::path& path,
                                 const ModelImportRequest& request) {
  ImportedModel model{
      request.name,
      request.has_operations ? "a list of tensors; its matrices count as products"
                             : "a list of tensors, without operations: give a time for computing",
      request.length ? fmt::format("a sequence of {} tokens", *request.length) : "a sample",
      {}};
  for (const auto& tensor : read_list(path)) {
    if (is_buffer(tensor)) continue;
    model.tensors.push_back({tensor.name, tensor.shape, operations_of(tensor, request)});
  }
  if (model.tensors.empty()) {
    throw UserError({path.string(), {}}, "no parameters", "a list of tensors is accepted");
  }
  return model;
}

}  // namespace ringsim
