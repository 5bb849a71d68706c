//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file of a block's codes; see RoundCodesResume.h.
//
//===----------------------------------------------------------------------===//

#include "RoundCodesResume.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Json.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include <cstring>

using namespace quantc;
using namespace quantc::qnn;

template <typename T> static void append(std::string &bytes, const std::vector<T> &values) {
  bytes.append(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
}

/// False where fewer bytes are left than `values` takes.
template <typename T> static bool take(llvm::StringRef &bytes, std::vector<T> &values) {
  const size_t size = values.size() * sizeof(T);
  if (bytes.size() < size)
    return false;
  std::memcpy(values.data(), bytes.data(), size);
  bytes = bytes.drop_front(size);
  return true;
}

llvm::Error quantc::writeFinished(llvm::StringRef path, llvm::ArrayRef<FinishedMap> finished) {
  llvm::json::Array entries;
  std::string bytes;
  for (const FinishedMap &map : finished) {
    const RoundedWeight &report = map.report;
    llvm::json::Object entry{{"index", int64_t(map.index)}, {"bits", report.bits},
                             {"loss", report.loss},         {"nearest", report.nearestLoss},
                             {"damping", report.damping},   {"alpha", report.alpha},
                             {"message", report.message}};
    if (report.blockLoss)
      entry["block"] = llvm::json::Array{report.blockLoss->first, report.blockLoss->second};
    entries.push_back(std::move(entry));
    append(bytes, map.chosen.codes);
    append(bytes, map.chosen.steps);
    append(bytes, map.chosen.bias);
  }
  return writeText(path,
                   llvm::formatv("{0}\n", llvm::json::Value(std::move(entries))).str() + bytes);
}

static bool readReport(const llvm::json::Object &entry, RoundedWeight &report) {
  for (auto [key, value] :
       {std::pair("bits", &report.bits), std::pair("loss", &report.loss),
        std::pair("nearest", &report.nearestLoss), std::pair("damping", &report.damping),
        std::pair("alpha", &report.alpha)}) {
    std::optional<double> number = entry.getNumber(key);
    if (!number)
      return false;
    *value = *number;
  }
  report.message = entry.getString("message").value_or("").str();
  if (const llvm::json::Array *block = entry.getArray("block")) {
    if (block->size() != 2 || !(*block)[0].getAsNumber() || !(*block)[1].getAsNumber())
      return false;
    report.blockLoss = {*(*block)[0].getAsNumber(), *(*block)[1].getAsNumber()};
  }
  return true;
}

llvm::Expected<std::vector<FinishedMap>>
quantc::readFinished(llvm::StringRef path, llvm::ArrayRef<const RoundableMap *> maps) {
  llvm::Expected<std::string> text = readText(path);
  if (!text)
    return text.takeError();
  auto [line, bytes] = llvm::StringRef(*text).split('\n');
  llvm::Expected<llvm::json::Value> header = parseJSON(line);
  if (!header)
    return header.takeError();
  const llvm::json::Array *entries = header->getAsArray();
  if (!entries || entries->size() != maps.size())
    return makeError("expected the codes of " + llvm::Twine(maps.size()) + " weights");
  std::vector<FinishedMap> finished;
  std::vector<bool> seen(maps.size(), false);
  for (const llvm::json::Value &value : *entries) {
    const llvm::json::Object *entry = value.getAsObject();
    const int64_t index = entry ? entry->getInteger("index").value_or(-1) : -1;
    if (index < 0 || index >= int64_t(maps.size()) || seen[index])
      return makeError("expected each of the block's weights once");
    seen[index] = true;
    FinishedMap &map = finished.emplace_back();
    map.index = size_t(index);
    map.report.node = maps[index]->name;
    map.chosen.codes.resize(maps[index]->weight.size());
    map.chosen.steps.resize(maps[index]->steps.size());
    map.chosen.bias.resize(maps[index]->bias.size());
    if (!readReport(*entry, map.report) || !take(bytes, map.chosen.codes) ||
        !take(bytes, map.chosen.steps) || !take(bytes, map.chosen.bias))
      return makeError("expected the codes of '" + maps[index]->name + "', but found fewer");
  }
  if (!bytes.empty())
    return makeError("expected nothing behind the codes");
  return finished;
}
