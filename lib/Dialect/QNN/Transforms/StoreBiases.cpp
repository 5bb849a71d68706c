//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// qnn-store-biases: the biases of a file, which bias correction found; see CorrectBias.h.
//
//===----------------------------------------------------------------------===//

#include "Biases.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/QNN/Transforms/CorrectBias.h"
#include "quantc/Dialect/QNN/Transforms/Passes.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

namespace quantc::qnn {
#define GEN_PASS_DEF_QNNSTOREBIASES
#include "quantc/Dialect/QNN/Transforms/Passes.h.inc"
} // namespace quantc::qnn

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

ChannelBias qnn::correctableBias(Operation *op) {
  auto semantics = dyn_cast<IntegerSemantics>(op);
  ChannelBias bias = semantics ? semantics.getChannelBias() : ChannelBias();
  if (!bias.operand || !op->getResult(0).hasOneUse() ||
      !isa<dyad::RequantizeOp>(*op->getResult(0).getUsers().begin()))
    return ChannelBias();
  return bias;
}

std::vector<CorrectableOp> qnn::correctableOps(func::FuncOp function) {
  std::vector<CorrectableOp> ops;
  llvm::StringSet<> taken; // names first: a node may be called as another's key would be
  for (Operation &op : function.getBody().front())
    if (correctableBias(&op).operand) {
      ops.push_back({getLocationName(op.getLoc()).str(), &op});
      taken.insert(ops.back().key);
    }
  llvm::StringMap<int64_t> seen;
  for (CorrectableOp &found : ops) {
    const std::string name = found.key;
    int64_t &count = seen[name];
    if (count++ == 0)
      continue;
    while (!taken.insert(found.key = name + ":" + std::to_string(count - 1)).second)
      ++count;
  }
  return ops;
}

FailureOr<func::FuncOp> qnn::onlyFunction(ModuleOp module) {
  auto functions = module.getOps<func::FuncOp>();
  if (!llvm::hasSingleElement(functions) || !(*functions.begin()).getBody().hasOneBlock())
    return emitError(module.getLoc(), "expected one function of one block, but found others");
  return *functions.begin();
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

llvm::Error qnn::writeBiases(StringRef path, const BiasTable &table) {
  llvm::json::Object object;
  for (const auto &[key, codes] : table)
    object[key] = llvm::json::Array(codes);
  return writeText(path, llvm::formatv("{0}", llvm::json::Value(std::move(object))).str());
}

llvm::Expected<BiasTable> qnn::readBiases(StringRef path) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  llvm::Expected<llvm::json::Value> value = parseJSON(*text);
  if (!value)
    return addContext(path, value.takeError());
  const llvm::json::Object *object = value->getAsObject();
  if (!object)
    return makeError(path + ": expected an object of biases, but found another value");
  BiasTable table;
  for (const auto &[key, entry] : *object) {
    const llvm::json::Array *codes = entry.getAsArray();
    if (!codes)
      return makeError(path + ": expected an array of biases for '" + StringRef(key) +
                       "', but found another value");
    std::vector<int64_t> &biases = table[key.str()];
    for (const llvm::json::Value &code : *codes) {
      std::optional<int64_t> number = code.getAsInteger();
      if (!number || *number != static_cast<int32_t>(*number))
        return makeError(path + ": expected integers of 32 bits for '" + StringRef(key) +
                         "', but found another value");
      biases.push_back(*number);
    }
  }
  return table;
}

//===----------------------------------------------------------------------===//
// Storing
//===----------------------------------------------------------------------===//

/// Puts a new constant in place of the op's bias. Equal ones stay.
static LogicalResult storeBias(const CorrectableOp &found, ArrayRef<int64_t> codes) {
  Operation *op = found.op;
  OpOperand *operand = correctableBias(op).operand;
  Value bias = operand->get();
  auto old = readIntegers(getConstantElements(bias));
  if (!old || old->size() != codes.size())
    return op->emitError("node '") << found.key << "': expected " << (old ? old->size() : 0)
                                   << " biases, but found " << codes.size();
  int64_t greatest = 0;
  for (auto [before, after] : llvm::zip_equal(*old, codes))
    greatest = std::max(greatest, std::abs(after - before));
  op->emitRemark() << "'" << found.key << "' has its bias corrected by up to " << greatest;
  if (greatest == 0)
    return success();
  OpBuilder builder(op);
  auto type = cast<RankedTensorType>(bias.getType());
  operand->set(dyad::ConstantOp::create(
      builder, op->getLoc(), type,
      makeIntegerWeights(type, codes, (getLocationName(op->getLoc()) + ".bias").str())));
  if (bias.use_empty())
    bias.getDefiningOp()->erase();
  return success();
}

LogicalResult qnn::storeBiases(ModuleOp integers, const BiasTable &table) {
  FailureOr<func::FuncOp> function = onlyFunction(integers);
  if (failed(function))
    return failure();
  llvm::StringSet<> there;
  for (const CorrectableOp &found : correctableOps(*function)) {
    auto codes = table.find(found.key);
    if (codes == table.end())
      continue;
    there.insert(found.key);
    if (failed(storeBias(found, codes->second)))
      return failure();
  }
  for (const auto &entry : table)
    if (!there.contains(entry.first))
      return emitError(integers.getLoc())
             << "node '" << entry.first << "': expected sums that are requantized, but found none";
  return success();
}

namespace {
struct StoreBiasesPass : qnn::impl::QnnStoreBiasesBase<StoreBiasesPass> {
  using QnnStoreBiasesBase::QnnStoreBiasesBase;

  void runOnOperation() override {
    if (biases.empty()) {
      emitError(getOperation().getLoc(), "expected the option biases=FILE, but found none");
      return signalPassFailure();
    }
    llvm::Expected<BiasTable> table = readBiases(biases);
    if (!table) {
      emitError(getOperation().getLoc()) << llvm::toString(table.takeError());
      return signalPassFailure();
    }
    if (failed(storeBiases(getOperation(), *table)))
      signalPassFailure();
  }
};
} // namespace
