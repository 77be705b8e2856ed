// What every scheme sends of each layer of a large model, against the formula in docs/method.md.
#include "models/schemes/bucketed.hpp"
#include "models/schemes/mask_model.hpp"
#include "models/specs/model_spec.hpp"
#include "sim/timing/step_plan.hpp"
#include "tests/scheme_options.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <map>

using namespace ringsim;

namespace {

constexpr Rank ranks = 4;
constexpr std::size_t whole_below = 1024;
constexpr double density = 0.01;

/// Once round a ring: an all-reduce of so many bytes, all ranks together; an all-gather of one
/// part.
Bytes reduced(std::size_t bytes) { return Bytes{2 * (ranks - 1) * bytes}; }
Bytes gathered(std::size_t bytes) { return Bytes{(ranks - 1) * bytes}; }

std::size_t kept(const Layer& layer) {
  const auto n = static_cast<double>(layer.parameters);
  return layer.parameters < whole_below ? layer.parameters
                                        : static_cast<std::size_t>(std::floor(density * n));
}

/// A fixed number of whole bytes that holds the last index.
std::size_t index_bytes(std::size_t parameters) {
  std::size_t bytes = 1;
  while (parameters - 1 >= std::size_t{1} << (8 * bytes)) ++bytes;
  return bytes;
}

/// One byte names the encoding, the others say how long the mask is, seven bits each.
std::size_t header_bytes(std::size_t mask) {
  std::size_t bytes = 2;
  for (; mask >= 128; mask >>= 7) ++bytes;
  return bytes;
}

using Formula = std::function<Payload(const Layer&, const LayerOutcome&)>;

Payload quantized(std::size_t bits, std::size_t scales, const Layer& layer) {
  return {.values = gathered(ranks * ((bits * layer.parameters + 7) / 8)),
          .masks = {},
          .headers = gathered(ranks * 4 * scales)};
}

Payload indexed(const Layer& layer, std::size_t each, std::size_t masks) {
  if (layer.parameters < whole_below) return {};
  const std::size_t bytes = each * index_bytes(layer.parameters);
  return {.values = {},
          .masks = gathered(masks * bytes),
          .headers = gathered(masks * header_bytes(bytes))};
}

const std::map<std::string, Formula>& formulas() {
  static const Formula importance = [](const Layer& layer, const LayerOutcome& outcome) {
    constexpr std::size_t broadcasters = 2;
    const auto n = static_cast<double>(layer.parameters);
    const double each =
        n * share_of_each(fitted_masks, static_cast<double>(outcome.kept) / n, broadcasters);
    Payload sent;
    if (layer.parameters >= whole_below) {
      const auto width = static_cast<double>(index_bytes(layer.parameters));
      const auto bytes = static_cast<std::size_t>(std::llround(each * width));
      sent.masks = gathered(broadcasters * bytes);
      sent.headers = gathered(broadcasters * header_bytes(bytes));
    }
    sent.values = reduced(4 * outcome.kept);
    return sent;
  };
  static const std::map<std::string, Formula> all = {
      {"dense",
       [](const Layer& layer, const LayerOutcome&) -> Payload {
         return {.values = reduced(4 * layer.parameters), .masks = {}, .headers = {}};
       }},
      {"iwp", importance},
      {"magnitude", importance},
      {"cltk",
       [](const Layer& layer, const LayerOutcome&) {
         auto sent = indexed(layer, kept(layer), 1);
         sent.values = reduced(4 * kept(layer));
         return sent;
       }},
      {"topk",
       [](const Layer& layer, const LayerOutcome&) {
         auto sent = indexed(layer, kept(layer), ranks);
         sent.values = layer.parameters < whole_below ? reduced(4 * layer.parameters)
                                                      : gathered(ranks * 4 * kept(layer));
         return sent;
       }},
      {"randomk",
       [](const Layer& layer, const LayerOutcome&) -> Payload {
         return {.values = reduced(4 * kept(layer)), .masks = {}, .headers = {}};
       }},
      {"qsgd",  // 7 levels of either sign and 0: 4 bits
       [](const Layer& layer, const LayerOutcome&) {
         return quantized(4, (layer.parameters + 511) / 512, layer);
       }},
      {"terngrad", [](const Layer& layer, const LayerOutcome&) { return quantized(2, 1, layer); }},
      {"signsgd",  // a bit to the owner of each chunk, and one back
       [](const Layer& layer, const LayerOutcome&) {
         auto sent = quantized(1, 1, layer);
         sent.values = reduced((layer.parameters + 7) / 8);
         return sent;
       }},
      {"powersgd",
       [](const Layer& layer, const LayerOutcome&) -> Payload {
         constexpr std::size_t rank = 4;
         const std::size_t factors = rank * (layer.rows + layer.parameters / layer.rows);
         const bool is_factored = 2 * factors < layer.parameters;
         return {.values = reduced(4 * (is_factored ? factors : layer.parameters)),
                 .masks = {},
                 .headers = {}};
       }},
  };
  return all;
}

}  // namespace

TEST_CASE("every scheme sends of each layer what its formula says", "[formulas]") {
  const auto* model = GENERATE("resnet50", "resnet50-1001");
  const auto spec = load_model_spec(*model_spec_file(model));
  std::vector<Bucket> buckets;
  for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) buckets.push_back({{layer}});
  REQUIRE(formulas().size() == schemes().size());
  for (const auto* definition : schemes()) {
    SchemeOptions options;
    options.ranks = ranks;
    set(options, "density", density);
    set(options, "broadcasters", 2);
    set(options, "whole-below", whole_below);
    set(options, "mask-encoding", "index");
    const auto step = synthesize_bucketed(*definition, spec.layers, options, buckets, 0);
    std::vector<std::vector<Stage>> of_layer(spec.layers.size());
    for (const auto& stage : step.stages) of_layer[stage.bucket].push_back(stage);
    for (std::size_t layer = 0; layer < spec.layers.size(); ++layer) {
      INFO(model << " " << definition->name << " " << spec.layers[layer].name);
      const auto sent = plan_step(of_layer[layer], ranks, {&find_collective("ring"), {}},
                                  {.fixed = std::nullopt, .measured = {}, .memory = std::nullopt})
                            .sent;
      const auto expected =
          formulas().at(std::string(definition->name))(spec.layers[layer], step.layers[layer]);
      CHECK(sent.values == expected.values);
      CHECK(sent.masks == expected.masks);
      CHECK(sent.headers == expected.headers);
    }
  }
}
