//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walsh-Hadamard transforms of every length that Sylvester's and Paley's constructions and their
// products reach: which lengths those are, the matrices of +-1, and their fast application to rows
// of float, double and of integer codes. Rules [NUM-HAD-*] of docs/Numerics.md; how lengths are
// planned: docs/Hadamard.md.
//
// Source: Paley, "On orthogonal matrices", J. Math. Phys. 12 (1933); the place of the transforms
// in quantized networks: Ashkboos et al., "QuaRot", arXiv 2404.00456.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_HADAMARD_H
#define QUANTC_NUMERICS_HADAMARD_H

#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Saturation.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantc::numerics {

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

/// A square matrix of +-1, row-major.
struct SignMatrix {
  int64_t order = 0;
  std::vector<int8_t> entries;

  int8_t at(int64_t row, int64_t column) const {
    return entries[static_cast<size_t>(row * order + column)];
  }
};

/// Whether M M^T = order * I, in exact integers.
bool isHadamard(const SignMatrix &matrix);

/// [NUM-HAD-1] H_1 = [1], H_2n = [[1, 1], [1, -1]] (x) H_n; nullopt unless `order` is a power of
/// two of at most 2^14.
std::optional<SignMatrix> sylvester(int64_t order);
/// [NUM-HAD-2] Order q + 1; nullopt unless q is a prime power, q mod 4 = 3, q <= 2^13.
std::optional<SignMatrix> paleyOne(int64_t q);
/// [NUM-HAD-2] Order 2 (q + 1), symmetric; nullopt unless q is a prime power, q mod 4 = 1, q <=
/// 2^12.
std::optional<SignMatrix> paleyTwo(int64_t q);
/// a (x) b; a Hadamard matrix when both are.
SignMatrix kronecker(const SignMatrix &a, const SignMatrix &b);

//===----------------------------------------------------------------------===//
// Plans
//===----------------------------------------------------------------------===//

enum class HadamardKind : uint8_t { PaleyOne, PaleyTwo };

/// A dense factor: a matrix of Paley's over GF(q).
struct HadamardFactor {
  int64_t order = 0;
  HadamardKind kind = HadamardKind::PaleyOne;
  int64_t q = 0;

  SignMatrix matrix() const;
};

/// [NUM-HAD-3] How a vector is transformed: `blocks` neighbouring parts of `size` elements each, by
/// H = H_factors[0] (x) H_factors[1] (x) ... (x) H_(2^log2). Nearly always there is one factor, or
/// none where the size is a power of two.
struct HadamardPlan {
  int64_t size = 1;
  int64_t blocks = 1;
  std::vector<HadamardFactor> factors;
  int log2 = 0;

  int64_t channels() const { return size * blocks; }
  /// The same transform of each of `count` parts.
  HadamardPlan inBlocks(int64_t count) const {
    HadamardPlan plan = *this;
    plan.blocks = count;
    return plan;
  }
  /// Additions and subtractions for one vector of channels() elements.
  int64_t additions() const;
  /// "28 x 512, Paley I(27)", "4096", "20 x 52, Paley I(19), Paley II(25)"; "43 blocks of "
  /// stands before it when there are several.
  std::string describe() const;
};

/// Why no plan was made.
enum class HadamardRefusal : uint8_t {
  NotPositive,
  SizeTooLarge,      ///< above 2^31 - 1
  NotMultipleOfFour, ///< no such matrix exists
  NoConstruction,    ///< no construction here reaches the order
  DenseTooLarge,     ///< one does, but with a dense factor above the limit
};

/// What to prefer among plans.
enum class HadamardChoice : uint8_t {
  OneFactor,       ///< the smallest single dense factor; a product only where there is none
  FewestAdditions, ///< whatever is cheapest to apply
};

struct HadamardOptions {
  /// The largest order of a dense factor. Its cost is about order / 4 additions an element.
  int64_t maxDense = 1024;
  HadamardChoice choice = HadamardChoice::OneFactor;
};

/// A plan, or the reason why there is none.
struct HadamardPlanning {
  std::optional<HadamardPlan> plan;
  HadamardRefusal refusal = HadamardRefusal::NotPositive; ///< meaningful without a plan
  int64_t size = 0;                                       ///< what was asked for
  int64_t maxDense = 0;                                   ///< the limit that held

  explicit operator bool() const { return plan.has_value(); }
  /// The refusal in words, empty with a plan.
  std::string message() const;
};

/// [NUM-HAD-3] The plan for vectors of `size` elements.
HadamardPlanning planHadamard(int64_t size, const HadamardOptions &options = {});

/// [NUM-HAD-4] The fallback: blocks of the largest power of two that divides `channels`. Weaker
/// mixing, cheap, always orthogonal. nullopt when `channels` is odd or not positive.
std::optional<HadamardPlan> planHadamardBlocks(int64_t channels);

/// The plan for an axis of `axis` elements seen as [blocks][size][inner]; nullopt with a reason
/// that reads "expected ..., but found ..." or as a refusal's message.
std::optional<HadamardPlan> planHadamardAxis(int64_t axis, int64_t size, int64_t inner,
                                             std::string &reason);

//===----------------------------------------------------------------------===//
// Transforms
//===----------------------------------------------------------------------===//

/// y = x R, or y = x R^T = x R^-1.
enum class HadamardDirection : uint8_t { Forward, Inverse };

/// [NUM-HAD-6] The matrix of +-1 as `hadamardDense` reads it: one byte for each result j and each
/// group g of four inputs, whose bit r is set where entry (4g + r, j) is -1; with `transposed`,
/// entry (j, 4g + r). Groups stand in chunks of 16: [chunk][order][groups of the chunk].
std::vector<uint8_t> packHadamardCodes(const SignMatrix &matrix, bool transposed = false);

/// [NUM-HAD-7] `count` signs, each -1 with probability 1/2: the numbers of RandomState(seed) below
/// 1/2.
std::vector<int8_t> randomSigns(int64_t count, int64_t seed);

/// The transform y = x R of rows, R = diag(signs) H / sqrt(size), H that of a plan in each block.
/// An array is [count][channels][inner], row-major, transformed along the middle in place; inner >
/// 1 mixes, for instance, the heads of an attention whose heads hold `inner` elements each. Results
/// do not depend on count.
class Hadamard {
public:
  /// Without signs.
  explicit Hadamard(HadamardPlan plan);
  /// [NUM-HAD-7] With `signs`, plan.channels() of them, each +1 or -1: `randomSigns`.
  Hadamard(HadamardPlan plan, std::vector<int8_t> signs);

  const HadamardPlan &plan() const { return shape; }
  const std::vector<int8_t> &signs() const { return flips; }

  /// [NUM-HAD-8]
  void apply(float *rows, size_t count, HadamardDirection direction = HadamardDirection::Forward,
             size_t inner = 1) const;
  void apply(double *rows, size_t count, HadamardDirection direction = HadamardDirection::Forward,
             size_t inner = 1) const;
  /// [NUM-HAD-9] Integers without normalisation: sqrt(size) * x R. Exact where
  /// hadamardSumRange(size, range of x) fits int32, otherwise modulo 2^32.
  void sums(int32_t *rows, size_t count, HadamardDirection direction = HadamardDirection::Forward,
            size_t inner = 1) const;
  /// The same modulo 2^64.
  void sums(int64_t *rows, size_t count, HadamardDirection direction = HadamardDirection::Forward,
            size_t inner = 1) const;

  /// R, [channels][channels] row-major; entries are 0 and +-1 / sqrt(size).
  std::vector<double> matrix() const;

private:
  template <typename T>
  void transform(T *rows, size_t count, HadamardDirection direction, size_t inner) const;

  HadamardPlan shape;
  std::vector<int8_t> flips;                  // empty without signs
  std::vector<std::vector<uint8_t>> codes[2]; // by direction, by factor
};

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

/// [NUM-HAD-9] Bound of every sum, partial sums included, for codes of `xMinusZp` (zero point
/// subtracted): [-size * max|x|, size * max|x|], saturated at int64.
IntRange hadamardSumRange(int64_t size, IntRange xMinusZp);

/// [NUM-HAD-10] The scale s_in / (s_out * sqrt(size)) by which sums become codes; nullopt when it
/// is no legal dyadic.
std::optional<Dyadic> hadamardScale(int64_t size, double inScale, double outScale);

/// [NUM-HAD-11] k where size = 4^k, so that division by sqrt(size) is a shift by k; nullopt for
/// other sizes.
std::optional<int> hadamardShift(int64_t size);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_HADAMARD_H
