#include "models/gradient_dump.hpp"

#include "base/error.hpp"
#include "base/files.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <optional>

namespace ringsim {
namespace {

std::string shape_text(const std::vector<std::size_t>& shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

bool is_npy(const TensorFile& file) { return file.path.extension() == ".npy"; }

/// The name without what DistributedDataParallel puts before it, and what torch.compile, FSDP and
/// activation checkpointing put before it or between its parts.
std::string without_wrappers(std::string_view name) {
  constexpr std::array<std::string_view, 3> wrappers = {"_orig_mod", "_fsdp_wrapped_module",
                                                        "_checkpoint_wrapped_module"};
  std::string bare;
  while (!name.empty()) {
    const auto part = name.substr(0, name.find('.'));
    const bool is_first = bare.empty() && part.size() < name.size();
    const bool wraps = std::ranges::find(wrappers, part) != wrappers.end();
    if (!wraps && !(is_first && part == "module"))
      bare += (bare.empty() ? "" : ".") + std::string(part);
    name.remove_prefix(std::min(name.size(), part.size() + 1));
  }
  return bare;
}

/// The tensor of this name, whatever wraps it on either side; null where there is none.
const Tensor* find_named(const TensorFile& file, std::string_view name) {
  if (const Tensor* tensor = file.find(name)) return tensor;
  const auto found = std::ranges::find_if(file.tensors, [&](const Tensor& tensor) {
    return without_wrappers(tensor.name) == without_wrappers(name);
  });
  return found == file.tensors.end() ? nullptr : &*found;
}

void require_finite(const Tensor& tensor, std::span<const float> values, std::optional<Rank> rank) {
  const auto bad = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad == values.end()) return;
  throw UserError(tensor.place,
                  fmt::format("element {} of \"{}\"{} is {}", bad - values.begin(), tensor.name,
                              rank ? fmt::format(", rank {},", *rank) : std::string(), *bad),
                  rank ? "finite gradients are accepted" : "finite weights are accepted",
                  "`nonfinite` keep takes them as they are");
}

}  // namespace

GradientDump::GradientDump(const std::filesystem::path& weights,
                           std::vector<std::filesystem::path> steps, bool finite)
    : steps_(std::move(steps)) {
  const TensorFile file = load_tensors(weights);
  weights_sha256_ = sha256(*file.content);
  weights_are_npy_ = is_npy(file);
  check(!steps_.empty(), "a dump of no step");
  const TensorFile first = load_tensors(steps_.front());
  for (const auto& tensor : file.tensors) {
    if (!is_layer(tensor, first)) {
      passed_over_.push_back(tensor.name);
      continue;
    }
    const std::size_t offset = weights_.size();
    layers_.push_back({tensor.name, offset, tensor.elements()});
    shapes_.push_back(tensor.shape);
    weights_.resize(offset + tensor.elements());
    const auto values = std::span(weights_).subspan(offset);
    read_floats(tensor, 0, values);
    if (finite) require_finite(tensor, values, {});
  }
  if (!passed_over_.empty() && layers_.empty()) {
    throw UserError({steps_.front().string(), {}},
                    fmt::format("holds no gradient of \"{}\", nor of any other tensor of {}",
                                passed_over_.front(), weights.string()),
                    "tensors with the weights' names are accepted");
  }
  if (weights_.empty())
    throw UserError({weights.string(), {}}, "holds no parameters", "at least one is accepted");
  ranks_ = ranks_of(tensor_of(first, 0), 0);
}

bool GradientDump::is_layer(const Tensor& weight, const TensorFile& first) const {
  return is_float(weight.type) &&
         ((weights_are_npy_ && is_npy(first)) || find_named(first, weight.name) != nullptr);
}

const Tensor& GradientDump::tensor_of(const TensorFile& file, std::size_t layer) const {
  if (weights_are_npy_ && is_npy(file)) return file.tensors.front();
  if (const Tensor* tensor = find_named(file, layers_[layer].name)) {
    if (!is_float(tensor->type)) {
      throw UserError(tensor->place.member("dtype"),
                      fmt::format("the gradient of \"{}\" is not of floats", tensor->name),
                      "F16, BF16, F32 or F64 is accepted");
    }
    return *tensor;
  }
  throw UserError({file.path.string(), {}},
                  fmt::format("holds no gradient of \"{}\"", layers_[layer].name),
                  "a tensor for every one of the weights is accepted");
}

Rank GradientDump::ranks_of(const Tensor& tensor, std::size_t layer) const {
  const auto& shape = shapes_[layer];
  if (tensor.shape == shape) return 1;
  const bool more = tensor.shape.size() == shape.size() + 1 &&
                    std::equal(shape.begin(), shape.end(), tensor.shape.begin() + 1);
  if (more && tensor.shape.front() >= 1 && tensor.shape.front() <= (1U << 20U))
    return static_cast<Rank>(tensor.shape.front());
  throw UserError(tensor.place,
                  fmt::format("the shape {} of \"{}\"", shape_text(tensor.shape), tensor.name),
                  fmt::format("{}, the shape of the weight, or (RANKS, ...) before it is accepted",
                              shape_text(shape)));
}

GradientDump::Step GradientDump::read_step(std::size_t step, bool finite) const {
  const TensorFile file = load_tensors(steps_[step]);
  std::vector<std::vector<float>> gradients(ranks_, std::vector<float>(weights_.size()));
  for (std::size_t l = 0; l < layers_.size(); ++l) {
    const Layer& layer = layers_[l];
    const Tensor& tensor = tensor_of(file, l);
    const Rank ranks = ranks_of(tensor, l);
    if (ranks != ranks_) {
      throw UserError(
          tensor.place, fmt::format("\"{}\" of {} ranks", tensor.name, ranks),
          fmt::format("{}, the ranks of {}, are accepted", ranks_, steps_.front().string()));
    }
    for (Rank rank = 0; rank < ranks_; ++rank) {
      const auto out = std::span(gradients[rank]).subspan(layer.offset, layer.parameters);
      read_floats(tensor, rank * layer.parameters, out);
      if (finite) require_finite(tensor, out, rank);
    }
  }
  // Counters of a state_dict are no gradients.
  const auto is_gradient = [](const Tensor& tensor) { return is_float(tensor.type); };
  if (std::ranges::count_if(file.tensors, is_gradient) > std::ssize(layers_)) {
    const auto extra = std::ranges::find_if(file.tensors, [&](const Tensor& tensor) {
      return is_gradient(tensor) && std::ranges::none_of(layers_, [&](const Layer& layer) {
               return without_wrappers(layer.name) == without_wrappers(tensor.name);
             });
    });
    if (extra == file.tensors.end()) {
      throw UserError({file.path.string(), {}},
                      "two tensors have the same name, with and without \"module.\"",
                      "one gradient of each weight is accepted");
    }
    for (const auto& name : passed_over_) {
      if (without_wrappers(name) != without_wrappers(extra->name)) continue;
      throw UserError(extra->place,
                      fmt::format("\"{}\" has a gradient here, and none in {}", extra->name,
                                  steps_.front().string()),
                      "gradients of the same tensors in every step are accepted");
    }
    throw UserError(extra->place, fmt::format("no weight is named \"{}\"", extra->name),
                    "a tensor for every one of the weights is accepted, and no others");
  }
  return {std::move(gradients), sha256(*file.content)};
}

}  // namespace ringsim
