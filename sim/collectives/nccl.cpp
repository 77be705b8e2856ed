#include "sim/collectives/nccl.hpp"

#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/collectives/nccl_call.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

NcclCall call_of(const AllReduceRequest& request) {
  return {request, "all_reduce", request.elements * request.element_bytes};
}

/// Throws UserError where the request is no whole nodes.
void check_nodes(const AllReduceRequest& request) {
  check(request.nccl != nullptr, "NCCL's collectives need its model of the links");
  const Rank per_node = request.ranks_per_node;
  if (request.ranks <= per_node || request.ranks % per_node == 0) return;
  throw UserError(option_place("ranks"), fmt::format("found {}", request.ranks),
                  fmt::format("a multiple of {}, the GPUs of a node, is accepted with "
                              "`collective` nccl",
                              per_node));
}

std::string describe(const AllReduceRequest& request) {
  const auto [algorithm, protocol] = nccl_all_reduce_choice(request);
  return fmt::format("{}/{}", nccl::name_of(algorithm), nccl::name_of(protocol));
}

}  // namespace

nccl::Choice nccl_all_reduce_choice(const AllReduceRequest& request) {
  check_nodes(request);
  return call_of(request).choice();
}

std::shared_ptr<const Collective> make_nccl_all_reduce(const AllReduceRequest& request) {
  check_nodes(request);
  const auto call = call_of(request);
  return call.choice().algorithm == nccl::Algorithm::tree ? make_nccl_tree(call, request)
                                                          : make_nccl_ring(call, request);
}

extern const CollectiveDefinition nccl_collective;
const CollectiveDefinition nccl_collective = {
    .name = "nccl",
    .description =
        "as NCCL does it: ring, tree or NVLink SHARP and LL, LL128 or Simple, chosen for each call",
    .make_all_reduce = make_nccl_all_reduce,
    .describe = describe,
    .is_library = true,
    .needs_whole_nodes = true,
};

}  // namespace ringsim
