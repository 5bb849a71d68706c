//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same products on every machine: blocks, and with them the order of sums, come from sizes of
// caches.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/Matrix.h"
#include "gtest/gtest.h"

namespace {

TEST(Matrix, BlocksDoNotFollowTheCachesOfTheMachine) {
  EXPECT_EQ(Eigen::l1CacheSize(), Eigen::internal::defaultL1CacheSize);
  EXPECT_EQ(Eigen::l2CacheSize(), Eigen::internal::defaultL2CacheSize);
  EXPECT_EQ(Eigen::l3CacheSize(), Eigen::internal::defaultL3CacheSize);
}

} // namespace
