#pragma once
// Which algorithm and protocol NCCL takes for a call, by its own rule and constants.
#include "topologies/nccl/types.hpp"

#include <optional>
#include <string_view>

namespace ringsim::nccl {

/// The algorithm and protocol of least `base + sum(hops * latency) + bytes / (bandwidth * share)`,
/// with the constants of NCCL 2.28 (src/graph/tuning.cc: baseLat, hwLat, llMaxBws,
/// treeCorrectionFactor). Fitted times must not decide: NCCL does not know them. `forced`: the only
/// algorithm that may be taken (NCCL_ALGO). The operation is one of operations() other than
/// "message".
Choice nccl_choice(std::string_view operation, double bytes, const Arrangement& arrangement,
                   const Believed& believed, std::optional<Algorithm> forced = std::nullopt);

/// What NCCL believes of a machine that reached this bus bandwidth at most: the rate of the links
/// that machines have, not what is left of it.
BytesPerSecond believed_inside(BytesPerSecond reached);
Fabric fabric_of(BytesPerSecond reached);

}  // namespace ringsim::nccl
