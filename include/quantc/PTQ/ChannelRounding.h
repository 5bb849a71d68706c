//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes of weights whose outputs each have one step and no zero, q step with |q| <= 2^(bits-1) - 1:
// step and codes together are chosen so that the output of the map changes least.
//
// With H = X^T X / tokens of the rows X that the map reads, D = (X_float - X)^T X / tokens and
// lambda = damping * mean diagonal of H, the loss of an output with weights w and rounded weights q
// is (q - t) (H + lambda I) (q - t)^T for t = w + w D (H + lambda I)^-1: what plain GPTQ has for t
// = w, and up to a term without q the squared error against the outputs of the float inputs. Where
// a bias takes up the mean of the output, H and D are those of X and X_float less their means.
// Little data says less than H and D claim: lambda, and how far towards t weights go, are then what
// loses least on data that was held out. Sources: docs/Rounding.md; Cheng et al., "SignRound",
// arXiv 2309.05516, for AutoRound.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PTQ_CHANNELROUNDING_H
#define QUANTC_PTQ_CHANNELROUNDING_H

#include "quantc/PTQ/AdaRound.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quantc::ptq {

/// Given steps: fitting changes nothing. Codes are q with |q| <= greatest, ties to even.
class SteppedGrid final : public WeightGrid {
public:
  /// `steps` has one positive number for each row.
  SteppedGrid(int64_t columns, Vector steps, int64_t greatest);

  const Vector &steps() const { return table; }

  void roundColumn(int64_t group, const double *column, double *rounded) const override;
  void codeColumn(int64_t group, const double *column, int32_t *codes) const override;
  void neighbours(int64_t group, const double *column, double *below, double *above) const override;

protected:
  void fitOne(int64_t, const Matrix &, const double *) override {}

private:
  Vector table;
  double greatest;
};

enum class ChannelMethod : uint8_t {
  Nearest, ///< the largest step, nearest codes
  Mse,     ///< the step of least |error|^2.4 of the weights, nearest codes; no data
  Gptq,    ///< for each step by GPTQ, the step with the least loss
  Gptaq,   ///< the same for the outputs of the float inputs, codes then improved one by one
  /// Up or down by AdaRound for those outputs, at the step with the least nearest loss, codes then
  /// improved one by one.
  AdaRound,
  /// At that step, rounding of each weight plus an offset in [-1/2, 1/2] steps, which goes down by
  /// the sign of the gradient as if rounding were the identity; the best codes on the way, then
  /// improved one by one.
  AutoRound,
};

struct ChannelOptions {
  ChannelMethod method = ChannelMethod::Gptaq;
  double damping = 0.01; ///< without data that was held out
  /// Part of the way from the weights to those that give the float outputs, alpha in
  /// t = w + alpha w D (H + lambda I)^-1, in [0, 1]; without data that was held out.
  double alpha = 1;
  /// Steps are the largest one times 1 - i / 12 for i = 0 .. candidates - 1, in [1, 11].
  int candidates = 7;
  /// Passes of Gptaq, AdaRound and AutoRound over the codes, each of which takes the best value for
  /// the others as they are.
  int sweeps = 8;
  AdaRoundOptions adaRound{1000, 5e-2}; ///< its lambda: regularizer / weights
  /// Of AdaRound: the most that all weights' regularizers add up to, in units of the loss of
  /// nearest codes.
  double regularizer = 1000;
  int64_t signSteps = 200; ///< of AutoRound
};

/// Moments of most of the data and of what was held out; crosses may be empty: 0.
struct HeldOutMoments {
  Matrix second, cross;             ///< H and D of what is known
  Matrix unseenSecond, unseenCross; ///< of what was held out
  double weight = 1;                ///< of its loss
};

struct ChannelProblem {
  Matrix weight; ///< [out, in]
  int bits = 8;  ///< 2..16
  /// The step of each row that reaches its greatest weight.
  Vector steps;
  /// Whether a row may take a smaller step; none: all may.
  llvm::function_ref<bool(int64_t row, float step)> allowed;
  const Matrix *second = nullptr; ///< H [in, in]; not for Nearest and Mse
  const Matrix *cross = nullptr;  ///< D [in, in]; none: 0
  /// Where given, damping and alpha are those that lose least on what was held out.
  llvm::ArrayRef<HeldOutMoments> heldOut;
};

struct ChannelResult {
  Matrix weights;             ///< step * code [out, in]
  std::vector<int32_t> codes; ///< row-major
  std::vector<float> steps;   ///< of each row
  /// What the choice is by: (q - t) (H + lambda I) (q - t)^T, inputs that were always 0 with the
  /// mean on the diagonal, summed over rows: of the chosen codes, and of the nearest ones at the
  /// largest step. 0 without data.
  double loss = 0, nearestLoss = 0;
  /// (q - t) H (q - t)^T of both, summed over rows: mean squared errors of the outputs against
  /// those of the target, without damping. 0 without data.
  double outputError = 0, nearestOutputError = 0;
  double damping = 0, alpha = 0; ///< that were used; 0 without data
  /// "", what GPTQ's factor has to say, or why codes are the nearest: moments that are not finite.
  std::string message;
};

/// Moments that are not finite are none: nearest codes, with a message.
llvm::Expected<ChannelResult> roundChannels(const ChannelProblem &problem,
                                            const ChannelOptions &options = {});

/// Sweeps over the columns: each code becomes the one with the least (q - t) H (q - t)^T for the
/// others as they are, until none changes or `sweeps` are done. `rounded` lies on the grid. Returns
/// the number of changes.
int64_t improveCodes(const Matrix &target, const Matrix &moment, const Vector &steps,
                     int64_t greatest, int sweeps, Matrix &rounded);

} // namespace quantc::ptq

#endif // QUANTC_PTQ_CHANNELROUNDING_H
