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

/// Cycles of a frame before a unit's first result.
static int64_t cyclesBeforeFirstResult(hls::UnitOpInterface op) {
  int64_t cycles = 0;
  for (const hls::Phase &phase : op.getActivity()) {
    for (const hls::Run &run : phase.runs) {
      if (run.cycles > 0 && run.writes != 0)
        return cycles;
      cycles += run.cycles;
    }
    for (const hls::Run &run : phase.runs)
      cycles += (phase.times - 1) * run.cycles;
  }
  return cycles;
}

int64_t quantc::unitInterval(hls::UnitOpInterface op) {
  // Between two frames a unit drains its pipeline. A window in front of it sends nothing while the
  // first rows of the next frame arrive; the unit works on what the stream holds meanwhile.
  double pause = double(op.getLatency());
  SmallVector<hls::Port> ports = op.getPorts();
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (auto window = operand.getDefiningOp<hls::WindowOp>()) {
      double perBeat = double(op.getIterations()) / double(ports[i].beats);
      pause = std::max(pause,
                       double(cyclesBeforeFirstResult(window)) - double(hls::leastDepth) * perBeat);
    }
  return op.getIterations() + std::llround(pause);
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

DataflowEstimate quantc::estimateArea(hls::DesignOp design) {
  DataflowEstimate estimate;
  for (Operation &op : design.getBody().front()) {
    auto unit = dyn_cast<hls::UnitOpInterface>(op);
    if (!unit)
      continue;
    UnitEstimate entry{unit, getNodeName(&op), unitInterval(unit), unit.getIterations(),
                       unit.getResources()};
    estimate.unitArea += entry.area;
    estimate.streamArea += streamArea(op);
    if (estimate.units.empty() || entry.interval > estimate.units[estimate.slowest].interval)
      estimate.slowest = estimate.units.size();
    estimate.units.push_back(std::move(entry));
  }
  estimate.area = estimate.unitArea;
  estimate.area += estimate.streamArea;
  return estimate;
}

DataflowEstimate quantc::estimateDataflow(hls::DesignOp design) {
  DataflowEstimate estimate = estimateArea(design);
  DataflowSchedule schedule(design);
  estimate.deadlock = !schedule.runUntilSteady();
  if (!estimate.deadlock && !schedule.frameEnds().empty()) {
    estimate.interval = schedule.interval();
    estimate.latency = schedule.frameEnds().front();
  }
  for (Operation &op : design.getBody().front())
    for (Value result : op.getResults())
      estimate.times[result] = schedule.times(result);
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

hls::Part quantc::usableOf(const hls::Part &part, int64_t utilization) {
  hls::Part usable = part;
  for (int64_t *supply : {&usable.lut, &usable.ff, &usable.dsp, &usable.bram18})
    *supply = *supply * utilization / 100;
  return usable;
}

bool quantc::fits(const hls::Resources &area, const hls::Part &usable) {
  return llvm::all_of(kinds, [&](const Kind &kind) {
    return std::ceil(kind.need(area)) <= double(kind.supply(usable));
  });
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

/// "80 % of xc7z020", or the part alone.
/// A diagnostic's metadata are not printed.
static StringAttr doesNotFitMark(MLIRContext *context) {
  return StringAttr::get(context, "hls.does_not_fit");
}

InFlightDiagnostic quantc::emitDoesNotFit(hls::DesignOp design) {
  InFlightDiagnostic error = design.emitError("the design does not fit ");
  error.getUnderlyingDiagnostic()->getMetadata().push_back(
      DiagnosticArgument(Attribute(doesNotFitMark(design.getContext()))));
  return error;
}

bool quantc::isDoesNotFit(Diagnostic &diagnostic) {
  Attribute mark = doesNotFitMark(diagnostic.getLocation()->getContext());
  return llvm::any_of(diagnostic.getMetadata(), [&](const DiagnosticArgument &argument) {
    return argument.getKind() == DiagnosticArgument::DiagnosticArgumentKind::Attribute &&
           argument.getAsAttribute() == mark;
  });
}

std::string quantc::shareOf(const hls::Part &part, int64_t utilization) {
  return (utilization == 100 ? "" : std::to_string(utilization) + " % of ") + part.name.str();
}

std::vector<std::string> quantc::missingResources(const DataflowEstimate &estimate,
                                                  const hls::Part &part, int64_t utilization) {
  std::vector<std::string> missing;
  hls::Part usable = usableOf(part, utilization);
  for (const Kind &kind : kinds) {
    auto need = int64_t(std::ceil(kind.need(estimate.area)));
    int64_t supply = kind.supply(usable);
    if (need > supply)
      missing.push_back(
          llvm::formatv("{0}: needs {1}, {2} is {3} ({4} too many), streams take {5}; "
                        "largest: {6}",
                        kind.name, need, shareOf(part, utilization), supply, need - supply,
                        int64_t(std::ceil(kind.need(estimate.streamArea))), largest(estimate, kind))
              .str());
  }
  return missing;
}

int64_t quantc::utilizationFor(const hls::Resources &area, const hls::Part &part) {
  for (int64_t percent = 1; percent <= 100; ++percent)
    if (fits(area, usableOf(part, percent)))
      return percent;
  return 0;
}

std::string quantc::partsThatHold(const hls::Resources &area, const hls::Part &part,
                                  int64_t utilization) {
  std::string would;
  for (const hls::Part &other : hls::parts())
    if (other.name != part.name && fits(area, usableOf(other, utilization)))
      would += (would.empty() ? "" : ", ") + other.name.str();
  return would;
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
                            {"deadlock", estimate.deadlock},
                            {"latency", estimate.latency},
                            {"area", areaJSON(estimate.area)},
                            {"streams", areaJSON(estimate.streamArea)},
                            {"units", std::move(units)}};
}
