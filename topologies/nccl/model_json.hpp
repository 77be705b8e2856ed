#pragma once
// A model in a topology file: "calibration", "model".
#include "base/json_reader.hpp"
#include "topologies/nccl/model.hpp"

namespace ringsim::nccl {

/// The parameters with their names and units, those that are not 0: "Simple" -> "hop" -> "2.5us".
Json model_json(const Model& model);
/// What model_json() wrote; a parameter that is missing is 0.
Model read_model(const JsonValue& value);

}  // namespace ringsim::nccl
