#include "base/error.hpp"
#include "base/option_names.hpp"
#include "base/text.hpp"
#include "models/specs/imported_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace ringsim {
namespace {

constexpr std::uint64_t most = std::uint64_t{1} << 32;
constexpr std::uint64_t most_blocks = 10'000;

/// A config.json: keys that are not asked for are passed over, as they are another program's.
class Config {
 public:
  explicit Config(const JsonValue& json) : json_(json) {}

  std::uint64_t count(std::string_view key) const { return needed(key).integer(1, most); }
  /// A tensor or more is made of each.
  std::uint64_t blocks(std::string_view key) const { return needed(key).integer(1, most_blocks); }
  std::uint64_t count(std::string_view key, std::uint64_t usual) const {
    const auto value = json_.find(key);
    return value && !value->is_null() ? value->integer(1, most) : usual;
  }
  bool flag(std::string_view key, bool usual) const {
    const auto value = json_.find(key);
    return value && !value->is_null() ? value->boolean() : usual;
  }
  std::optional<JsonValue> find(std::string_view key) const { return json_.find(key); }

  /// The request's length, or all positions.
  std::uint64_t length(const ModelImportRequest& request, std::uint64_t positions) const {
    if (request.length && *request.length > positions) {
      throw UserError(option_place("length"), fmt::format("found {}", *request.length),
                      fmt::format("at most the {} positions of the model are accepted", positions));
    }
    return request.length.value_or(positions);
  }

 private:
  JsonValue needed(std::string_view key) const {
    auto value = json_.find(key);
    if (value && !value->is_null()) return *std::move(value);
    throw UserError(json_.place().member(key), "missing", "a whole number is accepted",
                    "is it the config.json of a whole model?");
  }

  const JsonValue& json_;
};

/// Collects tensors in forward order; a multiply-add counts as two operations.
class Tensors {
 public:
  explicit Tensors(ImportedModel& model) : all_(model.tensors) {}

  void add(std::string name, std::vector<std::uint64_t> shape, double flop = 0) {
    all_.push_back({std::move(name), std::move(shape), flop});
  }
  void norm(const std::string& name, std::uint64_t width) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }
  /// A linear layer at so many positions of a sample.
  void linear(const std::string& name, std::uint64_t inputs, std::uint64_t outputs,
              std::uint64_t positions, bool has_bias = true) {
    add(name + ".weight", {outputs, inputs}, product(inputs, outputs, positions));
    if (has_bias) add(name + ".bias", {outputs});
  }
  /// Operations of a product without parameters of its own count with the tensor that was added
  /// last, or so many before it: its gradient waits for that product's backward pass.
  void add_operations(double flop, std::size_t before = 0) {
    (all_.end() - 1 - static_cast<std::ptrdiff_t>(before))->forward_flop += flop;
  }

  static double product(std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    return 2.0 * static_cast<double>(a) * static_cast<double>(b) * static_cast<double>(c);
  }
  /// Scores, and the sum of values that they weigh.
  static double attention(std::uint64_t length, std::uint64_t width) {
    return 2 * product(length, length, width);
  }

 private:
  std::vector<ImportedTensor>& all_;
};

std::string tokens(std::uint64_t length) { return fmt::format("a sequence of {} tokens", length); }

ImportedModel gpt2(const Config& config, const ModelImportRequest& request) {
  const auto width = config.count("n_embd"), blocks = config.blocks("n_layer"),
             vocabulary = config.count("vocab_size"), positions = config.count("n_positions");
  const auto inner = config.count("n_inner", 4 * width), length = config.length(request, positions);
  ImportedModel model{{}, "tied embeddings", tokens(length), {}};
  Tensors tensors(model);
  // Weights are stored inputs x outputs.
  const auto product = [&](const std::string& name, std::uint64_t inputs, std::uint64_t outputs) {
    tensors.add(name + ".weight", {inputs, outputs}, Tensors::product(inputs, outputs, length));
    tensors.add(name + ".bias", {outputs});
  };
  tensors.add("wte.weight", {vocabulary, width});
  tensors.add("wpe.weight", {positions, width});
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto prefix = fmt::format("h.{}.", block);
    tensors.norm(prefix + "ln_1", width);
    product(prefix + "attn.c_attn", width, 3 * width);
    tensors.add_operations(Tensors::attention(length, width), 1);
    product(prefix + "attn.c_proj", width, width);
    tensors.norm(prefix + "ln_2", width);
    product(prefix + "mlp.c_fc", width, inner);
    product(prefix + "mlp.c_proj", inner, width);
  }
  tensors.norm("ln_f", width);
  if (config.flag("tie_word_embeddings", true)) {
    tensors.add_operations(Tensors::product(width, vocabulary, length));
  } else {
    tensors.linear("lm_head", width, vocabulary, length, false);
    model.description = "embeddings not tied";
  }
  return model;
}

/// What the families of Llama differ in.
struct LlamaKind {
  bool has_biases;                ///< of query, key and value, always
  std::uint64_t key_value_heads;  ///< where the file does not say; 0: as many as heads
};

ImportedModel llama_like(const Config& config, const ModelImportRequest& request, LlamaKind kind) {
  const auto width = config.count("hidden_size"), inner = config.count("intermediate_size"),
             blocks = config.blocks("num_hidden_layers"),
             heads = config.count("num_attention_heads"), vocabulary = config.count("vocab_size");
  const auto head = config.count("head_dim", std::max<std::uint64_t>(1, width / heads));
  const auto key_values =
      head *
      config.count("num_key_value_heads", kind.key_value_heads == 0 ? heads : kind.key_value_heads);
  // Positions are no parameters of these models: where the length is given, they need not be.
  constexpr auto key = "max_position_embeddings";
  const auto length = config.length(
      request, request.length ? config.count(key, *request.length) : config.count(key));
  const bool is_tied = config.flag("tie_word_embeddings", false);
  const bool has_output_bias = !kind.has_biases && config.flag("attention_bias", false);
  const bool has_bias = kind.has_biases || has_output_bias,
             has_mlp_bias = config.flag("mlp_bias", false);
  ImportedModel model{{}, is_tied ? "tied embeddings" : "embeddings not tied", tokens(length), {}};
  Tensors tensors(model);
  tensors.add("model.embed_tokens.weight", {vocabulary, width});
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto prefix = fmt::format("model.layers.{}.", block);
    tensors.add(prefix + "input_layernorm.weight", {width});
    tensors.linear(prefix + "self_attn.q_proj", width, heads * head, length, has_bias);
    tensors.linear(prefix + "self_attn.k_proj", width, key_values, length, has_bias);
    tensors.linear(prefix + "self_attn.v_proj", width, key_values, length, has_bias);
    tensors.add_operations(Tensors::attention(length, heads * head), has_bias ? 1 : 0);
    tensors.linear(prefix + "self_attn.o_proj", heads * head, width, length, has_output_bias);
    tensors.add(prefix + "post_attention_layernorm.weight", {width});
    tensors.linear(prefix + "mlp.gate_proj", width, inner, length, has_mlp_bias);
    tensors.linear(prefix + "mlp.up_proj", width, inner, length, has_mlp_bias);
    tensors.linear(prefix + "mlp.down_proj", inner, width, length, has_mlp_bias);
  }
  tensors.add("model.norm.weight", {width});
  if (is_tied) {
    tensors.add_operations(Tensors::product(width, vocabulary, length));
  } else {
    tensors.linear("lm_head", width, vocabulary, length, false);
  }
  return model;
}

ImportedModel llama(const Config& config, const ModelImportRequest& request) {
  return llama_like(config, request, {.has_biases = false, .key_value_heads = 0});
}
ImportedModel mistral(const Config& config, const ModelImportRequest& request) {
  return llama_like(config, request, {.has_biases = false, .key_value_heads = 8});
}
ImportedModel qwen2(const Config& config, const ModelImportRequest& request) {
  return llama_like(config, request, {.has_biases = true, .key_value_heads = 32});
}

struct EncoderBlock {
  std::uint64_t width, inner, length;
  bool has_bias;  ///< of query, key and value
};

/// Attention as BERT and ViT name it: query, key and value, which the products of the attention
/// count with, and the output.
void attention(Tensors& tensors, const std::string& prefix, const EncoderBlock& block) {
  for (const auto* part : {"query", "key", "value"}) {
    tensors.linear(prefix + part, block.width, block.width, block.length, block.has_bias);
  }
  tensors.add_operations(Tensors::attention(block.length, block.width), block.has_bias ? 1 : 0);
}

ImportedModel bert(const Config& config, const ModelImportRequest& request) {
  const auto width = config.count("hidden_size"),
             positions = config.count("max_position_embeddings");
  const EncoderBlock sizes{width, config.count("intermediate_size"),
                           config.length(request, positions), true};
  const auto blocks = config.blocks("num_hidden_layers");
  ImportedModel model{{}, "encoder and pooler", tokens(sizes.length), {}};
  Tensors tensors(model);
  const std::string embeddings = "embeddings.";
  tensors.add(embeddings + "word_embeddings.weight", {config.count("vocab_size"), width});
  tensors.add(embeddings + "position_embeddings.weight", {positions, width});
  tensors.add(embeddings + "token_type_embeddings.weight",
              {config.count("type_vocab_size", 2), width});
  tensors.norm(embeddings + "LayerNorm", width);
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto prefix = fmt::format("encoder.layer.{}.", block);
    attention(tensors, prefix + "attention.self.", sizes);
    tensors.linear(prefix + "attention.output.dense", width, width, sizes.length);
    tensors.norm(prefix + "attention.output.LayerNorm", width);
    tensors.linear(prefix + "intermediate.dense", width, sizes.inner, sizes.length);
    tensors.linear(prefix + "output.dense", sizes.inner, width, sizes.length);
    tensors.norm(prefix + "output.LayerNorm", width);
  }
  tensors.linear("pooler.dense", width, width, 1);
  return model;
}

/// Whether the file names an architecture of this ending.
bool is_for(const Config& config, std::string_view ending) {
  const auto architectures = config.find("architectures");
  if (!architectures || architectures->is_null()) return false;
  return std::ranges::any_of(architectures->array(), [&](const JsonValue& name) {
    return name.string().ends_with(ending);
  });
}

std::uint64_t labels_of(const Config& config) {
  const auto labels = config.find("id2label");
  if (labels && labels->is_object()) return labels->json().get_if<Json::Object>()->size();
  return config.count("num_labels", 2);
}

ImportedModel vit(const Config& config, const ModelImportRequest& request) {
  if (request.length) {
    throw UserError(option_place("length"), "has no effect with a model of images", {},
                    "leave it out");
  }
  const auto width = config.count("hidden_size"), image = config.count("image_size"),
             patch = config.count("patch_size"), channels = config.count("num_channels", 3);
  const auto patches = (image / patch) * (image / patch);
  const EncoderBlock sizes{width, config.count("intermediate_size"), patches + 1,
                           config.flag("qkv_bias", true)};
  ImportedModel model{{}, {}, fmt::format("an image of {}x{}x{}", channels, image, image), {}};
  Tensors tensors(model);
  tensors.add("embeddings.cls_token", {1, 1, width});
  tensors.add("embeddings.position_embeddings", {1, sizes.length, width});
  const std::string projection = "embeddings.patch_embeddings.projection";
  tensors.add(projection + ".weight", {width, channels, patch, patch},
              Tensors::product(width, channels * patch * patch, patches));
  tensors.add(projection + ".bias", {width});
  const auto blocks = config.blocks("num_hidden_layers");
  for (std::uint64_t block = 0; block < blocks; ++block) {
    const auto prefix = fmt::format("encoder.layer.{}.", block);
    tensors.norm(prefix + "layernorm_before", width);
    attention(tensors, prefix + "attention.attention.", sizes);
    tensors.linear(prefix + "attention.output.dense", width, width, sizes.length);
    tensors.norm(prefix + "layernorm_after", width);
    tensors.linear(prefix + "intermediate.dense", width, sizes.inner, sizes.length);
    tensors.linear(prefix + "output.dense", sizes.inner, width, sizes.length);
  }
  tensors.norm("layernorm", width);
  if (is_for(config, "ForImageClassification")) {
    const auto labels = labels_of(config);
    tensors.linear("classifier", width, labels, 1);
    model.description = fmt::format("{} classes", labels);
  } else {
    tensors.linear("pooler.dense", width, width, 1);
    model.description = "encoder and pooler";
  }
  return model;
}

struct Family {
  std::string_view name;
  ImportedModel (*import)(const Config& config, const ModelImportRequest& request);
};
constexpr std::array<Family, 6> families = {{{"gpt2", gpt2},
                                             {"llama", llama},
                                             {"mistral", mistral},
                                             {"qwen2", qwen2},
                                             {"bert", bert},
                                             {"vit", vit}}};

}  // namespace

std::vector<std::string> imported_families() {
  std::vector<std::string> names;
  names.reserve(families.size());
  for (const auto& family : families) names.emplace_back(family.name);
  return names;
}

ImportedModel import_config(const JsonValue& config, const ModelImportRequest& request) {
  const auto type = *config.find("model_type");
  const auto name = type.string();
  const auto* family = std::ranges::find(families, name, &Family::name);
  if (family == families.end()) {
    type.wrong(join(imported_families(), ", ") + " are accepted",
               "for another model give a list of its tensors (ringsim model import --help)");
  }
  auto model = family->import(Config(config), request);
  model.name = request.name;
  model.description = fmt::format("{} of a config.json, {}", name, model.description);
  return model;
}

}  // namespace ringsim
