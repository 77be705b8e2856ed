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

Seconds PathTimes::total() const {
  Seconds sum;
  for (const auto& [key, time] : local) sum += time;
  for (const auto& [key, message] : from_to) sum += message.latency + message.transfer;
  return sum;
}

void Path::release(Node* node) {
  while (node != nullptr && --node->uses == 0) {
    --*node->alive;
    delete std::exchange(node, node->before);
  }
}

Path PathLog::extend(const Path& path, Cause cause, Rank source, Rank target, Seconds time) {
  if (time == Seconds{}) return path;
  if (alive_ >= limit_) {
    fold(path);
    limit_ = std::max(limit_, 2 * alive_);
  }
  ++alive_;
  ++path.node_->uses;
  return Path(new Path::Node{path.node_, 1, cause, source, target, time.value, &alive_});
}

Path PathLog::piece(const PathPiece& piece, Rank rank) {
  ++alive_;
  return Path(new Path::Node{nullptr, 1, Cause::transfer, rank, rank, 0, &alive_, &piece});
}

void PathLog::fold(const Path& path) {
  std::vector<Path::Node*> nodes;  // from the path's end to the root
  for (auto* node = path.node_; node != nullptr; node = node->before) nodes.push_back(node);
  if (nodes.back() != root_.node_) return;  // a piece stands between
  // Where one node alone follows on the root, all paths pass it. The root is used by root_ too.
  while (nodes.size() > 1 && nodes.back()->uses == 2) {
    nodes.pop_back();
    auto* const next = nodes.back();
    common_.add(next->cause, next->source, next->target, {next->seconds});
    Path::release(std::exchange(next->before, nullptr));
    ++next->uses;
    root_ = Path(next);
    next->seconds = 0;
  }
}

PathTimes PathLog::times(const Path& path) const {
  PathTimes times = common_;
  Path rest = path;
  while (rest.node_ != nullptr) {
    const auto* node = rest.node_;
    for (; node != nullptr && node->piece == nullptr; node = node->before)
      times.add(node->cause, node->source, node->target, {node->seconds});
    if (node == nullptr) break;
    rest = node->piece->trace(node->source, times);
  }
  return times;
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
