#pragma once
// The tables of result folders, as a page of reports holds them.
#include "base/json.hpp"
#include "traces/records/field.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

inline constexpr std::string_view accepted_folders =
    "result folders of `run -o` and a folder of `scan -o` are accepted";

/// A table by its file's name, and the columns that it must have.
struct ResultTable {
  std::string_view file;
  std::vector<std::string_view> columns;
};
template <HasFile Row>
ResultTable table_of() {
  return Row::fields([](const auto&... fields) {
    return ResultTable{Row::file.name, {fields.name...}};
  });
}

/// Calls `take` with the rows of a CSV file, newlines included (a quoted cell may hold some), until
/// it says that it wants no more.
void for_rows(const std::filesystem::path& path, const std::function<bool(std::string_view)>& take);

// All of these throw UserError where the table is not there or lacks a column.

/// All of it.
std::string whole_table(const std::filesystem::path& folder, const ResultTable& table);

struct Thinned {
  std::string csv;
  std::uint64_t every;
};
/// Every N-th step and the last one, so that about `most_rows` are left. Rows begin with their
/// step.
Thinned thinned_table(const std::filesystem::path& folder, const ResultTable& table,
                      std::size_t most_rows);

/// The first messages (`csv`, and whether it `is_whole`); null where they were not recorded.
Json first_messages(const std::filesystem::path& folder, std::size_t most);

}  // namespace ringsim
