#pragma once
// What a run had to wait for: the chain of delays and messages without a gap that ends when the
// last stream ends. Shortening anything else does not shorten the run.
#include "base/rank.hpp"
#include "base/units.hpp"
#include "topologies/topology.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ringsim {

/// What a piece of a path was spent on; failure: until the death of a rank was noticed.
enum class Cause : std::uint8_t { compute, compress, reduce, failure, latency, transfer };

/// The pieces of a path, added up; their sum is its length.
struct PathTimes {
  struct Message {
    Seconds latency, transfer;
  };
  std::map<std::pair<Rank, Cause>, Seconds> local;   ///< all but messages
  std::map<std::pair<Rank, Rank>, Message> from_to;  ///< by source and target

  void add(Cause cause, Rank source, Rank target, Seconds time);
  /// Adds the pieces of another path, `times` times over.
  void add(const PathTimes& other, std::uint64_t times);
  Seconds total() const;
};

/// A path, and the rank that it begins on.
struct TracedPath {
  PathTimes times;
  Rank origin;
};

class Path;
class PathLog;

/// A piece of many paths that is worked out when somebody asks for it.
class PathPiece {
 public:
  virtual ~PathPiece() = default;
  /// Adds what `rank` waited for at the end of the piece; the path before that.
  virtual Path trace(Rank rank, PathTimes& times) const = 0;
  /// Has the log sum up what stands before it. All ranks have come to it.
  virtual void sum_up(PathLog& log) = 0;

  bool has_all_ranks = false;  ///< all have come to it, and it has not been summed up

 private:
  friend class Path;
  friend class PathLog;
  std::uint64_t paths_ = 0;  ///< that end with it, or go on from there
};

/// A path up to a moment on some stream, shared with the paths that go on from it. The handle is as
/// cheap to copy as a pointer. Every handle has to be gone before its PathLog.
class Path {
 public:
  Path() = default;
  Path(const Path& other) noexcept : node_(other.node_) {
    if (node_ != nullptr) ++node_->uses;
  }
  Path(Path&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Path& operator=(Path other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Path() { release(node_); }

 private:
  friend class PathLog;
  struct Node {
    Node* before;
    PathLog* log;
    PathPiece* piece;  ///< in place of what stands before; null: none
    double seconds;
    double transfer;  ///< of a message, whose latency `seconds` are; 0 elsewhere
    std::uint32_t uses;
    Rank source, target;
    Cause cause;
    bool is_origin;  ///< where the paths of `source` begin
  };
  explicit Path(Node* node) : node_(node) {}  // takes over one use
  static void release(Node* node);

  Node* node_ = nullptr;
};

/// Makes paths. What all living paths have in common is kept as sums alone, so that memory grows
/// with how far they differ and not with the run. Nodes that nobody needs any more are used again.
class PathLog {
 public:
  PathLog() : root_(make_node(nullptr)) {}
  PathLog(const PathLog&) = delete;
  PathLog& operator=(const PathLog&) = delete;
  ~PathLog() { is_ending_ = true; }

  /// The path at time 0.
  Path begin() const { return root_; }
  /// The path of a rank when its streams open.
  Path begin(Rank rank);
  /// `path` and then `time` for `cause`, on a rank or from a source to a target.
  Path extend(const Path& path, Cause cause, Rank source, Rank target, Seconds time);
  Path extend(const Path& path, Cause cause, Rank rank, Seconds time) {
    return extend(path, cause, rank, rank, time);
  }
  /// `path` and then a message, with its latency and its transfer at once.
  Path extend(const Path& path, Rank source, Rank target, const PathTimes::Message& message);
  /// What `rank` waited for at the end of `piece`, which the log keeps.
  Path piece(PathPiece& piece, Rank rank);
  /// Keeps a piece until no path needs it any more and sum_up() is called.
  template <class Piece>
  Piece& keep(std::unique_ptr<Piece> piece) {
    Piece& kept = *piece;
    pieces_.push_back(std::move(piece));
    return kept;
  }
  std::size_t pieces() const { return pieces_.size(); }
  PathTimes times(const Path& path) const { return trace(path).times; }
  /// Its origin is 0 where no rank began it.
  TracedPath trace(const Path& path) const;
  /// The same path, which needs no piece any more.
  Path summed_up(const Path& path);
  /// Sums up what stands before a piece on each rank. The paths of all ranks go back to some of
  /// `ranks`; where those are many nothing is done.
  void sum_up(std::vector<Path>& before, const std::vector<Rank>& ranks);
  /// Sums up what stands before the newest piece that all ranks have come to, and lets go of pieces
  /// that no path needs any more.
  void sum_up();

 private:
  friend class Path;
  using Node = Path::Node;
  class Sums;

  Node* make_node(Node* before);
  /// A node after that of `path`.
  Node* follow(const Path& path);
  void fold(const Path& path);
  void fold_onto_root(std::vector<Node*>& nodes);
  void fold_piece(const std::vector<Node*>& nodes);
  void drop_pieces();
  static void add(const Node& node, PathTimes& times);
  /// Adds what stands after the root; the origin where it stands there.
  std::optional<Rank> trace(const Path& path, PathTimes& times) const;

  static constexpr std::size_t least_limit = 1 << 16;

  std::size_t alive_ = 0, limit_ = least_limit;
  bool is_ending_ = false;
  std::vector<std::unique_ptr<Node[]>> blocks_;
  Node* unused_ = nullptr;  ///< chained by `before`
  PathTimes common_;
  Rank common_origin_ = 0;
  Path root_;
  std::vector<std::unique_ptr<PathPiece>> pieces_;
};

/// Finds the message that arrives last among those that a rank waits for in a round. Where several
/// arrive together, but for rounding, it is the one with the lowest source, so that all backends
/// follow the same path.
class LastArrival {
 public:
  void add(const Path& path, Seconds arrival, Rank source);
  /// Its path; forgets it.
  Path take();

 private:
  Path path_;
  Seconds arrival_{-1};
  Rank source_ = 0;
};

/// Whether `a` is later than `b` by more than rounding.
bool is_later(Seconds a, Seconds b);
/// Whether sum `a` is more than sum `b` by more than rounding. Sums of many numbers are the same
/// but for rounding more often than single ones.
bool is_more(double a, double b);

/// What a run's critical path spends its time on.
struct CriticalPath {
  PathTimes times;
  /// The link of each route that held its messages up, which is the one that carried most in
  /// relation to what it could have carried.
  std::map<std::pair<Rank, Rank>, LinkId> held_up_by;
};

}  // namespace ringsim
