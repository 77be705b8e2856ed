#include "base/json_writer.hpp"

#include <nlohmann/json.hpp>

namespace ringsim {
namespace {

nlohmann::ordered_json convert(const Json& json) {
  return std::visit(
      [](const auto& value) -> nlohmann::ordered_json {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, Json::Array>) {
          auto array = nlohmann::ordered_json::array();
          for (const auto& element : value) array.push_back(convert(element));
          return array;
        } else if constexpr (std::is_same_v<T, Json::Object>) {
          auto object = nlohmann::ordered_json::object();
          // Its own insertion looks through all members for the key.
          auto& all = object.get_ref<nlohmann::ordered_json::object_t&>();
          nlohmann::ordered_json::object_t::Container& members = all;
          members.reserve(value.size());
          for (const auto& [key, member] : value) members.emplace_back(key, convert(member));
          return object;
        } else {
          return value;
        }
      },
      json.value());
}

}  // namespace

std::string to_text(const Json& json) {
  using ErrorHandler = nlohmann::ordered_json::error_handler_t;
  return convert(json).dump(2, ' ', false, ErrorHandler::replace) + "\n";
}

}  // namespace ringsim
