// Files that hold several JSON documents, one after the other.
#include "topologies/calibration/readers.hpp"

namespace ringsim::calibration {

std::vector<std::string_view> json_documents(std::string_view text) {
  std::vector<std::string_view> documents;
  std::size_t begin = 0, depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = depth > 0;
    } else if (c == '{') {
      if (depth++ == 0) begin = i;
    } else if (c == '}' && depth > 0 && --depth == 0) {
      documents.push_back(text.substr(begin, i + 1 - begin));
    }
  }
  return documents;
}

}  // namespace ringsim::calibration
