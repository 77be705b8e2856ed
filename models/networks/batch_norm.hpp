#pragma once
#include "models/networks/block.hpp"

namespace ringsim {

/// Batch normalisation per channel (Ioffe & Szegedy, 1502.03167, algorithm 1): y = gain * (x -
/// mean) / sqrt(variance + 1e-5) + shift, gain 1 and shift 0 at first. Parameters NAME.weight and
/// NAME.bias [channels].
///
/// Training normalises each rank's batch by its own statistics, as data-parallel training without
/// synchronised statistics does. Evaluation uses the statistics of a fixed set of training samples
/// under the weights that are evaluated (Mode::statistics; Wu & Johnson, 2105.07576, section 3:
/// "precise" statistics: mean and variance of all its samples, each batch normalised on its own
/// below). So ranks share weights alone: there are no running averages, whose values would depend
/// on which rank or thread saw which batch.
std::unique_ptr<Block> make_batch_norm(const std::string& name, ActivationShape input);

}  // namespace ringsim
