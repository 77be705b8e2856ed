#include "base/formats/tensor.hpp"
#include "base/random.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstring>
#include <limits>

namespace ringsim {
namespace {

/// A safetensors file with this header and data.
std::string safetensors(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + header + data;
}

std::string npy(const std::string& dictionary, const std::string& data, char version = 1) {
  std::string header = dictionary;
  const std::size_t before = version == 1 ? 10 : 12;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  const auto length = static_cast<std::uint32_t>(header.size());
  return "\x93NUMPY" + std::string{version, '\0'} +
         std::string(reinterpret_cast<const char*>(&length), before - 8) + header + data;
}

std::string floats(std::vector<float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::vector<float> values(const Tensor& tensor) {
  std::vector<float> result(tensor.elements());
  read_floats(tensor, 0, result);
  return result;
}

std::string error_of(const std::string& content, bool is_npy = false) {
  try {
    (void)(is_npy ? parse_npy(content, "d.npy") : parse_safetensors(content, "d.safetensors"));
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

const std::string two =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},)"
    R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";

TEST_CASE("safetensors are read in the order of their bytes") {
  const auto file = parse_safetensors(
      safetensors(two, std::string("\x80\x3f\x00\xc0", 4) + floats({3, -4})), "d.safetensors");
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "a");
  CHECK(values(file.tensors[0]) == std::vector<float>{1, -2});
  CHECK(file.tensors[1].shape == std::vector<std::size_t>{2, 1});
  CHECK(values(*file.find("b")) == std::vector<float>{3, -4});
  CHECK(file.find("c") == nullptr);
}

TEST_CASE("safetensors that are written are read back") {
  const std::string data = floats({1.5F, 2.5F});
  const std::vector<TensorBytes> tensors = {{"x", "F32", {2}, data}, {"empty", "F32", {0}, {}}};
  const auto file = parse_safetensors(to_safetensors(tensors), "d.safetensors");
  CHECK(values(*file.find("x")) == std::vector<float>{1.5F, 2.5F});
  CHECK(file.find("empty")->elements() == 0);
}

TEST_CASE("broken safetensors say where") {
  CHECK(error_of("abc") ==
        "d.safetensors: byte 0: the file has 3 bytes; a safetensors file begins with the length of "
        "its header, 8 bytes");
  CHECK(error_of(safetensors(two, "").substr(0, 60)) ==
        "d.safetensors: byte 0: a header of 142 bytes is announced; at most the 52 bytes that "
        "follow are accepted; is the file truncated?");
  CHECK(error_of(safetensors(two, floats({1}))) ==
        "d.safetensors: /b/data_offsets/1: found the number 12; a whole number from 4 to 4 is "
        "accepted");
  CHECK(error_of(safetensors(two, floats({1, 2, 3, 4}))) ==
        "d.safetensors: byte 162: 4 bytes belong to no tensor; a file that ends with its last "
        "tensor is accepted");
  const auto one = [](const std::string& type, const std::string& shape,
                      const std::string& offsets) {
    return error_of(safetensors("{\"a\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
                                    ",\"data_offsets\":" + offsets + "}}",
                                floats({1, 2})));
  };
  CHECK(one("F32", "[2]", "[0,8]") == "no error");
  CHECK(one("I64", "[1]", "[0,8]") ==
        "d.safetensors: /a/dtype: found the string \"I64\"; F16, BF16, F32 or F64 is accepted");
  CHECK(one("F32", "[3]", "[0,8]") ==
        "d.safetensors: /a/data_offsets: found 8 bytes; the 12 bytes of its shape are accepted");
  CHECK(one("F32", "[4611686018427387904, 4]", "[0,8]") ==
        "d.safetensors: /a/data_offsets: found 8 bytes; a shape that fits into memory is accepted");
  CHECK(one("F32", "[1]", "[4,8]") ==
        "d.safetensors: /a/data_offsets: begins at 4; 0 is accepted, where the tensor before ends");
}

TEST_CASE("npy is read in every version and type") {
  const std::string data = floats({1, 2, 3, 4, 5, 6});
  for (const char version : {1, 2, 3}) {
    const auto file = parse_npy(
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", data, version), "w.npy");
    REQUIRE(file.tensors.size() == 1);
    CHECK(file.tensors[0].name == "w");
    CHECK(file.tensors[0].shape == std::vector<std::size_t>{2, 3});
    CHECK(values(file.tensors[0]) == std::vector<float>{1, 2, 3, 4, 5, 6});
  }
  const double third = 1.0 / 3;
  const std::string wide(reinterpret_cast<const char*>(&third), sizeof third);
  CHECK(
      values(parse_npy(npy("{'shape': (), 'fortran_order': False, 'descr': '<f8'}", wide), "w.npy")
                 .tensors[0]) == std::vector<float>{static_cast<float>(third)});
}

TEST_CASE("npy in Fortran's order is read as in C's") {
  // a[i][j][k] = 100 i + 10 j + k of shape (2, 3, 2); in Fortran's order i runs fastest, then j.
  std::vector<float> stored, expected;
  for (int k = 0; k < 2; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i) stored.push_back(static_cast<float>(100 * i + 10 * j + k));
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 2; ++k) expected.push_back(static_cast<float>(100 * i + 10 * j + k));
  const auto file = parse_npy(
      npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3, 2)}", floats(stored)), "w.npy");
  const Tensor copy = file.tensors.at(0);  // the bytes outlive the file that they came with
  CHECK(copy.shape == std::vector<std::size_t>{2, 3, 2});
  CHECK(values(copy) == expected);
}

TEST_CASE("safetensors of a state_dict list what is no float") {
  const std::string header = R"({"n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                             R"("m":{"dtype":"BOOL","shape":[4],"data_offsets":[8,12]},)"
                             R"("w":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}})";
  const std::string content = safetensors(header, std::string(12, '\1') + floats({2.5F}));
  const auto file = parse_safetensors(content, "d.safetensors", SafetensorsBytes::accepted);
  REQUIRE(file.tensors.size() == 3);
  CHECK(!is_float(file.tensors[0].type));
  CHECK(file.tensors[0].elements() == 1);
  CHECK(file.tensors[1].elements() == 4);
  CHECK(values(*file.find("w")) == std::vector<float>{2.5F});
}

TEST_CASE("half precision is converted exactly") {
  // 1, the smallest denormal, the largest denormal, the largest number, -infinity, -0, NaN.
  const std::uint16_t halves[] = {0x3c00, 0x0001, 0x03ff, 0x7bff, 0xfc00, 0x8000, 0x7e00};
  const std::string data(reinterpret_cast<const char*>(halves), sizeof halves);
  const auto got = values(
      parse_npy(npy("{'descr': '<f2', 'fortran_order': False, 'shape': (7,)}", data), "w.npy")
          .tensors[0]);
  CHECK(got[0] == 1);
  CHECK(got[1] == std::ldexp(1.0F, -24));
  CHECK(got[2] == std::ldexp(1023.0F, -24));
  CHECK(got[3] == 65504);
  CHECK(got[4] == -std::numeric_limits<float>::infinity());
  CHECK((got[5] == 0 && std::signbit(got[5])));
  CHECK(std::isnan(got[6]));
}

TEST_CASE("broken npy says where") {
  const std::string good =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", floats({1, 2}));
  CHECK(error_of(good, true) == "no error");
  CHECK(error_of("\x93NUMP", true) ==
        "d.npy: byte 0: no npy file; a file that begins with \\x93NUMPY is accepted");
  CHECK(error_of(good.substr(0, 20), true) ==
        "d.npy: byte 20: the file ends within its header; a whole npy file is accepted");
  CHECK(error_of(good.substr(0, good.size() - 1), true) ==
        "d.npy: byte 135: found 7 bytes of elements; the 8 bytes of the shape are accepted");
  CHECK(error_of(good + "x", true) ==
        "d.npy: byte 136: found 9 bytes of elements; the 8 bytes of the shape are accepted");
  CHECK(error_of(npy("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", floats({1, 2})),
                 true) ==
        "d.npy: byte 10: elements of type '<i4'; '<f2', '<f4' or '<f8' is accepted");
  CHECK(error_of(npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", floats({1, 2})),
                 true) == "d.npy: byte 44: no truth value; True or False is accepted");
  CHECK(error_of(npy("{'descr': '<f4', 'shape': (2,)}", floats({1, 2})), true)
            .find("the dictionary ends; descr, fortran_order and shape are needed") !=
        std::string::npos);
}

TEST_CASE("files with bytes changed, cut or added are read or refused, never misread") {
  const std::string tensors = safetensors(two, floats({1, 2, 3}));
  const std::string array =
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", floats({1, 2, 3}));
  Random random(1, Purpose::batch_order, 0, 0);
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    const bool is_npy = i % 2 == 0;
    std::string content = is_npy ? array : tensors;
    if (i % 3 == 0) content.resize(random.below(content.size()));
    for (int changes = 0; changes < 3 && !content.empty(); ++changes)
      content[random.below(content.size())] = static_cast<char>(random.below(256));
    try {
      const auto file = is_npy ? parse_npy(content, "d.npy") : parse_safetensors(content, "d");
      for (const auto& tensor : file.tensors) CHECK(values(tensor).size() == tensor.elements());
    } catch (const UserError&) {
      ++refused;
    }
  }
  CHECK(refused > 2000);
}

}  // namespace
}  // namespace ringsim
