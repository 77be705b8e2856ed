#pragma once
// Which options a run feels, by what its scheme does in a step.
#include "sim/run/run_options.hpp"

#include <string_view>

namespace ringsim {

/// A matrix that every scheme compresses, and a layer that schemes send whole; of `bytes` there is
/// no such layer. What a step does with them it does with others.
Layers small_layers(const RunOptions& options);

/// Whether option `name` says how long local work of a scheme or an all-reduce takes, so that some
/// schemes do not feel it.
bool depends_on_stages(std::string_view name);

/// Whether a step of these options (with `source` trace: a step of the scheme, drawn) has a stage
/// that feels option `name`. True where the options of the scheme are wrong: that is said
/// elsewhere.
bool has_stage_for(const RunOptions& options, std::string_view name);

}  // namespace ringsim
