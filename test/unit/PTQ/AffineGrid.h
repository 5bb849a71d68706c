//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Grids of equal steps, x = scale (q - zero), by the conventions of the published methods, for
// published numbers of the methods that round on a `WeightGrid`. They differ where it shows: to
// compare with a published number, take its family.
//
// With lo and hi the least and greatest weight, a = max(|lo|, |hi|), b bits, n = 2^b - 1 and
// h = 2^(b-1) - 1:
//
//   family                  scale                      zero                       codes
//   SymmetricNarrow    QA   max(a, 1e-5) / h           0                          -h .. h
//   Symmetric          QB   max(a, 1e-5) / h           0                          -h-1 .. h
//   SymmetricUnsigned  QC   2a / n                     2^(b-1)                    0 .. n
//   AsymmetricZero     QD   (hi - lo) / n, 0 in range  round(-lo / scale)         0 .. n
//   Asymmetric         QE   max(hi - lo, 1e-5) / n     -round(lo / scale) in 0..n 0 .. n
//   AsymmetricFree     QF   max(hi - lo, 1e-5) / n     round(-lo / scale)         0 .. n
//   LearnedBounds      QG   (hi - lo) / n in 1e-5..1e4 -round(lo / scale)         0 .. n
//   FloatZero          QH   (hi - lo) / n, >= 5e-5     -lo / scale, not rounded   0 .. n
//
// QC takes [-a, a] only where some weight is negative: a row of positive weights has scale hi / n
// and loses everything above (2^(b-1) - 1) / n of hi. In [-a, a] its -a is a tie, -n / 2, which the
// last bit of a division decides. QC and QD take [-1, 1] for zeros. QH's scale is 1 / n where
// hi - lo <= 1e-4. In QG lo and hi are first multiplied by learned factors.
//
// Sources: SmoothQuant (QA), QuaRot, SpinQuant and GPTAQ (QB, QF), GPTQ (QC, QD), AWQ (QE),
// OmniQuant (QG), HQQ (QH).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_UNIT_PTQ_AFFINEGRID_H
#define QUANTC_TEST_UNIT_PTQ_AFFINEGRID_H

#include "quantc/PTQ/Rounding.h"
#include <optional>

namespace quantc::ptq::test {

enum class GridFamily : uint8_t {
  SymmetricNarrow,
  Symmetric,
  SymmetricUnsigned,
  AsymmetricZero,
  Asymmetric,
  AsymmetricFree,
  LearnedBounds,
  FloatZero
};

/// x = scale * (q - zero), q an integer of least..greatest.
struct AffineParams {
  double scale = 1;
  double zero = 0;
};

struct CodeRange {
  double least = 0, greatest = 0;
};
CodeRange codeRange(GridFamily family, int bits);

/// Parameters for weights of [lo, hi], lo <= hi.
AffineParams paramsOfRange(GridFamily family, int bits, double lo, double hi);

/// The code of x: round(x / scale) + zero for integer zeros, round(x / scale + zero) for others,
/// half to even, within the range.
double affineCode(double x, const AffineParams &params, const CodeRange &codes);

/// Search of a range: p (lo, hi) for p = 1 - i / grid, i = 0 .. steps - 1, by the error
/// sum w |x - x^|^norm; the first of equals. Norm 2.4 with 80 steps is GPTQ's and BRECQ's.
struct RangeSearch {
  double norm = 2.4; ///< positive
  int steps = 80;    ///< at least 1
  int grid = 100;    ///< at least `steps`
};

struct RangeChoice {
  AffineParams params;
  double shrink = 1; ///< p
  double error = 0;
};

/// Of `count` > 0 values; `weights` is none or one number, not negative, for each.
RangeChoice searchRange(GridFamily family, int bits, const double *values, int64_t count,
                        const RangeSearch &search = {}, const double *weights = nullptr);

struct AffineGridOptions {
  GridFamily family = GridFamily::Symmetric;
  int bits = 4;          ///< 2..16; 1 for the families whose least code is 0 alone
  int64_t groupSize = 0; ///< 0: a row
  std::optional<RangeSearch> search;
  double lowFactor = 1, highFactor = 1; ///< LearnedBounds: what lo and hi are multiplied by
};

/// "" for usable options, or what is expected.
std::string affineGridFault(const AffineGridOptions &options);

class AffineGrid final : public WeightGrid {
public:
  /// The options must have no fault.
  AffineGrid(int64_t rows, int64_t columns, const AffineGridOptions &options);

  const AffineGridOptions &options() const { return opts; }
  const CodeRange &codes() const { return range; }
  const AffineParams &params(int64_t row, int64_t group) const {
    return table[group * rows() + row];
  }
  void setParams(int64_t row, int64_t group, const AffineParams &params) {
    table[group * rows() + row] = params;
  }

  void roundColumn(int64_t group, const double *column, double *rounded) const override;
  void codeColumn(int64_t group, const double *column, int32_t *codes) const override;
  void neighbours(int64_t group, const double *column, double *below, double *above) const override;

protected:
  void fitOne(int64_t group, const Matrix &weights, const double *columnWeights) override;

private:
  AffineGridOptions opts;
  CodeRange range;
  std::vector<AffineParams> table; ///< [group][row]
};

} // namespace quantc::ptq::test

#endif // QUANTC_TEST_UNIT_PTQ_AFFINEGRID_H
