#include "tests/fuzz/readers.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace ringsim::fuzz {

std::vector<Reader> readers() {
  std::vector<Reader> all;
  for (const auto part : {topology_readers(), model_readers(), tensor_readers(), trace_readers(),
                          measured_readers(), scan_readers(), text_readers()})
    all.insert(all.end(), part.begin(), part.end());
  return all;
}

const Reader* find_reader(std::string_view name) {
  static const auto all = readers();
  const auto found = std::ranges::find(all, name, &Reader::name);
  return found == all.end() ? nullptr : &*found;
}

bool feed(const Reader& reader, std::string_view bytes) {
  try {
    reader.read(bytes);
    return true;
  } catch (const UserError& error) {
    check(!std::string_view(error.what()).empty(), "an error says what is wrong");
    return false;
  }
}

}  // namespace ringsim::fuzz
