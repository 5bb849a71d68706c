//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Attention ops of ONNX Runtime.
//
//===----------------------------------------------------------------------===//

#include "Attention.h"
#include "Contrib.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::toloops;

ArrayRef<LoweringRow> quantc::toloops::contribAttentionLowerings() { return {}; }
