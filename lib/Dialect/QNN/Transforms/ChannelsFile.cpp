//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file of channel summaries: JSON with one object per observer name, names in sorted order so
// that equal summaries give equal files.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/Equalize.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace quantc;
using namespace quantc::qnn;

constexpr StringLiteral formatName = "quantc-channels";
constexpr int64_t formatVersion = 1;

static bool readArray(const json::Object &entry, StringRef key, std::vector<double> &out) {
  const json::Array *array = entry.getArray(key);
  if (!array)
    return false;
  for (const json::Value &value : *array) {
    std::optional<double> number = value.getAsNumber();
    if (!number)
      return false;
    out.push_back(*number);
  }
  return true;
}

Expected<ChannelSummaries> qnn::readChannels(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return makeError("cannot read '" + path + "': " + buffer.getError().message());
  Expected<json::Value> value = parseJSON((*buffer)->getBuffer());
  if (!value)
    return makeError("'" + path + "': " + toString(value.takeError()));
  const json::Object *root = value->getAsObject();
  const json::Object *observers = root ? root->getObject("observers") : nullptr;
  if (!observers || root->getString("format") != formatName ||
      root->getInteger("version") != formatVersion)
    return makeError("'" + path + "': expected an object with format '" + formatName +
                     "', version " + Twine(formatVersion) + " and observers, but found another");
  ChannelSummaries channels;
  for (const auto &[name, item] : *observers) {
    const json::Object *entry = item.getAsObject();
    ChannelSummary &summary = channels[StringRef(name)];
    std::optional<int64_t> count = entry ? entry->getInteger("count") : std::nullopt;
    if (!count || *count < 1 || !readArray(*entry, "min", summary.min) ||
        !readArray(*entry, "max", summary.max) || !readArray(*entry, "sum", summary.sum) ||
        summary.min.empty() || summary.min.size() != summary.max.size() ||
        summary.min.size() != summary.sum.size())
      return makeError("'" + path +
                       "': expected arrays min, max and sum of one length and a "
                       "positive count for '" +
                       StringRef(name) + "', but found others");
    summary.count = static_cast<uint64_t>(*count);
  }
  return channels;
}

Error qnn::writeChannels(const ChannelSummaries &channels, StringRef path) {
  std::error_code code;
  raw_fd_ostream file(path, code);
  if (code)
    return makeError("cannot write '" + path + "': " + code.message());
  std::vector<StringRef> names(channels.keys().begin(), channels.keys().end());
  llvm::sort(names);
  json::OStream out(file, /*IndentSize=*/1);
  auto array = [&](StringRef key, ArrayRef<double> values) {
    out.attributeArray(key, [&] {
      for (double value : values)
        out.value(value);
    });
  };
  out.object([&] {
    out.attribute("format", formatName);
    out.attribute("version", formatVersion);
    out.attributeObject("observers", [&] {
      for (StringRef name : names)
        out.attributeObject(name, [&] {
          const ChannelSummary &summary = channels.find(name)->second;
          array("min", summary.min);
          array("max", summary.max);
          array("sum", summary.sum);
          out.attribute("count", static_cast<int64_t>(summary.count));
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
  return Error::success();
}
