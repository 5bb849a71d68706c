//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Epilogues: checks, text of their ROMs, area.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

//===----------------------------------------------------------------------===//
// Shared
//===----------------------------------------------------------------------===//

/// Whether a constant has one element, or `count`; else why not.
static std::string checkCount(StringRef name, ElementsAttr attr, int64_t count) {
  int64_t found = attr.getNumElements();
  if (found == 1 || found == count)
    return {};
  return ("expected " + name + " to have 1 or " + Twine(count) + " elements, but found " +
          Twine(found))
      .str();
}

static std::string checkAcc(int64_t acc) {
  if (acc >= 1 && acc <= 32)
    return {};
  return "expected an accumulator of 1 to 32 bits, but found " + std::to_string(acc);
}

static std::string checkRange(StringRef name, ElementsAttr attr, numerics::IntRange range) {
  if (std::optional<int64_t> value = valueOutside(attr, range))
    return (name + " " + Twine(*value) + " is outside [" + Twine(range.lo) + ", " +
            Twine(range.hi) + "]")
        .str();
  return {};
}

static std::string firstProblem(std::initializer_list<std::string> problems) {
  for (const std::string &problem : problems)
    if (!problem.empty())
      return problem;
  return {};
}

/// A constant with one element or one per channel, as a field of `folds` x `lanes` entries.
static RomField field(ElementsAttr attr, int64_t folds, int64_t lanes) {
  RomField result{{folds, lanes}, romValues(attr)};
  if (result.values.size() == 1)
    result.values.assign(size_t(folds * lanes), result.values.front());
  return result;
}

static RomField scalar(int64_t value) { return {{}, {value}}; }

static std::string text(std::initializer_list<int64_t> numbers) {
  std::string result;
  for (int64_t n : numbers)
    result += ", " + std::to_string(n);
  return result;
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

int64_t RequantizeAttr::getAccBits() const { return getAcc(); }

std::string RequantizeAttr::check(IntegerType element, int64_t channels, int64_t pixels) const {
  int64_t count = getByPixel() ? pixels : channels;
  numerics::IntRange codes = rangeOf(element);
  if (getLo() > getHi() || !codes.contains({getLo(), getHi()}))
    return ("expected lo <= hi, both of the result's element type, but found " + Twine(getLo()) +
            " and " + Twine(getHi()))
        .str();
  if (std::string problem = checkAcc(getAcc()); !problem.empty())
    return problem;
  return firstProblem(
      {checkCount("bias", getBias(), count), checkCount("multiplier", getMultiplier(), count),
       checkCount("shift", getShift(), count),
       checkRange("bias", getBias(), numerics::IntRange::signedType(unsigned(getAcc()))),
       checkRange("multiplier", getMultiplier(), {1 << 23, (1 << 24) - 1}),
       checkRange("shift", getShift(), {1, 62})});
}

static bool isUniform(ArrayRef<ElementsAttr> attrs) {
  return llvm::all_of(attrs, [](ElementsAttr attr) { return attr.getNumElements() == 1; });
}

RomText RequantizeAttr::describe(IntegerType in, IntegerType out, int64_t folds,
                                 int64_t lanes) const {
  bool uniform = isUniform({getBias(), getMultiplier(), getShift()});
  if (uniform)
    folds = lanes = 1;
  RomText rom{"epilogue", "", false, {}};
  std::string rounding = getRounding() == Rounding::HalfUp
                             ? ""
                             : (", qhls::rounding::" + stringifyRounding(getRounding())).str();
  std::string head = std::to_string(getAcc()) + ", " + elementName(out);
  if (getByPixel() && !uniform) {
    int64_t pixels = std::max({getBias().getNumElements(), getMultiplier().getNumElements(),
                               getShift().getNumElements()});
    rom.type = "qhls::requantize_by_pixel<" + head + text({pixels}) + rounding + ">";
    for (ElementsAttr attr : {getBias(), getMultiplier(), getShift()}) {
      rom.fields.push_back(field(attr, pixels, 1));
      rom.fields.back().dims = {pixels};
    }
  } else {
    rom.type = "qhls::requantize<" + head + text({folds, lanes}) + rounding + ">";
    for (ElementsAttr attr : {getBias(), getMultiplier(), getShift()})
      rom.fields.push_back(field(attr, folds, lanes));
  }
  for (int64_t value : {getZeroPoint(), getLo(), getHi()})
    rom.fields.push_back(scalar(value));
  return rom;
}

Resources RequantizeAttr::getResources(IntegerType in, IntegerType out, int64_t folds,
                                       int64_t lanes) const {
  Resources r = rescaler(getAcc(), out.getWidth()) * lanes;
  if (isUniform({getBias(), getMultiplier(), getShift()}))
    return r;
  int64_t entry = getAcc() + 24 + 6;
  int64_t pixels = getBias().getNumElements();
  r += getByPixel() ? memory(entry, pixels) : memory(entry * lanes, folds);
  return r;
}

//===----------------------------------------------------------------------===//
// Thresholds
//===----------------------------------------------------------------------===//

int64_t ThresholdsAttr::getAccBits() const { return getAcc(); }

std::string ThresholdsAttr::check(IntegerType element, int64_t channels, int64_t pixels) const {
  auto type = cast<ShapedType>(getThreshold().getType());
  if (type.getRank() != 2 || (type.getDimSize(0) != 1 && type.getDimSize(0) != channels) ||
      type.getDimSize(1) < 1)
    return ("expected thresholds of [1 or " + Twine(channels) + ", N], but found rank " +
            Twine(type.getRank()))
        .str();
  int64_t n = type.getDimSize(1);
  numerics::IntRange codes = rangeOf(element);
  if (!codes.contains(getBase()) || n > codes.hi - getBase())
    return ("expected " + Twine(n) + " codes behind " + Twine(getBase()) +
            " to be of the result's element type")
        .str();
  if (std::string problem = checkAcc(getAcc()); !problem.empty())
    return problem;
  std::vector<int64_t> values; // those of a splat do not decrease
  if (!isa<SplatElementsAttr>(getThreshold()))
    values = romValues(getThreshold());
  for (size_t i = 1; i < values.size(); ++i)
    if (i % size_t(n) != 0 && values[i] < values[i - 1])
      return "expected thresholds that do not decrease";
  return firstProblem(
      {checkCount("bias", getBias(), channels),
       checkRange("bias", getBias(), numerics::IntRange::signedType(unsigned(getAcc()))),
       checkRange("threshold", getThreshold(),
                  numerics::IntRange::signedType(unsigned(getAcc()) + 1))});
}

RomText ThresholdsAttr::describe(IntegerType in, IntegerType out, int64_t folds,
                                 int64_t lanes) const {
  int64_t n = cast<ShapedType>(getThreshold().getType()).getDimSize(1);
  int64_t rows = cast<ShapedType>(getThreshold().getType()).getDimSize(0);
  if (rows == 1 && getBias().getNumElements() == 1)
    folds = lanes = 1;
  RomText rom{"epilogue", "", false, {}};
  rom.type = "qhls::thresholds<" + std::to_string(getAcc()) + ", " + elementName(out) +
             text({folds, lanes, n}) + ">";
  rom.fields.push_back(field(getBias(), folds, lanes));
  RomField steps{{folds, lanes, n}, romValues(getThreshold())};
  std::vector<int64_t> row = steps.values;
  if (rows == 1)
    for (int64_t c = 1; c < folds * lanes; ++c)
      llvm::append_range(steps.values, row);
  rom.fields.push_back(std::move(steps));
  rom.fields.push_back(scalar(getBase()));
  return rom;
}

Resources ThresholdsAttr::getResources(IntegerType in, IntegerType out, int64_t folds,
                                       int64_t lanes) const {
  auto type = cast<ShapedType>(getThreshold().getType());
  int64_t n = type.getDimSize(1);
  Resources r = comparators(getAcc(), n) * lanes;
  if (type.getDimSize(0) > 1 || getBias().getNumElements() > 1)
    r += memory(lanes * (n * (getAcc() + 1) + getAcc()), folds);
  return r;
}

//===----------------------------------------------------------------------===//
// Bias alone, tables
//===----------------------------------------------------------------------===//

int64_t AddBiasAttr::getAccBits() const { return getAcc(); }

std::string AddBiasAttr::check(IntegerType element, int64_t channels, int64_t pixels) const {
  if (element.isUnsigned() || int64_t(element.getWidth()) != getAcc())
    return ("expected a result of si" + Twine(getAcc())).str();
  if (std::string problem = checkAcc(getAcc()); !problem.empty())
    return problem;
  return firstProblem(
      {checkCount("bias", getBias(), channels),
       checkRange("bias", getBias(), numerics::IntRange::signedType(unsigned(getAcc())))});
}

RomText AddBiasAttr::describe(IntegerType in, IntegerType out, int64_t folds, int64_t lanes) const {
  if (getBias().getNumElements() == 1)
    folds = lanes = 1;
  return {"epilogue",
          "qhls::add_bias<" + std::to_string(getAcc()) + text({folds, lanes}) + ">",
          false,
          {field(getBias(), folds, lanes)}};
}

Resources AddBiasAttr::getResources(IntegerType in, IntegerType out, int64_t folds,
                                    int64_t lanes) const {
  Resources r{double(getAcc() * lanes),
              double(2 * getAcc() * lanes),
              double(getAcc() * lanes),
              double(getAcc() * lanes),
              0,
              0};
  if (getBias().getNumElements() > 1)
    r += memory(getAcc() * lanes, folds);
  return r;
}

int64_t TableAttr::getAccBits() const { return 0; }

std::string TableAttr::check(IntegerType element, int64_t channels, int64_t pixels) const {
  return checkRange("entry", getEntry(), rangeOf(element));
}

RomText TableAttr::describe(IntegerType in, IntegerType out, int64_t folds, int64_t lanes) const {
  return {"epilogue",
          "qhls::table<" + elementName(in) + ", " + elementName(out) + ">",
          false,
          {RomField{{getEntry().getNumElements()}, romValues(getEntry())}}};
}

Resources TableAttr::getResources(IntegerType in, IntegerType out, int64_t folds,
                                  int64_t lanes) const {
  // One read port a lane: copies.
  return memory(out.getWidth(), getEntry().getNumElements()) * lanes;
}
