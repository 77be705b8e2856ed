#include "sim/recurrence/lane_kernels.hpp"

#include "sim/recurrence/vectors.hpp"

namespace ringsim::lane_kernels {
namespace {

using namespace ring_kernels;

template <class Vector>
RINGSIM_INLINE void advance_whole(const WholeRounds& rounds, Lanes* s, Lanes* history) {
  const std::size_t n = rounds.ranks;
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    for (std::size_t round = 0, part = 0; round < rounds.rounds; ++round) {
      const std::uint32_t* const kinds = rounds.kind_of_part + part;
      const auto end_of = [&](Vector & end, std::size_t rank) __attribute__((always_inline)) {
        Vector duration;
        load(end, s[rank].value + lane);
        load(duration, rounds.duration[kinds[rank] * n + rank].value + lane);
        if (history != nullptr) store(history[round * n + rank].value + lane, end);
        end += duration;
      };
      Vector first, before, here, next;
      // The last rank's start is read, and noted, twice.
      end_of(before, n - 1);
      end_of(first, 0);
      here = first;
      for (std::size_t rank = 0; rank + 1 < n; ++rank) {
        end_of(next, rank + 1);
        keep_later(before, here);
        keep_later(before, next);
        store(s[rank].value + lane, before);
        before = here;
        here = next;
      }
      keep_later(before, here);
      keep_later(before, first);
      store(s[n - 1].value + lane, before);
      part = part == 0 ? n - 1 : part - 1;
    }
  }
}

template <class Vector>
RINGSIM_INLINE void advance_pieces(const PiecedRounds& rounds, const PiecedTimes& times) {
  for (std::size_t lane = 0; lane < lanes; lane += sizeof(Vector) / sizeof(double)) {
    Vector first_start;
    load(first_start, times.first_start->value + lane);
    std::uint32_t begin = 0;
    for (const std::uint32_t end : rounds.round_end) {
      for (std::uint32_t i = begin; i < end; ++i) {
        const auto& message = rounds.messages[i];
        Vector sent, received, latency, transfer, busy;
        load(sent, times.time[message.sender].value + lane);
        load(received, times.time[message.receiver].value + lane);
        load(latency, rounds.latency[message.sender].value + lane);
        load(transfer, rounds.transfer[message.cost].value + lane);
        load(busy, times.busy[message.sender].value + lane);
        if (times.posted != nullptr) {
          store(times.posted[2 * i].value + lane, sent);
          store(times.posted[2 * i + 1].value + lane, received);
        }
        keep_later(sent, received);
        keep_earlier(first_start, sent);
        const Vector from = sent + latency, to = from + transfer;
        busy += to - from;
        store(times.busy[message.sender].value + lane, busy);
        store(times.arrived[i - begin].value + lane, to);
      }
      // Only now, since all of them begin where the ranks stand.
      for (std::uint32_t i = begin; i < end; ++i) {
        const auto& message = rounds.messages[i];
        Vector sent, received, to;
        load(to, times.arrived[i - begin].value + lane);
        load(sent, times.time[message.sender].value + lane);
        load(received, times.time[message.receiver].value + lane);
        keep_later(sent, to);
        keep_later(received, to);
        store(times.time[message.sender].value + lane, sent);
        store(times.time[message.receiver].value + lane, received);
      }
      begin = end;
    }
    store(times.first_start->value + lane, first_start);
  }
}

void whole_any(const WholeRounds& rounds, Lanes* s, Lanes* history) {
  advance_whole<Vector16>(rounds, s, history);
}
void pieces_any(const PiecedRounds& rounds, const PiecedTimes& times) {
  advance_pieces<Vector16>(rounds, times);
}
#ifdef RINGSIM_TARGET
RINGSIM_TARGET("avx2")
void whole_avx2(const WholeRounds& rounds, Lanes* s, Lanes* history) {
  advance_whole<Vector32>(rounds, s, history);
}
RINGSIM_TARGET("avx2") void pieces_avx2(const PiecedRounds& rounds, const PiecedTimes& times) {
  advance_pieces<Vector32>(rounds, times);
}
#endif

}  // namespace

std::vector<Kernels> available() {
  std::vector<Kernels> kernels;
#ifdef RINGSIM_TARGET
  if (__builtin_cpu_supports("avx2")) kernels.push_back({whole_avx2, pieces_avx2});
#endif
  kernels.push_back({whole_any, pieces_any});
  return kernels;
}

}  // namespace ringsim::lane_kernels
