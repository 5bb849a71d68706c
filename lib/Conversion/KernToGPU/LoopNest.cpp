//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over independent elements; see LoopNest.h.
//
//===----------------------------------------------------------------------===//

#include "LoopNest.h"
#include <numeric>

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

LoopNest::LoopNest(Program &program, Value out, ArrayRef<Value> inputs) : program(program) {
  llvm::append_range(sizes, cast<MemRefType>(out.getType()).getShape());
  addOperand(out);
  for (Value input : inputs)
    addOperand(input);
}

void LoopNest::addOperand(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  FailureOr<Place> place = program.place(memref);
  if (failed(place)) {
    valid = false;
    return;
  }
  SmallVector<int64_t> strides = kern::getStrides(type);
  for (auto [axis, stride] : llvm::enumerate(strides))
    if (type.getDimSize(axis) == 1)
      stride = 0;
  operands.push_back({*place, type.getElementType(), strides});
}

void LoopNest::addInput(Place place, Type element, ArrayRef<int64_t> strides) {
  operands.push_back({place, element, SmallVector<int64_t>(strides)});
}

/// Outermost first as the output lies in memory: an image's axes are named N, C, H, W and lie as N,
/// H, W, C. Elements are independent, so their order is free.
void LoopNest::sortAxes() {
  SmallVector<size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), size_t(0));
  auto outside = [&](size_t a, size_t b) {
    for (const LoopOperand &operand : operands)
      if (operand.strides[a] != operand.strides[b])
        return operand.strides[a] > operand.strides[b];
    return false;
  };
  llvm::stable_sort(order, outside);
  auto apply = [&](SmallVector<int64_t> &values) {
    SmallVector<int64_t> sorted;
    for (size_t axis : order)
      sorted.push_back(values[axis]);
    values = std::move(sorted);
  };
  apply(sizes);
  for (LoopOperand &operand : operands)
    apply(operand.strides);
}

/// Drops axes of extent 1 and joins axes that continue each other in every operand.
void LoopNest::collapse() {
  SmallVector<int64_t> joined;
  SmallVector<SmallVector<int64_t>> strides(operands.size());
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    if (sizes[axis] == 1)
      continue;
    bool continues = !joined.empty();
    for (auto [i, operand] : llvm::enumerate(operands))
      continues &= continues && strides[i].back() == operand.strides[axis] * sizes[axis];
    if (continues)
      joined.back() *= sizes[axis];
    else
      joined.push_back(sizes[axis]);
    for (auto [i, operand] : llvm::enumerate(operands)) {
      if (continues)
        strides[i].back() = operand.strides[axis];
      else
        strides[i].push_back(operand.strides[axis]);
    }
  }
  if (joined.empty()) {
    joined.push_back(1);
    for (auto &s : strides)
      s.push_back(0);
  }
  sizes = joined;
  for (auto [operand, s] : llvm::zip_equal(operands, strides))
    operand.strides = s;
}

/// Elements a thread takes along the innermost axis: as many as every operand can move at once.
int64_t LoopNest::vectorWidth() const {
  int64_t limit = 16;
  if (operands[0].strides.back() != 1)
    return 1;
  for (const LoopOperand &operand : operands) {
    if (operand.strides.back() == 0)
      continue;
    if (operand.strides.back() != 1)
      return 1;
    SmallVector<int64_t> steps = {operand.place.offset};
    for (int64_t stride : ArrayRef(operand.strides).drop_back())
      steps.push_back(stride * operand.bytes());
    limit = std::min(limit, commonPower(steps, 16) / operand.bytes());
  }
  return std::max<int64_t>(commonPower({sizes.back()}, limit), 1);
}

int64_t LoopNest::count() const {
  int64_t product = 1;
  for (int64_t size : sizes)
    product *= size;
  return product;
}

void LoopNest::emit(Operation *op, StringRef kind,
                    llvm::function_ref<void(KernelBuilder &, ArrayRef<Val>)> body) {
  sortAxes();
  collapse();
  width = vectorWidth();
  int64_t threads = count() / width;
  Grid grid = linearGrid(threads);
  SmallVector<Place> places;
  for (const LoopOperand &operand : operands)
    places.push_back(operand.place);
  program.launch(op, kind, grid, places, [&](KernelBuilder &k) {
    auto work = [&] {
      Val rest = k.globalThread();
      SmallVector<Val> offsets(operands.size(), k.i32(0));
      for (int64_t axis = int64_t(sizes.size()) - 1; axis >= 0; --axis) {
        int64_t size = axis + 1 == int64_t(sizes.size()) ? sizes[axis] / width : sizes[axis];
        int64_t step = axis + 1 == int64_t(sizes.size()) ? width : 1;
        Val index = axis == 0 ? rest : rest % size;
        if (axis > 0)
          rest = rest / size;
        for (auto [i, operand] : llvm::enumerate(operands))
          if (operand.strides[axis] != 0)
            offsets[i] = offsets[i] + index * (operand.strides[axis] * step * operand.bytes());
      }
      SmallVector<Val> addresses;
      for (size_t i = 0; i < operands.size(); ++i)
        addresses.push_back(k.address(k.argument(i), offsets[i]));
      body(k, addresses);
    };
    k.guarded(threads % grid.threads != 0, [&] { return k.globalThread() < threads; }, work);
  });
}

SmallVector<Val> LoopNest::loadValues(KernelBuilder &k, const LoopOperand &operand, Val address) {
  bool one = operand.strides.back() == 0;
  int64_t count = one ? 1 : width;
  SmallVector<Val> values;
  if (operand.element.isInteger(8)) {
    values = k.loadBytes(address, unsigned(count));
  } else {
    for (int64_t i = 0; i < count; i += 4)
      llvm::append_range(values,
                         k.loadWords(k.address(address, i * 4),
                                     unsigned(std::min<int64_t>(count, 4)), operand.element));
  }
  return one ? SmallVector<Val>(width, values.front()) : values;
}

void LoopNest::launch(Operation *op, StringRef kind, Body body) {
  launch(op, kind, Rescale(), body);
}

void LoopNest::launch(Operation *op, StringRef kind, const Rescale &rescale, Body body) {
  emit(op, kind, [&](KernelBuilder &k, ArrayRef<Val> addresses) {
    Values values;
    for (size_t i = 1; i < operands.size(); ++i)
      values.push_back(loadValues(k, operands[i], addresses[i]));
    // Nests without inputs still know their width.
    if (values.empty())
      values.push_back(SmallVector<Val>(width, Val()));
    SmallVector<Val> results = body(k, values);
    if (operands[0].element.isInteger(8))
      return storeLimited(k, results, addresses[0], rescale);
    for (int64_t i = 0; i < width; i += 4)
      k.storeWords(ArrayRef(results).slice(i, std::min<int64_t>(width, 4)),
                   k.address(addresses[0], i * 4));
  });
}

void LoopNest::launchCopy(Operation *op, StringRef kind) {
  emit(op, kind, [&](KernelBuilder &k, ArrayRef<Val> addresses) {
    int64_t bytes = width * operands[0].bytes();
    bool broadcast = operands[1].strides.back() == 0;
    if (bytes < 4 || (broadcast && width > 1)) {
      SmallVector<Val> values = loadValues(k, operands[1], addresses[1]);
      if (operands[0].element.isInteger(8))
        return k.storeBytes(values, addresses[0]);
      return k.storeWords(values, addresses[0]);
    }
    k.storeWords(k.loadWords(addresses[1], unsigned(bytes / 4)), addresses[0]);
  });
}
