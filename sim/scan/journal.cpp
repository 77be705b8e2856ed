#include "sim/scan/journal.hpp"

#include "base/error.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

namespace ringsim {
namespace {

constexpr std::size_t length_digits = 8, checksum_digits = 16;
constexpr std::size_t head = length_digits + 1 + checksum_digits + 1;

std::string checksum(std::string_view payload) {
  return sha256(payload).substr(0, checksum_digits);
}

/// The payload of the record at the beginning of `text`, where that is whole.
std::optional<std::string_view> first_payload(std::string_view text) {
  if (text.size() < head) return std::nullopt;
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + length_digits, length, 16);
  if (error != std::errc() || end != text.data() + length_digits) return std::nullopt;
  if (text.size() - head <= length || text[head + length] != '\n') return std::nullopt;
  const auto payload = text.substr(head, length);
  if (text.substr(length_digits, head - length_digits) != fmt::format(" {} ", checksum(payload)))
    return std::nullopt;
  return payload;
}

constexpr std::size_t record_size(std::string_view payload) { return head + payload.size() + 1; }

/// Adds what the payload says.
bool read_row(std::string_view payload, std::map<std::uint32_t, DoneRow>& rows) {
  const auto first = payload.find(' '), second = payload.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const auto point = parse_whole_number(payload.substr(0, first));
  const auto status = payload.substr(first + 1, second - first - 1);
  if (!point || *point > ~std::uint32_t{0} || (status != "done" && status != "failed"))
    return false;
  rows[static_cast<std::uint32_t>(*point)] = {status == "failed",
                                              std::string(payload.substr(second + 1))};
  return true;
}

struct Contents {
  std::map<std::uint32_t, DoneRow> rows;
  std::size_t length = 0;  ///< of the whole records
};

Contents parse(std::string_view text, const std::string& manifest_hash) {
  Contents contents;
  const auto first = first_payload(text);
  if (!first || *first != manifest_hash) return contents;
  contents.length = record_size(*first);
  for (;;) {
    const auto payload = first_payload(text.substr(contents.length));
    if (!payload || !read_row(*payload, contents.rows)) return contents;
    contents.length += record_size(*payload);
  }
}

}  // namespace

Journal::Journal(std::filesystem::path path, const std::string& manifest_hash)
    : path_(std::move(path)),
      file_(open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (file_ < 0) fail(errno);
  try {
    if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
      throw UserError({path_.parent_path().string(), {}}, "another process scans into this folder",
                      {}, "wait for it, or choose another folder for -o");
    }
    auto contents = parse(read_file(path_, {}, most_of_records), manifest_hash);
    rows_ = std::move(contents.rows);
    length_ = contents.length;
    if (ftruncate(file_, static_cast<off_t>(length_)) != 0) fail(errno);
    if (length_ == 0) append(manifest_hash);
  } catch (...) {
    close(file_);
    throw;
  }
}

Journal::~Journal() { close(file_); }

void Journal::add(std::uint32_t point, const DoneRow& row) {
  append(fmt::format("{} {} {}", point, row.failed ? "failed" : "done", row.text));
  rows_[point] = row;
}

void Journal::append(std::string_view payload) {
  const auto record = fmt::format("{:08x} {} {}\n", payload.size(), checksum(payload), payload);
  std::size_t done = 0;
  while (done < record.size()) {
    const ssize_t written = write(file_, record.data() + done, record.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      // Where even this fails, reading ends at this record.
      [[maybe_unused]] const int ignored = ftruncate(file_, static_cast<off_t>(length_));
      fail(error);
    }
    done += static_cast<std::size_t>(written);
  }
  length_ += record.size();
  is_synced_ = false;
}

void Journal::sync() {
  if (is_synced_) return;
  if (fdatasync(file_) != 0) fail(errno);
  is_synced_ = true;
}

void Journal::fail(int error) const {
  throw RunError(
      fmt::format("{}: cannot be written ({}); {} points are kept: make room, and the "
                  "same command goes on",
                  path_.string(), std::strerror(error), rows_.size()));
}

std::map<std::uint32_t, DoneRow> Journal::read(const std::filesystem::path& path,
                                               const std::string& manifest_hash) {
  return parse(read_file(path, "the journal of a scan is accepted", most_of_records), manifest_hash)
      .rows;
}

}  // namespace ringsim
