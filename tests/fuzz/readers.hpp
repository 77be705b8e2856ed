#pragma once
// Every way by which the bytes of a file or an argument come in, as a function of the bytes alone:
// fuzzers and the test that replays former findings call the same ones.
#include <span>
#include <string_view>
#include <vector>

namespace ringsim::fuzz {

struct Reader {
  std::string_view name;
  /// Reads the bytes as a command does and uses what comes of them. Throws UserError where they are
  /// refused; aborts where what was read contradicts itself.
  void (*read)(std::string_view bytes);
};

/// A file of readers/ each.
std::span<const Reader> topology_readers();
std::span<const Reader> model_readers();
std::span<const Reader> tensor_readers();
std::span<const Reader> trace_readers();
std::span<const Reader> measured_readers();
std::span<const Reader> scan_readers();
std::span<const Reader> text_readers();

/// All of them.
std::vector<Reader> readers();
/// The reader of this name; null where there is none.
const Reader* find_reader(std::string_view name);

/// Whether the reader takes the bytes; it refuses them by a UserError that says something. Any
/// other exception passes.
bool feed(const Reader& reader, std::string_view bytes);

}  // namespace ringsim::fuzz
