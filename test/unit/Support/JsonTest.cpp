//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// JSON of files, whatever they hold.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/Json.h"
#include "gtest/gtest.h"

using namespace quantc;

namespace {

std::string nested(int levels) { return std::string(levels, '[') + "1" + std::string(levels, ']'); }

TEST(Json, ReadsWhatLLVMReads) {
  llvm::json::Value value = llvm::cantFail(parseJSON("{\"a\": [1, \"]]{{[\\\"[\"], \"b\": null}"));
  const llvm::json::Value wanted =
      llvm::json::Object{{"a", llvm::json::Array{1, "]]{{[\"["}}, {"b", nullptr}};
  EXPECT_EQ(value, wanted);
  EXPECT_TRUE(llvm::toString(parseJSON("[1, ").takeError()) != "");
}

/// A file of brackets overran the stack.
TEST(Json, LevelsAreLimited) {
  llvm::cantFail(parseJSON(nested(kMostJSONLevels)));
  for (const std::string &text :
       {nested(kMostJSONLevels + 1), std::string(1 << 20, '['), std::string(1 << 20, '{')})
    EXPECT_EQ(llvm::toString(parseJSON(text).takeError()),
              "expected at most 64 levels of arrays and objects");
  std::string wide = "[";
  for (int i = 0; i < 1000; ++i)
    wide += "[{}],";
  llvm::cantFail(parseJSON(wide + "0]"));
}

} // namespace
