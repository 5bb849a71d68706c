//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Units that move values: converters, forks, concatenation, padding, broadcasts, constants.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "qhls/latency.h"
#include <numeric>

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

static Resources moving(Value stream) {
  auto type = cast<StreamType>(stream.getType());
  return control(type.getLanes() * type.getElement().getWidth());
}

//===----------------------------------------------------------------------===//
// Width converter
//===----------------------------------------------------------------------===//

LogicalResult WidthConverterOp::verify() {
  if (failed(verifySizes(*this,
                         {{"elements", getElements()}, {"from", getFrom()}, {"to", getTo()}})) ||
      failed(verifyDivides(*this, "from", getFrom(), "elements", getElements())) ||
      failed(verifyDivides(*this, "to", getTo(), "elements", getElements())) ||
      failed(verifySameElement(*this, getInput(), getResult())))
    return failure();
  if (getFrom() % getTo() != 0 && getTo() % getFrom() != 0)
    return emitError("[HLS-CONV-1] expected one width to divide the other, but found ")
           << getFrom() << " and " << getTo();
  return verifyUnit(*this);
}
SmallVector<Port> WidthConverterOp::getPorts() {
  return {{getFrom(), getElements() / getFrom()}, {getTo(), getElements() / getTo()}};
}
int64_t WidthConverterOp::getIterations() {
  return std::max(getElements() / getFrom(), getElements() / getTo());
}
int64_t WidthConverterOp::getLatency() { return qhls::latency::move; }
Activity WidthConverterOp::getActivity() {
  if (getTo() > getFrom())
    return {{getElements() / getTo(), {{getTo() / getFrom() - 1, 1, 0}, {1, 1, 1}}}};
  return {{getElements() / getFrom(), {{1, 1, 1}, {getFrom() / getTo() - 1, 0, 1}}}};
}
Resources WidthConverterOp::getResources() {
  return control(std::max(getFrom(), getTo()) * widthOf(getInput()));
}
SmallVector<Fold> WidthConverterOp::getFolds() { return {getFold()}; }
Fold WidthConverterOp::getFold() { return {getFrom(), getTo(), Multiplier::Auto, false}; }
void WidthConverterOp::setFold(const Fold &fold) {
  setFrom(fold.simd);
  setTo(fold.pe);
}
UnitText WidthConverterOp::describe() {
  UnitText text;
  text.unit = "width_converter";
  text.templateArgs = {getElements() / getFrom()};
  return text;
}

//===----------------------------------------------------------------------===//
// One stream of pixels: duplicate, spread, discard
//===----------------------------------------------------------------------===//

template <typename Op> static LogicalResult verifyPixels(Op op) {
  if (failed(verifySizes(op, {{"pixels", op.getPixels()}, {"channels", op.getChannels()}})) ||
      failed(verifyDivides(op, "lanes", op.getLanes(), "channels", op.getChannels())))
    return failure();
  return verifyUnit(op);
}
template <typename Op> static Port pixelPort(Op op) {
  return {op.getLanes(), op.getPixels() * (op.getChannels() / op.getLanes())};
}

LogicalResult DuplicateOp::verify() {
  if (getNumResults() < 2 || getNumResults() > 4)
    return emitError("[HLS-DUP-1] expected 2 to 4 results, but found ") << getNumResults();
  for (Value result : getResults())
    if (failed(verifySameElement(*this, getInput(), result)))
      return failure();
  return verifyPixels(*this);
}
SmallVector<Port> DuplicateOp::getPorts() {
  return SmallVector<Port>(1 + getNumResults(), pixelPort(*this));
}
int64_t DuplicateOp::getIterations() { return pixelPort(*this).beats; }
int64_t DuplicateOp::getLatency() { return qhls::latency::move; }
Activity DuplicateOp::getActivity() {
  return {{1, {{getIterations(), 1, (1u << getNumResults()) - 1}}}};
}
Resources DuplicateOp::getResources() { return moving(getInput()); }
SmallVector<Fold> DuplicateOp::getFolds() { return laneFolds(getChannels()); }
Fold DuplicateOp::getFold() { return laneFold(getLanes()); }
void DuplicateOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText DuplicateOp::describe() {
  UnitText text;
  text.unit = "duplicate";
  text.templateArgs = {pixelPort(*this).beats};
  return text;
}

LogicalResult SpreadOp::verify() {
  if (failed(verifySameElement(*this, getInput(), getResult())))
    return failure();
  return verifyPixels(*this);
}
SmallVector<Port> SpreadOp::getPorts() { return {{1, getPixels()}, pixelPort(*this)}; }
int64_t SpreadOp::getIterations() { return pixelPort(*this).beats; }
int64_t SpreadOp::getLatency() { return qhls::latency::move; }
Activity SpreadOp::getActivity() {
  return {{getPixels(), {{1, 1, 1}, {getChannels() / getLanes() - 1, 0, 1}}}};
}
Resources SpreadOp::getResources() { return moving(getResult()); }
SmallVector<Fold> SpreadOp::getFolds() { return laneFolds(getChannels()); }
Fold SpreadOp::getFold() { return laneFold(getLanes()); }
void SpreadOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText SpreadOp::describe() {
  UnitText text;
  text.unit = "spread";
  text.templateArgs = {getPixels(), getChannels() / getLanes()};
  return text;
}

LogicalResult DiscardOp::verify() { return verifyPixels(*this); }
SmallVector<Port> DiscardOp::getPorts() { return {pixelPort(*this)}; }
int64_t DiscardOp::getIterations() { return pixelPort(*this).beats; }
int64_t DiscardOp::getLatency() { return qhls::latency::move; }
Activity DiscardOp::getActivity() { return {{1, {{getIterations(), 1, 0}}}}; }
Resources DiscardOp::getResources() { return control(0); }
SmallVector<Fold> DiscardOp::getFolds() { return laneFolds(getChannels()); }
Fold DiscardOp::getFold() { return laneFold(getLanes()); }
void DiscardOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText DiscardOp::describe() {
  UnitText text;
  text.unit = "discard";
  text.templateArgs = {pixelPort(*this).beats};
  return text;
}

//===----------------------------------------------------------------------===//
// Concatenation, padding, repetition
//===----------------------------------------------------------------------===//

LogicalResult ConcatOp::verify() {
  if (failed(verifySizes(*this, {{"outer", getOuter()},
                                 {"lhs_elements", getLhsElements()},
                                 {"rhs_elements", getRhsElements()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "lhs_elements", getLhsElements())) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "rhs_elements", getRhsElements())) ||
      failed(verifySameElement(*this, getLhs(), getResult())) ||
      failed(verifySameElement(*this, getRhs(), getResult())))
    return failure();
  return verifyUnit(*this);
}
SmallVector<Port> ConcatOp::getPorts() {
  int64_t lanes = getLanes(), a = getLhsElements() / lanes, b = getRhsElements() / lanes;
  return {{lanes, getOuter() * a}, {lanes, getOuter() * b}, {lanes, getOuter() * (a + b)}};
}
int64_t ConcatOp::getIterations() { return getPorts()[2].beats; }
int64_t ConcatOp::getLatency() { return qhls::latency::move; }
Activity ConcatOp::getActivity() {
  return {
      {getOuter(), {{getLhsElements() / getLanes(), 1, 1}, {getRhsElements() / getLanes(), 2, 1}}}};
}
Resources ConcatOp::getResources() { return moving(getResult()); }
SmallVector<Fold> ConcatOp::getFolds() {
  return laneFolds(std::gcd(getLhsElements(), getRhsElements()));
}
Fold ConcatOp::getFold() { return laneFold(getLanes()); }
void ConcatOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText ConcatOp::describe() {
  UnitText text;
  text.unit = "concat";
  text.templateArgs = {getOuter(), getLhsElements() / getLanes(), getRhsElements() / getLanes()};
  return text;
}

LogicalResult PadOp::verify() {
  if (getPads().size() != 4 ||
      llvm::any_of(getPads(), [](int64_t v) { return v < 0 || v >= (1 << 24); }))
    return emitError("[HLS-PAD-1] expected four pads in [0, 2^24), but found ")
           << getPads().size() << " pads or others";
  if (failed(verifySizes(
          *this, {{"height", getHeight()}, {"width", getWidth()}, {"channels", getChannels()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "channels", getChannels())) ||
      failed(verifySameElement(*this, getInput(), getResult())) ||
      failed(verifyValue(*this, "value", getValue(), elementOf(getInput()))))
    return failure();
  return verifyUnit(*this);
}
SmallVector<Port> PadOp::getPorts() {
  int64_t folds = getChannels() / getLanes(), lanes = getLanes();
  int64_t rows = getHeight() + getPads()[0] + getPads()[2];
  int64_t columns = getWidth() + getPads()[1] + getPads()[3];
  return {{lanes, product({getHeight(), getWidth(), folds})},
          {lanes, product({rows, columns, folds})}};
}
int64_t PadOp::getIterations() { return getPorts()[1].beats; }
int64_t PadOp::getLatency() { return qhls::latency::move; }
Activity PadOp::getActivity() {
  ArrayRef<int64_t> pads = getPads();
  int64_t folds = getChannels() / getLanes(), row = (getWidth() + pads[1] + pads[3]) * folds;
  return {
      {1, {{pads[0] * row, 0, 1}}},
      {getHeight(), {{pads[1] * folds, 0, 1}, {getWidth() * folds, 1, 1}, {pads[3] * folds, 0, 1}}},
      {1, {{pads[2] * row, 0, 1}}}};
}
Resources PadOp::getResources() { return moving(getResult()); }
SmallVector<Fold> PadOp::getFolds() { return laneFolds(getChannels()); }
Fold PadOp::getFold() { return laneFold(getLanes()); }
void PadOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText PadOp::describe() {
  UnitText text;
  text.unit = "pad";
  text.config = {
      {"height", getHeight()}, {"width", getWidth()},  {"folds", getChannels() / getLanes()},
      {"top", getPads()[0]},   {"left", getPads()[1]}, {"bottom", getPads()[2]},
      {"right", getPads()[3]}};
  text.literals = {elementName(elementOf(getInput())) + "(" + std::to_string(getValue()) + ")"};
  return text;
}

LogicalResult RepeatOp::verify() {
  if (failed(verifySizes(*this, {{"times", getTimes()}, {"channels", getChannels()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "channels", getChannels())) ||
      failed(verifySameElement(*this, getInput(), getResult())))
    return failure();
  return verifyUnit(*this);
}
SmallVector<Port> RepeatOp::getPorts() {
  int64_t folds = getChannels() / getLanes();
  return {{getLanes(), folds}, {getLanes(), getTimes() * folds}};
}
int64_t RepeatOp::getIterations() { return getPorts()[1].beats; }
int64_t RepeatOp::getLatency() { return qhls::latency::move; }
Activity RepeatOp::getActivity() {
  int64_t folds = getChannels() / getLanes();
  return {{1, {{folds, 1, 1}, {(getTimes() - 1) * folds, 0, 1}}}};
}
Resources RepeatOp::getResources() {
  Resources r = moving(getResult());
  r += memory(getLanes() * widthOf(getInput()), getChannels() / getLanes());
  return r;
}
SmallVector<Fold> RepeatOp::getFolds() { return laneFolds(getChannels()); }
Fold RepeatOp::getFold() { return laneFold(getLanes()); }
void RepeatOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText RepeatOp::describe() {
  UnitText text;
  text.unit = "repeat";
  text.templateArgs = {getTimes(), getChannels() / getLanes()};
  return text;
}

//===----------------------------------------------------------------------===//
// Constant, transposition
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::verify() {
  if (failed(verifySizes(*this, {{"times", getTimes()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "elements", getValue().getNumElements())))
    return failure();
  if (auto value = valueOutside(getValue(), rangeOf(elementOf(getResult()))))
    return verifyValue(*this, "each element", *value, elementOf(getResult()));
  return verifyUnit(*this);
}
SmallVector<Port> ConstantOp::getPorts() {
  return {{getLanes(), product({getTimes(), getValue().getNumElements() / getLanes()})}};
}
int64_t ConstantOp::getIterations() { return getPorts()[0].beats; }
int64_t ConstantOp::getLatency() { return qhls::latency::move; }
Activity ConstantOp::getActivity() { return {{1, {{getIterations(), 0, 1}}}}; }
Resources ConstantOp::getResources() {
  Resources r = moving(getResult());
  r += memory(getLanes() * widthOf(getResult()), getValue().getNumElements() / getLanes());
  return r;
}
SmallVector<Fold> ConstantOp::getFolds() { return laneFolds(getValue().getNumElements()); }
Fold ConstantOp::getFold() { return laneFold(getLanes()); }
void ConstantOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText ConstantOp::describe() {
  UnitText text;
  text.unit = "constant";
  int64_t beats = getValue().getNumElements() / getLanes();
  text.templateArgs = {getTimes(), beats};
  std::string element = elementName(elementOf(getResult()));
  text.roms.push_back({"value",
                       "qhls::rom_of<" + element + ">",
                       true,
                       {RomField{{beats, getLanes()}, romValues(getValue())}}});
  return text;
}

LogicalResult TransposeOp::verify() {
  SmallVector<bool> seen(3, false);
  for (int64_t axis : getPermutation())
    if (axis >= 0 && axis < 3)
      seen[size_t(axis)] = true;
  if (getShape().size() != 3 || getPermutation().size() != 3 ||
      !llvm::all_of(seen, [](bool b) { return b; }))
    return emitError("[HLS-TRN-1] expected three sizes and a permutation of three axes, but found ")
           << getShape().size() << " and " << getPermutation().size() << " entries";
  if (failed(verifySizes(
          *this,
          {{"rows", getShape()[0]}, {"columns", getShape()[1]}, {"channels", getShape()[2]}})) ||
      failed(verifySameElement(*this, getInput(), getResult())))
    return failure();
  return verifyUnit(*this);
}
SmallVector<Port> TransposeOp::getPorts() { return {2, Port{1, product(getShape())}}; }
int64_t TransposeOp::getIterations() { return 2 * getPorts()[0].beats; }
int64_t TransposeOp::getLatency() { return qhls::latency::window; }
Activity TransposeOp::getActivity() {
  int64_t beats = getPorts()[0].beats;
  return {{1, {{beats, 1, 0}, {beats, 0, 1}}}};
}
Resources TransposeOp::getResources() {
  Resources r = moving(getResult());
  r += memory(widthOf(getInput()), getPorts()[0].beats);
  return r;
}
SmallVector<Fold> TransposeOp::getFolds() { return {Fold()}; }
Fold TransposeOp::getFold() { return Fold(); }
void TransposeOp::setFold(const Fold &fold) {}
UnitText TransposeOp::describe() {
  UnitText text;
  text.unit = "transpose";
  llvm::append_range(text.templateArgs, getShape());
  llvm::append_range(text.templateArgs, getPermutation());
  return text;
}
