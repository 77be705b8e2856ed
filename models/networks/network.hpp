#pragma once
// Networks that are trained in process. Weights and gradients are flat buffers, laid out by
// layers(); a network itself holds no weights, so that all ranks share one copy.
#include "models/layers.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace ringsim {

/// `count` samples, row after row; labels[i] is the class of row i.
struct Batch {
  std::span<const float> inputs;  ///< count * input size
  std::span<const std::uint8_t> labels;
};

/// Forward and backward pass, with scratch memory of its own: one per thread.
class NetworkPass {
 public:
  virtual ~NetworkPass() = default;
  /// Mean cross-entropy loss over the batch; overwrites `gradient` with its derivative by each
  /// weight.
  virtual double loss_and_gradient(std::span<const float> weights, const Batch& batch,
                                   std::span<float> gradient) = 0;
  /// As loss_and_gradient() for each of losses.size() batches of equal size, one behind the other
  /// in `batches`, but keeps what their gradients are made of until the next pass, for
  /// add_gradient(). The inputs have to stay until then. More than one where takes_batches().
  virtual void losses_and_backward(std::span<const float> weights, const Batch& batches,
                                   std::span<double> losses) = 0;
  /// True where one pass may take several batches of this size: to the bit what it gives for each
  /// alone.
  virtual bool takes_batches(std::size_t batch) const = 0;
  /// Number of parts in which add_gradient() gives a gradient; each is small enough for a cache.
  /// The same for all passes of a network.
  virtual std::size_t gradient_parts() const = 0;
  /// Adds a part of the gradient of one of the batches to `sum`, or, where not `adds`, writes it
  /// there (`sum`: of all parameters, which the parts
  /// share out): to the bit what loss_and_gradient() would have given. Different parts may be asked
  /// for at the same time.
  virtual void add_gradient(std::size_t batch, std::size_t part, std::span<float> sum,
                            bool adds) const = 0;
  /// Makes correct() ready for these weights: networks with batch normalisation take the statistics
  /// of `samples` (a fixed part of the training set); the others have nothing to do.
  virtual void prepare_evaluation(std::span<const float> weights, const Batch& samples) = 0;
  /// Number of samples whose largest output is their label's. With batch normalisation,
  /// prepare_evaluation() comes first, with the same weights.
  virtual std::size_t correct(std::span<const float> weights, const Batch& batch) = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  virtual const Layers& layers() const = 0;
  virtual std::size_t input_size() const = 0;
  /// Floating-point operations of forward and backward pass for one sample (a multiply-add counts
  /// as two).
  virtual double flop_per_sample() const = 0;
  /// Of the forward pass alone, one per layer.
  virtual const std::vector<double>& forward_flop() const = 0;
  /// Weights: normal with variance 2/fan-in (He et al., 1502.01852); biases 0; gains 1.
  virtual void initialize(std::uint64_t seed, std::span<float> weights) const = 0;
  virtual std::unique_ptr<NetworkPass> make_pass() const = 0;
};

/// A network by name. Beside its implementation: `extern const NetworkDefinition NAME_network;`.
struct NetworkDefinition {
  std::string_view name;
  std::string_view description;
  std::unique_ptr<Network> (*make)();
};

/// All networks, in a fixed order (generated from models/CMakeLists.txt).
std::span<const NetworkDefinition* const> networks();
/// The network of this name; throws UserError at "model" (did you mean ...).
const NetworkDefinition& find_network(std::string_view name);

}  // namespace ringsim
