#pragma once
// Messages on SimGrid: rendezvous, latency, then a flow that shares links with the others.
#include "sim/backend.hpp"
#include "sim/simgrid/platform.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <unordered_map>
#include <vector>

namespace ringsim {

/// Who waits for messages: a stream of a rank.
struct Endpoint {
  Rank rank = 0;
  std::uint32_t pending = 0;  ///< messages posted and not yet through
  bool is_waiting = false;    ///< suspended until pending is 0
  simgrid::s4u::Actor* actor = nullptr;
};

/// What is reported of a message.
struct MessageLabel {
  std::uint64_t step = 0;
  std::string_view phase;
  std::uint32_t bucket = 0, round = 0;
};

class Network {
 public:
  using Finished = std::function<void(const TransferEvent&)>;

  /// `finished` is called for every message when it has arrived.
  Network(const Topology& topology, const Platform& platform, StreamId streams, Finished finished);

  void post_send(Endpoint& sender, StreamId stream, const Message& message,
                 const MessageLabel& label);
  void post_receive(Endpoint& receiver, StreamId stream, Rank source);
  /// Suspends the calling actor, which `endpoint` belongs to, until all its messages are through.
  static void wait(Endpoint& endpoint);

  const std::vector<LinkUse>& links() const { return use_; }
  /// "a message from rank 3" or "rank 5 to take a message": the first thing that the endpoint still
  /// waits for.
  std::string blocked_on(const Endpoint& endpoint) const;

 private:
  struct Posted {
    Endpoint* endpoint;
    Bytes bytes;
    MessageLabel label;
  };
  /// Sends and receives between two ranks on one stream, in the order in which they were posted.
  struct Channel {
    std::deque<Posted> sends;
    std::deque<Endpoint*> receives;
  };
  struct Transfer {
    std::size_t route;
    Posted send;
    Endpoint* receiver;
    Seconds start;
    std::list<Transfer>::iterator position;  ///< of itself, in transfers_
  };
  /// An actor that carries one flow after another.
  struct Carrier {
    simgrid::s4u::ActorPtr actor;
    const Transfer* load = nullptr;
  };

  std::size_t route_index(Rank source, Rank target) const;
  void start_matched(Channel& channel, std::size_t route);
  void start_flow(const Transfer& transfer);
  void carry(Carrier& carrier);
  void finish(const Transfer& transfer);
  void set_flowing(const Transfer& transfer, bool flowing);
  static void release(Endpoint& endpoint);

  const Platform& platform_;
  StreamId streams_;
  Finished finished_;
  std::unordered_map<std::uint64_t, std::size_t> route_of_pair_;
  std::vector<Channel> channels_;  ///< [route * streams + stream]
  std::list<Transfer> transfers_;  ///< on their way
  std::list<Carrier> carriers_;
  std::vector<Carrier*> idle_;
  std::vector<LinkUse> use_;
  struct Flowing {
    std::uint32_t transfers = 0;
    Seconds since;
  };
  std::vector<Flowing> flowing_;  ///< per link
};

}  // namespace ringsim
