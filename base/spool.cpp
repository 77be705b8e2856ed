#include "base/spool.hpp"

#include "base/error.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace ringsim {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw RunError(fmt::format("cannot {} a temporary file in {}: {}", what,
                             std::filesystem::temp_directory_path().string(),
                             std::strerror(errno)));
}

std::FILE* make_nameless_file() {
  std::string name = (std::filesystem::temp_directory_path() / "ringsim-XXXXXX").string();
  const int made = ::mkstemp(name.data());
  if (made < 0) fail("make");
  ::unlink(name.c_str());
  std::FILE* const file = ::fdopen(made, "w+b");
  if (file == nullptr) fail("open");
  return file;
}

}  // namespace

void ByteSpool::append(std::span<const std::byte> bytes) {
  last_.insert(last_.end(), bytes.begin(), bytes.end());
  if (last_.size() >= block) write_out();
}

void ByteSpool::write_out() {
  if (!file_) file_.reset(make_nameless_file());
  const int file = ::fileno(file_.get());
  for (std::size_t done = 0; done < last_.size();) {
    const auto wrote = ::pwrite(file, last_.data() + done, last_.size() - done,
                                static_cast<off_t>(in_file_ + done));
    if (wrote < 0) fail("write to");
    done += static_cast<std::size_t>(wrote);
  }
  in_file_ += last_.size();
  last_.clear();
}

void ByteSpool::read(std::uint64_t from, std::span<std::byte> bytes) const {
  const std::size_t of_file =
      from < in_file_
          ? static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), in_file_ - from))
          : 0;
  if (of_file > 0) read_file(from, bytes.first(of_file));
  if (of_file < bytes.size()) {
    const auto at = static_cast<std::size_t>(from + of_file - in_file_);
    std::memcpy(bytes.data() + of_file, last_.data() + at, bytes.size() - of_file);
  }
}

void ByteSpool::read_file(std::uint64_t from, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    if (from < read_from_ || from >= read_from_ + read_.size()) {
      read_from_ = from / block * block;
      read_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(block, in_file_ - read_from_)));
      const auto got = ::pread(::fileno(file_.get()), read_.data(), read_.size(),
                               static_cast<off_t>(read_from_));
      if (got != static_cast<ssize_t>(read_.size())) fail("read from");
    }
    const auto at = static_cast<std::size_t>(from - read_from_);
    const std::size_t count = std::min(bytes.size(), read_.size() - at);
    std::memcpy(bytes.data(), read_.data() + at, count);
    bytes = bytes.subspan(count);
    from += count;
  }
}

}  // namespace ringsim
