//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tables of codebook formats, and the search for the nearest entry.
//
//===----------------------------------------------------------------------===//

#include "quantc/Numerics/Codebook.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace quantc::numerics {

static int bitsOfIndices(size_t count) {
  int bits = 0;
  while ((size_t(1) << bits) < count)
    ++bits;
  return bits;
}

int CodebookFamily::codeBits() const {
  size_t longest = 1;
  for (const std::vector<float> &table : tables)
    longest = std::max(longest, table.size());
  return std::max(1, bitsOfIndices(longest));
}

int CodebookFamily::selectorBits() const { return bitsOfIndices(tables.size()); }

/// The sign-magnitude table of `magnitudes` (the first is 0), with `extra` in the place of -0.
static std::vector<float> withExtra(const std::vector<float> &magnitudes, float extra) {
  std::vector<float> table = magnitudes;
  table.push_back(extra);
  for (size_t i = 1; i < magnitudes.size(); ++i)
    table.push_back(-magnitudes[i]);
  return table;
}

static CodebookFamily bitmod(const char *name, const std::vector<float> &magnitudes, float near,
                             float far) {
  return {name,
          {withExtra(magnitudes, near), withExtra(magnitudes, -near), withExtra(magnitudes, far),
           withExtra(magnitudes, -far)}};
}

static const std::vector<CodebookFamily> &families() {
  // NF4 and AF4 as their authors publish them; the fp4 of bitsandbytes is {0, 1/16, 8, 12, 4, 6, 2,
  // 3} / 12 with the sign in the top bit.
  static const std::vector<CodebookFamily> all = {
      {"nf4",
       {{-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
         -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
         0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
         0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f}}},
      {"af4",
       {{-1.0f, -0.69441008f, -0.51243739f, -0.3736951f, -0.25607552f, -0.14982478f, -0.04934812f,
         0.0f, 0.04273164f, 0.12934483f, 0.21961274f, 0.31675666f, 0.42563882f, 0.55496234f,
         0.72424863f, 1.0f}}},
      {"fp4-bnb",
       {{0.0f, 0.0625f / 12, 8.0f / 12, 1.0f, 4.0f / 12, 0.5f, 2.0f / 12, 0.25f, -0.0f,
         -0.0625f / 12, -8.0f / 12, -1.0f, -4.0f / 12, -0.5f, -2.0f / 12, -0.25f}}},
      bitmod("bitmod4", {0, 0.5f, 1, 1.5f, 2, 3, 4, 6}, 5, 8),
      bitmod("bitmod3", {0, 1, 2, 4}, 3, 6),
  };
  return all;
}

const CodebookFamily *findCodebook(std::string_view name) {
  for (const CodebookFamily &family : families())
    if (family.name == name)
      return &family;
  return nullptr;
}

std::vector<std::string_view> codebookNames() {
  std::vector<std::string_view> names;
  for (const CodebookFamily &family : families())
    names.push_back(family.name);
  return names;
}

CodebookCoder::CodebookCoder(const std::vector<float> &table) : entries(table) {
  codes.resize(table.size());
  std::iota(codes.begin(), codes.end(), uint8_t(0));
  // Stable: of two codes of one number (+0 and -0) the first is used.
  std::stable_sort(codes.begin(), codes.end(),
                   [&](uint8_t a, uint8_t b) { return table[a] < table[b]; });
  codes.erase(std::unique(codes.begin(), codes.end(),
                          [&](uint8_t a, uint8_t b) { return table[a] == table[b]; }),
              codes.end());
  for (size_t i = 0; i + 1 < codes.size(); ++i)
    midpoints.push_back((double(table[codes[i]]) + double(table[codes[i + 1]])) / 2);
  for (float entry : table)
    most = std::max(most, std::fabs(entry));
  nearestToZero = encode(0.0);
}

uint8_t CodebookCoder::encode(double x) const {
  if (x != x)
    return nearestToZero;
  size_t below = 0; // counting has no branches, and tables are short
  for (double midpoint : midpoints)
    below += x > midpoint;
  return codes[below];
}

} // namespace quantc::numerics
