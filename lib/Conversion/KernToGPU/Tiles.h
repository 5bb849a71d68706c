//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chips that code is made for, and the tiles of contractions on each.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_KERNTOGPU_TILES_H
#define QUANTC_LIB_CONVERSION_KERNTOGPU_TILES_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>

namespace quantc::togpu {

/// A chip: what its code may use and what its tiles are chosen for.
struct Chip {
  llvm::StringRef name;    ///< "sm_80", as LLVM calls it
  int computeCapability;   ///< 80: major * 10 + minor; later chips run the code too
  int ptxVersion;          ///< 70: major * 10 + minor
  int64_t multiprocessors; ///< of the part that the table was made for
  int64_t sharedBytes;     ///< largest dynamic shared memory of a block
};

/// The chip by name, or null.
const Chip *findChip(llvm::StringRef name);
llvm::SmallVector<llvm::StringRef> chipNames();
/// Both tables as Markdown.
void describeTables(llvm::raw_ostream &os);

/// A block computes rows x columns outputs with warps of warpRows x warpColumns, `depth` (32 or 64)
/// bytes of K at a time; `stages` such steps are in shared memory.
struct Tile {
  int64_t rows, columns, warpRows, warpColumns, stages;
  int64_t depth = 64;
  int64_t warps() const { return rows / warpRows * (columns / warpColumns); }
  int64_t threads() const { return 32 * warps(); }
  int64_t stageBytes() const { return (rows + columns) * depth; }
};

/// The tile for a contraction of `rows` pixels, `columns` output channels and depth `depth`,
/// `groups` times.
Tile chooseTile(const Chip &chip, int64_t rows, int64_t columns, int64_t depth, int64_t groups);

/// A tile from its five numbers, or none when they do not fit each other.
std::optional<Tile> makeTile(llvm::ArrayRef<int64_t> values);

} // namespace quantc::togpu

#endif // QUANTC_LIB_CONVERSION_KERNTOGPU_TILES_H
