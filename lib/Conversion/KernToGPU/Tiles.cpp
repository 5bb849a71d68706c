//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chip and tile tables; see Tiles.h.
//
//===----------------------------------------------------------------------===//

#include "Tiles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace quantc::togpu;

static constexpr Chip chips[] = {
    {"sm_80", 80, 70, 108, 163 * 1024},
    {"sm_86", 86, 71, 84, 99 * 1024},
    {"sm_89", 89, 78, 128, 99 * 1024},
    {"sm_90", 90, 78, 132, 227 * 1024},
};

const Chip *quantc::togpu::findChip(llvm::StringRef name) {
  for (const Chip &chip : chips)
    if (chip.name == name)
      return &chip;
  return nullptr;
}

llvm::SmallVector<llvm::StringRef> quantc::togpu::chipNames() {
  llvm::SmallVector<llvm::StringRef> names;
  for (const Chip &chip : chips)
    names.push_back(chip.name);
  return names;
}

namespace {
/// A row of the table: the tile is taken where a block's columns are not mostly padding and where
/// the grid has at least `fill` blocks for each multiprocessor. The first row that fits wins, the
/// last one always fits.
struct TileRow {
  int minimumCapability;
  int64_t minimumColumns;
  double fill;
  Tile tile;
};
} // namespace

// Largest first: a large tile reads each byte fewer times, a small one fills the chip.
static constexpr TileRow table[] = {
    {80, 97, 1.0, {128, 128, 64, 64, 4}}, {80, 33, 1.0, {128, 64, 64, 32, 4}},
    {80, 1, 1.0, {128, 32, 32, 32, 4}},   {80, 33, 1.0, {64, 64, 32, 32, 4}},
    {80, 1, 1.0, {64, 32, 32, 16, 4}},    {80, 1, 0.0, {32, 32, 16, 16, 4}},
};

void quantc::togpu::describeTables(llvm::raw_ostream &os) {
  os << "Columns: least compute capability times ten; PTX version times ten; multiprocessors and "
        "shared memory a block that tiles\nare chosen for.\n\n"
        "| chip | capability | PTX | multiprocessors | shared memory |\n|---|---|---|---|---|\n";
  for (const Chip &chip : chips)
    os << "| " << chip.name << " | " << chip.computeCapability << " | " << chip.ptxVersion << " | "
       << chip.multiprocessors << " | " << chip.sharedBytes / 1024 << " KiB |\n";
  os << "\nTiles of contractions, in the order in which they are tried: a row is taken where the "
        "chip and the output channels suffice\nand the grid has that many blocks a multiprocessor. "
        "Stages are steps of K held in shared memory.\n\n"
        "| capability from | channels from | blocks a multiprocessor | block | warp | stages |\n"
        "|---|---|---|---|---|---|\n";
  for (const TileRow &row : table)
    os << "| " << row.minimumCapability << " | " << row.minimumColumns << " | "
       << llvm::format("%.1f", row.fill) << " | " << row.tile.rows << " x " << row.tile.columns
       << " | " << row.tile.warpRows << " x " << row.tile.warpColumns << " | " << row.tile.stages
       << " |\n";
}

Tile quantc::togpu::chooseTile(const Chip &chip, int64_t rows, int64_t columns, int64_t depth,
                               int64_t groups) {
  for (const TileRow &row : table) {
    if (chip.computeCapability < row.minimumCapability || columns < row.minimumColumns)
      continue;
    int64_t blocks = (rows + row.tile.rows - 1) / row.tile.rows *
                     ((columns + row.tile.columns - 1) / row.tile.columns) * groups;
    if (double(blocks) < row.fill * double(chip.multiprocessors))
      continue;
    Tile tile = row.tile;
    // A short K would be mostly padding.
    tile.depth = depth <= 32 ? 32 : 64;
    int64_t steps = (depth + tile.depth - 1) / tile.depth;
    // Stages that would never be filled cost occupancy.
    tile.stages = std::max<int64_t>(1, std::min(tile.stages, steps));
    while (tile.stages > 1 && tile.stages * tile.stageBytes() > chip.sharedBytes)
      --tile.stages;
    return tile;
  }
  return std::rbegin(table)->tile;
}

std::optional<Tile> quantc::togpu::makeTile(llvm::ArrayRef<int64_t> values) {
  if (values.size() != 5)
    return std::nullopt;
  Tile tile{values[0], values[1], values[2], values[3], values[4]};
  bool fits = tile.warpRows > 0 && tile.warpRows % 16 == 0 && tile.warpColumns > 0 &&
              tile.warpColumns % 16 == 0 && tile.rows > 0 && tile.rows % tile.warpRows == 0 &&
              tile.columns > 0 && tile.columns % tile.warpColumns == 0 && tile.stages > 0 &&
              tile.threads() <= 1024 && tile.warpColumns <= 64;
  return fits ? std::optional<Tile>(tile) : std::nullopt;
}
