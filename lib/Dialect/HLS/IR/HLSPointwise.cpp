//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementwise units: an epilogue on every element, sums, products.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "qhls/latency.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

/// Pixels of `channels` in words of `lanes`, which divide them.
template <typename Op> static LogicalResult verifyElements(Op op) {
  if (failed(verifySizes(op, {{"pixels", op.getPixels()}, {"channels", op.getChannels()}})) ||
      failed(verifyDivides(op, "lanes", op.getLanes(), "channels", op.getChannels())))
    return failure();
  return verifyUnit(op);
}

template <typename Op> static Port elementPort(Op op) {
  return {op.getLanes(), op.getPixels() * (op.getChannels() / op.getLanes())};
}

//===----------------------------------------------------------------------===//
// Pointwise
//===----------------------------------------------------------------------===//

LogicalResult PointwiseOp::verify() {
  if (auto table = dyn_cast<TableAttr>(getEpilogue()); table && widthOf(getInput()) > 16)
    return emitError("[HLS-EPI-1] expected a table of at most 16 bits, but found ")
           << widthOf(getInput());
  if (failed(verifyEpilogue(*this, getEpilogue(), 0, getInput(), getResult(), getChannels(),
                            getPixels())))
    return failure();
  return verifyElements(*this);
}
SmallVector<Port> PointwiseOp::getPorts() { return {elementPort(*this), elementPort(*this)}; }
int64_t PointwiseOp::getIterations() { return elementPort(*this).beats; }
int64_t PointwiseOp::getLatency() { return qhls::latency::pointwise; }
Activity PointwiseOp::getActivity() { return {{1, {{getIterations(), 1, 1}}}}; }
Resources PointwiseOp::getResources() {
  Resources r = control(getLanes() * widthOf(getInput()));
  r += getEpilogue().getResources(elementOf(getInput()), elementOf(getResult()),
                                  getChannels() / getLanes(), getLanes());
  return r;
}
SmallVector<Fold> PointwiseOp::getFolds() { return laneFolds(getChannels()); }
Fold PointwiseOp::getFold() { return laneFold(getLanes()); }
void PointwiseOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText PointwiseOp::describe() {
  UnitText text;
  text.unit = "pointwise";
  int64_t folds = getChannels() / getLanes();
  text.templateArgs = {getPixels(), folds};
  text.roms.push_back(
      getEpilogue().describe(elementOf(getInput()), elementOf(getResult()), folds, getLanes()));
  return text;
}

//===----------------------------------------------------------------------===//
// Add
//===----------------------------------------------------------------------===//

LogicalResult AddOp::verify() {
  auto isMultiplier = [](int64_t m) { return m > -(1 << 21) && m < (1 << 21); };
  if (!isMultiplier(getLhsMultiplier()) || !isMultiplier(getRhsMultiplier()) || getShift() < 1 ||
      getShift() > 30)
    return emitError("[HLS-ADD-1] expected multipliers below 2^21 and a shift of 1..30, but found ")
           << getLhsMultiplier() << ", " << getRhsMultiplier() << " and " << getShift();
  IntegerType out = elementOf(getResult());
  if (getLo() > getHi() || failed(verifyValue(*this, "lo", getLo(), out)) ||
      failed(verifyValue(*this, "hi", getHi(), out)))
    return emitError("[HLS-ADD-1] expected lo <= hi, but found ") << getLo() << " and " << getHi();
  return verifyElements(*this);
}
SmallVector<Port> AddOp::getPorts() { return {3, elementPort(*this)}; }
int64_t AddOp::getIterations() { return elementPort(*this).beats; }
int64_t AddOp::getLatency() { return qhls::latency::add; }
Activity AddOp::getActivity() { return {{1, {{getIterations(), 3, 1}}}}; }
Resources AddOp::getResources() {
  // Two products with a 21-bit constant and a shift that is constant.
  Resources r = control(getLanes() * (widthOf(getLhs()) + widthOf(getRhs())));
  Resources lane{40, 130, 64, 200, 2, 0};
  r += lane * getLanes();
  return r;
}
SmallVector<Fold> AddOp::getFolds() { return laneFolds(getChannels()); }
Fold AddOp::getFold() { return laneFold(getLanes()); }
void AddOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText AddOp::describe() {
  UnitText text;
  text.unit = "add";
  text.templateArgs = {elementPort(*this).beats};
  RomText parameters{"parameters", "qhls::add_parameters", false, {}};
  for (int64_t value : {getLhsMultiplier(), getRhsMultiplier(), getShift(), getLhsZeroPoint(),
                        getRhsZeroPoint(), getZeroPoint(), getLo(), getHi()})
    parameters.fields.push_back({{}, {value}});
  text.roms.push_back(std::move(parameters));
  return text;
}

//===----------------------------------------------------------------------===//
// Mul
//===----------------------------------------------------------------------===//

LogicalResult MulOp::verify() {
  if (failed(verifyEpilogue(*this, getEpilogue(), 0, getLhs(), getResult(), getChannels(),
                            getPixels())))
    return failure();
  return verifyElements(*this);
}
SmallVector<Port> MulOp::getPorts() { return {3, elementPort(*this)}; }
int64_t MulOp::getIterations() { return elementPort(*this).beats; }
int64_t MulOp::getLatency() { return qhls::latency::mul; }
Activity MulOp::getActivity() { return {{1, {{getIterations(), 3, 1}}}}; }
Resources MulOp::getResources() {
  Resources r = control(getLanes() * (widthOf(getLhs()) + widthOf(getRhs())));
  r.dsp += getLanes();
  r += getEpilogue().getResources(elementOf(getLhs()), elementOf(getResult()),
                                  getChannels() / getLanes(), getLanes());
  return r;
}
SmallVector<Fold> MulOp::getFolds() { return laneFolds(getChannels()); }
Fold MulOp::getFold() { return laneFold(getLanes()); }
void MulOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText MulOp::describe() {
  UnitText text;
  text.unit = "mul";
  int64_t folds = getChannels() / getLanes();
  text.templateArgs = {getPixels(), folds};
  text.literals = {std::to_string(getLhsZeroPoint()), std::to_string(getRhsZeroPoint())};
  text.roms.push_back(
      getEpilogue().describe(elementOf(getLhs()), elementOf(getResult()), folds, getLanes()));
  return text;
}
