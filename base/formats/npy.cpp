// NumPy's NEP 1: "\x93NUMPY", the version, the length of the header, a Python dictionary, the
// elements.
#include "base/formats/tensor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstring>

namespace ringsim {
namespace {

constexpr std::string_view magic = "\x93NUMPY";

/// Reads the dictionary: 'descr': '<f4', 'fortran_order': False, 'shape': (2, 3,).
class Header {
 public:
  Header(const std::string& file, std::string_view text, std::size_t offset)
      : file_(file), text_(text), offset_(offset) {}

  void parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && descr.empty()) {
        descr = quoted();
      } else if (key == "fortran_order" && !has_order_) {
        parse_order();
      } else if (key == "shape" && !has_shape_) {
        parse_shape();
      } else {
        wrong(fmt::format("found the key '{}'", key),
              "descr, fortran_order and shape are accepted, once each");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    blanks();
    if (at_ != text_.size()) wrong("more than a dictionary", "blanks are accepted");
    if (descr.empty() || !has_order_ || !has_shape_)
      wrong("the dictionary ends", "descr, fortran_order and shape are needed");
  }

  std::string descr;
  std::vector<std::size_t> shape;
  bool is_fortran = false;

 private:
  [[noreturn]] void wrong(const std::string& found, std::string_view accepted) const {
    throw UserError({file_, fmt::format("byte {}", offset_ + at_)}, found, accepted);
  }

  void blanks() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
  }
  bool accept(char wanted) {
    blanks();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (accept(wanted)) return;
    wrong(at_ == text_.size() ? "the header ends" : fmt::format("found '{}'", text_[at_]),
          fmt::format("'{}' is accepted", wanted));
  }
  std::string quoted() {
    blanks();
    const char quote = at_ < text_.size() ? text_[at_] : ' ';
    const auto end = quote == '\'' || quote == '"' ? text_.find(quote, at_ + 1) : text_.npos;
    if (end == text_.npos) wrong("no string", "a string in quotes is accepted");
    const auto content = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return std::string(content);
  }
  void parse_order() {
    blanks();
    is_fortran = text_.substr(at_).starts_with("True");
    if (!is_fortran && !text_.substr(at_).starts_with("False"))
      wrong("no truth value", "True or False is accepted");
    at_ += is_fortran ? 4 : 5;
    has_order_ = true;
  }
  void parse_shape() {
    expect('(');
    while (!accept(')')) {
      blanks();
      std::size_t extent = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (error != std::errc()) wrong("no extent", "a whole number is accepted");
      at_ = static_cast<std::size_t>(end - text_.data());
      shape.push_back(extent);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    has_shape_ = true;
  }

  const std::string& file_;
  std::string_view text_;
  std::size_t offset_, at_ = 0;
  bool has_order_ = false, has_shape_ = false;
};

ElementType parse_type(const std::string& descr, const Place& place) {
  if (descr == "<f2") return ElementType::f16;
  if (descr == "<f4") return ElementType::f32;
  if (descr == "<f8") return ElementType::f64;
  throw UserError(place, fmt::format("elements of type '{}'", descr),
                  "'<f2', '<f4' or '<f8' is accepted");
}

/// The elements with the last index running fastest, of an array whose first index does.
std::string row_major(std::string_view bytes, const std::vector<std::size_t>& shape,
                      std::size_t width) {
  std::string reordered(bytes.size(), '\0');
  std::vector<std::size_t> index(shape.size()), strides(shape.size());
  std::size_t stride = width;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    strides[d] = stride;
    stride *= shape[d];
  }
  std::size_t source = 0;
  for (std::size_t target = 0; target < bytes.size(); target += width) {
    std::memcpy(reordered.data() + target, bytes.data() + source, width);
    for (std::size_t d = shape.size(); d-- > 0;) {
      source += strides[d];
      if (++index[d] < shape[d]) break;
      source -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return reordered;
}

}  // namespace

TensorFile parse_npy(std::string content, const std::filesystem::path& path) {
  TensorFile file{path, std::make_shared<const std::string>(std::move(content)), {}};
  const std::string name = path.string();
  const std::string& bytes = *file.content;
  const auto truncated = [&](std::string_view what) {
    throw UserError({name, fmt::format("byte {}", bytes.size())},
                    fmt::format("the file ends within {}", what), "a whole npy file is accepted");
  };
  if (bytes.size() < magic.size() || !bytes.starts_with(magic)) {
    throw UserError({name, "byte 0"}, "no npy file",
                    "a file that begins with \\x93NUMPY is accepted");
  }
  if (bytes.size() < 8) truncated("its version");
  const int version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3) {
    throw UserError({name, "byte 6"}, fmt::format("version {}", version),
                    "versions 1 to 3 are accepted");
  }
  const std::size_t width = version == 1 ? 2 : 4, begin = 8 + width;
  if (bytes.size() < begin) truncated("the length of its header");
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + 8, width);
  if (bytes.size() - begin < length) truncated("its header");
  Header header(name, std::string_view(bytes).substr(begin, length), begin);
  header.parse();

  const std::size_t data_begin = begin + length;
  Tensor tensor{.name = path.stem().string(),
                .type = parse_type(header.descr, {name, fmt::format("byte {}", begin)}),
                .shape = header.shape,
                .bytes = std::string_view(bytes).substr(data_begin),
                .place = {name, {}}};
  std::size_t wanted = element_bytes(tensor.type);
  for (const std::size_t extent : tensor.shape) {
    if (__builtin_mul_overflow(wanted, extent, &wanted))
      throw UserError({name, fmt::format("byte {}", begin)}, "a shape beyond all memory",
                      "a shape that fits the file is accepted");
  }
  if (tensor.bytes.size() != wanted) {
    throw UserError({name, fmt::format("byte {}", std::min(data_begin + wanted, bytes.size()))},
                    fmt::format("found {} bytes of elements", tensor.bytes.size()),
                    fmt::format("the {} bytes of the shape are accepted", wanted));
  }
  if (header.is_fortran) {
    tensor.reordered = std::make_shared<const std::string>(
        row_major(tensor.bytes, tensor.shape, element_bytes(tensor.type)));
    tensor.bytes = *tensor.reordered;
  }
  file.tensors.push_back(std::move(tensor));
  return file;
}

}  // namespace ringsim
