#pragma once
#include "models/networks/block.hpp"
#include "models/networks/convolution.hpp"
#include "models/networks/network.hpp"

#include <functional>
#include <memory>
#include <string>

namespace ringsim {

/// Blocks in a row, each fitted to the output of the one before it.
class Sequence {
 public:
  explicit Sequence(ActivationShape input) : input_(input), output_(input) {}

  Sequence& dense(const std::string& name, std::size_t outputs);
  Sequence& convolution(const std::string& name, const ConvolutionOptions& options);
  Sequence& batch_norm(const std::string& name);
  Sequence& max_pool(std::size_t side);
  Sequence& relu();

  ActivationShape input() const { return input_; }
  /// The outputs of the last block are the scores of the classes.
  ActivationShape output() const { return output_; }
  const Blocks& blocks() const { return blocks_; }

 private:
  Sequence& add(std::unique_ptr<Block> block);

  ActivationShape input_, output_;
  Blocks blocks_;
};

/// The network that `build` describes, with softmax and cross-entropy at its end. `build` is called
/// once for every pass, since blocks own scratch memory. Every weight tensor's initial values are
/// drawn for (seed, its number among those that are drawn).
std::unique_ptr<Network> make_sequence_network(std::function<Sequence()> build);

}  // namespace ringsim
