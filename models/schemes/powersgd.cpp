#include "models/schemes/powersgd.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/matrix_product.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/shared_options.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

constinit const SchemeOption rank_option = {
    {.name = "rank",
     .value = "N",
     .meaning = "rank of the products that stand for matrices",
     .limits = WholeNumber{1, 1'000'000},
     .default_value = "4"},
    {}};

std::ptrdiff_t length(std::size_t count) { return static_cast<std::ptrdiff_t>(count); }

std::size_t rank_of(const SchemeOptions& options) { return options.get<std::size_t>(rank_option); }

/// The same in every step, whatever the values.
SyntheticStep powersgd_step(const Layers& layers, Rank ranks, std::size_t rank, Bytes value) {
  const PowersgdSplit split(layers, rank);
  double row_ranks = 0;
  for (const auto& matrix : split.matrices)
    row_ranks += static_cast<double>((matrix.rows + matrix.columns) * rank);
  const CostCounts counts{.calls = 1,
                          .tensors = static_cast<double>(layers.size()),
                          .elements = static_cast<double>(total_parameters(layers)),
                          .matrices = static_cast<double>(split.matrices.size()),
                          .row_ranks = row_ranks,
                          .whole_tensors = static_cast<double>(split.whole.size()),
                          .whole_elements = static_cast<double>(split.whole_parameters)};
  const auto work = [&](CostStage stage, std::size_t bytes) {
    LocalWork local;
    local.moved.assign(ranks, Bytes{bytes});
    local.stage = stage;
    local.counts = counts;
    return local;
  };
  const std::size_t p = 4 * split.p_size, q = 4 * split.q_size, n = 4 * split.compressed;
  SyntheticStep step;
  auto& stages = step.stages;
  if (!split.matrices.empty()) {
    // M = g + e is read twice and written; the product reads it and Q and writes P.
    stages.push_back({"multiply", work(CostStage::encode, 4 * n + q + p)});
    stages.push_back({"p", AllReduce{split.p_size, value}});
    // Every column of P is read and written once for itself and twice for each one before it; the
    // product reads M and P and writes Q.
    stages.push_back({"multiply", work(CostStage::between, 2 * rank * p + n + p + q)});
    stages.push_back({"q", AllReduce{split.q_size, value}});
  }
  if (split.whole_parameters > 0)
    stages.push_back({"whole", AllReduce{split.whole_parameters, value}});
  // The update is written from P and Q and taken off M.
  if (!split.matrices.empty())
    stages.push_back({"multiply", work(CostStage::decode, p + q + 3 * n)});
  for (const auto& layer : layers) {
    step.layers.emplace_back();
    step.layers.back().kept = layer.parameters;
  }
  step.state_per_rank = Bytes{sizeof(float) * (split.compressed + split.q_size)};
  return step;
}

SyntheticStep synthesize_powersgd(const Layers& layers, const SchemeOptions& options,
                                  std::uint64_t) {
  return powersgd_step(layers, options.ranks, rank_of(options), bytes_of(value_type_of(options)));
}

}  // namespace

void orthonormalize(std::span<float> matrix, std::size_t columns) {
  const std::size_t rows = matrix.size() / columns;
  const auto product = [&](std::size_t a, std::size_t b) {
    double sum = 0;
    for (std::size_t row = 0; row < rows; ++row)
      sum += static_cast<double>(matrix[row * columns + a]) * matrix[row * columns + b];
    return sum;
  };
  for (std::size_t column = 0; column < columns; ++column) {
    // Once more: of a column that the ones before it span, the first pass leaves rounding errors,
    // which are not orthogonal to them.
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t before = 0; before < column; ++before) {
        const double share = product(before, column);
        for (std::size_t row = 0; row < rows; ++row) {
          auto& value = matrix[row * columns + column];
          value = static_cast<float>(value - share * matrix[row * columns + before]);
        }
      }
    }
    const double norm = std::sqrt(product(column, column));
    if (norm == 0) continue;
    for (std::size_t row = 0; row < rows; ++row) {
      auto& value = matrix[row * columns + column];
      value = static_cast<float>(value / norm);
    }
  }
}

PowersgdSplit::PowersgdSplit(const Layers& layers, std::size_t rank) {
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto& layer = layers[i];
    const std::size_t columns = layer.parameters / std::max<std::size_t>(1, layer.rows);
    check(layer.rows * columns == layer.parameters, "a layer's parameters are no rows");
    if (2 * rank * (layer.rows + columns) < layer.parameters) {
      matrices.push_back({layer.offset, layer.rows, columns, p_size, q_size});
      p_size += layer.rows * rank;
      q_size += columns * rank;
      compressed += layer.parameters;
    } else {
      whole.push_back(i);
      whole_parameters += layer.parameters;
    }
  }
}

PowersgdScheme::PowersgdScheme(const Layers& layers, const SchemeOptions& options)
    : layers_(layers),
      rank_(rank_of(options)),
      seed_(options.seed),
      values_(value_type_of(options)),
      split_(layers, rank_),
      ranks_(options.ranks),
      p_(split_.p_size),
      q_(split_.q_size),
      whole_mean_(split_.whole_parameters),
      mean_(total_parameters(layers)) {
  draw_zero_columns(0);
  for (auto& state : ranks_) {
    state.error.resize(mean_.size());
    state.p.resize(p_.size());
    state.q.resize(q_.size());
    state.whole.resize(whole_mean_.size());
  }
}

// A column of zeros would stay one for ever.
void PowersgdScheme::draw_zero_columns(std::uint64_t step) {
  for (std::size_t index = 0; index < split_.matrices.size(); ++index) {
    const auto q =
        std::span(q_).subspan(split_.matrices[index].q, split_.matrices[index].columns * rank_);
    Random random(seed_, Purpose::power_iteration, static_cast<std::uint32_t>(index), step);
    for (std::size_t column = 0; column < rank_; ++column) {
      bool zero = true;
      for (std::size_t i = column; i < q.size(); i += rank_) zero = zero && q[i] == 0;
      for (std::size_t i = column; zero && i < q.size(); i += rank_)
        q[i] = static_cast<float>(random.normal());
    }
  }
}

void PowersgdScheme::contribute(Rank rank, std::uint64_t, std::span<const float> gradient,
                                std::span<const float>) {
  check(gradient.size() == mean_.size(), "the gradient has another size than the model");
  auto& state = ranks_[rank];
  const auto& product = matrix_products();
  for (const auto& matrix : split_.matrices) {
    for (std::size_t i = matrix.offset; i < matrix.offset + matrix.size(); ++i)
      state.error[i] += gradient[i];
    product.ab(state.error.data() + matrix.offset, q_.data() + matrix.q, state.p.data() + matrix.p,
               length(matrix.rows), length(matrix.columns), length(rank_));
  }
  auto next = state.whole.begin();
  for (const std::size_t index : split_.whole) {
    const auto& layer = layers_[index];
    next = std::ranges::copy(gradient.subspan(layer.offset, layer.parameters), next).out;
  }
  round_values(values_, state.p);
  round_values(values_, state.whole);
}

void PowersgdScheme::mean_of(std::vector<float> RankState::*part, std::span<float> mean) const {
  std::vector<std::span<const float>> parts;
  for (const auto& state : ranks_) parts.emplace_back(state.*part);
  mean_over_ranks(parts, mean, values_);
}

StepOutcome PowersgdScheme::exchange(std::uint64_t step) {
  const auto& product = matrix_products();
  mean_of(&RankState::p, p_);
  for (const auto& matrix : split_.matrices) {
    orthonormalize(std::span(p_).subspan(matrix.p, matrix.rows * rank_), rank_);
    for (auto& state : ranks_) {
      product.atb(state.error.data() + matrix.offset, p_.data() + matrix.p,
                  state.q.data() + matrix.q, length(matrix.columns), length(matrix.rows),
                  length(rank_));
    }
  }
  for (auto& state : ranks_) round_values(values_, state.q);
  mean_of(&RankState::q, q_);
  for (const auto& matrix : split_.matrices) {
    product.abt(p_.data() + matrix.p, q_.data() + matrix.q, mean_.data() + matrix.offset,
                length(matrix.rows), length(rank_), length(matrix.columns));
    for (auto& state : ranks_) {
      for (std::size_t i = matrix.offset; i < matrix.offset + matrix.size(); ++i)
        state.error[i] -= mean_[i];
    }
  }
  draw_zero_columns(step + 1);
  mean_of(&RankState::whole, whole_mean_);
  auto next = whole_mean_.begin();
  for (const std::size_t index : split_.whole) {
    const auto& layer = layers_[index];
    std::copy_n(next, layer.parameters, mean_.begin() + length(layer.offset));
    next += length(layer.parameters);
  }
  auto sizes = powersgd_step(layers_, static_cast<Rank>(ranks_.size()), rank_, bytes_of(values_));
  StepOutcome outcome;
  outcome.stages = std::move(sizes.stages);
  outcome.layers = std::move(sizes.layers);
  outcome.mean = mean_;
  return outcome;
}

double PowersgdScheme::drop(Rank rank) {
  const double lost = sum_of_magnitudes(ranks_[rank].error);
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  return lost;
}

Bytes PowersgdScheme::state_bytes() const {
  return ranks_.size() * Bytes{sizeof(float) * (split_.compressed + q_.size())};
}

namespace {
constexpr const SchemeOption* powersgd_options[] = {&rank_option, &values_option};
}  // namespace

extern const SchemeDefinition powersgd_scheme;
const SchemeDefinition powersgd_scheme = {
    .name = "powersgd",
    .description = "matrices as products of low rank, two all-reduces in a row; error feedback",
    .source = "Vogels et al., arXiv 1905.13727",
    .equation =
        "A = R + G as a matrix; P = orthonormal(mean of A*Q); Q = mean of A^T*P; update = P*Q^T; R "
        "= A - update",
    .defaults = {.learning_rate = 0.08, .momentum = 0.9},
    .options = powersgd_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<PowersgdScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
    .synthesize = synthesize_powersgd,
    .needs_shapes = true,
};

}  // namespace ringsim
