//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Names in the text of an option.
//
//===----------------------------------------------------------------------===//

#include "quantc/Support/OptionText.h"
#include "gtest/gtest.h"

using namespace quantc;

namespace {

TEST(OptionText, PlainNamesStayAsTheyAre) {
  for (const char *name : {"/layer.0/MatMul", "fc_1", "re:.*Add$", "w4=a8", "\xc3\xa4"})
    EXPECT_EQ(escapeItem(name), name);
}

/// A node named "my layer" ended the option, one named "a,b" the item.
TEST(OptionText, AnyNameComesBack) {
  EXPECT_EQ(escapeItem("my layer, (2)"), "my%20layer%2C%20%282%29");
  std::string all;
  for (int c = 1; c < 256; ++c)
    all += static_cast<char>(c);
  for (const std::string &name :
       {std::string("my layer"), std::string("a,b"), std::string("fc (y)"), std::string("100%25"),
        std::string("%"), std::string("%4"), all}) {
    std::string text = escapeItem(name);
    EXPECT_EQ(text.find_first_of(" ,'\"()[]{}\n"), std::string::npos) << text;
    EXPECT_EQ(unescapeItem(text), name);
  }
}

TEST(OptionText, ListsOfNames) {
  const std::vector<std::string> names = {"my layer", "a,b", "c"};
  EXPECT_EQ(joinItems(names), "my%20layer,a%2Cb,c");
  EXPECT_EQ(splitItems(joinItems(names)), names);
  EXPECT_EQ(splitItems(" my layer , a%2Cb,,c"), names);
  EXPECT_EQ(unescapeItems(escapeItems(names)), names);
  EXPECT_TRUE(splitItems("").empty());
}

/// A percent sign that no two digits follow is one.
TEST(OptionText, PercentSignsOfUsers) {
  EXPECT_EQ(unescapeItem("50% of"), "50% of");
  EXPECT_EQ(unescapeItem("%zz"), "%zz");
  EXPECT_EQ(unescapeItem("a%2"), "a%2");
}

TEST(OptionText, Paths) {
  EXPECT_EQ(quotePath("a/b.json"), "a/b.json");
  EXPECT_EQ(quotePath("my data/b.json"), "\"my data/b.json\"");
}

} // namespace
