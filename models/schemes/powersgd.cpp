#include "models/schemes/powersgd.hpp"

#include "base/error.hpp"
#include "base/random.hpp"
#include "models/networks/matrix_product.hpp"
#include "models/schemes/mean.hpp"
#include "models/schemes/option_checks.hpp"

#include <algorithm>
#include <cmath>

namespace ringsim {
namespace {

constexpr std::size_t default_rank = 4;

std::ptrdiff_t length(std::size_t count) { return static_cast<std::ptrdiff_t>(count); }

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

PowersgdScheme::PowersgdScheme(const Layers& layers, const SchemeOptions& options)
    : layers_(layers),
      rank_(options.rank.value_or(default_rank)),
      seed_(options.seed),
      values_(value_type_of(options)),
      ranks_(options.ranks),
      mean_(total_parameters(layers)) {
  if (rank_ < 1) refuse_option("--rank", "found 0", "a whole number above 0 is accepted");
  std::size_t whole_parameters = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto& layer = layers_[i];
    const std::size_t columns = layer.parameters / std::max<std::size_t>(1, layer.rows);
    check(layer.rows * columns == layer.parameters, "a layer's parameters are no rows");
    if (2 * rank_ * (layer.rows + columns) < layer.parameters) {
      matrices_.push_back({layer.offset, layer.rows, columns, p_.size(), q_.size()});
      p_.resize(p_.size() + layer.rows * rank_);
      q_.resize(q_.size() + columns * rank_);
      compressed_ += layer.parameters;
    } else {
      whole_.push_back(i);
      whole_parameters += layer.parameters;
    }
  }
  draw_zero_columns(0);
  whole_mean_.resize(whole_parameters);
  for (auto& state : ranks_) {
    state.error.resize(mean_.size());
    state.p.resize(p_.size());
    state.q.resize(q_.size());
    state.whole.resize(whole_parameters);
  }
}

// A column of zeros would stay one for ever.
void PowersgdScheme::draw_zero_columns(std::uint64_t step) {
  for (std::size_t index = 0; index < matrices_.size(); ++index) {
    const auto q = std::span(q_).subspan(matrices_[index].q, matrices_[index].columns * rank_);
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
  for (const auto& matrix : matrices_) {
    for (std::size_t i = matrix.offset; i < matrix.offset + matrix.size(); ++i)
      state.error[i] += gradient[i];
    product.ab(state.error.data() + matrix.offset, q_.data() + matrix.q, state.p.data() + matrix.p,
               length(matrix.rows), length(matrix.columns), length(rank_));
  }
  auto next = state.whole.begin();
  for (const std::size_t index : whole_) {
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
  for (const auto& matrix : matrices_) {
    orthonormalize(std::span(p_).subspan(matrix.p, matrix.rows * rank_), rank_);
    for (auto& state : ranks_) {
      product.atb(state.error.data() + matrix.offset, p_.data() + matrix.p,
                  state.q.data() + matrix.q, length(matrix.columns), length(matrix.rows),
                  length(rank_));
    }
  }
  for (auto& state : ranks_) round_values(values_, state.q);
  mean_of(&RankState::q, q_);
  for (const auto& matrix : matrices_) {
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
  for (const std::size_t index : whole_) {
    const auto& layer = layers_[index];
    std::copy_n(next, layer.parameters, mean_.begin() + length(layer.offset));
    next += length(layer.parameters);
  }
  StepOutcome outcome;
  outcome.stages = stages();
  outcome.mean = mean_;
  for (const auto& layer : layers_) {
    outcome.layers.emplace_back();
    outcome.layers.back().kept = layer.parameters;
  }
  return outcome;
}

double PowersgdScheme::drop(Rank rank) {
  const double lost = sum_of_magnitudes(ranks_[rank].error);
  ranks_.erase(ranks_.begin() + static_cast<std::ptrdiff_t>(rank));
  return lost;
}

std::vector<Stage> PowersgdScheme::stages() const {
  const auto work = [&](std::size_t bytes) {
    LocalWork local;
    local.moved.assign(ranks_.size(), Bytes{bytes});
    local.coded = local.moved;
    return local;
  };
  const Bytes value = bytes_of(values_);
  const std::size_t p = 4 * p_.size(), q = 4 * q_.size(), n = 4 * compressed_;
  std::vector<Stage> stages;
  if (!matrices_.empty()) {
    // M = g + e is read twice and written; the product reads it and Q and writes P.
    stages.push_back({"multiply", work(4 * n + q + p)});
    stages.push_back({"p", AllReduce{p_.size(), value}});
    // Every column of P is read and written once for itself and twice for each one before it; the
    // product reads M and P and writes Q.
    stages.push_back({"multiply", work(2 * rank_ * p + n + p + q)});
    stages.push_back({"q", AllReduce{q_.size(), value}});
  }
  if (!whole_mean_.empty()) stages.push_back({"whole", AllReduce{whole_mean_.size(), value}});
  // The update is written from P and Q and taken off M.
  if (!matrices_.empty()) stages.push_back({"multiply", work(p + q + 3 * n)});
  return stages;
}

Bytes PowersgdScheme::state_bytes() const {
  return ranks_.size() * Bytes{sizeof(float) * (compressed_ + q_.size())};
}

namespace {
constexpr std::string_view powersgd_options[] = {"rank", "values"};
}  // namespace

extern const SchemeDefinition powersgd_scheme;
const SchemeDefinition powersgd_scheme = {
    .name = "powersgd",
    .description = "matrices as products of low rank, two all-reduces in a row; error feedback",
    .source = "Vogels et al., arXiv 1905.13727",
    .defaults = {.learning_rate = 0.05, .momentum = 0.9},
    .options = powersgd_options,
    .make = [](const Layers& layers, const SchemeOptions& options) -> std::unique_ptr<Scheme> {
      return std::make_unique<PowersgdScheme>(layers, options);
    },
    .warmup_steps = no_warmup_steps,
};

}  // namespace ringsim
