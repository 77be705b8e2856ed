#include "models/specs/model_spec.hpp"

#include "base/json_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <unordered_set>

namespace ringsim {
namespace {

/// A matrix has its rows behind one another; a vector is none.
Layer read_shape(const JsonValue& value) {
  constexpr std::string_view accepted = "a list of 1 to 8 extents is accepted";
  const auto extents = value.array(accepted);
  if (extents.empty() || extents.size() > most_extents) value.wrong(accepted);
  Layer layer{.name = {}, .offset = 0, .parameters = 1};
  for (const auto& extent : extents) {
    const auto count = extent.integer(1, most_tensor_parameters);
    if (layer.parameters > most_tensor_parameters / count) {
      value.wrong(
          fmt::format("a tensor of at most {} parameters is accepted", most_tensor_parameters));
    }
    layer.parameters *= count;
  }
  if (extents.size() > 1) layer.rows = extents.front().integer(1, most_tensor_parameters);
  return layer;
}

PublishedSpeed read_published(const JsonValue& value) {
  const auto object = value.object({"gpu", "precision", "samples_per_second", "source"});
  return {.gpu = object["gpu"].string(),
          .precision = object["precision"].string(),
          .samples_per_second = object["samples_per_second"].number(1e-9, 1e12),
          .source = object["source"].string()};
}

}  // namespace

std::vector<double> backward_flop(const std::vector<double>& forward_flop) {
  std::vector<double> backward;
  backward.reserve(forward_flop.size());
  for (const double flop : forward_flop) backward.push_back((backward.empty() ? 1 : 2) * flop);
  return backward;
}

double flop_per_sample(const ModelSpec& spec) {
  double sum = 0;
  for (const double flop : spec.forward_flop) sum += flop;
  for (const double flop : backward_flop(spec.forward_flop)) sum += flop;
  return sum;
}

ModelSpec load_model_spec(const std::filesystem::path& path) {
  const auto object =
      load_json(path).object({"name", "description", "sample", "step_times", "buffers", "layers"});
  ModelSpec spec{.name = object["name"].string(),
                 .description = object["description"].string(),
                 .sample = object["sample"].string(),
                 .layers = {},
                 .forward_flop = {},
                 .published = {}};
  for (const auto& entry : object["step_times"].array("a list of step times is accepted"))
    spec.published.push_back(read_published(entry));
  if (const auto buffers = object.find("buffers")) spec.buffers = buffers->integer(0, 1'000'000);
  std::unordered_set<std::string> names;
  std::size_t offset = 0;
  const auto layers = object["layers"].array("a list of layers is accepted");
  if (layers.empty()) object["layers"].wrong("one layer or more is accepted");
  for (const auto& entry : layers) {
    const auto fields = entry.object({"name", "shape", "forward_flop"});
    Layer layer = read_shape(fields["shape"]);
    layer.name = fields["name"].string();
    if (!names.insert(layer.name).second) {
      fields["name"].wrong("a name that no other layer has is accepted");
    }
    layer.offset = offset;
    offset += layer.parameters;
    spec.forward_flop.push_back(fields["forward_flop"].number(0, most_forward_flop));
    spec.layers.push_back(std::move(layer));
  }
  return spec;
}

std::vector<ShippedFile> shipped_model_specs() {
  return shipped_files({.name = "models",
                        .from_program = RINGSIM_SPECS_FROM_PROGRAM,
                        .source = RINGSIM_SOURCE_SPECS,
                        .installed = RINGSIM_INSTALLED_SPECS});
}

std::optional<std::filesystem::path> model_spec_file(std::string_view what) {
  const std::filesystem::path path = what;
  std::error_code error;
  const auto file = std::filesystem::is_directory(path, error) ? path / "model.json" : path;
  if (names_file(what)) return file;
  for (const auto& shipped : shipped_model_specs()) {
    if (shipped.name == what) return shipped.path;
  }
  if (file != path && std::filesystem::exists(file, error)) return file;
  return std::nullopt;
}

}  // namespace ringsim
