//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The page of supported ops says what the conversion table says.
//
//===----------------------------------------------------------------------===//

#include "quantc/Conversion/ONNXToNN/ONNXToNN.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

using namespace llvm;
using namespace quantc;

/// "Op first-last" of each row of the page's table.
static std::vector<std::string> rowsOfPage() {
  ErrorOr<std::unique_ptr<MemoryBuffer>> page =
      MemoryBuffer::getFile(QUANTC_SOURCE_DIR "/docs/SupportedOps.md");
  std::vector<std::string> rows;
  if (!page)
    return rows;
  SmallVector<StringRef> lines;
  (*page)->getBuffer().split(lines, '\n');
  for (StringRef line : lines) {
    SmallVector<StringRef> cells;
    line.split(cells, '|');
    if (cells.size() < 4 || cells[1].trim() == "Op" || cells[1].starts_with("---"))
      continue;
    rows.push_back((cells[1].trim() + " " + cells[2].trim()).str());
  }
  return rows;
}

TEST(SupportedOps, PageAndTableAgree) {
  std::vector<std::string> rows;
  for (const SupportedOp &op : supportedONNXOps())
    rows.push_back(op.opType.str() + " " + std::to_string(op.firstOpset) + "-" +
                   std::to_string(op.lastOpset));
  EXPECT_EQ(rows, rowsOfPage());
}

/// Forms of one op neither overlap nor leave a gap.
TEST(SupportedOps, OpsetsOfAnOpJoin) {
  std::vector<SupportedOp> ops = supportedONNXOps();
  for (size_t i = 1; i < ops.size(); ++i)
    if (ops[i].opType == ops[i - 1].opType)
      EXPECT_EQ(ops[i].firstOpset, ops[i - 1].lastOpset + 1) << ops[i].opType.str();
}
