#pragma once
#include "models/networks/block.hpp"

namespace ringsim {

/// Square kernels, stride 1, zeros around the edges.
struct ConvolutionOptions {
  std::size_t channels = 1;  ///< of the output
  std::size_t kernel = 3;    ///< side
  std::size_t padding = 0;
  bool bias = true;  ///< false where batch normalisation follows, which would take it away again
};

/// y[o] = sum over i of w[o, i] * x[i] (cross-correlation) + b[o]. Parameters NAME.weight [output
/// channels, input channels, kernel, kernel] row-major, NAME.bias [output channels]. Each sample's
/// patches are laid out as a matrix (im2col: Chellapilla et al., 2006), so that the work is three
/// matrix products.
std::unique_ptr<Block> make_convolution(const std::string& name, ActivationShape input,
                                        const ConvolutionOptions& options);

}  // namespace ringsim
