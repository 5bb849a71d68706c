//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The nodes of a file; see LedgerList.h.
//
//===----------------------------------------------------------------------===//

#include "LedgerList.h"
#include "LedgerTrace.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "quantc/Dialect/ONNX/IR/Functions.h"
#include "quantc/Dialect/ONNX/Proto/TypeProtos.h"
#include "quantc/Import/ONNX/ImportONNX.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::ledger;
using namespace quantc::onnx;

/// The number of a node of the file, until it stands in its location.
constexpr llvm::StringLiteral numberAttr = "quantc.node";

namespace {
class Lister {
public:
  explicit Lister(ModuleOp file) : file(file), context(*file.getContext()) {}

  LogicalResult flatten();
  FileListing listing;

private:
  void list(NodeOp node, StringRef prefix);
  void listBodies(Operation *op, StringRef prefix);

  ModuleOp file;
  MLIRContext &context;
};
} // namespace

LedgerOutput ledger::describeOutput(Type type, StringRef name) {
  LedgerOutput output{name.str(), "", std::nullopt};
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return output;
  if (DType element = dtypeOf(tensor.getElementType()); element != DType::Undefined)
    output.type = dtypeName(element).str();
  if (tensor.hasRank()) {
    output.shape.emplace();
    for (int64_t size : tensor.getShape())
      output.shape->push_back(ShapedType::isDynamic(size) ? -1 : size);
  }
  return output;
}

/// The name of the attribute that holds a node's region.
static std::string bodyName(NodeOp node, unsigned region) {
  if (DictionaryAttr attributes = node.getOnnxAttrsAttr())
    for (NamedAttribute named : attributes) {
      if (auto graph = dyn_cast<GraphAttr>(named.getValue()))
        if (graph.getRegion() == region)
          return named.getName().str();
      if (auto list = dyn_cast<ListAttr>(named.getValue()))
        for (auto [index, element] : llvm::enumerate(list.getElements()))
          if (auto graph = dyn_cast<GraphAttr>(element))
            if (graph.getRegion() == region)
              return (named.getName().getValue() + "_" + Twine(index)).str();
    }
  return "body_" + std::to_string(region);
}

void Lister::listBodies(Operation *op, StringRef prefix) {
  for (Region &region : op->getRegions()) {
    auto owner = dyn_cast<NodeOp>(op);
    std::string inner =
        owner ? (prefix + bodyName(owner, region.getRegionNumber()) + "/").str() : prefix.str();
    for (NodeOp node : region.getOps<NodeOp>())
      list(node, inner);
  }
}

void Lister::list(NodeOp node, StringRef prefix) {
  node->setAttr(numberAttr, Builder(&context).getI64IntegerAttr(listing.nodes.size()));
  LedgerNode &entry = listing.nodes.emplace_back();
  entry.name = (prefix + getNodeLabel(node)).str();
  entry.op = node.getOpType().str();
  entry.domain = node.getNormalizedDomain().str();
  entry.opset = node.getOpset();
  for (auto [index, output] : llvm::enumerate(node.getResults()))
    if (!isa<NoneType>(output.getType()))
      entry.outputs.push_back(describeOutput(output.getType(), node.getResultName(index)));
  if (node->getNumRegions() != 0) {
    std::string inner = entry.name + "/"; // `entry` moves
    listBodies(node, inner);
  }
}

static std::string functionName(FunctionOp function) {
  std::string domain = function.getDomain().value_or("").str();
  return (domain.empty() ? "" : domain + ".") + function.getName().value_or("").str();
}

/// A copy without functions, whose nodes carry their numbers in their locations.
LogicalResult Lister::flatten() {
  for (auto function : file.getOps<func::FuncOp>())
    listBodies(function, "");
  for (auto function : file.getOps<FunctionOp>())
    listBodies(function, functionName(function) + "/");
  FunctionTable functions(file);
  file.walk([&](NodeOp node) {
    if (functions.lookup(node))
      listing.calls.insert(node->getAttrOfType<IntegerAttr>(numberAttr).getInt());
  });
  listing.flat = file.clone();
  if (failed(inlineFunctions(*listing.flat)))
    return failure();
  listing.flat->walk([&](NodeOp node) {
    auto number = dyn_cast_or_null<IntegerAttr>(node->removeAttr(numberAttr));
    if (number)
      node->setLoc(numberedLoc(&context, getNodeLabel(node), number.getInt()));
  });
  return success();
}

FailureOr<FileListing> ledger::listFile(StringRef path, MLIRContext &context,
                                        ArrayRef<std::pair<std::string, int64_t>> dims) {
  ImportOptions options;
  options.dims.assign(dims.begin(), dims.end());
  OwningOpRef<ModuleOp> file = importONNX(path, &context, options);
  if (!file)
    return failure();
  Lister lister(*file);
  if (failed(lister.flatten()))
    return failure();
  return std::move(lister.listing);
}
