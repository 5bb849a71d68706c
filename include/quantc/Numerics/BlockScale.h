//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scales of blocks: their storage types, and how they are chosen for a matrix [NUM-FMT-3] to
// [NUM-FMT-7]. Sources: OCP MX 1.0 and the conversion instructions that round it up (rceil), NVIDIA
// NVFP4, Dettmers et al. "QLoRA" section 3 (double quantization), GPTQ's and BRECQ's searches for a
// clipped range, Badri and Shaji "Half-Quadratic Quantization" (mobiusml/hqq, 2023).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_BLOCKSCALE_H
#define QUANTC_NUMERICS_BLOCKSCALE_H

#include "quantc/Numerics/NumberFormatCodec.h"

namespace quantc::numerics {

//===----------------------------------------------------------------------===//
// Storage types
//===----------------------------------------------------------------------===//

/// The number that a stored scale of one level stands for; for E4M3 and Double that of its byte.
float decodeScale(ScaleType type, uint32_t code);

/// The stored form of a positive finite scale: to nearest even, E8M0 to the nearest power (ties
/// up). Never 0: what rounds to 0 becomes the least positive number, or 1 in f32 and bf16, whose
/// scales are normal numbers. Never infinite: the largest number instead.
uint32_t encodeScale(ScaleType type, double scale);

/// The float zero point nearest to `value` in a format with scales F32, F16 or BF16.
float roundToScale(ScaleType type, double value);

/// The code that stands for NaN.
uint32_t nanScale(ScaleType type);

/// The byte of an E8M0 scale for numbers up to `absmax` > 0 in elements up to `elementMax`, whose
/// numbers have `mantissaBits` (used by ScaleMode::Even). All modes work on the bits of float32.
uint32_t chooseE8M0(float absmax, double elementMax, int mantissaBits, ScaleMode mode);

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

/// How the scale of a block follows from its elements.
struct ScaleSearch {
  enum class Kind : uint8_t {
    None,  ///< from absmax (with zero points: from the least and the greatest element and 0)
    Clip,  ///< from (1 - i/grid) of that, i = 0 .. steps-1, by error; the first of equals
    Codes, ///< among neighbours of the stored code, by error; the first choice wins ties
    /// As for None; then float zero points move to where a few large errors count less: HQQ
    /// [NUM-FMT-10]. `columnWeights` are not read.
    HalfQuadratic,
  };
  Kind kind = Kind::None;
  double norm = 2.0;    ///< of the error |x - x^|^norm
  int steps = 80;       ///< Clip, HalfQuadratic
  int grid = 100;       ///< Clip; >= steps
  int codesBelow = 1;   ///< Codes
  int codesAbove = 1;   ///< Codes
  double beta = 10;     ///< HalfQuadratic: what a difference of the two halves costs at first
  double kappa = 1.01;  ///< HalfQuadratic: its growth each step
  bool absMean = false; ///< start from the mean magnitude instead of absmax (ternary weights)
  /// Error weight of each column (the diagonal of a Hessian), non-negative; none: 1.
  const double *columnWeights = nullptr;

  static ScaleSearch none() { return {}; }
  /// The search of GPTQ and BRECQ: norm 2.4, 80 steps of 1/100. Norm 2 is mean squared error.
  static ScaleSearch clip(double norm = 2.4, int steps = 80, int grid = 100) {
    ScaleSearch search;
    search.kind = Kind::Clip;
    search.norm = norm;
    search.steps = steps;
    search.grid = grid;
    return search;
  }
  static ScaleSearch codes(int below, int above) {
    ScaleSearch search;
    search.kind = Kind::Codes;
    search.codesBelow = below;
    search.codesAbove = above;
    return search;
  }
  /// With the constants of the published code.
  static ScaleSearch halfQuadratic() {
    ScaleSearch search;
    search.kind = Kind::HalfQuadratic;
    search.norm = 0.7;
    search.steps = 20;
    return search;
  }
};

/// What keeps a search from a format, "expected ..., but found ..."; empty when they go together.
std::string searchFault(const NumberFormat &format, const ScaleSearch &search);

/// The scales of a matrix as they are stored, and what they stand for. Blocks are in row-major
/// order.
struct BlockScales {
  size_t rows = 0, columns = 0;
  std::vector<uint32_t> codes;     ///< one per block, in the format's scale type
  std::vector<BlockParams> params; ///< one per block, decoded
  /// Second level. E4M3: the tensor's scale. Double: the mean, then one scale per 256 blocks.
  std::vector<float> secondLevel;
};

/// Scales, zero points and tables of a matrix [rows, columns]. The format must have no faults, also
/// none with the search. A block of zeros has scale 1; a block with a NaN or an infinity has the
/// scale NaN, so that all of it decodes to NaN, and takes no part in second-level scales.
BlockScales chooseScales(const NumberFormat &format, const float *matrix, size_t rows,
                         size_t columns, const ScaleSearch &search = {});

/// Moves the float zero points of `scales`, which are those of the range, by
/// Kind::HalfQuadratic. Stops at the first step that does not lessen the mean magnitude of the
/// error of the whole matrix, and keeps the zeros from before it.
void moveZeros(const NumberFormat &format, const ScaleSearch &search, const float *matrix,
               BlockScales &scales);

/// About the minimum over e of |e|^p + beta/2 (e - x)^2: sign(x) max(|x| - |x|^(p-1) / beta, 0),
/// and 0 for 0.
double shrinkLp(double x, double p, double beta);

/// Recomputes `params` from what is stored: codes and second level, and zero points and selectors,
/// which are left as they are. False when `codes`, `params` and `secondLevel` have not the sizes
/// that the format asks for.
bool decodeScales(const NumberFormat &format, BlockScales &scales);

/// Floats that a format stores in the second level for so many blocks.
size_t secondLevelSize(const NumberFormat &format, size_t blocks);

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// The codes of a matrix, one byte an element.
std::vector<uint8_t> encodeMatrix(const NumberFormat &format, const BlockScales &scales,
                                  const float *matrix);
void decodeMatrix(const NumberFormat &format, const BlockScales &scales, const uint8_t *codes,
                  float *matrix);
/// decodeMatrix of encodeMatrix; `out` may be `matrix`.
void fakeQuantizeMatrix(const NumberFormat &format, const BlockScales &scales, const float *matrix,
                        float *out);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_BLOCKSCALE_H
