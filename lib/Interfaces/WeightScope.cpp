//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ownership of blobs; see WeightScope.h.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/WeightScope.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace quantc;

using BlobEntry = DialectResourceBlobManager::BlobEntry;

static DialectResourceBlobManager &managerOf(MLIRContext *context) {
  return DenseResourceElementsHandle::getManagerInterface(context).getBlobManager();
}

WeightScope::WeightScope(MLIRContext *context) : context(context) {
  managerOf(context).getBlobMap([&](const llvm::StringMap<BlobEntry> &map) {
    for (const auto &entry : map)
      if (const AsmResourceBlob *blob = entry.second.getBlob(); !blob || !blob->getData().empty())
        older.insert(entry.first()); // the names of freed blobs are to be had
  });
}

WeightScope::~WeightScope() {
  DialectResourceBlobManager &manager = managerOf(context);
  std::vector<std::string> own;
  manager.getBlobMap([&](const llvm::StringMap<BlobEntry> &map) {
    for (const auto &entry : map)
      if (entry.second.getBlob() && !older.contains(entry.first()))
        own.push_back(entry.first().str());
  });
  for (const std::string &key : own)
    if (BlobEntry *entry = manager.lookup(key))
      entry->setBlob(AsmResourceBlob());
}

AsmResourceBlob WeightScope::take(DenseResourceElementsAttr attribute, size_t alignment) {
  DenseResourceElementsHandle handle = attribute.getRawHandle();
  AsmResourceBlob *blob = handle.getBlob();
  if (!blob)
    return {};
  ArrayRef<char> data = blob->getData();
  if (older.contains(handle.getKey()) || reinterpret_cast<uintptr_t>(data.data()) % alignment != 0)
    return HeapAsmResourceBlob::allocateAndCopyWithAlign(data, alignment, /*dataIsMutable=*/false);
  AsmResourceBlob taken = std::move(*blob);
  managerOf(context).lookup(handle.getKey())->setBlob(AsmResourceBlob());
  return taken;
}
