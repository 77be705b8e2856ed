#include "topologies/calibration/operation.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

namespace ringsim {
namespace {

OperationCost message(double, double size) { return {size, 1, size}; }

/// `rounds` messages of an Nth, one after the other.
OperationCost chunks(double ranks, double size, double rounds) {
  return {size / ranks, rounds, rounds * size / ranks};
}
OperationCost half_ring(double ranks, double size) { return chunks(ranks, size, ranks - 1); }
OperationCost all_reduce(double ranks, double size) { return chunks(ranks, size, 2 * (ranks - 1)); }
OperationCost pipeline(double ranks, double size) { return {size, ranks - 1, size}; }
OperationCost at_once(double ranks, double size) {
  return {size / ranks, 1, size * (ranks - 1) / ranks};
}

constexpr std::array all = {
    Operation{"message", message, false},         Operation{"sendrecv", message, false},
    Operation{"reduce_scatter", half_ring, true}, Operation{"all_gather", half_ring, true},
    Operation{"all_reduce", all_reduce, true},    Operation{"broadcast", pipeline, true},
    Operation{"reduce", pipeline, true},          Operation{"alltoall", at_once, true},
    Operation{"scatter", at_once, true},          Operation{"gather", at_once, true},
};

}  // namespace

std::span<const Operation> operations() { return all; }

const Operation& find_operation(std::string_view name, const Place& place) {
  std::vector<std::string> names;
  for (const auto& operation : all) {
    if (operation.name == name) return operation;
    names.emplace_back(operation.name);
  }
  throw UserError(place,
                  fmt::format("found the operation \"{}\"{}", name, did_you_mean(name, names)),
                  fmt::format("accepted: {}", join(names, ", ")), "other operations are not known");
}

}  // namespace ringsim
