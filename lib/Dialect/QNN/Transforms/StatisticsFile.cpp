//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file of statistics: JSON with one object per observer name. Doubles are written with 17
// digits, so that reading gives the same attributes.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Dialect/QNN/Transforms/Calibrate.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::qnn;

constexpr StringLiteral formatName = "quantc-statistics";
constexpr int64_t formatVersion = 1;

/// The attribute of one entry; diagnostics name observer and file.
static StatisticsAttr parseEntry(ObserveOp observe, const llvm::json::Value &value,
                                 StringRef path) {
  auto fail = [&](const Twine &reason) {
    observe.emitError("statistics of '")
        << observe.getName() << "' in '" << path << "': " << reason;
    return StatisticsAttr();
  };
  const llvm::json::Object *entry = value.getAsObject();
  if (!entry)
    return fail("expected an object, but found another value");
  double bounds[4];
  constexpr StringLiteral keys[] = {"min", "max", "lo", "hi"};
  for (auto [key, bound] : llvm::zip(keys, bounds)) {
    std::optional<double> number = entry->getNumber(key);
    if (!number)
      return fail("expected a number '" + key + "', but found none");
    bound = *number;
  }
  std::optional<int64_t> count = entry->getInteger("count");
  std::optional<StringRef> method = entry->getString("method");
  if (!count || !method)
    return fail("expected an integer 'count' and a string 'method', but found none");
  return StatisticsAttr::getChecked([&] { return observe.emitError(); }, observe.getContext(),
                                    APFloat(bounds[0]), APFloat(bounds[1]), APFloat(bounds[2]),
                                    APFloat(bounds[3]), *count, *method);
}

/// The object "observers" of the file.
static llvm::Expected<llvm::json::Object> readFile(StringRef path, bool asImported) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + buffer.getError().message());
  llvm::Expected<llvm::json::Value> value = parseJSON((*buffer)->getBuffer());
  if (!value)
    return makeError("'" + path + "': " + llvm::toString(value.takeError()));
  llvm::json::Object *root = value->getAsObject();
  if (!root || root->getString("format") != formatName ||
      root->getInteger("version") != formatVersion)
    return makeError("'" + path + "': expected an object with format '" + formatName +
                     "' and version " + Twine(formatVersion) + ", but found neither");
  if (int64_t equalized = root->getInteger("equalized").value_or(0); asImported && equalized != 0)
    return makeError("'" + path +
                     "': expected statistics of the model as it is, but found those "
                     "behind " +
                     Twine(equalized) +
                     " equalizations (equalize-depthwise, "
                     "equalize-residual), which change tensors");
  llvm::json::Object *observers = root->getObject("observers");
  if (!observers)
    return makeError("'" + path + "': expected an object 'observers', but found none");
  return std::move(*observers);
}

LogicalResult qnn::readStatistics(ModuleOp module, StringRef path, bool asImported) {
  llvm::Expected<llvm::json::Object> entries = readFile(path, asImported);
  if (!entries)
    return mlir::emitError(module.getLoc()) << llvm::toString(entries.takeError());
  WalkResult result = module.walk([&](ObserveOp observe) {
    const llvm::json::Value *entry = entries->get(observe.getName());
    if (!entry && observe.getStatisticsAttr())
      return WalkResult::advance();
    if (!entry) {
      observe.emitError("expected statistics of '")
          << observe.getName() << "' in '" << path << "', but found none";
      return WalkResult::interrupt();
    }
    StatisticsAttr statistics = parseEntry(observe, *entry, path);
    if (!statistics)
      return WalkResult::interrupt();
    observe.setStatisticsAttr(statistics);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

llvm::Error qnn::writeStatistics(ModuleOp module, StringRef path, int64_t equalized) {
  std::error_code code;
  llvm::raw_fd_ostream file(path, code);
  if (code)
    return makeError("cannot write '" + path + "': " + code.message());
  llvm::json::OStream json(file, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("format", formatName);
    json.attribute("version", formatVersion);
    if (equalized != 0)
      json.attribute("equalized", equalized);
    json.attributeObject("observers", [&] {
      module.walk([&](ObserveOp observe) {
        StatisticsAttr statistics = observe.getStatisticsAttr();
        if (!statistics)
          return;
        json.attributeObject(observe.getName(), [&] {
          json.attribute("min", statistics.getMin());
          json.attribute("max", statistics.getMax());
          json.attribute("lo", statistics.getLo());
          json.attribute("hi", statistics.getHi());
          json.attribute("count", statistics.getCount());
          json.attribute("method", statistics.getMethod());
        });
      });
    });
  });
  file << '\n';
  file.flush();
  if (file.has_error()) {
    code = file.error();
    file.clear_error();
    return makeError("cannot write '" + path + "': " + code.message());
  }
  return llvm::Error::success();
}
