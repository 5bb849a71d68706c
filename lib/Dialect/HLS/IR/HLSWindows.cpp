//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows and what reduces them: sliding window, maximum, sum, global sum.
//
//===----------------------------------------------------------------------===//

#include "Support.h"
#include "qhls/latency.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::hls;

//===----------------------------------------------------------------------===//
// Window
//===----------------------------------------------------------------------===//

namespace {
/// The unit's phases, one per output row, as in qhls/window.h: rows of an output row arrive while
/// the row before is sent.
struct WindowPhases {
  int64_t extentH, extentW, rowBeats, emit;
  int64_t firstRows, lastNeeded; ///< rows before output row 0, and before the last one
  int64_t fill, row, last;       ///< cycles
  int64_t complete;              ///< the first output row before which all needed rows are there

  explicit WindowPhases(WindowOp op) {
    int64_t height = op.getHeight(), strideH = op.getStrides()[0], padTop = op.getPads()[0];
    int64_t folds = op.getChannels() / op.getLanes();
    extentH = (op.getKernel()[0] - 1) * op.getDilations()[0] + 1;
    extentW = (op.getKernel()[1] - 1) * op.getDilations()[1] + 1;
    rowBeats = op.getWidth() * folds;
    emit = op.getOut()[1] * op.getKernel()[0] * op.getKernel()[1] * folds;
    auto rowsFor = [&](int64_t oy) {
      return std::clamp<int64_t>(oy * strideH - padTop + extentH, 0, height);
    };
    firstRows = rowsFor(0);
    lastNeeded = rowsFor(op.getOut()[0] - 1);
    complete = std::max<int64_t>(ceilDiv(lastNeeded + padTop - extentH, strideH), 0);
    fill = firstRows * rowBeats;
    row = std::max(emit, strideH * rowBeats);
    last = std::max(emit, (height - lastNeeded) * rowBeats);
  }
  int64_t cycles(int64_t outRows) const { return fill + (outRows - 1) * row + last; }
};

/// The padded image that a parallel window walks over.
struct ParallelWalk {
  int64_t extentH, extentW, rows, columns;

  explicit ParallelWalk(WindowOp op) {
    extentH = (op.getKernel()[0] - 1) * op.getDilations()[0] + 1;
    extentW = (op.getKernel()[1] - 1) * op.getDilations()[1] + 1;
    rows = std::max<int64_t>(op.getPads()[0] + op.getHeight(),
                             (op.getOut()[0] - 1) * op.getStrides()[0] + extentH);
    columns = std::max<int64_t>(op.getPads()[1] + op.getWidth(),
                                (op.getOut()[1] - 1) * op.getStrides()[1] + extentW);
  }
};
} // namespace

LogicalResult WindowOp::verify() {
  auto isPair = [](ArrayRef<int64_t> values, int64_t least) {
    return values.size() == 2 &&
           llvm::all_of(values, [&](int64_t v) { return v >= least && v < (1 << 24); });
  };
  if (!isPair(getKernel(), 1) || !isPair(getStrides(), 1) || !isPair(getDilations(), 1) ||
      !isPair(getPads(), 0) || !isPair(getOut(), 1))
    return emitError("[HLS-WIN-1] expected two values in range in kernel, strides, dilations, pads "
                     "and out, but found others");
  int64_t groups = getGroups() == 0 ? 1 : getGroups();
  if (failed(verifySizes(
          *this, {{"height", getHeight()}, {"width", getWidth()}, {"channels", getChannels()}})) ||
      failed(verifyDivides(*this, "groups", groups, "channels", getChannels())) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "channels of a group",
                           getChannels() / groups)) ||
      failed(verifySameElement(*this, getInput(), getResult())) ||
      failed(verifyValue(*this, "pad_value", int64_t(getPadValue()), elementOf(getInput()))))
    return failure();
  if (getParallel() && (getLanes() != getChannels() || getGroups() != 1))
    return emitError("[HLS-WIN-2] expected a parallel window to have one group and lanes = "
                     "channels, but found ")
           << getGroups() << " groups and " << getLanes() << " lanes";
  return verifyUnit(*this);
}

SmallVector<Port> WindowOp::getPorts() {
  int64_t folds = getChannels() / getLanes(), taps = getKernel()[0] * getKernel()[1];
  int64_t pixels = getOut()[0] * getOut()[1], lanes = getLanes();
  Port in{lanes, int64_t(getHeight() * getWidth()) * folds};
  if (getParallel())
    return {in, {taps * lanes, pixels}};
  return {in, {lanes, pixels * taps * folds}};
}

int64_t WindowOp::getIterations() {
  if (getParallel()) {
    ParallelWalk walk(*this);
    return walk.rows * walk.columns;
  }
  return WindowPhases(*this).cycles(getOut()[0]);
}
int64_t WindowOp::getLatency() { return qhls::latency::window; }

Timing WindowOp::getTiming() {
  int64_t height = getHeight();
  if (getParallel()) {
    ParallelWalk walk(*this);
    int64_t lead =
        (walk.extentH - 1 - getPads()[0]) * int64_t(getWidth()) + walk.extentW - getPads()[1];
    int64_t tail = (walk.rows - getPads()[0] - height) * walk.columns + walk.columns -
                   getPads()[1] - int64_t(getWidth());
    return {{std::max<int64_t>(lead, 1)}, {tail + 1}};
  }
  WindowPhases phases(*this);
  int64_t tail = phases.last;
  if (phases.lastNeeded < height)
    tail -= (height - phases.lastNeeded) * phases.rowBeats;
  else // the last rows arrive while the output row before `complete` is sent
    tail += (getOut()[0] - 1 - phases.complete) * phases.row +
            (phases.complete > 0
                 ? phases.row - std::min<int64_t>(getStrides()[0], height) * phases.rowBeats
                 : 0);
  return {{phases.fill + 1}, {tail + 1}};
}

/// The rows that an output row adds, or those that come before the first one: with room for these
/// the writer goes on with the next frame while the last rows of this one are sent.
int64_t WindowOp::getBurst(unsigned index) {
  if (getParallel())
    return 1;
  WindowPhases phases(*this);
  return std::max(getStrides()[0] * phases.rowBeats, phases.fill);
}

Resources WindowOp::getResources() {
  int64_t bits = getLanes() * widthOf(getInput());
  if (getParallel()) {
    ParallelWalk walk(*this);
    Resources r = control(bits * walk.extentH * walk.extentW);
    r += memory(bits, walk.columns) * std::max<int64_t>(walk.extentH - 1, 1);
    return r;
  }
  WindowPhases phases(*this);
  Resources r = control(bits);
  r += memory(bits, (phases.extentH + getStrides()[0]) * phases.rowBeats);
  return r;
}

SmallVector<Fold> WindowOp::getFolds() {
  SmallVector<Fold> folds = laneFolds(getChannels() / (getGroups() == 0 ? 1 : getGroups()));
  if (getGroups() == 1) {
    folds.push_back(laneFold(getChannels()));
    folds.back().parallel = true;
  }
  return folds;
}
Fold WindowOp::getFold() {
  Fold fold = laneFold(getLanes());
  fold.parallel = getParallel();
  return fold;
}
void WindowOp::setFold(const Fold &fold) {
  setLanes(fold.pe);
  setParallel(fold.parallel);
}

UnitText WindowOp::describe() {
  UnitText text;
  text.unit = getParallel() ? "window_parallel" : "window";
  int64_t groups = getGroups() == 0 ? int64_t(getChannels() / getLanes()) : int64_t(getGroups());
  text.config = {{"height", getHeight()},
                 {"width", getWidth()},
                 {"channels", getChannels()},
                 {"lanes", getLanes()},
                 {"kernel_h", getKernel()[0]},
                 {"kernel_w", getKernel()[1]},
                 {"stride_h", getStrides()[0]},
                 {"stride_w", getStrides()[1]},
                 {"dilation_h", getDilations()[0]},
                 {"dilation_w", getDilations()[1]},
                 {"pad_top", getPads()[0]},
                 {"pad_left", getPads()[1]},
                 {"out_height", getOut()[0]},
                 {"out_width", getOut()[1]},
                 {"groups", groups}};
  text.literals = {elementName(elementOf(getInput())) + "(" + std::to_string(getPadValue()) + ")"};
  return text;
}

//===----------------------------------------------------------------------===//
// Reductions of windows
//===----------------------------------------------------------------------===//

template <typename Op> static SmallVector<Port> reductionPorts(Op op) {
  int64_t words = op.getPixels() * (op.getChannels() / op.getLanes()), lanes = op.getLanes();
  return {{lanes, words * int64_t(op.getTaps())}, {lanes, words}};
}

template <typename Op> static LogicalResult verifyReduction(Op op) {
  if (failed(verifySizes(
          op,
          {{"pixels", op.getPixels()}, {"channels", op.getChannels()}, {"taps", op.getTaps()}})) ||
      failed(verifyDivides(op, "lanes", op.getLanes(), "channels", op.getChannels())))
    return failure();
  return verifyUnit(op);
}

LogicalResult ReduceMaxOp::verify() {
  if (failed(verifySameElement(*this, getInput(), getResult())))
    return failure();
  return verifyReduction(*this);
}
SmallVector<Port> ReduceMaxOp::getPorts() { return reductionPorts(*this); }
int64_t ReduceMaxOp::getIterations() { return getPorts()[0].beats; }
int64_t ReduceMaxOp::getLatency() { return qhls::latency::maximum; }
Timing ReduceMaxOp::getTiming() { return {{int64_t(getTaps())}, {1}}; }
Resources ReduceMaxOp::getResources() {
  Resources r = control(getLanes() * widthOf(getInput()));
  r += comparators(widthOf(getInput()), 1) * getLanes();
  return r;
}
SmallVector<Fold> ReduceMaxOp::getFolds() { return laneFolds(getChannels()); }
Fold ReduceMaxOp::getFold() { return laneFold(getLanes()); }
void ReduceMaxOp::setFold(const Fold &fold) { setLanes(fold.pe); }
bool ReduceMaxOp::tiesOperand(unsigned index) { return true; }
UnitText ReduceMaxOp::describe() {
  UnitText text;
  text.unit = "reduce_max";
  text.templateArgs = {int64_t(getPixels() * (getChannels() / getLanes())), int64_t(getTaps())};
  return text;
}

LogicalResult ReduceSumOp::verify() {
  if (failed(verifyEpilogue(*this, getEpilogue(), 0, getInput(), getResult(), getChannels(),
                            getPixels())))
    return failure();
  return verifyReduction(*this);
}
SmallVector<Port> ReduceSumOp::getPorts() { return reductionPorts(*this); }
int64_t ReduceSumOp::getIterations() { return getPorts()[0].beats; }
int64_t ReduceSumOp::getLatency() { return qhls::latency::pointwise; }
Timing ReduceSumOp::getTiming() { return {{int64_t(getTaps())}, {1}}; }
Resources ReduceSumOp::getResources() {
  Resources r = control(getLanes() * getEpilogue().getAccBits());
  r += getEpilogue().getResources(elementOf(getInput()), elementOf(getResult()),
                                  getChannels() / getLanes(), getLanes());
  return r;
}
SmallVector<Fold> ReduceSumOp::getFolds() { return laneFolds(getChannels()); }
Fold ReduceSumOp::getFold() { return laneFold(getLanes()); }
void ReduceSumOp::setFold(const Fold &fold) { setLanes(fold.pe); }
bool ReduceSumOp::tiesOperand(unsigned index) { return true; }
UnitText ReduceSumOp::describe() {
  UnitText text;
  text.unit = "reduce_sum";
  int64_t folds = getChannels() / getLanes();
  text.templateArgs = {int64_t(getPixels()), folds, int64_t(getTaps())};
  text.roms.push_back(
      getEpilogue().describe(elementOf(getInput()), elementOf(getResult()), folds, getLanes()));
  return text;
}

LogicalResult GlobalSumOp::verify() {
  if (failed(verifySizes(*this, {{"pixels", getPixels()}, {"channels", getChannels()}})) ||
      failed(verifyDivides(*this, "lanes", getLanes(), "channels", getChannels())) ||
      failed(verifyEpilogue(*this, getEpilogue(), 0, getInput(), getResult(), getChannels(), 1)))
    return failure();
  return verifyUnit(*this);
}
SmallVector<Port> GlobalSumOp::getPorts() {
  int64_t folds = getChannels() / getLanes(), lanes = getLanes();
  return {{lanes, int64_t(getPixels()) * folds}, {lanes, folds}};
}
int64_t GlobalSumOp::getIterations() { return getPorts()[0].beats; }
int64_t GlobalSumOp::getLatency() { return qhls::latency::pointwise; }
Timing GlobalSumOp::getTiming() {
  int64_t folds = getChannels() / getLanes();
  return {{(int64_t(getPixels()) - 1) * folds + 1}, {1}};
}
Resources GlobalSumOp::getResources() {
  int64_t folds = getChannels() / getLanes(), acc = getEpilogue().getAccBits();
  Resources r = control(getLanes() * acc);
  r += memory(getLanes() * acc, folds);
  r += getEpilogue().getResources(elementOf(getInput()), elementOf(getResult()), folds, getLanes());
  return r;
}
SmallVector<Fold> GlobalSumOp::getFolds() { return laneFolds(getChannels()); }
Fold GlobalSumOp::getFold() { return laneFold(getLanes()); }
void GlobalSumOp::setFold(const Fold &fold) { setLanes(fold.pe); }
UnitText GlobalSumOp::describe() {
  UnitText text;
  text.unit = "global_sum";
  int64_t folds = getChannels() / getLanes();
  text.templateArgs = {int64_t(getPixels()), folds};
  text.roms.push_back(
      getEpilogue().describe(elementOf(getInput()), elementOf(getResult()), folds, getLanes()));
  return text;
}
