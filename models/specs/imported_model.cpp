#include "models/specs/imported_model.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "models/specs/model_spec.hpp"

#include <fmt/format.h>

#include <cmath>
#include <unordered_set>
#include <utility>

namespace ringsim {
namespace {

/// Whether the extents are above zero and their product is what a specification takes.
bool has_good_shape(const ImportedTensor& tensor) {
  std::uint64_t product = 1;
  for (const auto extent : tensor.shape) {
    if (extent == 0 || product > most_tensor_parameters / extent) return false;
    product *= extent;
  }
  return !tensor.shape.empty() && tensor.shape.size() <= most_extents;
}

/// Throws UserError where the specification would be refused.
void check_tensors(const ImportedModel& model, const std::filesystem::path& path) {
  std::unordered_set<std::string_view> names;
  const Place place{path.string(), {}};
  for (const auto& tensor : model.tensors) {
    const auto as_read = parse_json(to_text(Json(tensor.name)), path.string()).string();
    if (as_read != tensor.name)
      throw UserError(
          place, fmt::format("the tensor \"{}\" has bytes in its name that are not UTF-8", as_read),
          "names in UTF-8 are accepted");
    if (!names.insert(tensor.name).second)
      throw UserError(place, fmt::format("the tensor \"{}\" stands twice", tensor.name),
                      "each name once is accepted");
    if (!has_good_shape(tensor) || !(tensor.forward_flop <= most_forward_flop))
      throw UserError(place,
                      fmt::format("the tensor \"{}\" has the extents {}", tensor.name,
                                  fmt::join(tensor.shape, ", ")),
                      fmt::format("up to {} of at least 1 and at most {} parameters are accepted",
                                  most_extents, most_tensor_parameters));
  }
}

ImportedModel import_unchecked(const std::filesystem::path& path,
                               const ModelImportRequest& request) {
  if (path.extension() == ".json") {
    const auto json = load_json(path);
    if (json.find("model_type")) return import_config(json, request);
  }
  return import_tensor_list(path, request);
}

}  // namespace

std::uint64_t parameters_of(const ImportedTensor& tensor) {
  std::uint64_t product = 1;
  for (const auto extent : tensor.shape) product *= extent;
  return product;
}

Json to_json(const ImportedModel& model) {
  Json::Array layers;
  for (const auto& tensor : model.tensors) {
    layers.emplace_back(
        Json::Object{{"name", tensor.name},
                     {"shape", Json::Array(tensor.shape.begin(), tensor.shape.end())},
                     {"forward_flop", tensor.forward_flop}});
  }
  return Json::Object{{"name", model.name},
                      {"description", model.description},
                      {"sample", model.sample},
                      {"step_times", Json::Array{}},
                      {"layers", std::move(layers)}};
}

ImportedModel import_model(const std::filesystem::path& path, const ModelImportRequest& request) {
  auto model = import_unchecked(path, request);
  check_tensors(model, path);
  return model;
}

}  // namespace ringsim
