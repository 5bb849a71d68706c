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

/// HAWQ's order of fine-tuning: layers by descending eigenvalue * squared error, equals by index.
llvm::Expected<std::vector<unsigned>> fineTuningOrder(llvm::ArrayRef<double> eigenvalues,
                                                      llvm::ArrayRef<double> squaredErrors);

/// Q-BERT (arXiv 1909.05840): |mean| + standard deviation (of the population) of a layer's top
/// eigenvalues over subsets of the data.
llvm::Expected<double> qbertSensitivity(llvm::ArrayRef<double> eigenvalues);

/// Second-order loss with a diagonal: 1/2 sum_j F_jj dw_j^2.
llvm::Expected<double> fisherLoss(llvm::ArrayRef<double> fisher, llvm::ArrayRef<double> change);

/// 10 log10(signal / error) in dB, of sums of squares; infinite for no error.
llvm::Expected<double> sqnr(double signal, double error);

/// CalibTIP (arXiv 2006.10518): max(loss with one layer switched - base loss, 1e-6).
llvm::Expected<double> calibTipLoss(double switchedLoss, double baseLoss);

/// OHQ (arXiv 2309.01945): the mean over samples of KL(float || one layer, or a masked share of its
/// channels, at fewer bits). Tiny negative values (>= -1e-9) are rounding and count as 0.
llvm::Expected<double> ohqSensitivity(llvm::ArrayRef<double> divergences);

/// How many of `channels` a share of them is, to the nearest; at least one for a positive share.
llvm::Expected<int64_t> maskedChannels(int64_t channels, double share);
/// That many channels, drawn without repetition from the seed, ascending.
llvm::Expected<std::vector<int64_t>> drawMask(int64_t channels, double share, uint32_t seed);

/// CLADO (arXiv 2307.05657): L_ij - L_i - L_j + L_0.
double cladoTerm(double both, double first, double second, double base);

/// sum |couplings' losses| / sum |groups' losses| of an assignment's model: above 0.3 the additive
/// model is not to be relied on. 0 for no losses at all, infinite for couplings alone.
double interactionShare(llvm::ArrayRef<double> own, llvm::ArrayRef<double> pairs);

//===----------------------------------------------------------------------===//
// Monotone assignments: HAWQ's restriction
//===----------------------------------------------------------------------===//

/// A monotone assignment's totals.
struct MonotonePoint {
  int64_t cost = 0;
  double loss = 0;
  std::vector<unsigned> choices; ///< per layer, index into the widths
};

/// The number of assignments of `widths` bit widths to `layers` layers that do not increase along
/// an order: C(layers + widths - 1, widths - 1). Error: more than 2^63.
llvm::Expected<int64_t> monotoneCount(int64_t layers, int64_t widths);

/// HAWQ-V2's automatic selection: every assignment whose bits do not increase along descending
/// sensitivity (equals by index), reduced to those that no other has at most the cost and the loss
/// of. Ascending costs. `losses` and `costs` are [layers][widths], widths in ascending order of
/// bits. Error: more than 2^22 assignments, or shapes that differ.
llvm::Expected<std::vector<MonotonePoint>> monotoneFront(llvm::ArrayRef<double> sensitivities,
                                                         llvm::ArrayRef<double> losses,
                                                         llvm::ArrayRef<int64_t> costs,
                                                         unsigned widths);

} // namespace quantc::alloc

#endif // QUANTC_ALLOCATION_SENSITIVITY_H
