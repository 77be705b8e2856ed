#include "base/error.hpp"
#include "sim/collectives/collective.hpp"
#include "sim/collectives/range.hpp"

namespace ringsim {
namespace {

enum class Part { reduce_scatter, all_reduce };

class Ring final : public Collective {
 public:
  Ring(Part part, const AllReduceRequest& request)
      : part_(part),
        ranks_(request.ranks),
        lanes_(std::size_t{request.directions} * request.channels),
        directions_(request.directions),
        buffer_{0, request.elements, request.element_bytes} {
    check(ranks_ >= 2, "a ring needs at least two ranks");
  }

  std::string_view name() const override {
    return part_ == Part::all_reduce ? "ring" : "ring reduce-scatter";
  }
  Rank ranks() const override { return ranks_; }
  std::uint32_t rounds() const override {
    return (part_ == Part::all_reduce ? 2 : 1) * (ranks_ - 1);
  }
  Bytes total_bytes() const override { return rounds() * buffer_.bytes(); }

  void round(Rank rank, std::uint32_t index, Round& round) const override {
    round.clear();
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      const bool backwards = directions_ == 2 && lane % 2 == 1;
      add_ring_step(
          {rank, ranks_, index, backwards}, buffer_.part(lanes_, lane),
          [](Rank position) { return position; }, round);
    }
  }

  std::optional<std::vector<Bytes>> ring_parts() const override {
    if (lanes_ > 1) return std::nullopt;
    std::vector<Bytes> parts(ranks_);
    for (Rank chunk = 0; chunk < ranks_; ++chunk)
      parts[chunk] = buffer_.part(ranks_, chunk).bytes();
    return parts;
  }

 private:
  Part part_;
  Rank ranks_;
  std::size_t lanes_;
  std::uint32_t directions_;
  Range buffer_;
};

}  // namespace

std::shared_ptr<const Collective> make_ring_all_reduce(const AllReduceRequest& request) {
  return std::make_shared<Ring>(Part::all_reduce, request);
}

std::shared_ptr<const Collective> make_ring_all_reduce(Rank ranks, std::size_t elements,
                                                       Bytes element_bytes) {
  return make_ring_all_reduce({ranks, elements, element_bytes});
}

std::shared_ptr<const Collective> make_ring_reduce_scatter(Rank ranks, std::size_t elements,
                                                           Bytes element_bytes) {
  return std::make_shared<Ring>(Part::reduce_scatter,
                                AllReduceRequest{ranks, elements, element_bytes});
}

extern const CollectiveDefinition ring_collective;

namespace {
constexpr CollectiveOption directions_option = {
    {.name = "directions",
     .value = "1|2",
     .meaning = "2 sends half of the buffer the other way",
     .limits = WholeNumber{1, 2},
     .default_value = "1"},
    [](AllReduceRequest& request, const OptionValue& value) {
      request.directions = value_as<std::uint32_t>(value);
    }};
constexpr CollectiveOption channels_option = {
    {.name = "channels",
     .value = "C",
     .meaning = "splits the buffer among so many rings that move together, in each direction",
     .limits = WholeNumber{1, 64},
     .default_value = "1"},
    [](AllReduceRequest& request, const OptionValue& value) {
      request.channels = value_as<std::uint32_t>(value);
    }};
constexpr const CollectiveOption* ring_options[] = {&directions_option, &channels_option};
}  // namespace

const CollectiveDefinition ring_collective = {
    .name = "ring",
    .description = "reduce-scatter and all-gather round the ring, 2(N-1) rounds",
    .make_all_reduce = make_ring_all_reduce,
    .options = ring_options,
};

}  // namespace ringsim
