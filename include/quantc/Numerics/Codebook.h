//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Formats whose codes index a table of reals [NUM-FMT-5]. Sources: Dettmers et al., "QLoRA"
// (arXiv 2305.14314; NF4), Yoshida, "NF4 Isn't Information Theoretically Optimal" (arXiv
// 2306.06965; AF4), bitsandbytes (its fp4), Chen et al., "BitMoD" (arXiv 2411.11745).
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_NUMERICS_CODEBOOK_H
#define QUANTC_NUMERICS_CODEBOOK_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quantc::numerics {

/// One or more tables of 2 to 256 finite, distinct numbers each. A block of a format with several
/// tables stores which one it uses.
struct CodebookFamily {
  std::string name; ///< of a built-in family; empty for tables that a user gave
  std::vector<std::vector<float>> tables;

  bool operator==(const CodebookFamily &o) const { return tables == o.tables; }
  /// Bits of a code: those of the longest table's last index.
  int codeBits() const;
  /// Bits with which a block says its table: 0 for one table.
  int selectorBits() const;
};

/// The built-in families: "nf4", "af4", "fp4-bnb" (bitsandbytes' order of codes), "bitmod4" and
/// "bitmod3" (a minifloat whose -0 became one of four numbers). nullptr for other names.
const CodebookFamily *findCodebook(std::string_view name);
/// Names that `findCodebook` knows, in a fixed order.
std::vector<std::string_view> codebookNames();

/// Finds the nearest entry of one table. A number midway between two takes the smaller, NaN the
/// entry nearest to 0.
class CodebookCoder {
public:
  explicit CodebookCoder(const std::vector<float> &table);

  uint8_t encode(double x) const;
  /// The entry of a code; past the table's end the last one.
  float decode(uint8_t code) const {
    return entries[code < entries.size() ? code : entries.size() - 1];
  }
  /// The largest magnitude of the table.
  float largest() const { return most; }

private:
  std::vector<float> entries;
  std::vector<double> midpoints; ///< between neighbours of the sorted table
  std::vector<uint8_t> codes;    ///< of the sorted table
  uint8_t nearestToZero = 0;
  float most = 0;
};

} // namespace quantc::numerics

#endif // QUANTC_NUMERICS_CODEBOOK_H
