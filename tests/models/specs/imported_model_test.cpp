#include "models/specs/imported_model.hpp"

#include "base/error.hpp"
#include "base/json_writer.hpp"
#include "models/specs/model_spec.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

#include <fstream>
#include <numeric>

using namespace ringsim;

namespace {

// The keys of the published files that say what the model is.
constexpr const char* gpt2 =
    R"({"model_type": "gpt2", "n_embd": 768, "n_layer": 12, "n_head": 12, "vocab_size": 50257,
         "n_positions": 1024, "n_inner": null})";
constexpr const char* bert =
    R"({"model_type": "bert", "hidden_size": 768, "num_hidden_layers": 12,
         "intermediate_size": 3072, "vocab_size": 30522, "max_position_embeddings": 512,
         "type_vocab_size": 2})";
constexpr const char* llama2_7b =
    R"({"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32,
         "num_attention_heads": 32, "intermediate_size": 11008, "vocab_size": 32000,
         "max_position_embeddings": 4096, "tie_word_embeddings": false})";
constexpr const char* mistral_7b =
    R"({"model_type": "mistral", "hidden_size": 4096, "num_hidden_layers": 32,
         "num_attention_heads": 32, "num_key_value_heads": 8, "intermediate_size": 14336,
         "vocab_size": 32000, "max_position_embeddings": 32768, "tie_word_embeddings": false})";
constexpr const char* qwen2_half_b =
    R"({"model_type": "qwen2", "hidden_size": 896, "num_hidden_layers": 24,
         "num_attention_heads": 14, "num_key_value_heads": 2, "intermediate_size": 4864,
         "vocab_size": 151936, "max_position_embeddings": 131072, "tie_word_embeddings": true})";
constexpr const char* vit =
    R"({"model_type": "vit", "architectures": ["ViTForImageClassification"], "num_labels": 1000,
         "hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072,
         "image_size": 224, "patch_size": 16, "num_channels": 3})";

class Files {
 public:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    const auto path = folder_.path() / name;
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  TemporaryFolder folder_;
};

ImportedModel import_text(const std::string& name, const std::string& text,
                          ModelImportRequest request = {.name = "imported", .length = {}}) {
  Files files;
  return import_model(files.write(name, text), request);
}

std::uint64_t parameters(const ImportedModel& model) {
  std::uint64_t sum = 0;
  for (const auto& tensor : model.tensors) sum += parameters_of(tensor);
  return sum;
}

/// The message of the error, without the folder.
std::string error_of(const std::string& name, const std::string& text,
                     const ModelImportRequest& request = {.name = "imported", .length = {}}) {
  try {
    import_text(name, text, request);
  } catch (const UserError& error) {
    const std::string message = error.what();
    const auto at = message.find(name);
    return at == std::string::npos ? message : message.substr(at);
  }
  return "no error";
}

}  // namespace

TEST_CASE("models of a config.json have the published numbers of parameters", "[specs]") {
  // Hugging Face's model pages, and num_parameters() of transformers.
  CHECK(parameters(import_text("config.json", gpt2)) == 124'439'808);
  CHECK(parameters(import_text("config.json", bert)) == 109'482'240);
  CHECK(parameters(import_text("config.json", llama2_7b)) == 6'738'415'616);
  CHECK(parameters(import_text("config.json", mistral_7b)) == 7'241'732'096);
  CHECK(parameters(import_text("config.json", qwen2_half_b)) == 494'032'768);
  CHECK(parameters(import_text("config.json", vit)) == 86'567'656);
}

TEST_CASE("an imported model is the shipped one", "[specs]") {
  Files files;
  for (const auto& [name, config, length] :
       {std::tuple{"gpt2-small", gpt2, 1024}, std::tuple{"bert-base", bert, 128}}) {
    INFO(name);
    const auto model = import_text("config.json", config,
                                   {.name = name, .length = static_cast<std::uint64_t>(length)});
    const auto spec = load_model_spec(files.write("spec.json", to_text(to_json(model))));
    const auto shipped = load_model_spec(*model_spec_file(name));
    CHECK(spec.forward_flop == shipped.forward_flop);
    CHECK(spec.sample == shipped.sample);
    REQUIRE(spec.layers.size() == shipped.layers.size());
    for (std::size_t i = 0; i < spec.layers.size(); ++i) {
      CHECK(spec.layers[i].name == shipped.layers[i].name);
      CHECK(spec.layers[i].rows == shipped.layers[i].rows);
      CHECK(spec.layers[i].parameters == shipped.layers[i].parameters);
    }
  }
}

TEST_CASE("operations of grouped-query attention and of images", "[specs]") {
  // Two tokens: query 2*8*8*2, key and value 2*8*4*2 each, the attention 2 products of 2*2*2*8.
  const auto small = import_text(
      "config.json",
      R"({"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 4,
          "num_key_value_heads": 2, "intermediate_size": 16, "vocab_size": 10,
          "max_position_embeddings": 2})");
  std::vector<double> found;
  for (const auto& tensor : small.tensors) found.push_back(tensor.forward_flop);
  CHECK(found == std::vector<double>{0, 0, 256, 128, 128 + 128, 256, 0, 512, 512, 512, 0, 320});
  CHECK(small.tensors.back().name == "lm_head.weight");
  const auto unsaid = import_text(
      "config.json",
      R"({"model_type": "llama", "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 4,
          "num_key_value_heads": 2, "intermediate_size": 16, "vocab_size": 10})",
      {.name = "unsaid", .length = 2});
  CHECK(unsaid.tensors.back().forward_flop == 320);
  // 196 patches of 16x16x3, a product each with 768 outputs.
  const auto images = import_text("config.json", vit);
  CHECK(images.tensors[2].forward_flop == 2.0 * 768 * 768 * 196);
  CHECK(images.sample == "an image of 3x224x224");
}

TEST_CASE("lists of tensors leave out buffers", "[specs]") {
  const ModelImportRequest request{.name = "listed", .length = 3};
  const auto text = import_text("list.txt",
                                "embed.weight (10, 4)\nfc.weight torch.Size([2, 4])\n"
                                "fc.bias (2,)\nbn.running_mean (2,)\nbn.num_batches_tracked ()\n",
                                request);
  REQUIRE(text.tensors.size() == 3);
  CHECK(text.tensors[0].forward_flop == 0);
  CHECK(text.tensors[1].shape == std::vector<std::uint64_t>{2, 4});
  CHECK(text.tensors[1].forward_flop == 2 * 2 * 4 * 3);
  const auto json = import_text("list.json", R"({"fc.weight": [2, 4], "fc.bias": [2]})", request);
  CHECK(json.tensors.size() == 2);
}

TEST_CASE("the header of safetensors is read alone, in the order of numbers", "[specs]") {
  const std::string header =
      R"({"__metadata__": {"format": "pt"}, "h.10.w": {"dtype": "F32", "shape": [3, 2],
         "data_offsets": [0, 24]}, "h.9.w": {"dtype": "F32", "shape": [5],
         "data_offsets": [24, 44]}})";
  std::string file(8, '\0');
  file[0] = static_cast<char>(header.size());
  const auto model = import_text("model.safetensors", file + header);  // without the data
  REQUIRE(model.tensors.size() == 2);
  CHECK(model.tensors[0].name == "h.9.w");
  CHECK(model.tensors[1].shape == std::vector<std::uint64_t>{3, 2});
}

TEST_CASE("what is wrong with a file is said with its place", "[specs]") {
  CHECK(error_of("config.json", R"({"model_type": "mamba"})") ==
        "config.json: /model_type: found the string \"mamba\"; gpt2, llama, mistral, qwen2, bert, "
        "vit are accepted; for another model give a list of its tensors (ringsim model import "
        "--help)");
  CHECK(error_of("config.json", R"({"model_type": "gpt2", "n_embd": 768})") ==
        "config.json: /n_layer: missing; a whole number is accepted; is it the config.json of a "
        "whole model?");
  CHECK(error_of("config.json", gpt2, {.name = "long", .length = 2000}) ==
        "`length`: found 2000; at most the 1024 positions of the model are accepted");
  CHECK(error_of("list.txt", "a (2, 3)\nb\n") ==
        "list.txt: line 2: found \"b\"; a name and the extents are accepted: layer1.weight (768, "
        "3072)");
  CHECK(error_of("list.txt", "conv.weight (8, 3, 3, 3)\n") ==
        "list.txt: line 1: \"conv.weight\" has 4 extents; vectors and matrices are accepted, as a "
        "list of tensors does not say how often a convolution is taken; give `operations` off, and "
        "runs a `compute-time`");
  CHECK(error_of("list.txt", "a\333 (2)\n") ==
        "list.txt: the tensor \"a\uFFFD\" has bytes in its name that are not UTF-8; names in UTF-8 "
        "are accepted");
  CHECK(error_of("config.json", R"({"architectures": ["Mine"], "hidden_size": 8})") ==
        "config.json: /model_type: missing; a config.json that says its family is accepted, or a "
        "list of tensors");
  CHECK(error_of("model.json", R"({"metadata": {}, "weight_map": {}})") ==
        "model.json: /weight_map: found an index of files, without shapes; a file of safetensors, "
        "or a list of tensors is accepted");
  CHECK(error_of("cut.safetensors", "abc") ==
        "cut.safetensors: byte 0: no header of safetensors; its length in 8 bytes, and a JSON "
        "object of that length are accepted");
}
