#pragma once
// A scheme that works bucket by bucket, as the communication hooks of PyTorch's
// DistributedDataParallel do: one instance for each bucket, which knows its layers alone. Options
// that hold for all layers together (the norm that --clip limits) hold for each bucket.
#include "models/buckets.hpp"
#include "models/schemes/scheme.hpp"

#include <vector>

namespace ringsim {

/// The scheme of `definition` on every bucket; the stages of the buckets stand one after the other
/// and carry the bucket's number. Throws UserError as definition.make does.
std::unique_ptr<Scheme> make_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                      const SchemeOptions& options,
                                      const std::vector<Bucket>& buckets);

/// definition.synthesize for every bucket.
SyntheticStep synthesize_bucketed(const SchemeDefinition& definition, const Layers& layers,
                                  const SchemeOptions& options, const std::vector<Bucket>& buckets,
                                  std::uint64_t step);

}  // namespace ringsim
