#pragma once
// Rows as CSV lines: RFC 4180, a header line first, doubles in the shortest form that reads back
// equal, an absent figure empty. The columns and their order are those of the structs in
// records.hpp.
#include "traces/records.hpp"

#include <string>
#include <string_view>

namespace ringsim {

/// The header line of a table, with its newline.
template <class Row>
std::string_view csv_header();
template <>
std::string_view csv_header<StepRow>();
template <>
std::string_view csv_header<LayerRow>();
template <>
std::string_view csv_header<LinkRow>();
template <>
std::string_view csv_header<StalenessRow>();
template <>
std::string_view csv_header<TransferRow>();
template <>
std::string_view csv_header<FaultRow>();

/// A row as a line, with its newline.
std::string csv_line(const StepRow& row);
std::string csv_line(const LayerRow& row);
std::string csv_line(const LinkRow& row);
std::string csv_line(const StalenessRow& row);
std::string csv_line(const TransferRow& row);
std::string csv_line(const FaultRow& row);

/// Cells as a line, with its newline, quoted where RFC 4180 asks for it.
std::string csv_line(const std::vector<std::string>& cells);

}  // namespace ringsim
