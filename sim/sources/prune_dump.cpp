#include "sim/sources/prune_dump.hpp"

#include "base/error.hpp"
#include "base/formats/tensor.hpp"
#include "base/option_names.hpp"
#include "models/gradient_dump.hpp"
#include "models/prune/dispatch.hpp"
#include "models/prune/encodings/encoding.hpp"
#include "models/schemes/iwp.hpp"
#include "models/schemes/shared_options.hpp"
#include "traces/gradient_trace.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ringsim {
namespace {

std::string_view bytes_of(std::span<const prune::MaskWord> words, std::size_t parameters) {
  return {reinterpret_cast<const char*>(words.data()), (parameters + 7) / 8};
}

std::span<const prune::MaskWord> words_of(std::span<const prune::MaskWord> mask,
                                          const prune::Segment& segment) {
  return mask.subspan(segment.mask_offset, prune::mask_words(segment.parameters));
}

/// Writes a step of the trace after another, and gathers what the result says.
class Recorder {
 public:
  Recorder(const GradientDump& dump, const PruneOptions& options, TraceWriter& writer)
      : dump_(dump), options_(options), writer_(writer), broadcasts_(dump.layers().size()) {
    for (const auto& layer : dump.layers())
      layers_.push_back({.name = layer.name, .parameters = layer.parameters});
    const auto encodings = mask_encodings().first(trace_encodings.size());
    check(std::ranges::equal(encodings, trace_encodings, {}, &MaskEncoding::name),
          "the first encodings are those for which a trace has a column");
  }

  void record(std::uint64_t step, const Scheme& scheme, const StepOutcome& outcome) {
    std::vector<TensorBytes> masks, values;
    for (Rank rank = 0; rank < dump_.ranks(); ++rank) {
      const auto selection = scheme.selection(rank, step);
      check(selection.has_value(), "a scheme that prunes says what it selected");
      write_rows(step, rank, *selection, outcome);
      if (options_.write_masks) add_masks(fmt::format("rank{}", rank), *selection, masks);
      if (options_.write_values) {
        const auto packed = selection->packed;
        values.push_back({fmt::format("rank{}", rank),
                          "F32",
                          {packed.size()},
                          {reinterpret_cast<const char*>(packed.data()), packed.size_bytes()}});
      }
      if (rank + 1 == dump_.ranks() && options_.write_masks) {
        auto sent = *selection;
        sent.mask = outcome.mask;
        add_masks("sent", sent, masks);
      }
    }
    const auto file = fmt::format("step-{:06}.safetensors", step);
    if (options_.write_masks) writer_.write("masks/" + file, to_safetensors(masks));
    if (options_.write_values) writer_.write("values/" + file, to_safetensors(values));
  }

  std::vector<PrunedLayer> layers() const {
    auto layers = layers_;
    for (std::size_t l = 0; l < layers.size(); ++l) {
      layers[l].density /= static_cast<double>(dump_.steps());
      if (broadcasts_[l] > 0) layers[l].mask_bytes /= static_cast<double>(broadcasts_[l]);
    }
    return layers;
  }

 private:
  void write_rows(std::uint64_t step, Rank rank, const Scheme::Selection& selection,
                  const StepOutcome& outcome) {
    std::size_t s = 0;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      auto& layer = layers_[l];
      TraceLayerRow row{.step = step,
                        .rank = rank,
                        .layer = layer.name,
                        .parameters = layer.parameters,
                        .threshold = {},
                        .kept = layer.parameters,
                        .density = 1,
                        .broadcasts = selection.broadcasts,
                        .sent = outcome.layers[l].kept,
                        .sampled = {},
                        .encoded_bytes = {}};
      layer.whole = s == selection.layers.size() || selection.layers[s] != l;
      if (!layer.whole) fill_selected(row, selection, s++);
      const double share = layer.parameters == 0 ? 0
                                                 : static_cast<double>(row.sent) /
                                                       static_cast<double>(layer.parameters);
      if (rank == 0) layer.density += share;
      if (!layer.whole && row.broadcasts) {
        ++broadcasts_[l];
        layer.mask_bytes += static_cast<double>(**std::ranges::min_element(row.encoded_bytes));
      }
      writer_.write(row);
    }
  }

  /// Fills in what was selected in segment s.
  static void fill_selected(TraceLayerRow& row, const Scheme::Selection& selection, std::size_t s) {
    const prune::Segment& segment = selection.segments[s];
    const auto words = words_of(selection.mask, segment);
    row.threshold = segment.threshold;
    row.kept = prune::count(words);
    if (!selection.sampled.empty()) row.sampled = selection.sampled[s];
    row.density = static_cast<double>(row.kept) / static_cast<double>(row.parameters);
    for (std::size_t e = 0; e < row.encoded_bytes.size(); ++e)
      row.encoded_bytes[e] = mask_encodings()[e]->encoded_size(words, segment.parameters);
  }

  /// The masks of the pruned layers: bit i%8 of byte i/8 stands for element i.
  void add_masks(const std::string& owner, const Scheme::Selection& selection,
                 std::vector<TensorBytes>& masks) const {
    for (std::size_t s = 0; s < selection.layers.size(); ++s) {
      const auto& segment = selection.segments[s];
      const auto bytes = bytes_of(words_of(selection.mask, segment), segment.parameters);
      masks.push_back(
          {owner + "/" + layers_[selection.layers[s]].name, "U8", {bytes.size()}, bytes});
    }
  }

  const GradientDump& dump_;
  const PruneOptions& options_;
  TraceWriter& writer_;
  std::vector<PrunedLayer> layers_;
  std::vector<std::uint64_t> broadcasts_;  ///< masks that were broadcast, per layer
};

}  // namespace

PruneResult prune_dump(
    const PruneOptions& options,
    const std::function<void(std::uint64_t done, std::uint64_t steps)>& on_step) {
  const auto& definition = find_scheme(options.scheme);
  const GradientDump dump(options.weights, options.gradients, !options.keep_nonfinite);
  SchemeOptions scheme_options = options.scheme_options;
  scheme_options.ranks = dump.ranks();
  const auto scheme = definition.make(dump.layers(), scheme_options);
  if (!scheme->selection(0, 0)) {
    throw UserError(option_place("scheme"), fmt::format("{} selects nothing", options.scheme),
                    "a scheme whose ranks share a mask is accepted: iwp, magnitude, cltk");
  }
  TraceWriter writer(options.output);
  TraceHeader header{.schema = {},
                     .model = options.model,
                     .scheme = options.scheme,
                     .ranks = dump.ranks(),
                     .steps = dump.steps(),
                     .with_velocity = scheme->has_momentum_correction(),
                     .layers = {},
                     .provenance = {}};
  for (const auto& layer : dump.layers()) header.layers.push_back({layer.name, layer.parameters});
  header.provenance.version = RINGSIM_VERSION;
  header.provenance.command = options.command;
  header.provenance.seed = scheme_options.seed;
  header.provenance.inputs.push_back({options.weights.string(), dump.weights_sha256()});

  Recorder recorder(dump, options, writer);
  const auto asked = steered_density(options.scheme, scheme_options);
  DensityCheck density;
  for (std::size_t step = 0; step < dump.steps(); ++step) {
    const auto read = dump.read_step(step, !options.keep_nonfinite);
    for (Rank rank = 0; rank < dump.ranks(); ++rank)
      scheme->contribute(rank, step, read.gradients[rank], dump.weights());
    const auto outcome = scheme->exchange(step);
    recorder.record(step, *scheme, outcome);
    for (std::size_t l = 0; asked && l < dump.layers().size(); ++l) {
      if (outcome.layers[l].threshold)
        density.add(dump.layers()[l].parameters, outcome.layers[l].kept, *asked);
    }
    header.provenance.inputs.push_back({dump.step_file(step).string(), read.sha256});
    if (on_step) on_step(step + 1, dump.steps());
  }
  writer.commit(header);
  return {.steps = dump.steps(),
          .ranks = dump.ranks(),
          .engine =
              std::string(prune::find_engine(scheme_options.get<std::string>(engine_option)).name),
          .layers = recorder.layers(),
          .density = density,
          .passed_over = dump.passed_over()};
}

}  // namespace ringsim
