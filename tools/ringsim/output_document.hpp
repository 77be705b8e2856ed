#pragma once
// What the files that ringsim writes hold, for people: the documents that are made of the records.
#include "traces/output_file.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// All files that have columns or keys.
const std::vector<OutputFile>& output_files();

/// The table of files in README.md.
std::string files_table();
/// docs/output.md.
std::string output_document();

/// What a unit is, in words: "bytes"; "" for none.
std::string_view unit_text(std::string_view unit);

}  // namespace ringsim
