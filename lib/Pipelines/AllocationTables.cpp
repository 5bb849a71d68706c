//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables of files against the model: which layers there are, how large they are and what they share
// is the model's word alone.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/NodeName.h"
#include "quantc/Pipelines/BitAllocation.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace quantc;

ModelLayers quantc::findModelLayers(ModuleOp module) {
  ModelLayers model;
  model.layers = findLayers(module);
  module.walk([&](Operation *op) {
    op->getLoc()->walk([&](Location loc) {
      if (auto name = dyn_cast<NameLoc>(loc))
        model.nodes.insert(name.getName().getValue());
      return WalkResult::advance();
    });
  });
  return model;
}

namespace {
/// All that a file says of other layers than the model's.
class Differences {
public:
  void add(StringRef node, const Twine &what) {
    faults.push_back(("node '" + node + "': " + what).str());
  }
  void compare(StringRef node, StringRef name, int64_t expected, int64_t found) {
    if (expected != found)
      add(node, "expected '" + name + "' of " + Twine(expected) + ", but found " + Twine(found));
  }
  /// Nodes that only one of both has.
  void compareNodes(const ModelLayers &model, const StringSet<> &held) {
    for (const LayerSensitivity &layer : model.layers)
      if (!held.contains(layer.node))
        add(layer.node, "expected an entry, but found none");
    std::vector<StringRef> others;
    for (const auto &entry : held)
      if (!model.nodes.contains(entry.first()))
        others.push_back(entry.first());
    llvm::sort(others);
    for (StringRef other : others)
      add(other, "expected nodes of the model, but found this one");
  }
  llvm::Error take() const {
    return faults.empty() ? llvm::Error::success()
                          : llvm::createStringError("the table is not of this model: " +
                                                    llvm::join(faults, "; "));
  }

private:
  std::vector<std::string> faults;
};
} // namespace

static std::string quoted(StringRef text) { return ("'" + text + "'").str(); }

llvm::Expected<SensitivityTable> quantc::matchModel(const SensitivityTable &file,
                                                    const ModelLayers &model) {
  Differences differences;
  llvm::StringMap<const LayerSensitivity *> entries;
  StringSet<> held;
  for (const LayerSensitivity &entry : file.layers) {
    if (!entries.try_emplace(entry.node, &entry).second)
      differences.add(entry.node, "expected one entry, but found another");
    held.insert(entry.node);
  }
  differences.compareNodes(model, held);
  SensitivityTable table = file;
  table.layers = model.layers;
  for (LayerSensitivity &layer : table.layers) {
    const LayerSensitivity *entry = entries.lookup(layer.node);
    if (!entry)
      continue;
    differences.compare(layer.node, "parameters", layer.parameters, entry->parameters);
    differences.compare(layer.node, "channels", layer.channels, entry->channels);
    differences.compare(layer.node, "macs", layer.macs, entry->macs);
    if (layer.shares != entry->shares)
      differences.add(layer.node, "expected 'shares' of " + quoted(layer.shares) + ", but found " +
                                      quoted(entry->shares));
    layer.widths = entry->widths;
  }
  if (llvm::Error error = differences.take())
    return std::move(error);
  return table;
}

/// Names of a table's entries.
template <typename Table> static StringSet<> namesOf(const Table &entries) {
  StringSet<> names;
  for (const auto &entry : entries)
    names.insert(entry.first);
  return names;
}

llvm::Error quantc::matchModel(const CurvatureTable &file, const ModelLayers &model) {
  Differences differences;
  differences.compareNodes(model, namesOf(file));
  for (const LayerSensitivity &layer : model.layers)
    if (auto entry = file.find(layer.node); entry != file.end())
      differences.compare(layer.node, "weights", layer.parameters, entry->second.weights);
  return differences.take();
}

llvm::Error quantc::matchModel(const LatencyTable &file, const ModelLayers &model) {
  Differences differences;
  differences.compareNodes(model, namesOf(file.layers));
  return differences.take();
}
