//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Widths of single nodes, the text "NAME=w4a6" of QuantizeOptions::nodeBits: how it is read, and
// what a later text changes of an earlier one.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_QNN_TRANSFORMS_NODEBITS_H
#define QUANTC_DIALECT_QNN_TRANSFORMS_NODEBITS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace quantc::qnn {

/// Bits of one node's weight and of its result, in [1, 16]; 0 where none are given.
struct NodeBits {
  unsigned weight = 0, activation = 0;
};

/// By node name. Fails with all entries that do not parse or name a node again.
llvm::Expected<llvm::StringMap<NodeBits>> parseNodeBits(llvm::ArrayRef<std::string> entries);

/// The entries of `earlier` with the widths that `later` gives: a width that it leaves out stays,
/// nodes that it names first come behind. Both parse.
std::vector<std::string> overrideNodeBits(llvm::ArrayRef<std::string> earlier,
                                          llvm::ArrayRef<std::string> later);

} // namespace quantc::qnn

#endif // QUANTC_DIALECT_QNN_TRANSFORMS_NODEBITS_H
