//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where outliers can be migrated: regions of the algebra of channels around linear maps; see
// Migrate.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Migrate.h"
#include "quantc/Interfaces/ChannelMoments.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

/// A map with a constant f32 weight whose rows of inputs are known.
static bool isConstantMap(LinearMapOpInterface op) {
  auto weight = dyn_cast<RankedTensorType>(op.getWeightOperand().get().getType());
  auto input = dyn_cast<RankedTensorType>(op.getInputOperand().get().getType());
  return weight && input && input.getRank() > 0 && weight.getRank() >= 2 &&
         weight.getElementType().isF32() && input.getElementType().isF32() &&
         op.getWeightOutputAxis() == 0 && op.getPatches() &&
         getConstantElements(op.getWeightOperand().get());
}

static int64_t inputAxis(Value value, const ptq::PatchGeometry &geometry) {
  return geometry.channelsLast ? cast<RankedTensorType>(value.getType()).getRank() - 1 : 1;
}

namespace {
class Finder {
public:
  Finder(ModuleOp module, const SiteOptions &options) : options(options) {
    module.walk([&](LinearMapOpInterface op) {
      if (!isConstantMap(op))
        return;
      maps.push_back(op);
      readers[op.getInputOperand().get()].push_back(op);
    });
  }

  MigrationSites run();

private:
  ChannelSlot slotOf(Value value) {
    ptq::PatchGeometry geometry = *readers.find(value)->second.front().getPatches();
    return ChannelSlot::axis(inputAxis(value, geometry), geometry.channels);
  }
  std::string nameOf(Value value) {
    return getNodeName(readers.find(value)->second.front()) + ".input";
  }
  /// The site of a legal region; false where linear maps read it otherwise than as `reads` can say.
  bool addSite(Value seed, const ChannelSlot &slot);
  bool addCopy(Value value);
  void findBounds(MigrationSite &site);
  TransformRegion scaleRegion(Value seed, const ChannelSlot &slot) const {
    return findTransformRegion(seed, slot, TransformKind::Scale,
                               {/*aboveShift=*/false, options.openClamps});
  }
  void fillReads(MigrationSite &site, Value value, const ChannelSlot &slot);
  /// Samples and exclusions go by names: nodes that share one are told apart.
  std::string uniqueName(Operation *op) {
    std::string name = getNodeName(op) + ".input";
    int uses = ++names[name];
    return uses == 1 ? name : name + "." + std::to_string(uses);
  }

  SiteOptions options;
  std::vector<LinearMapOpInterface> maps;
  llvm::MapVector<Value, SmallVector<LinearMapOpInterface>> readers;
  llvm::DenseSet<Value> done;
  llvm::StringMap<int> names;
  MigrationSites result;
};
} // namespace

void Finder::fillReads(MigrationSite &site, Value value, const ChannelSlot &slot) {
  for (LinearMapOpInterface map : readers.find(value)->second) {
    ptq::PatchGeometry geometry = *map.getPatches();
    auto same = llvm::find_if(site.reads, [&](const MigrationRead &read) {
      return read.value == value && read.geometry == geometry;
    });
    if (same != site.reads.end()) {
      same->maps.push_back(map);
      continue;
    }
    site.reads.push_back({uniqueName(map),
                          value,
                          geometry,
                          slot.channelsOf(inputAxis(value, geometry), geometry.channels),
                          {map}});
  }
}

/// Why the region takes no shift; empty where it does.
static std::string shiftRefusal(Value seed, const ChannelSlot &slot) {
  TransformRegion region = findTransformRegion(seed, slot, TransformKind::Shift);
  return region.isLegal() ? "" : region.refusals.front().reason;
}

/// How values lie whose channels are along `axis`; nullopt where they lie otherwise.
static std::optional<ptq::PatchGeometry> plainGeometry(RankedTensorType type, int64_t axis) {
  ptq::PatchGeometry geometry;
  geometry.channels = type.getDimSize(axis);
  geometry.channelsLast = axis == type.getRank() - 1;
  if (geometry.channelsLast)
    return geometry;
  if (axis != 1 || type.getRank() > 2 + ptq::PatchGeometry::kAxes)
    return std::nullopt;
  for (auto [i, size] : llvm::enumerate(type.getShape().drop_front(2)))
    geometry.size[i] = geometry.out[i] = size;
  return geometry;
}

/// The ReLUs that a shift of the site gets through, or why it does not.
void Finder::findBounds(MigrationSite &site) {
  TransformRegion region = findTransformRegion(site.seed, site.slot, TransformKind::Shift,
                                               {/*aboveShift=*/true, options.openClamps});
  if (!region.isLegal()) {
    site.noAbsorption = region.refusals.front().reason;
    return;
  }
  for (const TransformRegion::Clamp &clamp : region.bounded) {
    Value value = clamp.op->getOperand(0);
    auto type = cast<RankedTensorType>(value.getType());
    std::optional<int64_t> axis = clamp.slot.singleAxis();
    std::optional<ptq::PatchGeometry> geometry =
        axis ? plainGeometry(type, *axis) : std::optional<ptq::PatchGeometry>();
    if (!geometry) {
      site.bounds.clear();
      site.noAbsorption = "the channels in front of a ReLU lie along other axes than 1 or the last";
      return;
    }
    site.bounds.push_back({uniqueName(clamp.op), value, *geometry,
                           clamp.slot.channelsOf(*axis, type.getDimSize(*axis))});
  }
}

bool Finder::addSite(Value seed, const ChannelSlot &slot) {
  TransformRegion region = scaleRegion(seed, slot);
  if (!region.isLegal())
    return false;
  MigrationSite site;
  site.seed = seed;
  site.slot = slot;
  for (const TransformRegion::Member &member : region.members) {
    if (!readers.contains(member.value))
      continue;
    if (member.inverse || done.contains(member.value))
      return false;
    fillReads(site, member.value, member.slot);
  }
  if (site.reads.empty())
    return false;
  for (const TransformRegion::Member &member : region.members)
    if (readers.contains(member.value))
      done.insert(member.value);
  for (const TransformRegion::Application &application : region.applications)
    if (auto map = dyn_cast<LinearMapOpInterface>(application.op);
        map && application.port.isResult && !application.inverse && isConstantMap(map)) {
      auto type = cast<RankedTensorType>(map->getResult(0).getType());
      int64_t axis = map.getResultChannelAxis();
      site.writers.emplace_back(map, application.slot.channelsOf(axis, type.getDimSize(axis)));
    }
  site.name = site.reads.front().name;
  site.noShift = shiftRefusal(seed, slot);
  if (options.absorb)
    findBounds(site);
  result.sites.push_back(std::move(site));
  return true;
}

/// Whether the op at this port takes the transform up by its parameters alone.
static bool absorbs(Operation *op, TransformKind kind, Port port, const ChannelSlot &slot,
                    std::string *reason = nullptr) {
  auto algebra = dyn_cast<ChannelAlgebraInterface>(op);
  Carry carry = algebra ? algebra.carry(kind, port, slot) : Carry::refuse("it has no algebra");
  if (reason && carry.verdict == Carry::Refuse)
    *reason =
        "'" + getNodeName(op) + "' (" + op->getName().getStringRef().str() + "): " + carry.reason;
  return carry.verdict == Carry::Absorb;
}

bool Finder::addCopy(Value value) {
  Operation *producer = value.getDefiningOp();
  if (!producer || producer->getNumResults() != 1 || isa<LinearMapOpInterface>(producer))
    return false;
  MigrationSite site;
  site.seed = value;
  site.slot = slotOf(value);
  site.copies = true;
  if (!absorbs(producer, TransformKind::Scale, Port::result(0), site.slot))
    return false;
  absorbs(producer, TransformKind::Shift, Port::result(0), site.slot, &site.noShift);
  for (LinearMapOpInterface map : readers.find(value)->second) {
    Port port = Port::operand(map.getInputOperand().getOperandNumber());
    if (!absorbs(map, TransformKind::Scale, port, site.slot))
      return false;
    absorbs(map, TransformKind::Shift, port, site.slot, &site.noShift);
  }
  fillReads(site, value, site.slot);
  site.name = site.reads.front().name;
  done.insert(value);
  result.sites.push_back(std::move(site));
  return true;
}

MigrationSites Finder::run() {
  for (auto &[value, list] : readers)
    if (!done.contains(value))
      addSite(value, slotOf(value));
  // Channels that several heads share are fewer than those of the value that is read.
  for (LinearMapOpInterface map : maps) {
    Value value = map->getResult(0);
    auto type = cast<RankedTensorType>(value.getType());
    int64_t axis = map.getResultChannelAxis();
    addSite(value, ChannelSlot::axis(axis, type.getDimSize(axis)));
  }
  for (auto &[value, list] : readers) {
    if (done.contains(value) || (options.copies && addCopy(value)))
      continue;
    TransformRegion region = scaleRegion(value, slotOf(value));
    result.refusals.push_back({nameOf(value), list.front(),
                               region.isLegal() ? "another transform reaches what it reads"
                                                : region.refusals.front().reason});
  }
  return std::move(result);
}

MigrationSites qnn::findMigrationSites(ModuleOp module, const SiteOptions &options) {
  return Finder(module, options).run();
}

static ObserveOp observeValue(Value value, StringRef name) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  auto format = IntFormatAttr::get(builder.getContext(), 8, /*isSigned=*/true,
                                   /*symmetric=*/true, /*narrow=*/true);
  return ObserveOp::create(builder, value.getLoc(), value.getType(), value,
                           builder.getStringAttr(name), format, StatisticsAttr());
}

llvm::StringMap<ptq::PatchGeometry> qnn::observeSites(const MigrationSites &sites) {
  llvm::StringMap<ptq::PatchGeometry> geometry;
  for (const MigrationSite &site : sites.sites)
    for (const MigrationRead &read : site.reads) {
      if (!geometry.try_emplace(read.name, read.geometry).second)
        continue;
      ObserveOp observe = observeValue(read.value, read.name);
      for (LinearMapOpInterface map : read.maps)
        map.getInputOperand().set(observe);
    }
  for (const MigrationSite &site : sites.sites)
    for (const MigrationBound &bound : site.bounds) {
      auto maker = bound.value.getDefiningOp<LinearMapOpInterface>();
      if ((maker && getChannelMoments(maker, bound.geometry.channels)) ||
          !geometry.try_emplace(bound.name, bound.geometry).second)
        continue;
      Value value = bound.value;
      ObserveOp observe = observeValue(value, bound.name);
      value.replaceAllUsesExcept(observe, observe);
    }
  return geometry;
}
