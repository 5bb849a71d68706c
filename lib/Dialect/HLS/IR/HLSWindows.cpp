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

  explicit WindowPhases(WindowOp op) {
    int64_t height = op.getHeight(), strideH = op.getStrides()[0];
    int64_t folds = op.getChannels() / op.getLanes();
    extentH = (op.getKernel()[0] - 1) * op.getDilations()[0] + 1;
    extentW = (op.getKernel()[1] - 1) * op.getDilations()[1] + 1;
    rowBeats = op.getWidth() * folds;
    emit = op.getOut()[1] * op.getKernel()[0] * op.getKernel()[1] * folds;
    firstRows = rowsFor(op, 0);
    lastNeeded = rowsFor(op, op.getOut()[0] - 1);
    fill = firstRows * rowBeats;
    row = std::max(emit, strideH * rowBeats);
    last = std::max(emit, (height - lastNeeded) * rowBeats);
  }
  /// Rows that must be there before output row `oy` starts.
  int64_t rowsFor(WindowOp op, int64_t oy) const {
    return std::clamp<int64_t>(oy * op.getStrides()[0] - op.getPads()[0] + extentH, 0,
                               op.getHeight());
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
  Port in{lanes, product({getHeight(), getWidth(), folds})};
  if (getParallel())
    return {in, {product({taps, lanes}), pixels}};
  return {in, {lanes, product({pixels, taps, folds})}};
}

int64_t WindowOp::getIterations() {
  if (getParallel()) {
    ParallelWalk walk(*this);
    return walk.rows * walk.columns;
  }
  return WindowPhases(*this).cycles(getOut()[0]);
}
int64_t WindowOp::getLatency() { return qhls::latency::window; }

/// Adds a run of iterations, none if `cycles` is 0.
static void addRun(Phase &phase, int64_t cycles, bool reads, bool writes) {
  Run run{cycles, unsigned(reads), unsigned(writes)};
  if (cycles > 0)
    phase.runs.push_back(run);
}

/// Adds one phase, or one more time of the last phase if that is the same.
static void addPhase(Activity &activity, Phase phase) {
  if (!activity.empty() && activity.back().runs == phase.runs)
    ++activity.back().times;
  else
    activity.push_back(std::move(phase));
}

/// Row by row over the padded image: pixels of the input are read, and the last pixel of a window
/// sends it.
static Activity walkActivity(WindowOp op) {
  ParallelWalk walk(op);
  ArrayRef<int64_t> strides = op.getStrides(), pads = op.getPads(), out = op.getOut();
  // Whether `at` is where one of `count` windows ends.
  auto ends = [](int64_t at, int64_t extent, int64_t stride, int64_t count) {
    int64_t past = at - (extent - 1);
    return past >= 0 && past % stride == 0 && past / stride < count;
  };
  Activity activity;
  for (int64_t y = 0; y < walk.rows; ++y) {
    bool inside = y >= pads[0] && y < pads[0] + op.getHeight();
    bool sends = ends(y, walk.extentH, strides[0], out[0]);
    Phase row;
    for (int64_t x = 0; x < walk.columns; ++x) {
      Run pixel{1, unsigned(inside && x >= pads[1] && x < pads[1] + op.getWidth()),
                unsigned(sends && ends(x, walk.extentW, strides[1], out[1]))};
      if (!row.runs.empty() && row.runs.back().reads == pixel.reads &&
          row.runs.back().writes == pixel.writes)
        ++row.runs.back().cycles;
      else
        row.runs.push_back(pixel);
    }
    addPhase(activity, std::move(row));
  }
  return activity;
}

Activity WindowOp::getActivity() {
  if (getParallel())
    return walkActivity(*this);
  WindowPhases phases(*this);
  Activity activity;
  Phase fill;
  addRun(fill, phases.fill, true, false);
  addPhase(activity, std::move(fill));
  int64_t rows = getOut()[0], arrived = phases.firstRows;
  for (int64_t oy = 0; oy < rows; ++oy) {
    // The rows of the next output row arrive while this one is sent.
    bool last = oy == rows - 1;
    int64_t limit = std::max(arrived, last ? int64_t(getHeight()) : phases.rowsFor(*this, oy + 1));
    int64_t reads = (limit - arrived) * phases.rowBeats, both = std::min(reads, phases.emit);
    arrived = limit;
    Phase row;
    addRun(row, both, true, true);
    addRun(row, reads - both, true, false);
    addRun(row, phases.emit - both, false, true);
    addRun(row, (last ? phases.last : phases.row) - std::max(reads, phases.emit), false, false);
    addPhase(activity, std::move(row));
  }
  return activity;
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
  return {{lanes, product({words, int64_t(op.getTaps())})}, {lanes, words}};
}

template <typename Op> static Activity reductionActivity(Op op) {
  return {
      {op.getPixels() * (op.getChannels() / op.getLanes()), {{op.getTaps() - 1, 1, 0}, {1, 1, 1}}}};
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
Activity ReduceMaxOp::getActivity() { return reductionActivity(*this); }
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
Activity ReduceSumOp::getActivity() { return reductionActivity(*this); }
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
/// Results leave while the last pixel arrives.
Activity GlobalSumOp::getActivity() {
  int64_t folds = getChannels() / getLanes();
  return {{1, {{(getPixels() - 1) * folds, 1, 0}, {folds, 1, 1}}}};
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
