#include "base/error.hpp"
#include "base/option_names.hpp"
#include "sim/collectives/range.hpp"

#include <fmt/format.h>

namespace ringsim {
namespace {

/// Ring reduce-scatter inside each node, ring all-reduce between the nodes among the GPUs of the
/// same number, each on the part that it has summed, and ring all-gather inside again.
class Hierarchical final : public Collective {
 public:
  explicit Hierarchical(const AllReduceRequest& request)
      : gpus_(request.ranks_per_node),
        nodes_(request.ranks / request.ranks_per_node),
        buffer_{0, request.elements, request.element_bytes} {
    check(gpus_ >= 2 && request.ranks % gpus_ == 0, "hierarchical: whole nodes are needed");
  }

  std::string_view name() const override { return "hierarchical"; }
  Rank ranks() const override { return nodes_ * gpus_; }
  std::uint32_t rounds() const override { return 2 * (gpus_ - 1) + 2 * (nodes_ - 1); }
  Bytes total_bytes() const override {
    // Inside, each node sends the buffer gpus-1 times there and back; between them, the parts
    // together are one buffer.
    return (nodes_ * 2 * (gpus_ - 1) + 2 * (nodes_ - 1)) * buffer_.bytes();
  }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const Rank node = rank / gpus_, gpu = rank % gpus_;
    const std::uint32_t inner = gpus_ - 1, outer = 2 * (nodes_ - 1);
    if (index < inner || index >= inner + outer) {
      // As in a ring all-reduce of the node's GPUs.
      const std::uint32_t step = index < inner ? index : index - outer;
      add_ring_step(
          {gpu, gpus_, step}, buffer_, [&](Rank peer) { return node * gpus_ + peer; }, round);
    } else {
      const auto part = buffer_.part(gpus_, (gpu + 1) % gpus_);
      add_ring_step(
          {node, nodes_, index - inner}, part, [&](Rank peer) { return peer * gpus_ + gpu; },
          round);
    }
  }

 private:
  Rank gpus_, nodes_;
  Range buffer_;
};

std::shared_ptr<const Collective> make_hierarchical(const AllReduceRequest& request) {
  if (request.ranks_per_node < 2) {
    throw UserError(option_place("collective"), "hierarchical needs nodes of several GPUs",
                    "a topology of the kind hierarchical is accepted with it");
  }
  if (request.ranks % request.ranks_per_node != 0) {
    throw UserError(option_place("ranks"), fmt::format("found {}", request.ranks),
                    fmt::format("a multiple of {}, the GPUs of a node, is accepted with "
                                "`collective` hierarchical",
                                request.ranks_per_node));
  }
  return std::make_shared<Hierarchical>(request);
}

}  // namespace

extern const CollectiveDefinition hierarchical_collective;
const CollectiveDefinition hierarchical_collective = {
    .name = "hierarchical",
    .description = "rings inside the nodes, between them, and inside again",
    .make_all_reduce = make_hierarchical,
    .options = {},
    .needs_whole_nodes = true,
};

}  // namespace ringsim
