//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Windows, packed weights and tables of contractions; see Contraction.h.
//
//===----------------------------------------------------------------------===//

#include "Contraction.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

Window quantc::togpu::describeWindow(kern::ConvOp op, const Contraction &c, int64_t alignment) {
  Window w;
  int64_t dilH = op.getDilations()[0], dilW = op.getDilations()[1];
  bool denseRow = (dilW == 1 && c.in.pixelStride == c.groupC) || c.kernelW == 1;
  w.run = denseRow ? c.kernelW * c.groupC : c.groupC;
  for (int64_t y = 0; y < c.kernelH; ++y)
    for (int64_t x = 0; x < (denseRow ? 1 : c.kernelW); ++x)
      w.starts.push_back(y * dilH * c.in.rowStride + x * dilW * c.in.pixelStride);
  w.runs = w.starts.size();
  SmallVector<int64_t> steps = {alignment, c.groups > 1 ? c.groupC : 0};
  // A step along an axis of extent 1 is never taken.
  if (c.out.batch > 1)
    steps.push_back(c.in.batchStride);
  if (c.out.height > 1)
    steps.push_back(c.rowStep);
  if (c.out.width > 1)
    steps.push_back(c.pixelStep);
  llvm::append_range(steps, w.starts);
  w.chunk = commonPower(steps, 16);
  if (w.chunk < 4)
    w.chunk = 1;
  // Rounding runs of a few bytes up to a long chunk would multiply the work.
  while (w.runs > 1 && w.chunk > 4 && w.padded() > w.run + w.run / 4)
    w.chunk /= 2;
  return w;
}

/// The channel of a tile that column `column` (0..7) of 8-column group `group` computes: a lane
/// holds columns 2t and 2t+1 of every group of its warp, and these become adjacent channels.
static int64_t channelOf(const Tile &tile, int64_t group, int64_t column) {
  int64_t perWarp = tile.warpColumns / 8, warp = group / perWarp;
  return warp * tile.warpColumns + column / 2 * (tile.warpColumns / 4) + 2 * (group % perWarp) +
         column % 2;
}

/// [group][column tile][step][half step][pair of 8-column groups][lane][4 words of 4 bytes]: the
/// two B operands of mma.m16n8k32 for two neighbouring column groups.
std::vector<int8_t> quantc::togpu::packWeights(const Contraction &c, ArrayRef<char> natural) {
  const Tile &t = c.tile;
  int64_t run = c.window.run, padded = c.window.padded();
  std::vector<int8_t> packed(c.groups * c.paddedColumns() * c.steps() * t.depth, 0);
  size_t at = 0;
  for (int64_t g = 0; g < c.groups; ++g)
    for (int64_t tile = 0; tile < c.columnTiles(); ++tile)
      for (int64_t half = 0; half < t.depth / 32 * c.steps(); ++half)
        for (int64_t pair = 0; pair < t.columns / 16; ++pair)
          for (int64_t i = 0; i < 32 * 16; ++i, ++at) {
            int64_t lane = i / 16, word = i % 16 / 4, byte = i % 4;
            int64_t n = tile * t.columns + channelOf(t, 2 * pair + word / 2, lane / 4);
            int64_t k = 32 * half + 16 * (word % 2) + 4 * (lane % 4) + byte;
            int64_t r = k / padded, inRun = k % padded;
            if (n < c.groupN && r < c.window.runs && inRun < run)
              packed[at] = natural[((g * c.groupN + n) * c.window.runs + r) * run + inRun];
          }
  return packed;
}

std::vector<int32_t> quantc::togpu::offsetTable(const Contraction &c) {
  const Window &w = c.window;
  std::vector<int32_t> table;
  for (int64_t k = 0; k < c.steps() * c.tile.depth; k += w.chunk) {
    int64_t r = k / w.padded(), inRun = k % w.padded();
    bool inside = r < w.runs && inRun < w.run;
    table.push_back(inside ? int32_t(w.starts[r] + inRun) : int32_t(w.starts[0]));
  }
  return table;
}

std::vector<int32_t> quantc::togpu::padChannels(const Contraction &c, ArrayRef<int32_t> values,
                                                int32_t fill) {
  std::vector<int32_t> result(c.groups * c.paddedColumns(), fill);
  for (int64_t g = 0; g < c.groups; ++g)
    for (int64_t n = 0; n < c.groupN; ++n)
      result[g * c.paddedColumns() + n] = values[g * c.groupN + n];
  return result;
}

int64_t quantc::togpu::storeWidth(const Contraction &c, int64_t outAlignment) {
  int64_t width = c.raw() ? 4 : 1;
  SmallVector<int64_t> steps = {outAlignment, c.groupN * width};
  if (c.out.batch > 1)
    steps.push_back(c.out.batchStride * width);
  if (c.out.height > 1)
    steps.push_back(c.out.rowStride * width);
  if (c.out.width > 1)
    steps.push_back(c.out.pixelStride * width);
  return std::min<int64_t>(commonPower(steps, 16) / width, c.tile.warpColumns / 4);
}
