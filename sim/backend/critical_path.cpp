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
    // Where the log ends, so may the piece have.
    if (node->piece != nullptr && !log.is_ending_) --node->piece->paths_;
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

Path PathLog::piece(PathPiece& piece, Rank rank) {
  Node* const node = make_node(nullptr);
  node->source = rank;
  node->piece = &piece;
  ++piece.paths_;
  return Path(node);
}

void PathLog::add(const Node& node, PathTimes& times) {
  times.add(node.cause, node.source, node.target, {node.seconds});
  times.add(Cause::transfer, node.source, node.target, {node.transfer});
}

/// What stood between the root and a node, added up.
class PathLog::Sums final : public PathPiece {
 public:
  Sums(PathTimes times, Path root) : times_(std::move(times)), root_(std::move(root)) {}

  Path trace(Rank, PathTimes& times) const override {
    times.add(times_, 1);
    return root_;
  }
  void sum_up(PathLog&) override {}

 private:
  PathTimes times_;
  Path root_;
};

void PathLog::fold(const Path& path) {
  std::vector<Path::Node*> nodes;  // from the path's end to the root, or to a piece
  for (auto* node = path.node_; node != nullptr; node = node->before) nodes.push_back(node);
  if (nodes.back() == root_.node_) {
    fold_onto_root(nodes);
  } else {
    fold_piece(nodes);
  }
}

void PathLog::fold_onto_root(std::vector<Node*>& nodes) {
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

void PathLog::fold_piece(const std::vector<Node*>& nodes) {
  PathPiece& piece = *nodes.back()->piece;
  if (piece.paths_ > 1) return;  // the others still need it
  // All that needs the piece passes the first node that more than one path goes on from.
  std::size_t last = nodes.size() - 1;
  while (last > 0 && nodes[last]->uses == 1) --last;
  if (last + 1 == nodes.size() && dynamic_cast<const Sums*>(&piece) != nullptr) return;
  Node* const node = nodes[last];
  ++node->uses;
  const Path sums = summed_up(Path(node));
  if (node->piece != nullptr) --node->piece->paths_;
  Path::release(std::exchange(node->before, nullptr));
  node->piece = sums.node_->piece;
  ++node->piece->paths_;
  node->seconds = node->transfer = 0;
  node->is_origin = sums.node_->is_origin;
  node->source = sums.node_->source;
  drop_pieces();
}

Path PathLog::summed_up(const Path& path) {
  PathTimes times;
  const auto origin = trace(path, times);
  auto sums = piece(keep(std::make_unique<Sums>(std::move(times), root_)), origin.value_or(0));
  sums.node_->is_origin = origin.has_value();
  return sums;
}

void PathLog::sum_up(std::vector<Path>& before, const std::vector<Rank>& ranks) {
  constexpr std::size_t most = 8;  // each is gone through by itself
  if (ranks.size() > most) return;
  std::vector<Path> summed(before.size());
  for (const Rank rank : ranks) summed[rank] = summed_up(before[rank]);
  // Who waited for whom may be found out otherwise by a rounding error.
  for (auto& path : summed) {
    if (path.node_ == nullptr) path = summed[ranks.front()];
  }
  before = std::move(summed);
}

void PathLog::sum_up() {
  const auto newest = std::find_if(pieces_.rbegin(), pieces_.rend(),
                                   [](const auto& piece) { return piece->has_all_ranks; });
  if (newest == pieces_.rend()) return;
  PathPiece& piece = **newest;
  piece.has_all_ranks = false;
  piece.sum_up(*this);
  drop_pieces();
}

void PathLog::drop_pieces() {
  // The newest first: the older ones may be needed by them.
  for (std::size_t i = pieces_.size(); i-- > 0;) {
    if (pieces_[i]->paths_ == 0) pieces_[i].reset();
  }
  std::erase(pieces_, nullptr);
  limit_ = std::max(least_limit, 2 * alive_);
}

TracedPath PathLog::trace(const Path& path) const {
  TracedPath traced{common_, common_origin_};
  if (const auto origin = trace(path, traced.times)) traced.origin = *origin;
  return traced;
}

std::optional<Rank> PathLog::trace(const Path& path, PathTimes& times) const {
  std::optional<Rank> origin;
  Path rest = path;
  while (rest.node_ != nullptr) {
    const auto* node = rest.node_;
    for (; node != nullptr && node->piece == nullptr; node = node->before) {
      add(*node, times);
      if (node->is_origin) origin = node->source;
    }
    if (node == nullptr) break;
    if (node->is_origin) origin = node->source;
    rest = node->piece->trace(node->source, times);
  }
  return origin;
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
