#pragma once
// A link's latency and bandwidth from measured times, by message size where the data ask for it.
#include "base/error.hpp"
#include "topologies/calibration/measured_table.hpp"
#include "topologies/calibration/operation.hpp"
#include "topologies/link.hpp"

#include <cstddef>
#include <span>
#include <vector>

namespace ringsim {

/// One size of a table: what the operation costs, and how long it took.
struct Observation {
  Bytes size;
  OperationCost cost;
  Seconds time;
};

/// The sizes of a table in increasing order, each once: the time is the median of those measured.
std::vector<Observation> observations_of(std::span<const Measurement> rows,
                                         const Operation& operation, double ranks);

/// How far a model is from measured times: |model / measured - 1|.
struct FitError {
  std::size_t sizes = 0;
  double median = 0, worst = 0;
};

struct FittedPiece {
  SizePiece piece;  ///< the first one is from 0 bytes
  FitError error;   ///< on the observations that it was fitted to
};

struct LinkFit {
  std::vector<FittedPiece> pieces;  ///< in increasing order of size; at least one
  FitError error;                   ///< on all observations that it was fitted to
};

/// Fits latency and bandwidth by pieces of message size, in as few pieces as the data support.
///
/// A piece minimises the sum of squares of (model / measured - 1), so that all sizes weigh alike
/// although their times span decades, with a latency of at least 0 and a bandwidth that a link can
/// have. A new piece begins at a measured size; neighbours need not meet. Where the pieces are the
/// best for their number is found exactly (dynamic programming over all places; O(n^2) for n
/// sizes); a piece has at least 3 sizes, and there are at most 8.
///
/// The number of pieces is the smallest, j, such that no larger one, k, fits significantly better:
/// with SSE the sums of squares and m = n - 2k, SSE_k/SSE_j follows a beta distribution with
/// parameters m/2 and k-j under normal noise if j pieces are true and the places of the further
/// ones given (the F test). As the best of C(n-1, k-j) places was taken, that probability times
/// their number has to be below 1e-4. (BIC with 3 ln n for a further piece does not count that
/// search: of one-piece tables of 19 sizes with 5 % noise it split 25 to 33 %.) Noise below 0.1 %
/// is counted as 0.1 %: no difference that small makes a piece.
///
/// Throws UserError at `place` with fewer than 2 or more than 4096 observations, or where the times
/// do not grow with the size, so that no bandwidth can be told.
LinkFit fit_link(std::span<const Observation> observations, const Place& place);

/// The time that the model gives an operation.
Seconds time_of(const LinkFit& fit, const OperationCost& cost);
/// The piece (index) that the model uses for an operation.
std::size_t piece_of(const LinkFit& fit, const OperationCost& cost);
/// model / measured - 1.
double relative_error(const LinkFit& fit, const Observation& observation);
FitError error_on(const LinkFit& fit, std::span<const Observation> observations);

}  // namespace ringsim
