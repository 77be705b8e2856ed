#pragma once
// A program on many topologies, one in each lane of a vector.
#include "sim/backend/backend.hpp"

#include <optional>
#include <span>
#include <vector>

namespace ringsim {

/// BackendDefinition::run_side_by_side of the recurrence: programs that go round rings of links of
/// their own and do nothing else (LaneProgram), with observers that want the critical path and no
/// transfers.
std::optional<std::vector<BackendResult>> run_side_by_side(
    std::span<const Topology* const> topologies, const Program& program,
    std::span<const Observer> observers);

}  // namespace ringsim
