#include "base/json_reader.hpp"

#include "base/files.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>

namespace ringsim {
namespace {

std::string line_and_column(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, before.size() - line_start + 1);
}

/// A control character of ASCII or, as UTF-8, one of those from U+0080 on.
bool has_control_character(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte != 0xc2 || i + 1 == text.size()) continue;
    if (static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// nlohmann's number for a number that no double can hold.
constexpr int number_overflow = 406;
/// A Json tree is destroyed recursively; no file of ours nests more than a few levels.
constexpr std::size_t deepest = 100;

/// Builds a Json tree from nlohmann's parser events, and refuses duplicate keys.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view text, const std::string& file, RepeatedKeys repeated)
      : text_(text), file_(file), repeated_(repeated) {}

  bool null() override { return add(Json(nullptr)); }
  bool boolean(bool value) override { return add(Json(value)); }
  bool number_integer(number_integer_t value) override { return add(Json(value)); }
  bool number_unsigned(number_unsigned_t value) override { return add(Json(value)); }
  bool number_float(number_float_t value, const string_t&) override { return add(Json(value)); }
  bool string(string_t& value) override { return add(Json(std::move(value))); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json(Json::Object{})); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json(Json::Array{})); }
  bool end_array() override { return close(); }
  bool key(string_t& key) override {
    const auto& members = std::get<Json::Object>(open_.back().json.value());
    if (has_control_character(key)) {
      throw UserError(place_of_open(), fmt::format("the key \"{}\" has control characters", key),
                      "keys without are accepted");
    }
    if (repeated_ == RepeatedKeys::refused && is_repeated(key, members)) {
      throw UserError(place_of_open(), fmt::format("the key \"{}\" stands twice", key),
                      "each key once", "remove one of the two");
    }
    open_.back().key = std::move(key);
    return true;
  }
  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::detail::exception& error) override {
    // `position` is behind the character that was not expected; for a string, behind the whole of
    // it.
    if (error.id == number_overflow) {
      const auto number_start = position - std::min(position, last_token.size());
      throw UserError({file_, line_and_column(text_, number_start)},
                      fmt::format("the number {} is too large", last_token),
                      "a number of magnitude below 1.8e308 is accepted");
    }
    // nlohmann's reason says what kind of mistake it is, and nothing that a user should read.
    const std::string_view reason = error.what();
    const bool is_in_text = reason.find("invalid string") != std::string_view::npos;
    const bool is_text = last_token.size() > 1 && last_token.ends_with('"');
    const std::size_t back = is_text ? last_token.size() : 1;
    const auto start = position > text_.size() ? text_.size() : position - std::min(position, back);
    if (is_in_text) throw UserError(place_at(start), "broken JSON: " + wrong_text(reason));
    const auto word = start < text_.size() ? word_at(start) : std::string_view();
    const auto begin = word.empty() ? start : static_cast<std::size_t>(word.data() - text_.data());
    throw UserError(place_at(begin), "broken JSON: " + found_at(begin, word),
                    expected_at(begin) + " is accepted");
  }

  Json take() { return std::move(root_); }

 private:
  struct Open {
    Json json;
    std::string key;
    std::unordered_set<std::string> keys = {};  ///< of an object with many members
  };

  /// Whether the innermost object has a member of this key; notes the key.
  bool is_repeated(const std::string& key, const Json::Object& members) {
    constexpr std::size_t few = 16;
    if (members.size() < few)
      return std::ranges::find(members, key, &Json::Object::value_type::first) != members.end();
    auto& keys = open_.back().keys;
    if (keys.empty()) {
      for (const auto& member : members) keys.insert(member.first);
    }
    return !keys.insert(key).second;
  }

  bool add(Json json) {
    if (open_.empty()) {
      root_ = std::move(json);
    } else if (auto* array = std::get_if<Json::Array>(&open_.back().json.value())) {
      array->push_back(std::move(json));
    } else {
      auto& object = std::get<Json::Object>(open_.back().json.value());
      object.emplace_back(std::move(open_.back().key), std::move(json));
    }
    return true;
  }
  bool open(Json json) {
    if (open_.size() == deepest) {
      throw UserError({file_, {}},
                      fmt::format("lists and objects nest more than {} deep", deepest));
    }
    open_.push_back({std::move(json), {}});
    return true;
  }
  bool close() {
    Json json = std::move(open_.back().json);
    open_.pop_back();
    return add(std::move(json));
  }
  Place place_of_open() const {
    Place place{file_, {}};
    for (std::size_t i = 0; i + 1 < open_.size(); ++i) {
      const auto* array = open_[i].json.get_if<Json::Array>();
      place = place.member(array ? std::to_string(array->size()) : open_[i].key);
    }
    return place;
  }

  Place place_at(std::size_t offset) const { return {file_, line_and_column(text_, offset)}; }

  static std::string wrong_text(std::string_view reason) {
    const auto has = [&](std::string_view part) { return reason.find(part) != reason.npos; };
    if (has("missing closing quote")) return "the file ends within a text";
    if (has("ill-formed UTF-8")) return "a text with bytes that are not UTF-8";
    if (has("control character")) return "a text with a control character that is not escaped";
    return "a text with an escape that JSON does not have";
  }

  /// The word or number around `offset`.
  std::string_view word_at(std::size_t offset) const {
    const auto is_of_word = [&](std::size_t at) {
      const char c = text_[at];
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             c == '+' || c == '-' || c == '.' || c == '_';
    };
    std::size_t begin = offset, end = offset;
    while (begin > 0 && is_of_word(begin - 1)) --begin;
    while (end < text_.size() && is_of_word(end)) ++end;
    return text_.substr(begin, end - begin);
  }

  std::string found_at(std::size_t offset, std::string_view word) const {
    constexpr std::size_t longest = 40;
    if (!word.empty()) return fmt::format("found \"{}\"", word.substr(0, longest));
    if (offset >= text_.size()) return "the file ends here";
    const auto byte = static_cast<unsigned char>(text_[offset]);
    constexpr unsigned char delete_character = 0x7f;
    if (byte < ' ' || byte >= delete_character) return fmt::format("found the byte {:#04x}", byte);
    return byte == '"' ? "found a text" : fmt::format("found {}", text_[offset]);
  }

  /// What may stand at `offset`, behind what was read.
  std::string expected_at(std::size_t offset) const {
    const auto last = text_.substr(0, offset).find_last_not_of(" \t\r\n");
    if (last == std::string_view::npos) return "a value";
    if (open_.empty()) return "the end of the file";
    const bool is_list = open_.back().json.get_if<Json::Array>() != nullptr;
    switch (text_[last]) {
      case '[':
        return "a value or ]";
      case '{':
        return "a key in double quotes or }";
      case ',':
        return is_list ? "a value" : "a key in double quotes";
      case ':':
        return "a value";
      default:
        return is_list ? "a comma or ]" : "a comma or }, or a colon behind a key,";
    }
  }

  std::string_view text_;
  const std::string& file_;
  RepeatedKeys repeated_;
  std::vector<Open> open_;
  Json root_;
};

}  // namespace

JsonValue::JsonValue(std::shared_ptr<const Json> root, const Json* json, Place place)
    : root_(std::move(root)), json_(json), place_(std::move(place)) {}

bool JsonValue::is_null() const { return json_->get_if<std::nullptr_t>() != nullptr; }
bool JsonValue::is_array() const { return json_->get_if<Json::Array>() != nullptr; }
bool JsonValue::is_object() const { return json_->get_if<Json::Object>() != nullptr; }
bool JsonValue::is_string() const { return json_->get_if<std::string>() != nullptr; }

std::string JsonValue::found() const {
  struct Describe {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return fmt::format("the number {}", value); }
    std::string operator()(std::uint64_t value) const {
      return fmt::format("the number {}", value);
    }
    std::string operator()(double value) const { return fmt::format("the number {}", value); }
    std::string operator()(const std::string& value) const {
      return fmt::format("the string \"{}\"", value);
    }
    std::string operator()(const Json::Array&) const { return "a list"; }
    std::string operator()(const Json::Object&) const { return "an object"; }
  };
  return std::visit(Describe{}, json_->value());
}

void JsonValue::wrong(std::string_view accepted, std::string_view fix) const {
  throw UserError(place_, "found " + found(), accepted, fix);
}

std::string JsonValue::string(std::string_view accepted) const {
  const auto* text = json_->get_if<std::string>();
  if (!text) wrong(accepted);
  // A command line may hold anything; names are printed.
  if (has_control_character(*text) && !place_.position.starts_with("/provenance/"))
    wrong("a text without control characters is accepted");
  return *text;
}

bool JsonValue::boolean() const {
  const auto* value = json_->get_if<bool>();
  if (!value) wrong("true or false is accepted");
  return *value;
}

double JsonValue::number(double minimum, double maximum) const {
  double value = 0;
  if (const auto* real = json_->get_if<double>()) {
    value = *real;
  } else if (const auto* whole = json_->get_if<std::uint64_t>()) {
    value = static_cast<double>(*whole);
  } else if (const auto* negative = json_->get_if<std::int64_t>()) {
    value = static_cast<double>(*negative);
  } else {
    wrong(fmt::format("a number from {} to {} is accepted", minimum, maximum));
  }
  if (!(value >= minimum && value <= maximum)) {
    wrong(fmt::format("a number from {} to {} is accepted", minimum, maximum));
  }
  return value;
}

std::uint64_t JsonValue::integer(std::uint64_t minimum, std::uint64_t maximum) const {
  const auto* value = json_->get_if<std::uint64_t>();
  if (!value || *value < minimum || *value > maximum) {
    wrong(fmt::format("a whole number from {} to {} is accepted", minimum, maximum));
  }
  return *value;
}

std::string JsonValue::quantity_text(std::string_view accepted) const {
  const auto* text = json_->get_if<std::string>();
  if (!text) wrong(accepted, "write it as a string with its unit");
  return *text;
}

Bytes JsonValue::bytes() const {
  return parse_bytes(quantity_text("a size such as \"25MiB\" is accepted"), place_);
}
Seconds JsonValue::seconds() const {
  return parse_seconds(quantity_text("a time such as \"5us\" is accepted"), place_);
}
BytesPerSecond JsonValue::bandwidth() const {
  return parse_bandwidth(quantity_text("a bandwidth such as \"10Gbps\" is accepted"), place_);
}
FlopPerSecond JsonValue::flop_rate() const {
  return parse_flop_rate(quantity_text("a rate such as \"9TFLOPS\" is accepted"), place_);
}

std::vector<JsonValue> JsonValue::array(std::string_view accepted) const {
  const auto* elements = json_->get_if<Json::Array>();
  if (!elements) wrong(accepted);
  std::vector<JsonValue> values;
  values.reserve(elements->size());
  for (const auto& element : *elements) {
    values.push_back({root_, &element, place_.member(std::to_string(values.size()))});
  }
  return values;
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  const auto* members = json_->get_if<Json::Object>();
  if (!members) wrong("an object is accepted");
  for (const auto& [name, member] : *members) {
    if (name == key) return JsonValue(root_, &member, place_.member(key));
  }
  return std::nullopt;
}

std::vector<std::pair<std::string_view, JsonValue>> JsonValue::members(
    std::string_view accepted) const {
  const auto* object = json_->get_if<Json::Object>();
  if (!object) wrong(accepted);
  std::vector<std::pair<std::string_view, JsonValue>> values;
  values.reserve(object->size());
  for (const auto& [name, member] : *object)
    values.push_back({name, JsonValue(root_, &member, place_.member(name))});
  return values;
}

JsonObject JsonValue::object(std::initializer_list<std::string_view> keys) const {
  return object(std::span(keys.begin(), keys.size()));
}

JsonObject JsonValue::object(std::span<const std::string_view> keys) const {
  const auto* members = json_->get_if<Json::Object>();
  if (!members) wrong("an object is accepted");
  const std::vector<std::string> known(keys.begin(), keys.end());
  for (const auto& member : *members) {
    if (std::find(known.begin(), known.end(), member.first) != known.end()) continue;
    throw UserError(place_.member(member.first),
                    fmt::format("unknown key{}", did_you_mean(member.first, known)),
                    "accepted keys: " + join(known, ", "));
  }
  return JsonObject(*this);
}

JsonValue JsonObject::operator[](std::string_view key) const {
  auto member = value_.find(key);
  if (member) return *std::move(member);
  throw UserError(place(), fmt::format("the key \"{}\" is missing", key), {},
                  fmt::format("add \"{}\"", key));
}

JsonValue parse_json(std::string_view text, const std::string& file, RepeatedKeys repeated) {
  TreeBuilder builder(text, file, repeated);
  nlohmann::json::sax_parse(text, &builder);
  auto root = std::make_shared<const Json>(builder.take());
  const Json* json = root.get();
  return {std::move(root), json, {file, {}}};
}

JsonValue load_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), path.string());
}

}  // namespace ringsim
