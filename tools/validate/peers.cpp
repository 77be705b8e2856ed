#include "tools/validate/peers.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <thread>

namespace ringsim::validate {
namespace {

constexpr std::uint16_t port = 7000;
constexpr int socket_buffer = 256 * 1024;
/// Nobody is woken for less, unless less is missing: waking costs more than adding so much up.
constexpr std::size_t worth_waking = 32 * 1024;

void expect(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

void set_option(int socket, int level, int name, int value) {
  expect(setsockopt(socket, level, name, &value, sizeof value) == 0, "setsockopt");
}

int new_socket() {
  const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  expect(made >= 0, "socket");
  set_option(made, SOL_SOCKET, SO_SNDBUF, socket_buffer);
  set_option(made, SOL_SOCKET, SO_RCVBUF, socket_buffer);
  // Whatever the machine's default is: of the usual ones this fills a link without pauses.
  expect(setsockopt(made, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) == 0, "TCP_CONGESTION");
  return made;
}

void make_ready(int socket) {
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  expect(fcntl(socket, F_SETFL, O_NONBLOCK) == 0, "fcntl");
}

int listen_for(std::size_t sources) {
  const int listener = new_socket();
  set_option(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  expect(bind(listener, reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0, "bind");
  expect(listen(listener, static_cast<int>(sources)) == 0, "listen");
  return listener;
}

/// Tries until the other side listens.
int connect_to(const std::string& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  expect(inet_pton(AF_INET, address.c_str(), &to.sin_addr) == 1, "inet_pton");
  for (int trial = 0;; ++trial) {
    const int connected = new_socket();
    if (connect(connected, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
      return connected;
    const int error = errno;
    close(connected);
    if (trial == 500) throw std::system_error(error, std::generic_category(), "connect");
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

/// A message under way on one socket.
struct Transfer {
  int socket;
  bool is_send;
  std::byte* bytes;
  std::size_t size, done = 0;
  bool adds = false;
  std::byte part[sizeof(float)] = {};  ///< of a value to be added that has arrived in part
  std::size_t part_size = 0;

  bool is_done() const { return done == size; }
};

/// Adds the whole values that `arrived` begins with; returns how many bytes they are.
std::size_t add_values(std::span<const std::byte> arrived, std::byte* target) {
  const std::size_t values = arrived.size() / sizeof(float);
  for (std::size_t i = 0; i < values; ++i) {
    float value, sum;
    std::memcpy(&value, arrived.data() + i * sizeof value, sizeof value);
    std::memcpy(&sum, target + i * sizeof sum, sizeof sum);
    sum += value;
    std::memcpy(target + i * sizeof sum, &sum, sizeof sum);
  }
  return values * sizeof(float);
}

class Exchange {
 public:
  void add(const Transfer& transfer) { transfers_.push_back(transfer); }

  void run() {
    for (bool all = false; !all;) {
      polled_.clear();
      all = true;
      for (auto& transfer : transfers_) {
        if (is_next(transfer)) proceed(transfer);
        all &= transfer.is_done();
      }
      if (!all) wait();
    }
  }

 private:
  /// Whether no earlier message is unfinished on the same socket in the same direction.
  bool is_next(const Transfer& transfer) const {
    if (transfer.is_done()) return false;
    for (const auto& other : transfers_) {
      if (&other == &transfer) return true;
      if (other.socket == transfer.socket && other.is_send == transfer.is_send && !other.is_done())
        return false;
    }
    return true;
  }

  void proceed(Transfer& transfer) {
    while (!transfer.is_done()) {
      if (transfer.is_send ? send_some(transfer) : receive_some(transfer)) continue;
      if (!transfer.is_send) {
        const std::size_t missing = transfer.size - transfer.done - transfer.part_size;
        set_option(transfer.socket, SOL_SOCKET, SO_RCVLOWAT,
                   static_cast<int>(std::min(missing, worth_waking)));
      }
      const auto events = static_cast<short>(transfer.is_send ? POLLOUT : POLLIN);
      polled_.push_back({transfer.socket, events, 0});
      return;
    }
  }

  static bool would_block() {
    expect(errno == EAGAIN || errno == EWOULDBLOCK, "a connection");
    return false;
  }

  static bool send_some(Transfer& transfer) {
    const auto sent = send(transfer.socket, transfer.bytes + transfer.done,
                           transfer.size - transfer.done, MSG_NOSIGNAL);
    if (sent < 0) return would_block();
    transfer.done += static_cast<std::size_t>(sent);
    return true;
  }

  static bool receive_some(Transfer& transfer) {
    const std::size_t missing = transfer.size - transfer.done;
    if (!transfer.adds) {
      const auto got = recv(transfer.socket, transfer.bytes + transfer.done, missing, 0);
      if (got < 0) return would_block();
      expect(got > 0, "a peer has gone");
      transfer.done += static_cast<std::size_t>(got);
      return true;
    }
    std::byte staged[64 * 1024];
    std::memcpy(staged, transfer.part, transfer.part_size);
    const auto got = recv(transfer.socket, staged + transfer.part_size,
                          std::min(missing, sizeof staged) - transfer.part_size, 0);
    if (got < 0) return would_block();
    expect(got > 0, "a peer has gone");
    const std::span arrived(staged, transfer.part_size + static_cast<std::size_t>(got));
    const std::size_t whole = add_values(arrived, transfer.bytes + transfer.done);
    transfer.done += whole;
    transfer.part_size = arrived.size() - whole;
    std::memcpy(transfer.part, staged + whole, transfer.part_size);
    return true;
  }

  void wait() { expect(poll(polled_.data(), polled_.size(), -1) >= 0 || errno == EINTR, "poll"); }

  std::vector<Transfer> transfers_;
  std::vector<pollfd> polled_;
};

}  // namespace

Peers::Peers(Rank rank, const std::map<Rank, std::string>& targets, std::size_t sources) {
  const int listener = listen_for(sources);
  for (const auto& [peer, address] : targets) {
    const int connected = connect_to(address);
    targets_.emplace(peer, connected);
    expect(write(connected, &rank, sizeof rank) == sizeof rank, "write");
    make_ready(connected);
  }
  while (sources_.size() < sources) {
    const int accepted = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    expect(accepted >= 0, "accept");
    Rank peer;
    expect(recv(accepted, &peer, sizeof peer, MSG_WAITALL) == sizeof peer, "recv");
    make_ready(accepted);
    sources_.emplace(peer, accepted);
  }
  close(listener);
}

Peers::~Peers() {
  for (const auto& [peer, socket] : targets_) close(socket);
  for (const auto& [peer, socket] : sources_) close(socket);
}

void Peers::exchange(std::span<const Outgoing> sends, std::span<const Incoming> receives) {
  Exchange exchange;
  for (const auto& message : sends) {
    // Nothing is written through the pointer of a send.
    auto* bytes = const_cast<std::byte*>(message.bytes.data());
    exchange.add({.socket = targets_.at(message.peer),
                  .is_send = true,
                  .bytes = bytes,
                  .size = message.bytes.size()});
  }
  for (const auto& message : receives) {
    exchange.add({.socket = sources_.at(message.peer),
                  .is_send = false,
                  .bytes = message.bytes.data(),
                  .size = message.bytes.size(),
                  .adds = message.adds});
  }
  exchange.run();
}

void Peers::warm_up(std::size_t bytes) {
  std::vector<std::vector<std::byte>> buffers(targets_.size() + sources_.size(),
                                              std::vector<std::byte>(bytes));
  std::vector<Outgoing> sends;
  std::vector<Incoming> receives;
  auto buffer = buffers.begin();
  for (const auto& [peer, socket] : targets_) sends.push_back({peer, *buffer++});
  for (const auto& [peer, socket] : sources_) receives.push_back({peer, *buffer++});
  exchange(sends, receives);
}

}  // namespace ringsim::validate
