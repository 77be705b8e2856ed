#include "traces/gradient_trace.hpp"

#include "base/error.hpp"
#include "base/gzip.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "traces/csv.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <memory>

namespace ringsim {
namespace {

namespace fs = std::filesystem;

/// By version, the newest last. 1 is without the SHA-256 of its files, 1 and 2 are without the
/// column `sampled`.
constexpr std::array<std::string_view, 3> schemas = {
    "ringsim-gradient-trace-1", "ringsim-gradient-trace-2", "ringsim-gradient-trace-3"};
constexpr std::string_view sampled_column = "sampled";
constexpr std::string_view layers_file = TraceLayerRow::file.name;
constexpr std::uint64_t most = std::uint64_t{1} << 40;
constexpr std::string_view accepted_folders = "a folder that ringsim prune wrote is accepted";

/// The names of the table's columns in a trace of this schema.
std::vector<std::string> column_names(std::string_view schema) {
  auto names = TraceLayerRow::fields(
      [](const auto&... fields) { return std::vector<std::string>{std::string(fields.name)...}; });
  if (schema != schemas.back()) std::erase(names, sampled_column);
  return names;
}

/// The cells of the rows of an RFC 4180 table without line breaks in cells.
class Table {
 public:
  Table(std::string text, std::string file) : text_(std::move(text)), file_(std::move(file)) {}

  /// Reads the next line; false at the end.
  bool next() {
    if (at_ == text_.size()) return false;
    ++line_;
    cells_.assign(1, {});
    bool quoted = false;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quoted) {
        if (c == '"' && at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
          cells_.back() += text_[++at_];
        } else if (c == '"') {
          quoted = false;
        } else {
          cells_.back() += c;
        }
      } else if (c == '"') {
        quoted = true;
      } else if (c == ',') {
        cells_.emplace_back();
      } else if (c == '\n') {
        ++at_;
        return true;
      } else if (c != '\r') {
        cells_.back() += c;
      }
    }
    throw UserError(place(), "the file ends within a line", "a whole table is accepted",
                    "is the file truncated?");
  }

  const std::vector<std::string>& cells() const { return cells_; }
  Place place() const { return {file_, fmt::format("line {}", line_)}; }

  template <class Number>
  Number number(std::size_t column, const std::vector<std::string>& names) const {
    const std::string& text = cells_[column];
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) {
      throw UserError(place(), fmt::format("{} is \"{}\"", names[column], text),
                      "a number that is not negative is accepted");
    }
    return value;
  }
  template <class Number>
  std::optional<Number> optional(std::size_t column, const std::vector<std::string>& names) const {
    if (cells_[column].empty()) return std::nullopt;
    return number<Number>(column, names);
  }

 private:
  std::string text_, file_;
  std::vector<std::string> cells_;
  std::size_t at_ = 0, line_ = 0;
};

Json to_json(const TraceHeader& header) {
  Json::Array layers, inputs, files;
  for (const auto& file : header.files)
    files.push_back(Json::Object{{"name", file.name}, {"sha256", file.sha256}});
  for (const auto& layer : header.layers)
    layers.push_back(Json::Object{{"name", layer.name}, {"parameters", layer.parameters}});
  for (const auto& input : header.provenance.inputs)
    inputs.push_back(Json::Object{{"name", input.name}, {"sha256", input.sha256}});
  const auto& provenance = header.provenance;
  Json::Object object{{"schema", schemas.back()},
                      {"model", header.model},
                      {"scheme", header.scheme},
                      {"ranks", header.ranks},
                      {"steps", header.steps},
                      {"with_velocity", header.with_velocity},
                      {"layers", std::move(layers)},
                      {"files", std::move(files)},
                      {"provenance", Json::Object{{"version", provenance.version},
                                                  {"command", provenance.command},
                                                  {"seed", provenance.seed},
                                                  {"inputs", std::move(inputs)}}}};
  if (!header.description.empty()) object.emplace_back("description", header.description);
  return object;
}

TraceHeader parse_header(std::string_view text, const fs::path& path) {
  const auto document = parse_json(text, path.string());
  const JsonObject object =
      document.object({"schema", "model", "scheme", "ranks", "steps", "with_velocity", "layers",
                       "files", "provenance", "description"});
  TraceHeader header;
  header.schema = object["schema"].string();
  if (std::ranges::find(schemas, header.schema) == schemas.end())
    object["schema"].wrong(fmt::format("one of \"{}\" is accepted", fmt::join(schemas, "\", \"")));
  header.model = object["model"].string();
  header.scheme = object["scheme"].string();
  if (const auto description = object.find("description"))
    header.description = description->string();
  header.ranks = static_cast<Rank>(object["ranks"].integer(1, 1U << 20U));
  header.steps = object["steps"].integer(1, most);
  header.with_velocity = object["with_velocity"].boolean();
  for (const auto& value : object["layers"].array("a list of layers is accepted")) {
    const JsonObject layer = value.object({"name", "parameters"});
    header.layers.push_back({layer["name"].string(), layer["parameters"].integer(0, most)});
  }
  if (header.schema != schemas.front()) {
    for (const auto& value : object["files"].array("a list of files is accepted")) {
      const JsonObject file = value.object({"name", "sha256"});
      header.files.push_back({file["name"].string(), file["sha256"].string()});
    }
    if (header.files.empty()) object["files"].wrong("at least one file is accepted");
  }
  if (header.layers.empty()) object["layers"].wrong("at least one layer is accepted");
  const JsonObject provenance =
      object["provenance"].object({"version", "command", "seed", "inputs"});
  header.provenance.version = provenance["version"].string();
  header.provenance.command = provenance["command"].string();
  header.provenance.seed = provenance["seed"].integer(0, std::numeric_limits<std::uint64_t>::max());
  for (const auto& value : provenance["inputs"].array()) {
    const JsonObject input = value.object({"name", "sha256"});
    header.provenance.inputs.push_back({input["name"].string(), input["sha256"].string()});
  }
  return header;
}

void check_counts(const TraceLayerRow& row, const Place& place) {
  if (row.kept > row.parameters || row.sent > row.parameters) {
    throw UserError(
        place,
        fmt::format("kept {} and sent {} of {} parameters", row.kept, row.sent, row.parameters),
        "at most all of them are accepted");
  }
  for (const auto& bytes : row.encoded_bytes) {
    if (bytes.has_value() == row.threshold.has_value()) continue;
    throw UserError(place, "a threshold without bytes of the mask, or bytes without a threshold",
                    "both, or neither (a layer that is sent whole), are accepted");
  }
  if (row.sampled && (!row.threshold || *row.sampled > row.parameters)) {
    throw UserError(place, fmt::format("sampled is {}", *row.sampled),
                    row.threshold ? fmt::format("at most {} is accepted", row.parameters)
                                  : "an empty cell, of a layer that is sent whole, is accepted");
  }
  if (!row.threshold && row.sent != row.parameters) {
    throw UserError(place, fmt::format("sent is {} without a threshold", row.sent),
                    fmt::format("{}, the whole layer, is accepted", row.parameters));
  }
}

TraceLayerRow parse_row(const Table& table, const std::vector<std::string>& names) {
  if (table.cells().size() != names.size()) {
    throw UserError(table.place(), fmt::format("found {} cells", table.cells().size()),
                    fmt::format("{} are accepted", names.size()));
  }
  TraceLayerRow row{};
  row.step = table.number<std::uint64_t>(0, names);
  row.rank = table.number<Rank>(1, names);
  row.layer = table.cells()[2];
  row.parameters = table.number<std::uint64_t>(3, names);
  row.threshold = table.optional<double>(4, names);
  row.kept = table.number<std::uint64_t>(5, names);
  row.density = table.number<double>(6, names);
  row.broadcasts = table.number<std::uint64_t>(7, names) != 0;
  row.sent = table.number<std::uint64_t>(8, names);
  const bool has_samples = names[9] == sampled_column;
  if (has_samples) row.sampled = table.optional<std::uint64_t>(9, names);
  for (std::size_t i = 0; i < trace_encodings.size(); ++i)
    row.encoded_bytes[i] = table.optional<std::uint64_t>((has_samples ? 10 : 9) + i, names);
  check_counts(row, table.place());
  return row;
}

/// A row for each step, rank and layer.
std::size_t expected_rows(const TraceHeader& header, const fs::path& path) {
  const std::uint64_t layers = header.layers.size();
  if (header.steps <= most / (header.ranks * layers)) return header.steps * header.ranks * layers;
  throw UserError(
      {path.string(), {}},
      fmt::format("found {} steps of {} ranks and {} layers", header.steps, header.ranks, layers),
      fmt::format("at most {} rows are accepted", most));
}

/// Rows have to come in order, and none may be missing.
void expect_place_of(const TraceLayerRow& row, const TraceHeader& header, std::size_t index,
                     const Place& place) {
  const std::size_t layers = header.layers.size();
  const auto& layer = header.layers[index % layers];
  const Rank rank = static_cast<Rank>(index / layers % header.ranks);
  const std::uint64_t step = index / layers / header.ranks;
  if (row.step == step && row.rank == rank && row.layer == layer.name &&
      row.parameters == layer.parameters) {
    return;
  }
  throw UserError(place,
                  fmt::format("found step {}, rank {}, layer \"{}\" of {} parameters", row.step,
                              row.rank, row.layer, row.parameters),
                  fmt::format("after trace.json, step {}, rank {}, layer \"{}\" of {} parameters "
                              "is accepted",
                              step, rank, layer.name, layer.parameters));
}

/// What is the same on all ranks, or for all layers of a rank, is the same in every row.
void expect_agreement(const TraceLayerRow& row, const GradientTrace& trace, const Place& place) {
  const std::size_t layers = trace.header.layers.size(), index = trace.rows.size();
  const std::size_t layer = index % layers;
  const auto differ = [&](std::string_view what, const auto& found, const auto& accepted) {
    throw UserError(place, fmt::format("{} is {}", what, found),
                    fmt::format("{}, as in the rows above, is accepted", accepted));
  };
  if (layer > 0) {
    const auto& first = trace.rows[index - layer];
    if (row.broadcasts != first.broadcasts)
      differ("broadcasts", int{row.broadcasts}, int{first.broadcasts});
  }
  if (row.rank > 0) {
    const auto& first = trace.row(row.step, 0, layer);
    if (row.sent != first.sent) differ("sent", row.sent, first.sent);
  }
  if (index >= layers && row.threshold.has_value() != trace.rows[layer].threshold.has_value()) {
    const auto state = [](bool pruned) { return pruned ? "given" : "empty"; };
    differ("threshold", state(row.threshold.has_value()), state(!row.threshold.has_value()));
  }
}

/// The table's name in a trace: packed, where that is what is there.
std::string layers_file_in(const fs::path& folder) {
  const std::string plain(layers_file), packed = plain + ".gz";
  std::error_code error;
  return !fs::exists(folder / plain, error) && fs::exists(folder / packed, error) ? packed : plain;
}

/// The folders on the way to `folder` that are missing, innermost first.
std::vector<fs::path> missing_folders(fs::path folder) {
  std::vector<fs::path> missing;
  std::error_code error;
  for (; folder.has_filename() && !fs::exists(folder, error); folder = folder.parent_path())
    missing.push_back(folder);
  return missing;
}

}  // namespace

TraceWriter::TraceWriter(fs::path folder) : folder_(std::move(folder)) {
  const Place place{folder_.string(), {}};
  std::error_code error;
  if (fs::exists(folder_, error) &&
      !(fs::is_directory(folder_, error) && fs::is_empty(folder_, error))) {
    throw UserError(place, "exists and is not an empty folder", "a new or empty folder is accepted",
                    "choose another folder for -o");
  }
  fs::path target = fs::absolute(folder_).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  temporary_ = target.parent_path() / fmt::format(".{}.{}", target.filename().string(), getpid());
  created_ = missing_folders(target.parent_path());
  try {
    fs::create_directories(temporary_);
    layers_.emplace(temporary_ / layers_file);
  } catch (const std::exception&) {
    remove_all();
    throw UserError(place, "cannot be created", "a folder that can be written to is accepted",
                    "choose another folder for -o");
  }
  layers_->write(csv_header<TraceLayerRow>());
}

TraceWriter::~TraceWriter() {
  layers_.reset();
  if (!temporary_.empty()) remove_all();
}

void TraceWriter::remove_all() noexcept {
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
  for (const auto& folder : created_) fs::remove(folder, ignored);  // where it is empty
}

void TraceWriter::write(const TraceLayerRow& row) { layers_->write(csv_line(row)); }

void TraceWriter::write(const fs::path& name, std::string_view bytes) {
  std::error_code error;
  fs::create_directories((temporary_ / name).parent_path(), error);
  if (error)
    throw RunError(
        fmt::format("{}: cannot be created ({})", (folder_ / name).string(), error.message()));
  AtomicFile file(temporary_ / name);
  file.write(bytes);
  file.commit();
  files_.push_back({name.generic_string(), sha256(bytes)});
}

void TraceWriter::commit(const TraceHeader& header) {
  layers_->commit();
  layers_.reset();
  auto whole = header;
  whole.files = files_;
  const auto table = read_file(temporary_ / layers_file, {}, most_of_records);
  whole.files.insert(whole.files.begin(), {std::string(layers_file), sha256(table)});
  write("trace.json", to_text(to_json(whole)));
  std::error_code error;
  fs::rename(temporary_, folder_, error);  // takes the place of an empty folder, too
  if (error) throw RunError(fmt::format("{}: {}", folder_.string(), error.message()));
  temporary_.clear();
}

void check_unchanged(const TraceHeader& header, const fs::path& folder, std::string_view name,
                     std::string_view hash) {
  if (header.files.empty()) return;
  const auto path = (folder / name).string();
  const auto file = std::ranges::find(header.files, name, &Summary::Input::name);
  if (file == header.files.end())
    throw UserError({path, {}}, "is not among the files of trace.json", {}, "prune once more");
  if (hash == file->sha256) return;
  throw UserError(
      {path, {}}, fmt::format("was changed after it was written: its SHA-256 is {}", hash),
      fmt::format("{}, as in trace.json, is accepted", file->sha256), "prune once more");
}

TraceHeader read_trace_header(const fs::path& folder) {
  return parse_header(read_file(folder / "trace.json", accepted_folders, most_of_records),
                      folder / "trace.json");
}

GradientTrace read_trace(const fs::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw UserError({folder.string(), {}}, "is no folder", accepted_folders);
  GradientTrace trace;
  const auto read = [&](const fs::path& file) {
    std::string text = read_file(file, accepted_folders, most_of_records);
    trace.inputs.push_back({file.string(), sha256(text)});
    return text;
  };
  const fs::path header = folder / "trace.json";
  trace.header = parse_header(read(header), header);
  const auto name = layers_file_in(folder), path = (folder / name).string();
  const auto names = column_names(trace.header.schema);
  auto text = read(path);
  if (is_gzip(text)) text = unpack_gzip(text, most_of_records, {path, accepted_folders, {}});
  Table table(std::move(text), path);
  if (!table.next() || table.cells() != names)
    throw UserError({path, "line 1"}, "other columns",
                    fmt::format("{} are accepted", fmt::join(names, ", ")));
  const std::size_t expected = expected_rows(trace.header, header);
  const auto accepted = fmt::format("the {} rows of trace.json are accepted", expected);
  while (table.next()) {
    auto row = parse_row(table, names);
    if (trace.rows.size() == expected) throw UserError(table.place(), "one row too many", accepted);
    expect_place_of(row, trace.header, trace.rows.size(), table.place());
    expect_agreement(row, trace, table.place());
    trace.rows.push_back(std::move(row));
  }
  if (trace.rows.size() != expected) {
    throw UserError(table.place(), fmt::format("the table ends after {} rows", trace.rows.size()),
                    accepted, "is the file truncated?");
  }
  check_unchanged(trace.header, folder, name, trace.inputs.back().sha256);
  return trace;
}

}  // namespace ringsim
