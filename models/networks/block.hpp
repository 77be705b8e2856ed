#pragma once
// What networks are made of: blocks in a row, each with a forward and a backward pass over a batch.
// Activations are [sample, channel, row, column] without gaps; a dense layer sees them as [sample,
// element].
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace ringsim {

/// The activations of one sample.
struct ActivationShape {
  std::size_t channels = 1, height = 1, width = 1;

  std::size_t area() const { return height * width; }
  std::size_t size() const { return channels * area(); }
};

/// A parameter tensor of a block, with its initial values: normal with this mean and deviation.
struct Parameter {
  std::string name;  ///< "conv1.weight"
  std::size_t count = 0;
  double initial_mean = 0, initial_stddev = 0;
  std::size_t rows = 1;  ///< Layer::rows
};

enum class Mode {
  training,    ///< normalise by the batch's own statistics
  statistics,  ///< the same, and add them to those that evaluation will use
  evaluation,  ///< normalise by the statistics added up since begin_statistics()
};

/// The parts of a forward pass over `samples` samples. Nothing overlaps.
struct Forward {
  std::span<const float> weights;  ///< the block's own parameters, tensor after tensor
  std::span<const float> input;
  std::span<float> output;  ///< overwritten
  std::size_t samples = 0;
  Mode mode = Mode::training;
};

/// The parts of the backward pass that follows a forward pass in Mode::training; a derivative is
/// that of the loss.
struct Backward {
  std::span<const float> weights, input, output;  ///< those of the forward pass
  std::span<const float> output_derivative;
  std::span<float> input_derivative;  ///< overwritten; empty where nobody asks for it
  /// Derivative by the block's own parameters; overwritten. Empty where add_gradient() will be
  /// asked for it.
  std::span<float> gradient;
  std::size_t samples = 0;
};

/// What the gradient of a block is made of once its backward pass has been.
struct GradientSource {
  std::span<const float> input, output_derivative;
  std::size_t samples = 0;
};

/// One block of one pass: it owns scratch memory and what backward() needs to know of forward().
class Block {
 public:
  virtual ~Block() = default;
  virtual ActivationShape output() const = 0;
  virtual std::vector<Parameter> parameters() const { return {}; }
  /// Floating-point operations of the forward product for one sample; elementwise work is not
  /// counted.
  virtual double product_flop() const { return 0; }
  virtual void forward(const Forward& pass) = 0;
  virtual void backward(const Backward& pass) = 0;
  /// Number of parts in which the gradient can be added to a sum after the backward pass; each is
  /// small enough for a cache. 0: the block cannot, and backward() has to give it.
  virtual std::size_t gradient_parts() const { return 0; }
  /// Adds part `part` to `sum`, or, where not `adds`, writes it there (`sum`: of the block's own
  /// parameters, which the parts share out): to the bit what backward() would have given. Different
  /// parts may be asked for at the same time.
  virtual void add_gradient(const GradientSource& /*source*/, std::size_t /*part*/,
                            std::span<float> /*sum*/, bool /*adds*/) const {}
  /// True where evaluation needs passes in Mode::statistics first.
  virtual bool has_statistics() const { return false; }
  virtual void begin_statistics() {}
};

using Blocks = std::vector<std::unique_ptr<Block>>;

}  // namespace ringsim
