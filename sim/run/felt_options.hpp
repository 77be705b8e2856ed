#pragma once
// Which options a run feels, by what its scheme does in a step.
#include "sim/run/run_options.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

/// A matrix that every scheme compresses, and a layer that schemes send whole; of `bytes` there is
/// no such layer. What a step does with them it does with others.
Layers small_layers(const RunOptions& options);

/// Whether option `name` says how long local work of a scheme or an all-reduce takes, so that some
/// schemes do not feel it.
bool depends_on_stages(std::string_view name);

/// Whether one of the stages feels option `name`, of which depends_on_stages() holds.
bool is_felt_by(std::span<const Stage> stages, std::string_view name);

/// Stages of all kinds that a step of the options' scheme has on `ranks` ranks with these layers.
/// Throws UserError where the options of the scheme are wrong.
std::vector<Stage> stages_of_kind(const RunOptions& options, Rank ranks, const Layers& layers);

/// Whether a step of these options feels option `name` with some model, before one is chosen. True
/// where the options of the scheme are wrong: that is said elsewhere.
bool may_feel(const RunOptions& options, std::string_view name);

/// Whether computing takes as long as the GPU says.
bool computing_feels_gpu(const RunOptions& options);

/// Whether what DistributedDataParallel adds is in a step, where the GPU says what that is.
bool may_feel_ddp(const RunOptions& options);

/// Whether the sizes of a step differ from seed to seed, before a model is chosen; true as above.
bool may_draw(const RunOptions& options);

/// Whether they do so in an exchange of these layers, with all that `options` has but its seed.
bool draws_by_seed(const SchemeDefinition& scheme, const Layers& layers, SchemeOptions options,
                   const std::vector<Bucket>& buckets);

}  // namespace ringsim
