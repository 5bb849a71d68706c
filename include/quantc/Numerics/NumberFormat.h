//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Number formats of stored tensors as values [NUM-FMT-*]: how one element is coded, which elements
// share a scale, and how scales and zero points are stored. The text form is the name under which
// recipes, attributes and reports know a format; docs/Formats.md has the grammar and the sources.
//
// A tensor is a matrix [rows, columns], row-major, whose columns are the reduction axis. A block is
// a run of elements that share a scale. An element's value is v(code) in units of its block's
// scale; its real value is v * scale in fp32 ([NUM-FMT-2]).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_NUMBERFORMAT_H
#define QUANTC_NUMERICS_NUMBERFORMAT_H

#include "quantc/Numerics/Codebook.h"
#include "quantc/Numerics/Minifloat.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quantc::numerics {

/// What a code is.
enum class ElementKind : uint8_t {
  Integer,   ///< two's complement or unsigned, times 2^-fractionBits
  Minifloat, ///< sign, exponent, mantissa
  Codebook   ///< an index into a table
};

/// Which elements share a scale.
enum class Granularity : uint8_t {
  Tensor,
  Channel, ///< a row
  Group    ///< `groupSize` neighbours of a row; a row's last group may be shorter
};

/// How zero points are stored; integers only, except None.
enum class ZeroPointKind : uint8_t {
  None,    ///< 0, or the middle code 2^(bits-1) of unsigned integers
  Integer, ///< a code for each block: x = s (q - z)
  Float    ///< the real value of code 0 in the scale's type: x = s q + m
};

/// How scales are stored.
enum class ScaleType : uint8_t {
  F32,
  F16,
  BF16,
  E8M0,  ///< a power of two in a byte, chosen by a `ScaleMode`
  E4M3,  ///< E4M3FN times one f32 for the tensor (NVFP4)
  UE5M3, ///< unsigned, 5 exponent and 3 mantissa bits
  Double ///< one f32 mean for the tensor plus E4M3FN times an f32 for each 256 scales (QLoRA)
};

/// How a power of two is chosen for absmax a and elements up to M, emax = floor(log2 M)
/// [NUM-FMT-4].
enum class ScaleMode : uint8_t {
  Floor,      ///< 2^(floor(log2 a) - emax): OCP MX 1.0; elements may saturate
  Ceil,       ///< 2^(ceil(log2 a) - emax)
  Even,       ///< Floor of a rounded to the element's mantissa bits
  RoundedCeil ///< 2^ceil(log2(a / M)): the least power without saturation
};

/// Scales of a `Double` format that share one f32.
inline constexpr size_t kDoubleScaleBlock = 256;

struct NumberFormat {
  ElementKind element = ElementKind::Integer;
  // Integer
  int integerBits = 8; ///< 1..8
  bool isSigned = true;
  bool narrow = true;   ///< without zero point: the code -2^(bits-1) (from the middle) is not used
  int fractionBits = 0; ///< 0..integerBits: the unit of a code is 2^-fractionBits
  // Minifloat, of at most 8 bits
  MinifloatFormat minifloat = kF4E2M1;
  // Codebook
  CodebookFamily codebook;

  Granularity granularity = Granularity::Channel;
  size_t groupSize = 0; ///< for Granularity::Group
  ZeroPointKind zeroPoint = ZeroPointKind::None;
  ScaleType scale = ScaleType::F32;
  ScaleMode scaleMode = ScaleMode::Floor; ///< for ScaleType::E8M0

  bool operator==(const NumberFormat &o) const;
  bool operator!=(const NumberFormat &o) const { return !(*this == o); }

  /// Bits of one code, 1..8.
  int elementBits() const;
  /// Bits of a stored scale, zero point and table selector of one block.
  int scaleBits() const;
  int zeroPointBits() const;
  int selectorBits() const;
  /// Least and greatest integer code as a number (for unsigned codes as stored). Integer only.
  int32_t minCode() const;
  int32_t maxCode() const;
  /// The code of 0 in formats of integers without zero point: 0, or 2^(bits-1) when unsigned.
  int32_t middleCode() const;
  /// The element value that a block's absmax (with zero points: its range) is scaled to: the
  /// greatest integer, number or table entry, the latter of table `selector`.
  double elementMax(unsigned selector = 0) const;

  /// Blocks in one row: 1 except for groups.
  size_t blocksPerRow(size_t columns) const;
  /// Blocks of a matrix.
  size_t blockCount(size_t rows, size_t columns) const;
  /// Elements of row-wise block `index` of `blocksPerRow`; formats per tensor have one block of
  /// all.
  size_t blockBegin(size_t block, size_t columns) const;
  size_t blockLength(size_t block, size_t rows, size_t columns) const;
  /// The block of an element.
  size_t blockOf(size_t row, size_t column, size_t columns) const;

  /// Information stored for a matrix, in bits: codes, scales, zero points, selectors, second-level
  /// scales, and tables that are not built in. Padding to whole bytes does not count.
  double storedBits(size_t rows, size_t columns) const;
  /// storedBits per element.
  double bitsPerWeight(size_t rows, size_t columns) const {
    return storedBits(rows, columns) / (static_cast<double>(rows) * static_cast<double>(columns));
  }
};

/// Everything that contradicts itself in `format`, one message each; empty for a usable format.
std::vector<std::string> numberFormatFaults(const NumberFormat &format);

/// A format, or what is wrong with its text.
struct ParsedNumberFormat {
  std::optional<NumberFormat> format;
  std::vector<std::string> faults; ///< all of them; empty exactly when there is a format
};

/// Reads the text form: "int4:g128:sym:f16", "mxfp4", "nvfp4", "nf4:g64", "fp<e4m3fn>:tensor",
/// "bfp<4>:g16", "uint3:g64:asym:f16", "codebook<-1,0,1>:channel". Grammar: docs/Formats.md.
ParsedNumberFormat parseNumberFormat(std::string_view text);

/// The canonical text of a format: parses to the same format, and formats with one text are equal.
std::string printNumberFormat(const NumberFormat &format);

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_NUMBERFORMAT_H
