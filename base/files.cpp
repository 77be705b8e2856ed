#include "base/files.hpp"

#include "base/error.hpp"
#include "base/input_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view partial_ending = ".partial";
constexpr std::size_t most_buffered = std::size_t{1} << 16;
constexpr int most_links = 40;  ///< as many as Linux follows

/// Where the symbolic links at `path` lead, whether there is anything yet or not.
fs::path end_of_links(fs::path path) {
  std::error_code error;
  for (int i = 0; i < most_links && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    const auto next = fs::read_symlink(path, error);
    if (error) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

bool is_pipe_or_device(const fs::path& path) {
  std::error_code error;
  const auto type = fs::status(path, error).type();
  return type == fs::file_type::character || type == fs::file_type::fifo;
}

}  // namespace

std::string read_file(const fs::path& path, std::string_view accepted, std::uint64_t most) {
  return InputFile(path, accepted).read(most);
}

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  const int done =
      EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  check(done == 1, "SHA-256 failed");
  std::string text;
  for (const unsigned char byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

bool is_same_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  if (fs::equivalent(a, b, error)) return true;
  const auto where = [&](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(end_of_links(path), error), error);
  };
  return where(a) == where(b);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), target_(end_of_links(path_)) {
  std::error_code error;
  const auto type = fs::status(target_, error).type();
  if (type == fs::file_type::block)
    throw RunError(fmt::format("{}: cannot be written (it is a block device)", path_.string()));
  if (is_pipe_or_device(target_)) {
    file_ = ::open(target_.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (file_ < 0) fail(errno);
    return;
  }
  open();
}

/// Under a name that no other process has; the lock says that one is at work on it.
void AtomicFile::open() {
  for (int attempt = 0; file_ < 0; ++attempt) {
    temporary_ = target_.string() + fmt::format(".{}-{}{}", getpid(), attempt, partial_ending);
    file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file_ >= 0 || errno == EEXIST) continue;
    const int error = errno;
    temporary_.clear();
    fail(error);
  }
  flock(file_, LOCK_EX | LOCK_NB);
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})),
      file_(std::exchange(other.file_, -1)),
      buffer_(std::move(other.buffer_)) {}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) close(file_);
  if (temporary_.empty()) return;  // committed, moved from, or written directly
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void AtomicFile::write(std::string_view text) {
  // A long text takes no copy of its own.
  for (; text.size() > most_buffered; text.remove_prefix(most_buffered)) {
    buffer_ += text.substr(0, most_buffered);
    flush();
  }
  buffer_ += text;
  if (buffer_.size() >= most_buffered) flush();
}

void AtomicFile::flush() {
  for (std::string_view left = buffer_; !left.empty();) {
    const ssize_t written = ::write(file_, left.data(), left.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    left.remove_prefix(static_cast<std::size_t>(written));
  }
  buffer_.clear();
}

void AtomicFile::commit() {
  flush();
  // The lock goes when the file has its name: until then nobody may take it for abandoned.
  std::error_code error;
  if (!temporary_.empty()) fs::rename(temporary_, target_, error);
  if (error)
    throw RunError(fmt::format("{}: cannot be written ({})", path_.string(), error.message()));
  temporary_.clear();
  if (close(std::exchange(file_, -1)) != 0) fail(errno);
}

void AtomicFile::fail(int error) const {
  throw RunError(fmt::format("{}: cannot be written ({})", path_.string(), std::strerror(error)));
}

bool is_abandoned(const fs::path& path, std::string_view name) {
  const auto file_name = path.filename().string();
  if (!file_name.starts_with(fmt::format("{}.", name)) || !file_name.ends_with(partial_ending) ||
      !fs::is_regular_file(fs::symlink_status(path))) {
    return false;
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_free = flock(file, LOCK_EX | LOCK_NB) == 0;
  close(file);
  return is_free;
}

}  // namespace ringsim
