#include "base/files.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ringsim {

std::string read_file(const std::filesystem::path& path, std::string_view accepted) {
  const Place place{path.string(), {}};
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::none) {
    throw UserError(place, fmt::format("cannot be read ({})", error.message()), accepted);
  }
  if (!std::filesystem::exists(status)) throw UserError(place, "no such file", accepted);
  if (std::filesystem::is_directory(status)) throw UserError(place, "is a folder", accepted);
  errno = 0;
  std::ifstream stream(path, std::ios::binary);
  // In blocks: byte by byte, a sixth of a short run with sanitizers went here.
  std::string bytes;
  std::array<char, 1 << 16> block;
  while (stream.read(block.data(), block.size()) || stream.gcount() > 0) {
    bytes.append(block.data(), static_cast<std::size_t>(stream.gcount()));
  }
  if (!stream.eof()) {
    throw UserError(place, fmt::format("cannot be read ({})", std::strerror(errno)), accepted);
  }
  return bytes;
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

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(path_.string() + fmt::format(".{}.partial", getpid())) {
  errno = 0;
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  if (!stream_) fail();
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::exchange(other.temporary_, {})),
      stream_(std::move(other.stream_)) {}

AtomicFile::~AtomicFile() {
  if (temporary_.empty()) return;  // committed, or moved from
  stream_.close();
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
}

void AtomicFile::write(std::string_view text) {
  errno = 0;
  stream_.write(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream_) fail();
}

void AtomicFile::commit() {
  errno = 0;
  stream_.close();
  if (!stream_) fail();
  std::error_code error;
  std::filesystem::rename(temporary_, path_, error);
  if (error)
    throw RunError(fmt::format("{}: cannot be written ({})", path_.string(), error.message()));
  temporary_.clear();
}

void AtomicFile::fail() const {
  throw RunError(fmt::format("{}: cannot be written ({})", path_.string(),
                             errno ? std::strerror(errno) : "unknown cause"));
}

}  // namespace ringsim
