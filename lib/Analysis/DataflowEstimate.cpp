//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Cycles and area of a folded dataflow design; see DataflowEstimate.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Analysis/DataflowEstimate.h"
#include "quantc/Interfaces/NodeName.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace quantc;

//===----------------------------------------------------------------------===//
// Time
//===----------------------------------------------------------------------===//

/// The unit behind a stream, width converters skipped.
static hls::UnitOpInterface producerOf(Value stream) {
  Operation *op = stream.getDefiningOp();
  while (auto converter = dyn_cast_or_null<hls::WidthConverterOp>(op))
    op = converter.getInput().getDefiningOp();
  return dyn_cast_or_null<hls::UnitOpInterface>(op);
}

/// Beats that lie in front of a unit between it and the unit behind its operand; streams without
/// depths count with the least that hls-size-fifos gives.
static int64_t bufferedBeats(Value stream) {
  int64_t beats = 0;
  for (Operation *op = stream.getDefiningOp();; op = op->getOperand(0).getDefiningOp()) {
    auto depths = op->getAttrOfType<DenseI64ArrayAttr>("depths");
    beats += depths ? depths[cast<OpResult>(stream).getResultNumber()] : hls::leastDepth;
    if (!isa<hls::WidthConverterOp>(op))
      return beats;
    stream = op->getOperand(0);
  }
}

int64_t quantc::unitInterval(hls::UnitOpInterface op) {
  // Between two frames a unit drains its pipeline. A window in front of it sends nothing while the
  // first rows of the next frame arrive; the unit works on what the streams hold meanwhile.
  double pause = double(op.getLatency());
  for (Value operand : op->getOperands())
    if (auto window = producerOf(operand); window && isa<hls::WindowOp>(window.getOperation())) {
      double beats = double(cast<hls::StreamType>(operand.getType()).getBeats());
      double held = double(bufferedBeats(operand)) * double(op.getIterations()) / beats;
      pause = std::max(pause, double(window.getTiming().lead[0]) - held);
    }
  return op.getIterations() + std::llround(pause);
}

/// When the k-th beat (from 1) of a stream is there.
static double timeOf(const StreamTimes &times, int64_t beats, int64_t k) {
  if (beats <= 1 || k <= 1)
    return times.first;
  double part = double(std::min(k, beats) - 1) / double(beats - 1);
  return times.first + (times.last - times.first) * part;
}

static void schedule(hls::UnitOpInterface op, llvm::DenseMap<Value, StreamTimes> &times) {
  hls::Timing timing = op.getTiming();
  double start = 0, first = 0, last = 0, led = 0;
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (timing.lead[i] > 0)
      start = std::max(start, times[operand].first);
  first = start;
  last = start + double(op.getIterations());
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    int64_t beats = cast<hls::StreamType>(operand.getType()).getBeats(), lead = timing.lead[i];
    led = std::max(led, double(lead - 1));
    if (lead > 0)
      first = std::max({first, timeOf(times[operand], beats, lead), start + double(lead - 1)});
    last = std::max(last, times[operand].last + double(timing.tail[i]));
  }
  // What follows the first result takes its iterations, however late the first one was.
  last = std::max(last, first + double(op.getIterations()) - led);
  double latency = double(op.getLatency());
  for (Value result : op->getResults())
    times[result] = {first + latency + 1, std::max(last, first + 1) + latency};
}

//===----------------------------------------------------------------------===//
// Estimate
//===----------------------------------------------------------------------===//

static hls::Resources streamArea(Operation &op) {
  hls::Resources area;
  auto depths = op.getAttrOfType<DenseI64ArrayAttr>("depths");
  for (OpResult result : op.getResults()) {
    auto type = cast<hls::StreamType>(result.getType());
    int64_t depth = depths ? depths[result.getResultNumber()] : 2;
    area += hls::fifo(type.getLanes() * type.getElement().getWidth(), depth);
  }
  return area;
}

DataflowEstimate quantc::estimateDataflow(hls::DesignOp design) {
  DataflowEstimate estimate;
  for (Operation &op : design.getBody().front()) {
    if (isa<hls::InputOp>(op)) {
      // The input is there at once; its readers decide the pace.
      estimate.times[op.getResult(0)] = {0, 0};
      continue;
    }
    if (isa<hls::OutputOp>(op)) {
      estimate.latency =
          std::max<int64_t>(estimate.latency, std::llround(estimate.times[op.getOperand(0)].last));
      continue;
    }
    auto unit = cast<hls::UnitOpInterface>(op);
    UnitEstimate entry{unit, getNodeName(&op), unitInterval(unit), unit.getIterations(),
                       unit.getResources()};
    estimate.unitArea += entry.area;
    estimate.streamArea += streamArea(op);
    if (estimate.units.empty() || entry.interval > estimate.interval) {
      estimate.interval = entry.interval;
      estimate.slowest = estimate.units.size();
    }
    schedule(unit, estimate.times);
    estimate.units.push_back(std::move(entry));
  }
  estimate.area = estimate.unitArea;
  estimate.area += estimate.streamArea;
  return estimate;
}

//===----------------------------------------------------------------------===//
// Budget
//===----------------------------------------------------------------------===//

namespace {
/// One kind of resource: its name, the need of an area, the part's supply.
struct Kind {
  const char *name;
  double (*need)(const hls::Resources &);
  int64_t (*supply)(const hls::Part &);
};
} // namespace

static constexpr Kind kinds[] = {{"LUT", [](const hls::Resources &r) { return r.lutHigh; },
                                  [](const hls::Part &p) { return p.lut; }},
                                 {"FF", [](const hls::Resources &r) { return r.ffHigh; },
                                  [](const hls::Part &p) { return p.ff; }},
                                 {"DSP", [](const hls::Resources &r) { return double(r.dsp); },
                                  [](const hls::Part &p) { return p.dsp; }},
                                 {"BRAM18",
                                  [](const hls::Resources &r) { return double(r.bram18); },
                                  [](const hls::Part &p) { return p.bram18; }}};

static bool fits(const hls::Resources &area, const hls::Part &part) {
  return llvm::all_of(
      kinds, [&](const Kind &kind) { return kind.need(area) <= double(kind.supply(part)); });
}

/// "conv3 (mvau) 120, fc1 (mvau) 80": the units that need most.
static std::string largest(const DataflowEstimate &estimate, const Kind &kind) {
  std::vector<std::pair<double, const UnitEstimate *>> order;
  for (const UnitEstimate &unit : estimate.units)
    if (kind.need(unit.area) > 0)
      order.emplace_back(kind.need(unit.area), &unit);
  llvm::stable_sort(order, [](auto &a, auto &b) { return a.first > b.first; });
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(order.size(), 3); ++i) {
    UnitEstimate unit = *order[i].second;
    text += llvm::formatv("{0}{1} ({2}) {3}", i ? ", " : "", unit.node,
                          unit.op->getName().stripDialect(), int64_t(std::ceil(order[i].first)))
                .str();
  }
  return text;
}

std::vector<std::string> quantc::missingResources(const DataflowEstimate &estimate,
                                                  const hls::Part &part) {
  std::vector<std::string> missing;
  for (const Kind &kind : kinds) {
    auto need = int64_t(std::ceil(kind.need(estimate.area)));
    int64_t supply = kind.supply(part);
    if (need > supply)
      missing.push_back(llvm::formatv("{0}: needs {1}, {2} has {3} ({4} too many); largest: {5}",
                                      kind.name, need, part.name, supply, need - supply,
                                      largest(estimate, kind))
                            .str());
  }
  if (missing.empty())
    return missing;
  std::string would;
  for (const hls::Part &other : hls::parts())
    if (fits(estimate.area, other))
      would += (would.empty() ? "" : ", ") + other.name.str();
  missing.push_back(would.empty() ? "no part of the table holds this folding"
                                  : "this folding would fit " + would);
  return missing;
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static llvm::json::Object areaJSON(const hls::Resources &area) {
  return llvm::json::Object{
      {"lut", llvm::json::Array{std::llround(area.lutLow), std::llround(area.lutHigh)}},
      {"ff", llvm::json::Array{std::llround(area.ffLow), std::llround(area.ffHigh)}},
      {"dsp", area.dsp},
      {"bram18", area.bram18}};
}

llvm::json::Value quantc::toJSON(const DataflowEstimate &estimate) {
  llvm::json::Array units;
  for (UnitEstimate unit : estimate.units)
    units.push_back(llvm::json::Object{{"node", unit.node},
                                       {"unit", unit.op->getName().stripDialect()},
                                       {"iterations", unit.iterations},
                                       {"interval", unit.interval},
                                       {"area", areaJSON(unit.area)}});
  return llvm::json::Object{{"interval", estimate.interval},
                            {"latency", estimate.latency},
                            {"area", areaJSON(estimate.area)},
                            {"streams", areaJSON(estimate.streamArea)},
                            {"units", std::move(units)}};
}
