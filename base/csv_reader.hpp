#pragma once
#include "base/error.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// Reads rows of cells: RFC 4180, with or without carriage returns. The text has to outlive it.
class CsvReader {
 public:
  CsvReader(std::string_view text, std::string file) : rest_(text), file_(std::move(file)) {}

  bool is_at_end() const { return rest_.empty(); }
  /// The line in which the next row begins, from 1.
  std::size_t line() const { return line_; }
  Place place(std::size_t line) const;
  /// The next row. Throws UserError at its line.
  std::vector<std::string> row();

 private:
  bool read_cell(std::string& cell);
  void read_quoted(std::string& cell);

  std::string_view rest_;
  std::string file_;
  std::size_t line_ = 1;
};

}  // namespace ringsim
