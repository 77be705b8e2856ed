#pragma once
// Reading whole files, and writing files that are either whole or not there.
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace ringsim {

/// The bytes of a file. Throws UserError where it is missing or unreadable; `accepted` says what
/// was wanted.
std::string read_file(const std::filesystem::path& path, std::string_view accepted = {});

/// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// A file that is written under another name in the same folder and renamed by commit(); without
/// commit() nothing stays behind. Throws RunError, naming the file, where it cannot be created or
/// written (a full disk).
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  void write(std::string_view text);
  void commit();
  const std::filesystem::path& path() const { return path_; }

 private:
  void fail() const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::ofstream stream_;
};

}  // namespace ringsim
