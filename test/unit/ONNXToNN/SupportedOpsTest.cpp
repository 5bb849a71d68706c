//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The conversion table is sound.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include <gtest/gtest.h>

using namespace quantc;

/// Forms of one op neither overlap nor leave a gap.
TEST(SupportedOps, OpsetsOfAnOpJoin) {
  std::vector<SupportedOp> ops = supportedONNXOps();
  for (size_t i = 1; i < ops.size(); ++i)
    if (ops[i].opType == ops[i - 1].opType)
      EXPECT_EQ(ops[i].firstOpset, ops[i - 1].lastOpset + 1) << ops[i].opType.str();
}
