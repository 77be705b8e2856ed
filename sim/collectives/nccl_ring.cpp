#include "base/error.hpp"
#include "sim/collectives/nccl.hpp"
#include "sim/collectives/nccl_call.hpp"
#include "sim/collectives/range.hpp"

#include <numeric>

namespace ringsim {
namespace {

class NcclRing final : public Collective {
 public:
  NcclRing(const NcclCall& call, const AllReduceRequest& request, bool reduces_only)
      : ranks_(request.ranks),
        per_node_(call.per_node()),
        lanes_(call.rails()),
        reduces_only_(reduces_only),
        buffer_{0, request.elements, request.element_bytes},
        passages_(call.ring_passages()) {}

  std::string_view name() const override {
    return reduces_only_ ? "nccl ring reduce-scatter" : "nccl ring";
  }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override { return (reduces_only_ ? 1 : 2) * (ranks_ - 1); }
  Bytes total_bytes() const override { return rounds() * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    for (Rank lane = 0; lane < lanes_; ++lane) {
      const NcclRingOrder order{per_node_, lane};
      add_ring_step(
          {order.position(rank), ranks_, index}, buffer_.part(lanes_, lane),
          [&](Rank position) { return order.rank_of(position); }, round);
      auto& send = round.sends.back();
      send.passage = passages_.of(index, send.peer / per_node_ == rank / per_node_);
    }
  }

 private:
  Rank ranks_, per_node_, lanes_;
  bool reduces_only_;
  Range buffer_;
  NcclPassages passages_;
};

class NcclAllGather final : public Collective {
 public:
  NcclAllGather(std::span<const Bytes> parts, const NcclCall& call)
      : per_node_(call.per_node()),
        lanes_(call.rails()),
        parts_(ranges_of(parts)),
        passages_(call.ring_passages()) {}

  std::string_view name() const override { return "nccl ring all-gather"; }
  Rank ranks() const override { return static_cast<Rank>(parts_.size()); }
  std::uint32_t rounds() const override { return ranks() - 1; }
  Bytes total_bytes() const override { return rounds() * Bytes{parts_.back().end}; }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    const Rank n = ranks();
    for (Rank lane = 0; lane < lanes_; ++lane) {
      const NcclRingOrder order{per_node_, lane};
      const Rank own = order.position(rank), before = (own + n - 1) % n;
      const auto sent = parts_[order.rank_of((own + n - index) % n)].part(lanes_, lane);
      const auto received = parts_[order.rank_of((before + n - index) % n)].part(lanes_, lane);
      if (sent.bytes().count > 0) {
        const Rank next = order.rank_of((own + 1) % n);
        round.sends.push_back(sent.sent_to(next));
        round.sends.back().passage = passages_.of(index, next / per_node_ == rank / per_node_);
      }
      if (received.bytes().count > 0)
        round.receives.push_back(received.stored_from(order.rank_of(before)));
    }
  }

 private:
  Rank per_node_, lanes_;
  std::vector<Range> parts_;
  NcclPassages passages_;
};

}  // namespace

std::shared_ptr<const Collective> make_nccl_ring(const NcclCall& call,
                                                 const AllReduceRequest& request) {
  return std::make_shared<NcclRing>(call, request, false);
}

std::shared_ptr<const Collective> make_nccl_reduce_scatter(const AllReduceRequest& request) {
  const NcclCall call(request, "reduce_scatter", request.elements * request.element_bytes);
  return std::make_shared<NcclRing>(call, request, true);
}

std::shared_ptr<const Collective> make_nccl_all_gather(std::vector<Bytes> parts,
                                                       const AllReduceRequest& request) {
  check(parts.size() == request.ranks, "make_nccl_all_gather: a part of each rank");
  const auto whole = std::accumulate(parts.begin(), parts.end(), Bytes{});
  return std::make_shared<NcclAllGather>(parts, NcclCall(request, "all_gather", whole));
}

}  // namespace ringsim
