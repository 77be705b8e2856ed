#pragma once
// Reading whole files, and writing files that are either whole or not there.
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace ringsim {

/// The most bytes that are read of a regular file: of one that people write (topologies, models,
/// times, scans), and of one that programs write (traces, gradients, journals, profiles).
inline constexpr std::uint64_t most_of_settings = std::uint64_t{256} << 20;
inline constexpr std::uint64_t most_of_records = std::uint64_t{64} << 30;

/// The bytes of a file, or of a pipe. Throws UserError where it is missing or unreadable, a device,
/// larger than `most`, or a pipe that nothing writes to; `accepted` says what was wanted.
std::string read_file(const std::filesystem::path& path, std::string_view accepted = {},
                      std::uint64_t most = most_of_settings);

/// SHA-256 of `bytes`, 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// Whether two paths lead to the same file, which need not be there yet.
bool is_same_file(const std::filesystem::path& a, const std::filesystem::path& b);

/// A file that is written under another name in the same folder and renamed by commit(); without
/// commit() nothing stays behind. A symbolic link stays, and what it leads to is written; a
/// character device or a pipe is written to directly. Throws RunError, naming the file, where it
/// cannot be created or written (a full disk).
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
  void open();
  void flush();
  [[noreturn]] void fail(int error) const;

  std::filesystem::path path_;
  std::filesystem::path target_;     ///< where symbolic links lead
  std::filesystem::path temporary_;  ///< empty: written directly, or committed
  int file_ = -1;
  std::string buffer_;
};

/// Whether `path` is what an AtomicFile of the file `name` left behind when its process was killed.
bool is_abandoned(const std::filesystem::path& path, std::string_view name);

}  // namespace ringsim
