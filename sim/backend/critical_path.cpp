#include "sim/backend/critical_path.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {

void PathTimes::add(Cause cause, Rank source, Rank target, Seconds time) {
  if (time == Seconds{}) return;
  if (cause == Cause::latency) {
    from_to[{source, target}].latency += time;
  } else if (cause == Cause::transfer) {
    from_to[{source, target}].transfer += time;
  } else {
    local[{source, cause}] += time;
  }
}

void PathTimes::add(const PathTimes& other, std::uint64_t times) {
  const auto factor = static_cast<double>(times);
  for (const auto& [key, time] : other.local) local[key] += factor * time;
  for (const auto& [key, message] : other.from_to) {
    auto& sum = from_to[key];
    sum.latency += factor * message.latency;
    sum.transfer += factor * message.transfer;
  }
}

Seconds PathTimes::total() const {
  Seconds sum;
  for (const auto& [key, time] : local) sum += time;
  for (const auto& [key, message] : from_to) sum += message.latency + message.transfer;
  return sum;
}

void Path::release(Node* node) {
  while (node != nullptr && --node->uses == 0) {
    PathLog& log = *node->log;
    Node* const before = std::exchange(node->before, log.unused_);
    log.unused_ = node;
    --log.alive_;
    node = before;
  }
}

PathLog::Node* PathLog::make_node(Node* before) {
  if (unused_ == nullptr) {
    constexpr std::size_t count = 256;
    blocks_.push_back(std::make_unique<Node[]>(count));
    for (std::size_t i = 0; i < count; ++i)
      blocks_.back()[i].before = std::exchange(unused_, &blocks_.back()[i]);
  }
  ++alive_;
  Node* const node = std::exchange(unused_, unused_->before);
  *node = {before, this, nullptr, 0, 0, 1, 0, 0, Cause::compute, false};
  return node;
}

PathLog::Node* PathLog::follow(const Path& path) {
  if (alive_ >= limit_) {
    fold(path);
    limit_ = std::max(limit_, 2 * alive_);
  }
  ++path.node_->uses;
  return make_node(path.node_);
}

Path PathLog::begin(Rank rank) {
  Node* const node = follow(root_);
  node->source = node->target = rank;
  node->is_origin = true;
  return Path(node);
}

Path PathLog::extend(const Path& path, Cause cause, Rank source, Rank target, Seconds time) {
  if (time == Seconds{}) return path;
  Node* const node = follow(path);
  node->cause = cause;
  node->source = source;
  node->target = target;
  node->seconds = time.value;
  return Path(node);
}

Path PathLog::extend(const Path& path, Rank source, Rank target,
                     const PathTimes::Message& message) {
  if (message.latency == Seconds{} && message.transfer == Seconds{}) return path;
  Node* const node = follow(path);
  node->cause = Cause::latency;
  node->source = source;
  node->target = target;
  node->seconds = message.latency.value;
  node->transfer = message.transfer.value;
  return Path(node);
}

Path PathLog::piece(const PathPiece& piece, Rank rank) {
  Node* const node = make_node(nullptr);
  node->source = rank;
  node->piece = &piece;
  return Path(node);
}

void PathLog::add(const Node& node, PathTimes& times) {
  times.add(node.cause, node.source, node.target, {node.seconds});
  times.add(Cause::transfer, node.source, node.target, {node.transfer});
}

void PathLog::fold(const Path& path) {
  std::vector<Path::Node*> nodes;  // from the path's end to the root
  for (auto* node = path.node_; node != nullptr; node = node->before) nodes.push_back(node);
  if (nodes.back() != root_.node_) return;  // a piece stands between
  // Where one node alone follows on the root, all paths pass it. The root is used by root_ too.
  while (nodes.size() > 1 && nodes.back()->uses == 2) {
    nodes.pop_back();
    auto* const next = nodes.back();
    add(*next, common_);
    if (next->is_origin) common_origin_ = next->source;
    Path::release(std::exchange(next->before, nullptr));
    ++next->uses;
    root_ = Path(next);
    next->seconds = next->transfer = 0;
  }
}

TracedPath PathLog::trace(const Path& path) const {
  TracedPath traced{common_, common_origin_};
  Path rest = path;
  while (rest.node_ != nullptr) {
    const auto* node = rest.node_;
    for (; node != nullptr && node->piece == nullptr; node = node->before) {
      add(*node, traced.times);
      if (node->is_origin) traced.origin = node->source;
    }
    if (node == nullptr) break;
    rest = node->piece->trace(node->source, traced.times);
  }
  return traced;
}

bool is_later(Seconds a, Seconds b) {
  constexpr double rounding = 1e-12;
  return a.value > b.value + rounding * std::abs(b.value);
}

void LastArrival::add(const Path& path, Seconds arrival, Rank source) {
  if (is_later(arrival_, arrival)) return;
  if (!is_later(arrival, arrival_) && source_ <= source) return;
  path_ = path;
  arrival_ = arrival;
  source_ = source;
}

Path LastArrival::take() {
  arrival_ = Seconds{-1};
  return std::move(path_);
}

bool is_more(double a, double b) { return a > b * (1 + 1e-9); }

}  // namespace ringsim
