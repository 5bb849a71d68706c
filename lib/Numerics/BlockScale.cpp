//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scale types and the choice of scales.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/BlockScale.h"
#include "quantc/Numerics/Fma.h"
#include "quantc/Numerics/Rounding.h"

#include <algorithm>
#include <cfloat>
#include <cmath>

namespace quantc::numerics {

//===----------------------------------------------------------------------===//
// Storage types
//===----------------------------------------------------------------------===//

/// The largest number of E4M3FN.
static constexpr double kE4M3Max = 448;

/// The minifloat of a scale type that is one; F32 and E8M0 are not.
static const MinifloatFormat &scaleMinifloat(ScaleType type) {
  switch (type) {
  case ScaleType::F16:
    return kF16;
  case ScaleType::BF16:
    return kBF16;
  case ScaleType::UE5M3:
    return kUE5M3;
  default:
    return kF8E4M3FN;
  }
}

float decodeScale(ScaleType type, uint32_t code) {
  if (type == ScaleType::F32)
    return floatOfBits(code);
  if (type == ScaleType::E8M0)
    return decodeE8M0(code);
  return decodeMinifloat(scaleMinifloat(type), code);
}

/// Least and greatest code of a positive finite scale.
static std::pair<uint32_t, uint32_t> scaleCodes(ScaleType type) {
  switch (type) {
  case ScaleType::F32:
    return {bitsOf(FLT_MIN), bitsOf(FLT_MAX)};
  case ScaleType::BF16:
    return {bitsOf(FLT_MIN) >> 16, kBF16.maxCode()};
  case ScaleType::E8M0:
    return {0, 254};
  default:
    return {1, scaleMinifloat(type).maxCode()};
  }
}

uint32_t encodeScale(ScaleType type, double scale) {
  auto [least, greatest] = scaleCodes(type);
  uint32_t code = 0;
  if (type == ScaleType::F32)
    code = bitsOf(static_cast<float>(std::min(scale, double(FLT_MAX))));
  else if (type == ScaleType::E8M0)
    code = encodeE8M0(static_cast<float>(std::clamp(scale, std::ldexp(1.0, -127), double(FLT_MAX))),
                      true, E8M0Rounding::Nearest);
  else
    code = encodeMinifloat(scaleMinifloat(type), scale, true);
  if (code < least && (type == ScaleType::F32 || type == ScaleType::BF16))
    return encodeScale(type, 1.0);
  return std::clamp(code, least, greatest);
}

float roundToScale(ScaleType type, double value) {
  if (type == ScaleType::F32)
    return static_cast<float>(value);
  return decodeMinifloat(scaleMinifloat(type), encodeMinifloat(scaleMinifloat(type), value, true));
}

uint32_t nanScale(ScaleType type) {
  if (type == ScaleType::F32)
    return 0x7FC00000;
  return type == ScaleType::E8M0 ? 0xFF : scaleMinifloat(type).nanCode();
}

uint32_t chooseE8M0(float absmax, double elementMax, int mantissaBits, ScaleMode mode) {
  int exponent = 0;
  if (mode == ScaleMode::RoundedCeil) {
    // As the conversion instruction does it, the quotient is a product of two fp32 roundings.
    float quotient = absmax * (1.0f / static_cast<float>(elementMax));
    float fraction = std::frexp(quotient, &exponent); // quotient = fraction * 2^exponent
    exponent -= fraction == 0.5f;
    if (quotient == 0.0f || std::isinf(quotient))
      exponent = quotient == 0.0f ? -127 : 127;
  } else {
    uint32_t bits = bitsOf(absmax);
    if (mode == ScaleMode::Even && absmax >= FLT_MIN)
      bits = (bits + (uint32_t(1) << (22 - mantissaBits))) & 0xFF800000;
    int field = static_cast<int>(bits >> 23);
    exponent = field != 0 ? field - 127 : std::ilogb(absmax);
    exponent += mode == ScaleMode::Ceil && (bits & 0x7FFFFF) != 0;
    exponent -= std::ilogb(elementMax);
  }
  return static_cast<uint32_t>(std::clamp(exponent, -127, 127) + 127);
}

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

namespace {
/// The extent of a block: of the elements, or of what they are taken for.
struct Extent {
  double low = 0, high = 0;
  bool finite = true;
};

struct Choice {
  uint32_t code = 0;
  BlockParams params;
};

class Chooser {
public:
  Chooser(const NumberFormat &format, const ScaleSearch &search)
      : format(format), search(search), codec(format) {
    size_t tables = format.element == ElementKind::Codebook ? format.codebook.tables.size() : 1;
    for (size_t table = 0; table < tables; ++table)
      elementMax.push_back(format.elementMax(static_cast<unsigned>(table)));
  }

  BlockScales run(const float *matrix, size_t rows, size_t columns);

private:
  const NumberFormat &format;
  const ScaleSearch &search;
  NumberFormatCodec codec;
  std::vector<double> elementMax; ///< per table
  float tensorScale = 1.0f;

  Extent extentOf(const float *x, size_t n) const;
  double reachOf(const Extent &extent) const;
  uint32_t codeOf(double reach, unsigned table) const;
  Choice atCode(uint32_t code, const Extent &extent, unsigned table) const;
  Choice atExtent(const Extent &extent, unsigned table) const {
    return atCode(codeOf(reachOf(extent), table), extent, table);
  }
  Choice choose(const float *x, size_t n, const Extent &extent, const double *weights) const;
  template <typename Try>
  void candidates(const Extent &extent, unsigned table, const Try &attempt) const;
  void quantizeScales(BlockScales &scales, const std::vector<Extent> &extents) const;
};
} // namespace

Extent Chooser::extentOf(const float *x, size_t n) const {
  Extent extent;
  if (n == 0)
    return extent;
  float low = x[0], high = x[0];
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    extent.finite = extent.finite && std::isfinite(x[i]);
    low = std::min(low, x[i]);
    high = std::max(high, x[i]);
    sum += std::fabs(x[i]);
  }
  extent.low = low;
  extent.high = high;
  if (search.absMean) {
    extent.high = sum / static_cast<double>(n);
    extent.low = -extent.high;
  }
  return extent;
}

/// What is scaled to the greatest element: absmax, or the length of the range.
double Chooser::reachOf(const Extent &extent) const {
  switch (format.zeroPoint) {
  case ZeroPointKind::None:
    if (format.element == ElementKind::Minifloat && !format.minifloat.isSigned)
      return std::max(extent.high, 0.0);
    return std::max(std::fabs(extent.low), std::fabs(extent.high));
  case ZeroPointKind::Integer:
    return std::max(extent.high, 0.0) - std::min(extent.low, 0.0);
  case ZeroPointKind::Float:
    return std::max(extent.high - double(roundToScale(format.scale, extent.low)), 0.0);
  }
  return 0;
}

/// [NUM-FMT-3] [NUM-FMT-4] The stored scale for a reach. Nothing to reach: scale 1.
uint32_t Chooser::codeOf(double reach, unsigned table) const {
  double most = elementMax[table];
  if (reach == 0)
    return encodeScale(format.scale, 1.0);
  switch (format.scale) {
  case ScaleType::E8M0: {
    int mantissa = format.element == ElementKind::Minifloat ? format.minifloat.mantissaBits
                   : format.element == ElementKind::Integer
                       ? std::ilogb(std::ldexp(most, format.fractionBits))
                       : 0;
    return chooseE8M0(static_cast<float>(std::min(reach, double(FLT_MAX))), most, mantissa,
                      format.scaleMode);
  }
  case ScaleType::E4M3:
    return encodeScale(format.scale, reach / most / double(tensorScale));
  case ScaleType::Double: // first as it would be without a second quantization
    return encodeScale(ScaleType::F32, reach / most);
  default:
    return encodeScale(format.scale, reach / most);
  }
}

/// The block's parameters with a given stored scale; the zero point follows from the rounded scale.
Choice Chooser::atCode(uint32_t code, const Extent &extent, unsigned table) const {
  Choice choice;
  choice.code = code;
  choice.params.selector = static_cast<uint8_t>(table);
  if (format.scale == ScaleType::Double)
    choice.params.scale = floatOfBits(code);
  else
    choice.params.scale = decodeScale(format.scale, code) * tensorScale;
  if (format.zeroPoint == ZeroPointKind::Float)
    choice.params.zero = roundToScale(format.scale, extent.low);
  if (format.zeroPoint == ZeroPointKind::Integer) {
    double least = format.minCode(), greatest = format.maxCode();
    double zero = roundHalfEven(least - std::min(extent.low, 0.0) / double(choice.params.scale));
    choice.params.zeroPoint = static_cast<int32_t>(std::clamp(zero, least, greatest));
  }
  return choice;
}

/// Calls `attempt` with each candidate of one table; the first is the one without a search.
template <typename Try>
void Chooser::candidates(const Extent &extent, unsigned table, const Try &attempt) const {
  Choice first = atExtent(extent, table);
  attempt(first);
  if (search.kind == ScaleSearch::Kind::Clip) {
    for (int i = 1; i < search.steps; ++i) {
      double ratio = 1.0 - static_cast<double>(i) / search.grid;
      attempt(atExtent({ratio * extent.low, ratio * extent.high, true}, table));
    }
  } else if (search.kind == ScaleSearch::Kind::Codes) {
    auto [least, greatest] =
        scaleCodes(format.scale == ScaleType::Double ? ScaleType::F32 : format.scale);
    for (int64_t step = -search.codesBelow; step <= search.codesAbove; ++step) {
      int64_t code = int64_t(first.code) + step;
      if (step != 0 && code >= least && code <= greatest)
        attempt(atCode(static_cast<uint32_t>(code), extent, table));
    }
  }
}

/// [NUM-FMT-6] The first candidate with the least error, tables in order.
Choice Chooser::choose(const float *x, size_t n, const Extent &extent,
                       const double *weights) const {
  if (!extent.finite) {
    Choice poisoned;
    poisoned.code = nanScale(format.scale);
    poisoned.params.scale = std::nanf("");
    poisoned.params.zeroPoint = format.zeroPoint == ZeroPointKind::Integer ? format.minCode() : 0;
    return poisoned;
  }
  const bool searches =
      search.kind == ScaleSearch::Kind::Clip || search.kind == ScaleSearch::Kind::Codes;
  if (!searches && elementMax.size() == 1)
    return atExtent(extent, 0);
  Choice best;
  double least = std::numeric_limits<double>::infinity();
  bool any = false;
  for (unsigned table = 0; table < elementMax.size(); ++table)
    candidates(extent, table, [&](const Choice &choice) {
      double error = codec.error(x, n, choice.params, {search.norm, weights}, least);
      if (any && !(error < least))
        return;
      best = choice;
      least = error;
      any = true;
    });
  return best;
}

BlockScales Chooser::run(const float *matrix, size_t rows, size_t columns) {
  BlockScales scales;
  scales.rows = rows;
  scales.columns = columns;
  size_t blocks = format.blockCount(rows, columns);
  std::vector<Extent> extents(blocks);
  double most = 0;
  for (size_t block = 0; block < blocks; ++block) {
    extents[block] = extentOf(matrix + format.blockBegin(block, columns),
                              format.blockLength(block, rows, columns));
    if (extents[block].finite)
      most = std::max(most, reachOf(extents[block]));
  }
  if (format.scale == ScaleType::E4M3) {
    if (most != 0)
      tensorScale = floatOfBits(encodeScale(ScaleType::F32, most / (elementMax[0] * kE4M3Max)));
    scales.secondLevel = {tensorScale};
  }
  std::vector<double> repeated; // column weights of a block over all rows
  if (search.columnWeights && format.granularity == Granularity::Tensor)
    for (size_t row = 0; row < rows; ++row)
      repeated.insert(repeated.end(), search.columnWeights, search.columnWeights + columns);
  for (size_t block = 0; block < blocks; ++block) {
    size_t begin = format.blockBegin(block, columns);
    const double *weights = !search.columnWeights ? nullptr
                            : !repeated.empty()   ? repeated.data()
                                                  : search.columnWeights + begin % columns;
    Choice choice =
        choose(matrix + begin, format.blockLength(block, rows, columns), extents[block], weights);
    scales.codes.push_back(choice.code);
    scales.params.push_back(choice.params);
  }
  if (format.scale == ScaleType::Double)
    quantizeScales(scales, extents);
  if (search.kind == ScaleSearch::Kind::HalfQuadratic)
    moveZeros(format, search, matrix, scales);
  return scales;
}

/// [NUM-FMT-7] Replaces f32 scales by their mean and E4M3 deviations from it, with an f32 scale for
/// each run of 256. Blocks of zeros take the mean. A deviation that would make a scale 0 or less is
/// raised to the next code.
void Chooser::quantizeScales(BlockScales &scales, const std::vector<Extent> &extents) const {
  std::vector<double> deviations(extents.size());
  double sum = 0;
  size_t count = 0;
  auto counts = [&](size_t block) { return extents[block].finite && reachOf(extents[block]) != 0; };
  for (size_t block = 0; block < extents.size(); ++block)
    if (counts(block)) {
      sum += scales.params[block].scale;
      ++count;
    }
  auto mean = static_cast<float>(count ? sum / static_cast<double>(count) : 1.0);
  scales.secondLevel = {mean};
  for (size_t begin = 0; begin < extents.size(); begin += kDoubleScaleBlock) {
    size_t end = std::min(begin + kDoubleScaleBlock, extents.size());
    double most = 0;
    for (size_t block = begin; block < end; ++block) {
      if (counts(block))
        deviations[block] = double(scales.params[block].scale) - double(mean);
      most = std::max(most, std::fabs(deviations[block]));
    }
    float step = most == 0 ? 1.0f : floatOfBits(encodeScale(ScaleType::F32, most / kE4M3Max));
    scales.secondLevel.push_back(step);
    for (size_t block = begin; block < end; ++block) {
      if (!extents[block].finite)
        continue;
      uint32_t code = encodeMinifloat(kF8E4M3FN, deviations[block] / double(step), true);
      while (!(fmaF32(decodeMinifloat(kF8E4M3FN, code), step, mean) > 0))
        --code; // a negative deviation, toward 0
      scales.codes[block] = code;
    }
  }
  decodeScales(format, scales);
}

std::string searchFault(const NumberFormat &format, const ScaleSearch &search) {
  if (search.kind != ScaleSearch::Kind::HalfQuadratic || format.zeroPoint == ZeroPointKind::Float)
    return "";
  return "expected integers with float zero points (asym-float) for the search hqq, but found '" +
         printNumberFormat(format) + "'";
}

BlockScales chooseScales(const NumberFormat &format, const float *matrix, size_t rows,
                         size_t columns, const ScaleSearch &search) {
  return Chooser(format, search).run(matrix, rows, columns);
}

size_t secondLevelSize(const NumberFormat &format, size_t blocks) {
  if (format.scale == ScaleType::E4M3)
    return 1;
  if (format.scale == ScaleType::Double)
    return 1 + (blocks + kDoubleScaleBlock - 1) / kDoubleScaleBlock;
  return 0;
}

bool decodeScales(const NumberFormat &format, BlockScales &scales) {
  size_t blocks = format.blockCount(scales.rows, scales.columns);
  if (scales.codes.size() != blocks || scales.params.size() != blocks ||
      scales.secondLevel.size() != secondLevelSize(format, blocks))
    return false;
  for (size_t block = 0; block < blocks; ++block) {
    float scale = decodeScale(format.scale, scales.codes[block]);
    if (format.scale == ScaleType::E4M3)
      scale *= scales.secondLevel[0];
    else if (format.scale == ScaleType::Double)
      scale =
          fmaF32(scale, scales.secondLevel[1 + block / kDoubleScaleBlock], scales.secondLevel[0]);
    scales.params[block].scale = scale;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

std::vector<uint8_t> encodeMatrix(const NumberFormat &format, const BlockScales &scales,
                                  const float *matrix) {
  NumberFormatCodec codec(format);
  std::vector<uint8_t> codes(scales.rows * scales.columns);
  for (size_t block = 0; block < scales.params.size(); ++block) {
    size_t begin = format.blockBegin(block, scales.columns);
    codec.encode(matrix + begin, format.blockLength(block, scales.rows, scales.columns),
                 scales.params[block], codes.data() + begin);
  }
  return codes;
}

void decodeMatrix(const NumberFormat &format, const BlockScales &scales, const uint8_t *codes,
                  float *matrix) {
  NumberFormatCodec codec(format);
  for (size_t block = 0; block < scales.params.size(); ++block) {
    size_t begin = format.blockBegin(block, scales.columns);
    codec.decode(codes + begin, format.blockLength(block, scales.rows, scales.columns),
                 scales.params[block], matrix + begin);
  }
}

void fakeQuantizeMatrix(const NumberFormat &format, const BlockScales &scales, const float *matrix,
                        float *out) {
  NumberFormatCodec codec(format);
  for (size_t block = 0; block < scales.params.size(); ++block) {
    size_t begin = format.blockBegin(block, scales.columns);
    codec.fakeQuantize(matrix + begin, format.blockLength(block, scales.rows, scales.columns),
                       scales.params[block], out + begin);
  }
}

} // namespace quantc::numerics
