//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows of convolutions and their moments.
//
//===----------------------------------------------------------------------===//

#include "quantc/PTQ/PatchMoment.h"
#include "quantc/Support/Errors.h"
#include <cmath>

using namespace llvm;
using namespace quantc;
using namespace quantc::ptq;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

/// Axes do not depend on each other.
std::vector<double> PatchGeometry::tapShares() const {
  std::array<std::vector<double>, kAxes> shares;
  for (int axis = 0; axis < kAxes; ++axis)
    for (int64_t tap = 0; tap < kernel[axis]; ++tap) {
      int64_t inside = 0;
      for (int64_t at = 0; at < out[axis]; ++at) {
        int64_t x = at * strides[axis] + tap * dilations[axis] - padsBefore[axis];
        inside += x >= 0 && x < size[axis];
      }
      shares[axis].push_back(double(inside) / double(std::max<int64_t>(out[axis], 1)));
    }
  std::vector<double> all;
  for (double first : shares[0])
    for (double second : shares[1])
      for (double third : shares[2])
        all.push_back(first * second * third);
  return all;
}

void PatchGeometry::patches(const float *sample, int64_t group, int64_t first, int64_t count,
                            float *rows) const {
  const int64_t own = channels / groups, plane = size[0] * size[1] * size[2], width = rowSize();
  const float *base = sample + group * own * plane;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t position = first + i;
    const Sizes at{position / (out[1] * out[2]), position / out[2] % out[1], position % out[2]};
    float *row = rows + i * width;
    for (int64_t tap = 0; tap < taps(); ++tap) {
      const Sizes offset{tap / (kernel[1] * kernel[2]), tap / kernel[2] % kernel[1],
                         tap % kernel[2]};
      int64_t place = 0;
      bool inside = true;
      for (int axis = 0; axis < kAxes; ++axis) {
        int64_t x = at[axis] * strides[axis] + offset[axis] * dilations[axis] - padsBefore[axis];
        inside &= x >= 0 && x < size[axis];
        place = place * size[axis] + x;
      }
      for (int64_t channel = 0; channel < own; ++channel)
        row[channel * taps() + tap] = inside ? base[channel * plane + place] : 0.0f;
    }
  }
}

//===----------------------------------------------------------------------===//
// Sums
//===----------------------------------------------------------------------===//

/// Rows of at most so many columns are summed by plain loops: blocks are 96 wide.
constexpr int64_t kSmallRow = 32;
constexpr int64_t kLanes = 16;

/// For all groups: products of columns over a tile of rows in fp32 lanes, tiles in fp64.
struct PatchMoment::Small {
  Small(int64_t groups, int64_t width, bool hasOriginal)
      : width(width), second(groups, width * width), cross(hasOriginal ? groups : 0, width * width),
        sums(groups, width), originalSums(groups, width) {
    second.setZero();
    cross.setZero();
    sums.setZero();
    originalSums.setZero();
  }

  void add(int64_t group, const float *rows, const float *original, int64_t count);

  int64_t width;
  Matrix second, cross;      ///< [group, column * column]
  Matrix sums, originalSums; ///< [group, column]
};

/// Columns of a tile, each kTileTokens long with zeros behind the last row.
static void transpose(const float *rows, int64_t count, int64_t width, float *columns) {
  std::fill_n(columns, width * kTileTokens, 0.0f);
  for (int64_t i = 0; i < count; ++i)
    for (int64_t j = 0; j < width; ++j)
      columns[j * kTileTokens + i] = rows[i * width + j];
}

static double dot(const float *a, const float *b) {
  float lanes[kLanes] = {};
  for (int64_t i = 0; i < kTileTokens; i += kLanes)
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += a[i + lane] * b[i + lane];
  double sum = 0;
  for (float lane : lanes)
    sum += double(lane);
  return sum;
}

static double total(const float *a) {
  double sum = 0;
  for (int64_t i = 0; i < kTileTokens; ++i)
    sum += double(a[i]);
  return sum;
}

void PatchMoment::Small::add(int64_t group, const float *rows, const float *original,
                             int64_t count) {
  float columns[kSmallRow * kTileTokens], others[kSmallRow * kTileTokens];
  transpose(rows, count, width, columns);
  for (int64_t a = 0; a < width; ++a) {
    sums(group, a) += total(columns + a * kTileTokens);
    for (int64_t b = a; b < width; ++b)
      second(group, a * width + b) += dot(columns + a * kTileTokens, columns + b * kTileTokens);
  }
  if (!original)
    return;
  transpose(original, count, width, others);
  for (int64_t a = 0; a < width; ++a)
    originalSums(group, a) += total(others + a * kTileTokens);
  for (int64_t i = 0; i < width * kTileTokens; ++i)
    others[i] -= columns[i];
  for (int64_t a = 0; a < width; ++a)
    for (int64_t b = 0; b < width; ++b)
      cross(group, a * width + b) += dot(others + a * kTileTokens, columns + b * kTileTokens);
}

/// Of each group, blocks of entries.
struct PatchMoment::Large {
  Large(int64_t groups, int64_t width, bool hasOriginal)
      : seconds(groups, SecondMoment(width)), originalSums(Matrix::Zero(groups, width)) {
    if (hasOriginal)
      crosses.assign(groups, CrossMoment(width));
  }
  std::vector<SecondMoment> seconds;
  std::vector<CrossMoment> crosses;
  Matrix originalSums;
};

PatchMoment::PatchMoment(const PatchGeometry &geometry, bool hasOriginal)
    : geometry(geometry), hasOriginal(hasOriginal) {
  if (geometry.rowSize() <= kSmallRow)
    small = std::make_unique<Small>(geometry.groups, geometry.rowSize(), hasOriginal);
  else
    large = std::make_unique<Large>(geometry.groups, geometry.rowSize(), hasOriginal);
}

PatchMoment::~PatchMoment() = default;
PatchMoment::PatchMoment(PatchMoment &&) = default;

int64_t PatchMoment::memoryNeeded(const PatchGeometry &geometry, bool hasOriginal) {
  const int64_t width = geometry.rowSize();
  if (width <= kSmallRow)
    return geometry.groups * (2 * width * width + 2 * width) * int64_t(sizeof(double));
  return geometry.groups *
         (SecondMoment::memoryNeeded(width) + (hasOriginal ? CrossMoment::memoryNeeded(width) : 0));
}

void PatchMoment::addSample(const float *inputs, const float *original, ParallelFor parallel) {
  const int64_t width = geometry.rowSize();
  if (small) {
    parallel(geometry.groups, [&](int64_t group) {
      float rows[kSmallRow * kTileTokens], others[kSmallRow * kTileTokens];
      for (int64_t first = 0; first < geometry.positions(); first += kTileTokens) {
        int64_t count = std::min(kTileTokens, geometry.positions() - first);
        geometry.patches(inputs, group, first, count, rows);
        if (original)
          geometry.patches(original, group, first, count, others);
        small->add(group, rows, original ? others : nullptr, count);
      }
    });
    return;
  }
  std::vector<float> rows(kTileTokens * width), others(original ? kTileTokens * width : 0);
  for (int64_t group = 0; group < geometry.groups; ++group)
    for (int64_t first = 0; first < geometry.positions(); first += kTileTokens) {
      int64_t count = std::min(kTileTokens, geometry.positions() - first);
      geometry.patches(inputs, group, first, count, rows.data());
      large->seconds[group].addRows(rows.data(), count, parallel);
      if (!original)
        continue;
      geometry.patches(original, group, first, count, others.data());
      large->crosses[group].addRows(others.data(), rows.data(), count, parallel);
      for (int64_t i = 0; i < count; ++i)
        for (int64_t j = 0; j < width; ++j)
          large->originalSums(group, j) += double(others[i * width + j]);
    }
}

/// A matrix over the last axis.
void PatchMoment::addRows(const float *rows, const float *original, int64_t count,
                          ParallelFor parallel) {
  const int64_t width = geometry.rowSize();
  if (large)
    large->seconds[0].addRows(rows, count, parallel);
  if (large && original) {
    large->crosses[0].addRows(original, rows, count, parallel);
    for (int64_t i = 0; i < count; ++i)
      for (int64_t j = 0; j < width; ++j)
        large->originalSums(0, j) += double(original[i * width + j]);
  }
  if (small)
    for (int64_t first = 0; first < count; first += kTileTokens)
      small->add(0, rows + first * width, original ? original + first * width : nullptr,
                 std::min(kTileTokens, count - first));
}

Error PatchMoment::add(const float *inputs, const float *original, int64_t count,
                       ParallelFor parallel) {
  const int64_t unit = geometry.channelsLast ? geometry.channels : geometry.sampleSize();
  if (unit <= 0 || count % unit != 0)
    return makeError("expected whole samples of " + Twine(unit) + " numbers, but found " +
                     Twine(count) + " numbers");
  if (hasOriginal != (original != nullptr))
    return makeError("expected float inputs with every sample or with none");
  for (int64_t i = 0; i < count; ++i)
    if (!std::isfinite(inputs[i]) || (original && !std::isfinite(original[i])))
      return makeError("expected finite values");
  if (geometry.channelsLast) {
    addRows(inputs, original, count / unit, parallel);
  } else {
    for (int64_t begin = 0; begin < count; begin += unit)
      addSample(inputs + begin, original ? original + begin : nullptr, parallel);
  }
  if (large)
    for (int64_t group = 0; group < geometry.groups; ++group) {
      large->seconds[group].endSample(parallel);
      if (original)
        large->crosses[group].endSample(parallel);
    }
  samples += geometry.channelsLast ? count / unit : count / unit * geometry.positions();
  return Error::success();
}

GroupMoment PatchMoment::group(int64_t index) const {
  GroupMoment result;
  result.rows = samples;
  const double rows = double(std::max<int64_t>(samples, 1));
  if (large) {
    result.second = large->seconds[index].mean();
    result.mean = large->seconds[index].columnMean();
    if (hasOriginal) {
      result.cross = large->crosses[index].mean();
      result.originalMean = large->originalSums.row(index).transpose() / rows;
    }
    return result;
  }
  const int64_t width = small->width;
  auto square = [&](const Matrix &sums) {
    Vector flat = sums.row(index).transpose() / rows;
    return Matrix(Eigen::Map<const Matrix>(flat.data(), width, width));
  };
  result.second = square(small->second);
  result.second.triangularView<Eigen::StrictlyLower>() = Matrix(result.second.transpose());
  result.mean = small->sums.row(index).transpose() / rows;
  if (hasOriginal) {
    result.cross = square(small->cross);
    result.originalMean = small->originalSums.row(index).transpose() / rows;
  }
  return result;
}

GroupMoment GroupMoment::centred() const {
  GroupMoment result = about(mean, originalMean);
  // What rounding leaves of a channel that never moves is no variance.
  for (Eigen::Index i = 0; i < mean.size(); ++i)
    if (result.second(i, i) <= 1e-7 * second(i, i)) {
      result.second.row(i).setZero();
      result.second.col(i).setZero();
    }
  return result;
}

GroupMoment GroupMoment::about(const Vector &otherMean, const Vector &otherOriginalMean) const {
  GroupMoment result = *this;
  Matrix mixed = otherMean * mean.transpose();
  result.second += otherMean * otherMean.transpose() - (mixed + Matrix(mixed.transpose()));
  if (cross.size() == 0)
    return result;
  const Vector difference = originalMean - mean, other = otherOriginalMean - otherMean;
  result.cross += other * (otherMean - mean).transpose() - difference * otherMean.transpose();
  return result;
}

GroupMoment GroupMoment::merge(ArrayRef<GroupMoment> parts) {
  GroupMoment result = parts.front();
  for (const GroupMoment &part : parts)
    if (&part != &parts.front())
      result.rows += part.rows;
  const double total = double(std::max<int64_t>(result.rows, 1));
  auto average = [&](auto member) {
    auto &into = result.*member;
    into *= double(parts.front().rows) / total;
    for (const GroupMoment &part : parts.drop_front())
      into += part.*member * (double(part.rows) / total);
  };
  average(&GroupMoment::second);
  average(&GroupMoment::cross);
  average(&GroupMoment::mean);
  average(&GroupMoment::originalMean);
  return result;
}

std::vector<HeldOutMoments> ptq::holdOut(ArrayRef<GroupMoment> parts) {
  std::vector<GroupMoment> filled;
  copy_if(parts, std::back_inserter(filled), [](const GroupMoment &part) { return part.rows > 0; });
  std::vector<HeldOutMoments> result;
  if (filled.size() < 2)
    return result;
  for (size_t held = 0; held < filled.size(); ++held) {
    std::vector<GroupMoment> others;
    for (size_t i = 0; i < filled.size(); ++i)
      if (i != held)
        others.push_back(filled[i]);
    const GroupMoment rest = GroupMoment::merge(others);
    GroupMoment known = rest.centred(), unseen = filled[held].about(rest.mean, rest.originalMean);
    result.push_back({std::move(known.second), std::move(known.cross), std::move(unseen.second),
                      std::move(unseen.cross), double(filled[held].rows)});
  }
  return result;
}
