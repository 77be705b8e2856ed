#pragma once
// What the files that ringsim writes hold, for people: the documents that are made of the records.
#include "traces/output_file.hpp"

#include <cstddef>
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

/// The words of `text` in lines of at most `width` characters where words allow it, each with its
/// newline. The first line begins with `first`, the others with as many blanks as `indent` says.
std::string wrapped(std::string_view text, std::string_view first, std::size_t indent,
                    std::size_t width);

}  // namespace ringsim
