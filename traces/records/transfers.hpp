#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <string>

namespace ringsim {

/// Rows stand in the order in which the messages arrive.
struct TransferRow {
  static constexpr FileHeading file = {"transfers.csv", "message", "`run --transfers`",
                                       "from where to where, bytes, start and end"};

  std::uint64_t step;
  std::string phase;
  std::uint64_t bucket, round, source, target, bytes;
  double start_s, end_s;
  double flows_s = 0;  ///< when its bytes began to flow; not in the file

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"step", &TransferRow::step, "", "The step that the message belongs to, from 0."},
        Field{"phase", &TransferRow::phase, "",
              "The exchange of the step that the message belongs to: `masks`; `values` (with their "
              "indices, where they travel together); `whole` (layers that the scheme does not "
              "compress); `p` and `q` (factors of matrices); `ready` (who is ready, with "
              "`--quorum`)."},
        Field{"bucket", &TransferRow::bucket, "",
              "The bucket that is exchanged, from 0; 0 where there are no buckets."},
        Field{"round", &TransferRow::round, "",
              "The round of the collective that the message belongs to, from 0."},
        Field{"source", &TransferRow::source, "", "The rank that sends."},
        Field{"target", &TransferRow::target, "", "The rank that receives."},
        Field{"bytes", &TransferRow::bytes, "bytes", "The size of the message."},
        Field{"start_s", &TransferRow::start_s, "s",
              "When both sides had posted the message; its latency begins."},
        Field{"end_s", &TransferRow::end_s, "s", "When its last byte arrived."});
  }
};

}  // namespace ringsim
