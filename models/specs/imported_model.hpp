#pragma once
// Models of others as specifications: a config.json of Hugging Face, or a list of tensors.
#include "base/json.hpp"
#include "base/json_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringsim {

/// A parameter tensor and the operations of the forward pass that it stands for, for one sample, as
/// models/specs/README.md counts them.
struct ImportedTensor {
  std::string name;
  std::vector<std::uint64_t> shape;  ///< one extent or more
  double forward_flop = 0;
};

/// What a specification says, with whole shapes.
struct ImportedModel {
  std::string name, description, sample;
  std::vector<ImportedTensor> tensors;  ///< in forward order
};

std::uint64_t parameters_of(const ImportedTensor& tensor);
/// The file of models/specs/README.md.
Json to_json(const ImportedModel& model);

struct ModelImportRequest {
  std::string name;                     ///< of the model
  std::optional<std::uint64_t> length;  ///< tokens per sample; absent: as many as the model takes
  bool has_operations = true;           ///< without them layers have none
};

/// Reads a config.json of Hugging Face transformers (gpt2, llama, mistral, qwen2, bert, vit: the
/// object's `model_type`); a file of safetensors, of which the header alone is read; or a list of
/// tensors: JSON {"NAME": [EXTENT, ...], ...}, or text, one "NAME (EXTENT, ...)" per line, as
/// `for name, tensor in model.state_dict().items(): print(name, tuple(tensor.shape))` prints it.
///
/// A list does not say what is computed: a matrix counts as a product taken at `length` positions
/// (1 where absent), embeddings as lookups. Buffers of batch norms and of attention masks are left
/// out. Text is in forward order; a header of safetensors, which is in none, is put into the order
/// of the names, numbers by their value.
///
/// Throws UserError with the file and the JSON pointer or line: keys that are missing or have
/// another type, a `model_type` that is not known, tensors whose operations a list cannot tell
/// (convolutions) unless `has_operations` is off, a length beyond what the model takes.
ImportedModel import_model(const std::filesystem::path& path, const ModelImportRequest& request);

/// The names of `model_type` that are read.
std::vector<std::string> imported_families();
/// The parts of import_model().
ImportedModel import_config(const JsonValue& config, const ModelImportRequest& request);
ImportedModel import_tensor_list(const std::filesystem::path& path,
                                 const ModelImportRequest& request);

}  // namespace ringsim
