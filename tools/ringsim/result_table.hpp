#pragma once
// Tables of summaries with their verdict, as people read them.
#include "tools/ringsim/command.hpp"
#include "tools/ringsim/metrics.hpp"
#include "tools/ringsim/verdict.hpp"

#include <span>
#include <string>
#include <vector>

namespace ringsim {

using TableRows = std::vector<std::vector<std::string>>;

/// The figures that a table of this format has: all that have a label, or those that decide and
/// that some of the summaries have.
std::vector<const Metric*> table_metrics(ResultFormat format, std::span<const Summary* const> of);

/// Whether the headroom to one of the two is known.
bool has_any(const HeadroomSeconds& headroom);
/// Headings of the two cells of a headroom.
std::vector<std::string> headroom_headings();
/// The cells; empty where it is not known.
std::vector<std::string> headroom_cells(const HeadroomSeconds& headroom);
/// Adds cells to a row.
void append_cells(std::vector<std::string>& row, const std::vector<std::string>& cells);

/// A table, lines about it, and the verdict: as Markdown, or as text.
std::string result_text(const TableRows& table, const std::vector<std::string>& lines,
                        const Verdict& verdict, ResultFormat format);

}  // namespace ringsim
