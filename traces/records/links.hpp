#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <string>

namespace ringsim {

struct LinkRow {
  static constexpr FileHeading file = {"links.csv", "link and direction", "`run`",
                                       "bytes, busy time, utilization"};

  std::string link;
  std::uint64_t bytes;
  double busy_s;
  double utilization;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"link", &LinkRow::link, "", "The link's name; each direction is a link of its own."},
        Field{"bytes", &LinkRow::bytes, "bytes",
              "Bytes that passed the link during the run, with what had passed of messages that a "
              "death broke off."},
        Field{"busy_s", &LinkRow::busy_s, "s", "How long bytes flowed on the link."},
        Field{"utilization", &LinkRow::utilization, "1",
              "`bytes` over what the link could have carried: its bandwidth integrated over the "
              "run."});
  }
};

}  // namespace ringsim
