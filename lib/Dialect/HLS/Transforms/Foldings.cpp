//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Foldings of a design: collection, choice, materialization; see Foldings.h.
//
//===----------------------------------------------------------------------===//

#include "Foldings.h"
#include "mlir/IR/Builders.h"
#include <cmath>
#include <numeric>

using namespace mlir;

namespace quantc::hls {

Needs needsOf(const Resources &area) {
  return {area.lutHigh, area.ffHigh, double(area.dsp), double(area.bram18)};
}
Needs supplyOf(const Part &part) {
  return {double(part.lut), double(part.ff), double(part.dsp), double(part.bram18)};
}

static Needs sum(const Needs &a, const Needs &b) {
  Needs r;
  for (size_t i = 0; i < r.size(); ++i)
    r[i] = a[i] + b[i];
  return r;
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

void FoldNode::apply(const FoldOption &option) {
  unit.setFold(option.unit);
  if (window)
    window.setFold(option.window);
}

int64_t FoldNode::leastInterval() const {
  int64_t least = INT64_MAX;
  for (const FoldOption &option : options)
    least = std::min(least, option.interval);
  return least;
}

/// Whether `a` is at least as good as `b` in everything.
static bool covers(const FoldOption &a, const FoldOption &b) {
  if (a.interval > b.interval)
    return false;
  for (size_t i = 0; i < a.needs.size(); ++i)
    if (a.needs[i] > b.needs[i])
      return false;
  return true;
}

static void keepBest(std::vector<FoldOption> &options) {
  llvm::stable_sort(options, [](const FoldOption &a, const FoldOption &b) {
    return std::tie(a.interval, a.needs) < std::tie(b.interval, b.needs);
  });
  std::vector<FoldOption> kept;
  for (const FoldOption &option : options)
    if (llvm::none_of(kept, [&](const FoldOption &other) { return covers(other, option); }))
      kept.push_back(option);
  options = std::move(kept);
}

static FoldOption measure(FoldNode &node, const Fold &unit, const Fold &window) {
  FoldOption option{unit, window, 0, {}};
  node.apply(option);
  option.interval = unitInterval(node.unit);
  option.needs = needsOf(node.unit.getResources());
  if (node.window) {
    option.interval = std::max(option.interval, unitInterval(node.window));
    option.needs = sum(option.needs, needsOf(node.window.getResources()));
  }
  return option;
}

static void addOptions(FoldNode &node) {
  SmallVector<Fold> unitFolds = node.unit.getFolds();
  SmallVector<Fold> windowFolds(1);
  if (node.window)
    windowFolds = node.window.getFolds();
  bool tied = node.window && node.unit.tiesOperand(0);
  for (const Fold &unit : unitFolds)
    for (const Fold &window : windowFolds)
      if (!tied || (window.pe == unit.pe && !window.parallel))
        node.options.push_back(measure(node, unit, window));
  keepBest(node.options);
}

std::vector<FoldNode> collectNodes(DesignOp design) {
  std::vector<FoldNode> nodes;
  for (Operation &op : design.getBody().front()) {
    auto unit = dyn_cast<UnitOpInterface>(op);
    if (!unit || isa<WindowOp>(op))
      continue;
    FoldNode node;
    node.unit = unit;
    if (op.getNumOperands() == 1)
      if (auto window = op.getOperand(0).getDefiningOp<WindowOp>())
        node.window = cast<UnitOpInterface>(window.getOperation());
    addOptions(node);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

bool chooseFor(std::vector<FoldNode> &nodes, int64_t interval, const Needs &weights) {
  for (FoldNode &node : nodes) {
    double least = INFINITY;
    for (auto [i, option] : llvm::enumerate(node.options)) {
      if (option.interval > interval)
        continue;
      double cost = 0;
      for (size_t k = 0; k < weights.size(); ++k)
        cost += weights[k] * option.needs[k];
      if (cost < least) {
        least = cost;
        node.chosen = i;
      }
    }
    if (least == INFINITY)
      return false;
  }
  return true;
}

/// Lanes between words of two widths: none, one converter, or two over a common multiple.
static SmallVector<int64_t, 2> converterSteps(int64_t from, int64_t to) {
  if (from == to)
    return {};
  if (from % to == 0 || to % from == 0)
    return {to};
  return {std::lcm(from, to), to};
}

/// Beats of an operand that are read before the first result. Most streams hold about as many,
/// except that a window writes as fast as its reader reads.
static int64_t beatsBeforeFirstResult(UnitOpInterface unit, size_t index) {
  if (unit->getOperand(unsigned(index)).getDefiningOp<WindowOp>())
    return 1;
  int64_t beats = 0;
  Activity activity = unit.getActivity();
  for (const Run &run : activity.front().runs) {
    if (run.cycles > 0 && run.writes != 0)
      break;
    beats += run.reads >> index & 1 ? run.cycles : 0;
  }
  return beats;
}

Needs totalNeeds(std::vector<FoldNode> &nodes, DesignOp design) {
  Needs total{};
  for (FoldNode &node : nodes) {
    node.apply(node.options[node.chosen]);
    total = sum(total, node.options[node.chosen].needs);
  }
  for (Operation &op : design.getBody().front()) {
    auto unit = dyn_cast<UnitOpInterface>(op);
    if (!unit)
      continue;
    SmallVector<Port> ports = unit.getPorts();
    for (auto [i, operand] : llvm::enumerate(op.getOperands())) {
      int64_t width = cast<StreamType>(operand.getType()).getElement().getWidth();
      int64_t lanes = ports[i].lanes;
      total =
          sum(total,
              needsOf(fifo(lanes * width, std::max(beatsBeforeFirstResult(unit, i), leastDepth))));
      auto producer = operand.getDefiningOp<UnitOpInterface>();
      if (!producer)
        continue;
      int64_t from =
          producer
              .getPorts()[producer->getNumOperands() + cast<OpResult>(operand).getResultNumber()]
              .lanes;
      for (int64_t step : converterSteps(from, lanes)) {
        total = sum(total, needsOf(control(std::max(from, step) * width)));
        total = sum(total, needsOf(fifo(from * width, leastDepth)));
        from = step;
      }
    }
  }
  return total;
}

//===----------------------------------------------------------------------===//
// Materialization
//===----------------------------------------------------------------------===//

void removeConverters(DesignOp design) {
  for (Operation &op : llvm::make_early_inc_range(design.getBody().front()))
    if (auto converter = dyn_cast<WidthConverterOp>(op)) {
      converter.getResult().replaceAllUsesWith(converter.getInput());
      converter.erase();
    }
}

static Value convert(OpBuilder &builder, Location loc, Value stream, int64_t lanes) {
  auto type = cast<StreamType>(stream.getType());
  int64_t elements = type.getLanes() * type.getBeats();
  for (int64_t step : converterSteps(type.getLanes(), lanes)) {
    auto current = cast<StreamType>(stream.getType());
    stream = WidthConverterOp::create(builder, loc, withLanes(current, step), stream, elements,
                                      current.getLanes(), step, DenseI64ArrayAttr());
  }
  return stream;
}

void materialize(std::vector<FoldNode> &nodes, DesignOp design) {
  for (FoldNode &node : nodes)
    node.apply(node.options[node.chosen]);
  OpBuilder builder(design.getContext());
  for (Operation &op : llvm::make_early_inc_range(design.getBody().front())) {
    op.removeAttr("depths");
    auto unit = dyn_cast<UnitOpInterface>(op);
    if (!unit)
      continue;
    SmallVector<Port> ports = unit.getPorts();
    builder.setInsertionPoint(&op);
    for (OpOperand &operand : op.getOpOperands()) {
      Value stream = operand.get();
      int64_t lanes = ports[operand.getOperandNumber()].lanes;
      if (stream.getDefiningOp<InputOp>())
        stream.setType(withLanes(cast<StreamType>(stream.getType()), lanes));
      operand.set(convert(builder, op.getLoc(), stream, lanes));
    }
    for (OpResult result : op.getResults()) {
      const Port &port = ports[op.getNumOperands() + result.getResultNumber()];
      auto element = cast<StreamType>(result.getType()).getElement();
      result.setType(StreamType::get(design.getContext(), element, port.lanes, port.beats));
    }
  }
}

} // namespace quantc::hls
