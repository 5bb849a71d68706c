//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Widths of single nodes: what parses, and what a later text leaves of an earlier one.
//
//===----------------------------------------------------------------------===//

#include "quantc/Dialect/QNN/Transforms/NodeBits.h"
#include "gtest/gtest.h"

using namespace quantc;
using namespace quantc::qnn;

namespace {

using Entries = std::vector<std::string>;

TEST(NodeBitsTest, ReadsWeightsResultsAndNamesWithEqualSigns) {
  auto bits = llvm::cantFail(parseNodeBits({"a=w4a6", "b=w16", "c=a1", "x=y=w2"}));
  EXPECT_EQ(bits.size(), 4u);
  EXPECT_EQ(bits["a"].weight, 4u);
  EXPECT_EQ(bits["a"].activation, 6u);
  EXPECT_EQ(bits["b"].weight, 16u);
  EXPECT_EQ(bits["b"].activation, 0u);
  EXPECT_EQ(bits["c"].weight, 0u);
  EXPECT_EQ(bits["c"].activation, 1u);
  EXPECT_EQ(bits["x=y"].weight, 2u);
}

TEST(NodeBitsTest, TellsEveryEntryThatDoesNotParse) {
  for (const char *entry : {"a", "a=", "=w4", "a=w", "a=w0", "a=w17", "a=a4w4", "a=w4b", "a=4"}) {
    auto bits = parseNodeBits({"good=w4", entry});
    ASSERT_FALSE(bool(bits)) << entry;
    EXPECT_NE(llvm::toString(bits.takeError()).find("but found '" + std::string(entry) + "'"),
              std::string::npos)
        << entry;
  }
  std::string faults = llvm::toString(parseNodeBits({"a=w0", "b=w4", "b=a4", "c=w99"}).takeError());
  for (const char *found : {"'a=w0'", "'b=w4' and 'b=a4'", "'c=w99'"})
    EXPECT_NE(faults.find(found), std::string::npos) << faults;
}

TEST(NodeBitsTest, ALaterTextHasTheWordAboutTheWidthsThatItGives) {
  EXPECT_EQ(overrideNodeBits({"a=w4a6", "b=w3"}, {"c=a5", "a=w8", "b=a7"}),
            (Entries{"a=w8a6", "b=w3a7", "c=a5"}));
  EXPECT_EQ(overrideNodeBits({"a=w4a6"}, {"a=w2a3"}), Entries{"a=w2a3"});
  EXPECT_EQ(overrideNodeBits({}, {"x=y=w04"}), Entries{"x=y=w4"});
  EXPECT_EQ(overrideNodeBits({"a=a6"}, {}), Entries{"a=a6"});
}

} // namespace
