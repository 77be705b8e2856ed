#include "models/specs/imported_model.hpp"

#include <utility>

namespace ringsim {

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

ImportedModel import_model(const std::filesystem::path& path, const ImportRequest& request) {
  if (path.extension() == ".json") {
    const auto json = load_json(path);
    if (json.find("model_type")) return import_config(json, request);
  }
  return import_tensor_list(path, request);
}

}  // namespace ringsim
