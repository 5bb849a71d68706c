//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Data-free equalization of convolutional networks: scale moves between the channels of
// consecutive layers (cross-layer equalization), and bias that a ReLU lets through almost surely
// moves to the next layer (high-bias absorption). The float function stays the same behind ReLU,
// PReLU or nothing, provided that nobody else reads what lies between.
//
// For the channels c of the tensor between two layers with ranges r1_c = max |W1[c, ...]| and
// r2_c = max |W2[:, c, ...]|:  s_c = sqrt(r1_c / r2_c),  W1[c] /= s_c, b1[c] /= s_c,
// W2[:, c] *= s_c, so that both ranges become sqrt(r1_c r2_c).
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction",
// arXiv 1906.04721, section 4.1; the iteration follows jakc4103/DFQ.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_EQUALIZE_H
#define QUANTC_PTQ_EQUALIZE_H

#include "quantc/PTQ/Matrix.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::ptq {

/// A linear map or convolution with its bias (which may be empty for none). `weight` is [out,
/// in / groups * taps], taps fastest: ONNX's order as a matrix. The groups share rows and inputs
/// evenly.
struct LinearLayer {
  Matrix weight;
  Vector bias;
  int64_t taps = 1;
  int64_t groups = 1;

  int64_t outputs() const { return weight.rows(); }
  int64_t inputsPerGroup() const { return weight.cols() / taps; }
  int64_t inputs() const { return inputsPerGroup() * groups; }
  int64_t outputsPerGroup() const { return weight.rows() / groups; }
};

/// Finite values and sizes that fit each other. All functions below expect or check that.
llvm::Error checkLayer(const LinearLayer &layer);

/// Of each output, the sum over the inputs that it reads and their taps of W times a constant per
/// input: what the layer computes from a constant image where it pads nothing, less its bias.
/// `weight` has the shape of the layer's.
Vector responseTo(const LinearLayer &layer, const Matrix &weight, const Vector &constants);

/// max |W| of each output channel, and of each input channel.
Vector outputRange(const LinearLayer &layer);
Vector inputRange(const LinearLayer &layer);

/// W[c] /= s_c and b[c] /= s_c for every output channel; W[:, c] *= s_c for every input channel.
void divideOutputs(LinearLayer &layer, const Vector &scale);
void multiplyInputs(LinearLayer &layer, const Vector &scale);

/// s_c = sqrt(r1_c / r2_c); 1 where one of them is 0.
llvm::Expected<Vector> equalizingScale(const Vector &first, const Vector &second);

/// Of rounds over all tensors of a network.
struct EqualizeOptions {
  int maxRounds = 1000;
  double tolerance = 2e-7; ///< stops after a round whose factors' logarithms are all less
  double leastScale = 1e-8, greatestScale = 1e8; ///< of one channel in one round
};

/// What a ReLU passes on almost surely (3 sigma: 99.87 %) of a channel with mean beta_c and
/// standard deviation |gamma_c|, the parameters of the batch normalization that was folded, already
/// divided by scales of equalization: max(0, beta_c - 3 |gamma_c|). Where nothing lies between the
/// layers instead of a ReLU: beta_c.
llvm::Expected<Vector> absorbableBias(const Vector &beta, const Vector &gamma, bool relu = true);

/// Moves constants from the bias of `first` through to that of `second`: b1 -= c, b2 += sum over
/// taps of W2[:, c] c. Exact where the values in between are at least c, and where `second` pads
/// nothing.
llvm::Error absorbBias(LinearLayer &first, LinearLayer &second, const Vector &constants);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_EQUALIZE_H
