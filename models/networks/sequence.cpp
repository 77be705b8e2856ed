#include "models/networks/sequence.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/networks/batch_norm.hpp"
#include "models/networks/dense.hpp"
#include "models/networks/max_pool.hpp"
#include "models/networks/relu.hpp"
#include "models/networks/softmax.hpp"

#include <algorithm>
#include <numeric>

namespace ringsim {
namespace {

std::size_t parameter_count(const Block& block) {
  const auto parameters = block.parameters();
  return std::accumulate(parameters.begin(), parameters.end(), std::size_t{0},
                         [](std::size_t sum, const Parameter& p) { return sum + p.count; });
}

class SequencePass final : public NetworkPass {
 public:
  explicit SequencePass(Sequence sequence) : sequence_(std::move(sequence)) {
    std::size_t offset = 0;
    for (const auto& block : sequence_.blocks()) {
      const std::size_t count = parameter_count(*block);
      auto& stage = stages_.emplace_back();
      stage.block = block.get();
      stage.offset = offset;
      stage.count = count;
      add_parts(stages_.size() - 1);
      offset += count;
    }
    first_with_parameters_ = static_cast<std::size_t>(
        std::find_if(stages_.begin(), stages_.end(), [](const Stage& s) { return s.count > 0; }) -
        stages_.begin());
  }

  double loss_and_gradient(std::span<const float> weights, const Batch& batch,
                           std::span<float> gradient) override {
    double loss = 0;
    pass(weights, batch, {&loss, 1},
         [&](Stage& stage) { return gradient.subspan(stage.offset, stage.count); });
    return loss;
  }

  void losses_and_backward(std::span<const float> weights, const Batch& batches,
                           std::span<double> losses) override {
    batches_ = batches;
    count_ = losses.size();
    pass(weights, batches, losses, [](Stage& stage) {
      stage.gradient.resize(stage.adds_gradient ? 0 : stage.count);
      return std::span(stage.gradient);
    });
  }

  bool takes_batches(std::size_t batch) const override {
    // Products are made of tiles of 4 rows, and small ones in another order than large ones.
    return batch % 4 == 0 && batch >= 16 && std::ranges::all_of(stages_, [](const Stage& stage) {
             return stage.adds_gradient || (stage.count == 0 && !stage.block->has_statistics());
           });
  }

  std::size_t gradient_parts() const override { return parts_.size(); }

  void add_gradient(std::size_t batch, std::size_t part, std::span<float> sum,
                    bool adds) const override {
    const auto [index, part_of_block] = parts_[part];
    const auto& stage = stages_[index];
    const auto stage_sum = sum.subspan(stage.offset, stage.count);
    if (!stage.adds_gradient) {
      for (std::size_t i = 0; i < stage.count; ++i)
        stage_sum[i] = adds ? stage_sum[i] + stage.gradient[i] : stage.gradient[i];
      return;
    }
    const auto of_batch = [&](std::span<const float> all) {
      const std::size_t size = all.size() / count_;
      return all.subspan(batch * size, size);
    };
    stage.block->add_gradient(
        {.input = of_batch(input_of(index, batches_)),
         .output_derivative = of_batch(std::span(stage.delta).first(stage.output.size())),
         .samples = batches_.labels.size() / count_},
        part_of_block, stage_sum, adds);
  }

  void prepare_evaluation(std::span<const float> weights, const Batch& samples) override {
    // Batches of the usual size: a larger one would need more memory and change little.
    constexpr std::size_t rows = 128;
    bool needed = false;
    for (const auto& stage : stages_) {
      stage.block->begin_statistics();
      needed = needed || stage.block->has_statistics();
    }
    for (std::size_t begin = 0; needed && begin < samples.labels.size(); begin += rows) {
      const std::size_t count = std::min(rows, samples.labels.size() - begin);
      const std::size_t input = sequence_.input().size();
      forward(weights,
              {samples.inputs.subspan(begin * input, count * input),
               samples.labels.subspan(begin, count)},
              Mode::statistics);
    }
  }

  std::size_t correct(std::span<const float> weights, const Batch& batch) override {
    forward(weights, batch, Mode::evaluation);
    return count_correct(stages_.back().output, classes(), batch.labels);
  }

 private:
  struct Stage {
    Block* block;
    std::size_t offset, count;  ///< its parameters in the flat buffer
    std::vector<float> output;
    bool adds_gradient = false;   ///< by itself, from its input and `delta`
    std::vector<float> delta;     ///< derivative by its output, where it is kept
    std::vector<float> gradient;  ///< where it is kept
  };
  struct Part {
    std::size_t stage, part_of_block;
  };

  void add_parts(std::size_t index) {
    auto& stage = stages_[index];
    const std::size_t parts = stage.block->gradient_parts();
    stage.adds_gradient = parts > 0;
    if (stage.count == 0) return;
    for (std::size_t part = 0; part < std::max<std::size_t>(parts, 1); ++part)
      parts_.push_back({index, part});
  }

  /// The buffer may be larger: growing it anew in every step would fill it with zeros.
  static std::span<float> first(std::vector<float>& buffer, std::size_t count) {
    if (buffer.size() < count) buffer.resize(count);
    return std::span(buffer).first(count);
  }

  std::span<const float> input_of(std::size_t index, const Batch& batch) const {
    return index == 0 ? batch.inputs : stages_[index - 1].output;
  }

  /// The losses of batches of equal size. `gradient_of(stage)`: where its gradient goes; empty:
  /// what it is made of is kept.
  template <typename GradientOf>
  void pass(std::span<const float> weights, const Batch& batch, std::span<double> losses,
            const GradientOf& gradient_of) {
    forward(weights, batch, Mode::training);
    std::span<float> delta = first(delta_, stages_.back().output.size());
    std::ranges::copy(stages_.back().output, delta.begin());
    const std::size_t samples = batch.labels.size() / losses.size(), scores = samples * classes();
    for (std::size_t i = 0; i < losses.size(); ++i) {
      losses[i] = softmax_cross_entropy(delta.subspan(i * scores, scores), classes(),
                                        batch.labels.subspan(i * samples, samples));
    }
    for (std::size_t i = stages_.size(); i-- > first_with_parameters_;) {
      auto& stage = stages_[i];
      const auto input = input_of(i, batch);
      const std::span<float> gradient = gradient_of(stage);
      const auto input_delta = first(input_delta_, i == first_with_parameters_ ? 0 : input.size());
      stage.block->backward({.weights = weights.subspan(stage.offset, stage.count),
                             .input = input,
                             .output = stage.output,
                             .output_derivative = delta,
                             .input_derivative = input_delta,
                             .gradient = gradient,
                             .samples = batch.labels.size()});
      if (stage.adds_gradient && gradient.empty()) std::swap(delta_, stage.delta);
      std::swap(delta_, input_delta_);
      delta = input_delta;
    }
  }

  std::size_t classes() const { return sequence_.output().size(); }

  void forward(std::span<const float> weights, const Batch& batch, Mode mode) {
    const std::size_t samples = batch.labels.size();
    check(batch.inputs.size() == samples * sequence_.input().size(),
          "the batch has another shape than the network");
    std::span<const float> input = batch.inputs;
    for (auto& stage : stages_) {
      stage.output.resize(samples * stage.block->output().size());
      stage.block->forward({.weights = weights.subspan(stage.offset, stage.count),
                            .input = input,
                            .output = stage.output,
                            .samples = samples,
                            .mode = mode});
      input = stage.output;
    }
  }

  Sequence sequence_;
  std::vector<Stage> stages_;
  std::size_t first_with_parameters_ = 0;   ///< nobody asks for derivatives by what comes before it
  std::vector<float> delta_, input_delta_;  ///< derivative by a block's output, and by its input
  std::vector<Part> parts_;
  Batch batches_;  ///< of the latest losses_and_backward()
  std::size_t count_ = 1;
};

class SequenceNetwork final : public Network {
 public:
  explicit SequenceNetwork(std::function<Sequence()> build) : build_(std::move(build)) {
    const Sequence sequence = build_();
    input_size_ = sequence.input().size();
    std::size_t offset = 0;
    for (const auto& block : sequence.blocks()) {
      for (auto& parameter : block->parameters()) {
        layers_.push_back(
            {parameter.name, offset, parameter.count, parameter.rows, layers_.empty()});
        offset += parameter.count;
        parameters_.push_back(std::move(parameter));
        forward_flop_.push_back(0);
      }
      const std::size_t tensors = block->parameters().size();
      if (tensors > 0) forward_flop_[forward_flop_.size() - tensors] = block->product_flop();
      // A product forward, and two backward: by the weights, and by the input, which the first
      // block with weights does without.
      flop_ += (flop_ == 0 ? 2 : 3) * block->product_flop();
    }
  }

  const Layers& layers() const override { return layers_; }
  std::size_t input_size() const override { return input_size_; }
  double flop_per_sample() const override { return flop_; }
  const std::vector<double>& forward_flop() const override { return forward_flop_; }

  void initialize(std::uint64_t seed, std::span<float> weights) const override {
    std::uint64_t drawn = 0;
    for (std::size_t i = 0; i < layers_.size(); ++i) {
      const auto tensor = weights.subspan(layers_[i].offset, layers_[i].parameters);
      const auto [mean, stddev] =
          std::pair(parameters_[i].initial_mean, parameters_[i].initial_stddev);
      std::fill(tensor.begin(), tensor.end(), static_cast<float>(mean));
      if (stddev == 0) continue;
      Random random(seed, Purpose::initial_weights, 0, drawn++);
      for (auto& weight : tensor) weight = static_cast<float>(mean + stddev * random.normal());
    }
  }

  std::unique_ptr<NetworkPass> make_pass() const override {
    return std::make_unique<SequencePass>(build_());
  }

 private:
  std::function<Sequence()> build_;
  std::size_t input_size_ = 0;
  Layers layers_;
  std::vector<Parameter> parameters_;
  std::vector<double> forward_flop_;
  double flop_ = 0;
};

}  // namespace

Sequence& Sequence::add(std::unique_ptr<Block> block) {
  output_ = block->output();
  blocks_.push_back(std::move(block));
  return *this;
}

Sequence& Sequence::dense(const std::string& name, std::size_t outputs) {
  return add(make_dense(name, output_, outputs));
}

Sequence& Sequence::convolution(const std::string& name, const ConvolutionOptions& options) {
  return add(make_convolution(name, output_, options));
}

Sequence& Sequence::batch_norm(const std::string& name) {
  return add(make_batch_norm(name, output_));
}

Sequence& Sequence::max_pool(std::size_t side) { return add(make_max_pool(output_, side)); }

Sequence& Sequence::relu() { return add(make_relu(output_)); }

std::unique_ptr<Network> make_sequence_network(std::function<Sequence()> build) {
  return std::make_unique<SequenceNetwork>(std::move(build));
}

}  // namespace ringsim
