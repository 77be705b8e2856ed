#pragma once
// TCP connections of one rank to the others, and the messages of a round over them.
#include "base/rank.hpp"

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ringsim::validate {

/// Bytes that go to a peer in a round.
struct Outgoing {
  Rank peer;
  std::span<const std::byte> bytes;
};
/// Bytes that come from a peer in a round: stored, or, as whole values of fp32, added to what
/// stands there.
struct Incoming {
  Rank peer;
  std::span<std::byte> bytes;
  bool adds = false;
};

/// One connection for each direction of each pair that exchanges. Not copied, one thread.
class Peers {
 public:
  /// Connects to every rank of `targets` at its address and waits until each of so many `sources`
  /// has connected. Throws std::system_error.
  Peers(Rank rank, const std::map<Rank, std::string>& targets, std::size_t sources);
  Peers(const Peers&) = delete;
  Peers& operator=(const Peers&) = delete;
  ~Peers();

  /// Sends and receives all of it together, and returns once everything has arrived here and the
  /// kernel has taken everything that goes out. Several messages of a pair pass in their order.
  void exchange(std::span<const Outgoing> sends, std::span<const Incoming> receives);

  /// Sends so many bytes over every connection and receives as many: so that the first exchange
  /// that is measured does not meet a connection that has not carried anything yet.
  void warm_up(std::size_t bytes);

 private:
  std::map<Rank, int> targets_, sources_;  ///< sockets
};

}  // namespace ringsim::validate
