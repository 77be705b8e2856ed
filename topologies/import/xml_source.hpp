#pragma once
// Where in a file of XML something stands, and what is said of it.
#include "base/error.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim::import {

using Node = pugi::xml_node;

/// The text of a file, to say where in it something stands.
struct Source {
  const std::string& text;
  std::filesystem::path path;

  Place at(std::ptrdiff_t offset) const {
    const auto end = text.begin() + std::clamp<std::ptrdiff_t>(
                                        offset, 0, static_cast<std::ptrdiff_t>(text.size()));
    return {path.string(), fmt::format("line {}", 1 + std::count(text.begin(), end, '\n'))};
  }
  Place at(const Node& node) const { return at(node.offset_debug()); }

  [[noreturn]] void wrong(const Node& node, const std::string& found, const std::string& accepted,
                          const std::string& fix = {}) const {
    throw UserError(at(node), found, accepted, fix);
  }
  std::string needed(const Node& node, const char* attribute) const {
    if (const auto found = node.attribute(attribute)) return found.value();
    wrong(node, fmt::format("<{}> has no \"{}\"", node.name(), attribute),
          fmt::format("<{} {}=\"...\"> is accepted", node.name(), attribute));
  }
  /// Attributes that would be lost are refused.
  void only(const Node& node, std::initializer_list<std::string_view> known) const {
    for (const auto& attribute : node.attributes()) {
      if (std::find(known.begin(), known.end(), attribute.name()) != known.end()) continue;
      wrong(node, fmt::format("<{}> has \"{}\"", node.name(), attribute.name()),
            fmt::format("accepted: {}",
                        join(std::vector<std::string>(known.begin(), known.end()), ", ")));
    }
  }
};

/// In our words, not in the parser's.
inline std::string broken_xml(pugi::xml_parse_status status) {
  switch (status) {
    case pugi::status_bad_pi:
      return "broken XML: a declaration does not end";
    case pugi::status_bad_comment:
      return "broken XML: a comment does not end";
    case pugi::status_bad_cdata:
      return "broken XML: a CDATA section does not end";
    case pugi::status_bad_doctype:
      return "broken XML: a document type does not end";
    case pugi::status_bad_attribute:
      return "broken XML: no attribute NAME=\"VALUE\"";
    case pugi::status_end_element_mismatch:
      return "broken XML: no end tag of the open element";
    case pugi::status_no_document_element:
      return "broken XML: no element";
    default:
      return "broken XML: no tag";
  }
}

}  // namespace ringsim::import
