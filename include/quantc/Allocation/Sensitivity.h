//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From what was measured of a layer to the loss that bit allocation minimises. Functions of
// numbers; where the traces, eigenvalues and divergences come from is quantc/PTQ's matter.
//
// Errors name the entry that is negative or not finite. "Clamped" entries were negative estimates
// of what cannot be negative; they count as 0, and their number is returned for a warning.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_ALLOCATION_SENSITIVITY_H
#define QUANTC_ALLOCATION_SENSITIVITY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <vector>

namespace quantc::alloc {

struct Sensitivities {
  std::vector<double> values; ///< one per layer
  unsigned clamped = 0;
};

/// HAWQ (arXiv 1905.03696): top eigenvalue / number of parameters.
llvm::Expected<Sensitivities> hawqSensitivities(llvm::ArrayRef<double> eigenvalues,
                                                llvm::ArrayRef<int64_t> parameters);

/// HAWQ-V2 (arXiv 1911.03852): average trace / number of parameters, of `traces` that are means
/// over probes. The clamp comes after the mean, never per probe.
llvm::Expected<Sensitivities> averageTraces(llvm::ArrayRef<double> traces,
                                            llvm::ArrayRef<int64_t> parameters);

/// Omega = sensitivity * ||Q(W) - W||^2, the error being that of the quantizer that is deployed.
llvm::Expected<double> hawqOmega(double sensitivity, double squaredError);

/// Q-BERT (arXiv 1909.05840): |mean| + standard deviation (of the population) of a layer's top
/// eigenvalues over subsets of the data.
llvm::Expected<double> qbertSensitivity(llvm::ArrayRef<double> eigenvalues);

/// How many of `channels` a share of them is, to the nearest; at least one for a positive share.
llvm::Expected<int64_t> maskedChannels(int64_t channels, double share);
/// That many channels, drawn without repetition from the seed, ascending.
llvm::Expected<std::vector<int64_t>> drawMask(int64_t channels, double share, uint32_t seed);

/// CLADO (arXiv 2307.05657): L_ij - L_i - L_j + L_0.
double cladoTerm(double both, double first, double second, double base);

/// sum |couplings' losses| / sum |groups' losses| of an assignment's model: above 0.3 the additive
/// model is not to be relied on. 0 for no losses at all, infinite for couplings alone.
double interactionShare(llvm::ArrayRef<double> own, llvm::ArrayRef<double> pairs);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_SENSITIVITY_H
