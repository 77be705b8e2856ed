#pragma once
// Buckets: layers whose gradients are exchanged together, as soon as all of them are ready.
#include "base/units.hpp"
#include "models/layers.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

/// When a bucket is full. Tensors are not split; sizes are those of fp32 gradients.
struct BucketRule {
  /// Whether, as in PyTorch's DistributedDataParallel (2006.15704), a bucket is closed once it
  /// holds `first` or, after the first one, `cap` or more, so that it overshoots by up to a tensor.
  /// Otherwise a bucket is closed before the tensor with which it would hold more than `cap`; a
  /// larger tensor has a bucket of its own.
  bool overshoots = false;
  Bytes cap;
  Bytes first;  ///< in place of cap, for the first bucket
  /// A fusion timer, as Horovod has: a bucket that is not full goes so long after the one before it
  /// went, or with its first gradient if none was ready then; the first one goes with the first
  /// gradient, the last one at the end of the backward pass. Absent: full buckets alone go.
  std::optional<Seconds> timeout = std::nullopt;
  /// Sizes of the first buckets, where they are known: each takes the place of first or cap.
  std::vector<Bytes> sizes = {};
};

/// DistributedDataParallel's defaults: 25 MiB, the first bucket 1 MiB.
BucketRule ddp_buckets();

struct Bucket {
  std::vector<std::size_t> layers;  ///< indices, in forward order
  Seconds goes_at = {};             ///< not before; 0 where it goes as soon as its layers are ready
};

/// Fills one bucket after the other with the layers in `order`, the one in which their gradients
/// become ready (every index once). The buckets come in that order, too. `ready`: when each layer's
/// gradient is ready; a rule with a time-out needs it.
std::vector<Bucket> fill_buckets(const Layers& layers, std::span<const std::size_t> order,
                                 const BucketRule& rule, std::span<const Seconds> ready = {});

/// All layers, in forward order.
Bucket one_bucket(const Layers& layers);

/// The layers of a bucket as a model of its own, with offsets of its own.
Layers layers_of(const Layers& layers, const Bucket& bucket);

/// One buffer cut into layers that fill buckets by `rule` exactly, in forward order: the first
/// bucket's is the last one. At least one element.
Layers cut_into_layers(std::size_t elements, const BucketRule& rule);

}  // namespace ringsim
