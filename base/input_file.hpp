#pragma once
// A file that is read from its start to its end, which has to come.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ringsim {

/// The most bytes that are read of a pipe, whose end nobody knows.
inline constexpr std::uint64_t most_of_pipe = std::uint64_t{64} << 20;

class InputFile {
 public:
  /// Opens a regular file or a pipe. Throws UserError, which says what is `accepted`.
  InputFile(const std::filesystem::path& path, std::string_view accepted);
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  ~InputFile();

  /// All of it, at most `most` bytes, and of a pipe at most most_of_pipe.
  std::string read(std::uint64_t most) const;

 private:
  /// The first byte of a pipe, if it has come within half a second.
  std::string first_of_pipe() const;
  void append_rest(std::string& bytes, std::uint64_t most) const;
  [[noreturn]] void wrong(std::string_view found, std::string_view fix = {}) const;

  std::string path_, accepted_;
  int file_;
};

}  // namespace ringsim
