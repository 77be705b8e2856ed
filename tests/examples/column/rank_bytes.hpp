#pragma once
// A table with its columns: each is one record, and one of them is computed from two others.
#include "traces/records/field.hpp"

#include <cstdint>

namespace ringsim {

struct RankBytesRow {
  static constexpr FileHeading file = {"rank_bytes.csv", "rank", "an example",
                                       "messages and bytes that each rank sent"};

  std::uint64_t rank, messages, bytes;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(Field{"rank", &RankBytesRow::rank, "", "The rank that sent."},
                Field{"messages", &RankBytesRow::messages, "", "How many messages it sent."},
                Field{"bytes", &RankBytesRow::bytes, "bytes", "What they held together."},
                Field{"message_bytes", mean_message, "bytes", "The mean size of a message."});
  }

  static double mean_message(const RankBytesRow& row) {
    return static_cast<double>(row.bytes) / static_cast<double>(row.messages);
  }
};

}  // namespace ringsim
