#pragma once
// Unbiased stochastic quantization: every value becomes one of 2*levels + 1 multiples of
// scale/levels from -scale to scale, the one below or the one above at random, so that the
// expectation is the value itself. Each rank sends all its values in few bits; the messages are
// all-gathered, and each rank adds up what it decodes. QSGD and TernGrad differ in what the scale
// is.
#include "base/random.hpp"
#include "models/schemes/scheme.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ringsim {

struct Quantization {
  enum class Scale {
    euclidean_norm,     ///< of the block (QSGD)
    largest_magnitude,  ///< in the block (TernGrad)
  };
  Scale scale;
  std::uint32_t levels = 1;          ///< of the magnitude, besides 0; 1 to 32767
  std::optional<std::size_t> block;  ///< values that share a scale, at least 1; absent: the layer
  /// Values are limited to so many standard deviations of their layer before, which biases them.
  std::optional<double> clip_deviations;

  /// Bits of a value: ceil(log2(2*levels + 1)).
  unsigned bits() const;
  /// The parts of the message of a layer with so many parameters.
  std::size_t scale_bytes(std::size_t parameters) const;
  std::size_t code_bytes(std::size_t parameters) const;
};

/// Appends a layer to a message: per block a scale (fp32, little endian), then all codes, bit by
/// bit, low bits first, filled up to whole bytes.
void encode_layer(const Quantization& quantization, std::span<const float> values, Random& random,
                  std::vector<std::uint8_t>& bytes);
/// Reads a layer off the front of a message into `values`; returns the rest.
std::span<const std::uint8_t> decode_layer(const Quantization& quantization,
                                           std::span<const std::uint8_t> bytes,
                                           std::span<float> values);

/// `values` limited to `deviations` standard deviations (about their mean) in magnitude.
void clip_to_deviations(double deviations, std::span<float> values);

/// What a step of such messages sends and does; no value changes it.
SyntheticStep synthesize_quantized(const Layers& layers, Rank ranks,
                                   const Quantization& quantization);

/// A scheme of such messages.
std::unique_ptr<Scheme> make_quantized_scheme(const Layers& layers, const SchemeOptions& options,
                                              const Quantization& quantization);

/// SchemeDefinition::make and synthesize of the scheme whose options quantization_of reads.
template <Quantization (*quantization_of)(const SchemeOptions&)>
std::unique_ptr<Scheme> make_quantized(const Layers& layers, const SchemeOptions& options) {
  return make_quantized_scheme(layers, options, quantization_of(options));
}
template <Quantization (*quantization_of)(const SchemeOptions&)>
SyntheticStep synthesize_quantized(const Layers& layers, const SchemeOptions& options,
                                   std::uint64_t /*step*/) {
  return synthesize_quantized(layers, options.ranks, quantization_of(options));
}

}  // namespace ringsim
