//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Places, constants and launches; see Program.h.
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "quantc/Interfaces/NodeName.h"
#include "quantc/Interfaces/Weights.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quantc;
using namespace quantc::togpu;

/// Alignment of the arena and of every constant: more than any access needs.
static constexpr int64_t baseAlignment = 256;
/// What kernels may read past the end of a buffer, as kern-plan-memory leaves it.
static constexpr int64_t slack = 64;

Grid quantc::togpu::linearGrid(int64_t count, int64_t threads) {
  return {{std::max<int64_t>(ceilDiv(count, threads), 1), 1, 1}, threads, 0};
}

Pixel quantc::togpu::splitPixel(Val index, int64_t height, int64_t width) {
  Val row = width == 1 ? index : index / width;
  Val x = width == 1 ? index.kernel->i32(0) : index - row * width;
  Val batch = height == 1 ? row : row / height;
  Val y = height == 1 ? index.kernel->i32(0) : row - batch * height;
  return {batch, y, x};
}

Val quantc::togpu::pixelOffset(Val index, int64_t height, int64_t width, int64_t batchStep,
                               int64_t rowStep, int64_t pixelStep) {
  // Axes that continue each other need no division.
  if (height == 1 && width == 1)
    return index * batchStep;
  bool rowsContinue = height == 1 || rowStep == width * pixelStep;
  if (height == 1)
    rowStep = batchStep, rowsContinue = batchStep == width * pixelStep;
  else if (batchStep == height * rowStep)
    height = 1; // a batch's rows follow the last one's
  if (rowsContinue && height == 1)
    return index * pixelStep;
  Pixel p = splitPixel(index, height, width);
  if (height == 1)
    return p.batch * rowStep + p.x * pixelStep;
  return p.batch * batchStep + p.y * rowStep + p.x * pixelStep;
}

int64_t quantc::togpu::commonPower(ArrayRef<int64_t> values, int64_t limit) {
  int64_t power = limit;
  for (int64_t value : values)
    while (power > 1 && value % power != 0)
      power /= 2;
  return power;
}

//===----------------------------------------------------------------------===//
// Program
//===----------------------------------------------------------------------===//

Program::Program(ModuleOp module, const Chip &chip, std::optional<Tile> forced)
    : chip(chip), forced(forced), module(module), builder(module.getContext()) {
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(), builder.getUnitAttr());
  builder.setInsertionPointToEnd(module.getBody());
  kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
  auto target =
      NVVM::NVVMTargetAttr::get(module.getContext(), /*optLevel=*/3, "nvptx64-nvidia-cuda",
                                chip.name, "+ptx" + std::to_string(chip.ptxVersion));
  kernels.setTargetsAttr(builder.getArrayAttr({target}));
  auto pointer =
      LLVM::LLVMPointerType::get(module.getContext(), unsigned(NVVM::NVVMMemorySpace::Global));
  auto type = builder.getFunctionType({pointer, pointer}, {});
  launches = func::FuncOp::create(builder, module.getLoc(), "launches", type);
  builder.setInsertionPointToStart(launches.addEntryBlock());
}

FailureOr<Place> Program::place(Value memref) {
  int64_t bytes = 0;
  while (auto view = memref.getDefiningOp<kern::ViewOp>()) {
    bytes += kern::getOffset(view.getType()) * (view.getType().getElementTypeBitWidth() / 8);
    memref = view.getSource();
  }
  if (auto argument = dyn_cast<BlockArgument>(memref))
    return Place{Place::Arena, argumentOffsets[argument.getArgNumber()] + bytes};
  if (auto buffer = memref.getDefiningOp<kern::BufferOp>()) {
    if (!buffer.getOffset())
      return buffer.emitError("expected an arena offset; run kern-plan-memory first");
    return Place{Place::Arena, int64_t(*buffer.getOffset()) + bytes};
  }
  if (auto constantOp = memref.getDefiningOp<kern::ConstantOp>()) {
    std::optional<std::vector<char>> data = readBytes(constantOp.getValue());
    if (!data)
      return constantOp.emitError("expected the constant's data, but its blob is missing");
    Place place = constant(*data);
    place.offset += bytes;
    return place;
  }
  return emitError(memref.getLoc(), "expected a buffer, a constant or an argument of the function");
}

Place Program::constant(ArrayRef<char> bytes) {
  StringRef key(bytes.data(), bytes.size());
  auto [entry, added] = constantPlaces.try_emplace(key, int64_t(constantData.size()));
  if (added) {
    constantData.insert(constantData.end(), bytes.begin(), bytes.end());
    constantData.resize(roundUp(int64_t(constantData.size()) + slack, baseAlignment), 0);
  }
  return {Place::Constants, entry->second};
}

FailureOr<std::vector<char>> Program::bytes(Operation *op, Value memref) {
  auto constantOp = memref.getDefiningOp<kern::ConstantOp>();
  if (!constantOp)
    return op->emitError("expected a constant operand");
  std::optional<std::vector<char>> data = readBytes(constantOp.getValue());
  if (!data)
    return constantOp.emitError("expected the constant's data, but its blob is missing");
  return *data;
}

/// Offsets in kernels have 32 bits.
LogicalResult Program::checkSizes(func::FuncOp main) {
  WalkResult result = main.walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (isa<MemRefType>(operand.getType()) &&
          kern::getExtentBytes(operand.getType()) + slack > INT32_MAX) {
        op->emitError("expected tensors below 2 GiB, but found ") << operand.getType();
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Inputs and outputs have a place behind the planned buffers.
void Program::placeArguments(func::FuncOp main) {
  arenaBytes = roundUp(arenaBytes, baseAlignment) + baseAlignment;
  for (Type type : main.getArgumentTypes()) {
    argumentOffsets.push_back(arenaBytes);
    arenaBytes = roundUp(arenaBytes + kern::getExtentBytes(type) + slack, baseAlignment);
  }
}

Value Program::pointer(const Place &place) {
  Value base = launches.getArgument(place.base == Place::Arena ? 0 : 1);
  if (place.offset == 0)
    return base;
  Value offset = LLVM::ConstantOp::create(builder, launches.getLoc(), builder.getI64Type(),
                                          builder.getI64IntegerAttr(place.offset));
  return LLVM::GEPOp::create(builder, launches.getLoc(), base.getType(), builder.getI8Type(), base,
                             ValueRange{offset});
}

gpu::GPUFuncOp Program::uniqueKernel(KernelBuilder &kernel, StringRef kind) {
  gpu::GPUFuncOp function = kernel.finish();
  std::string text;
  llvm::raw_string_ostream stream(text);
  function->print(stream, OpPrintingFlags().useLocalScope().assumeVerified());
  auto [entry, added] = kernelsByText.try_emplace(text, function);
  if (!added) {
    function->erase();
    return entry->second;
  }
  function.setName((kind + "_" + Twine(kernelCounts[kind]++)).str());
  return function;
}

void Program::launch(Operation *op, StringRef kind, const Grid &grid, ArrayRef<Place> arguments,
                     llvm::function_ref<void(KernelBuilder &)> build) {
  uint32_t readOnly = 0;
  for (auto [i, place] : llvm::enumerate(arguments))
    readOnly |= uint32_t(place.base == Place::Constants) << i;
  KernelBuilder kernel(kernels, module.getLoc(), kind, unsigned(grid.threads),
                       unsigned(arguments.size()), readOnly);
  build(kernel);
  gpu::GPUFuncOp function = uniqueKernel(kernel, kind);

  Location loc = op->getLoc();
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  SmallVector<Value> pointers;
  for (const Place &place : arguments)
    pointers.push_back(pointer(place));
  Value shared;
  if (grid.sharedBytes)
    shared = arith::ConstantOp::create(builder, loc,
                                       builder.getI32IntegerAttr(int32_t(grid.sharedBytes)));
  gpu::KernelDim3 blocks{index(grid.blocks[0]), index(grid.blocks[1]), index(grid.blocks[2])};
  gpu::KernelDim3 threads{index(grid.threads), index(1), index(1)};
  auto launched =
      gpu::LaunchFuncOp::create(builder, loc, function, blocks, threads, shared, pointers);
  launched->setAttr("quantc.step_name", builder.getStringAttr(getLocationNames(loc)));
  launched->setAttr("quantc.step_kind", builder.getStringAttr(op->getName().stripDialect()));
}

static const HandlerMap &handlerMap() {
  static const HandlerMap map = [] {
    HandlerMap handlers;
    addContractions(handlers);
    addDepthwise(handlers);
    addPointwise(handlers);
    addPools(handlers);
    addMovement(handlers);
    addFloatOps(handlers);
    addFloatContractions(handlers);
    return handlers;
  }();
  return map;
}

/// Whether a call writes nothing: a grid of no blocks cannot be launched.
static bool isEmpty(Operation *op) {
  return cast<MemRefType>(op->getOperand(0).getType()).getNumElements() == 0;
}

LogicalResult Program::run(func::FuncOp main) {
  auto arena = main->getAttrOfType<IntegerAttr>("kern.arena_bytes");
  auto numInputs = main->getAttrOfType<IntegerAttr>("kern.num_inputs");
  if (!arena || !numInputs)
    return main.emitError("expected a function scheduled by convert-to-kern and kern-plan-memory");
  arenaBytes = arena.getInt();
  placeArguments(main);
  bool ok = succeeded(checkSizes(main));
  for (Operation &op : main.getBody().front()) {
    if (isa<kern::BufferOp, kern::ViewOp, kern::ConstantOp, func::ReturnOp>(op))
      continue;
    auto handler = handlerMap().find(op.getName().getStringRef());
    if (handler == handlerMap().end()) {
      op.emitError("no GPU kernel for '") << op.getName() << "'";
      ok = false;
    } else if (!isEmpty(&op)) {
      ok &= succeeded(handler->second(*this, &op));
    }
  }
  func::ReturnOp::create(builder, launches.getLoc());
  if (!ok)
    return failure();

  unsigned inputs = numInputs.getInt();
  SmallVector<Attribute> in, out;
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    NamedAttrList attributes(main.getArgAttrDict(i) ? main.getArgAttrDict(i)
                                                    : builder.getDictionaryAttr({}));
    attributes.set("quantc.arena_offset", builder.getI64IntegerAttr(argumentOffsets[i]));
    (i < inputs ? in : out).push_back(attributes.getDictionary(builder.getContext()));
  }
  module->setAttr("quantc.inputs", builder.getArrayAttr(in));
  module->setAttr("quantc.outputs", builder.getArrayAttr(out));
  module->setAttr("quantc.arena_bytes", builder.getI64IntegerAttr(arenaBytes));
  module->setAttr("quantc.chip", builder.getStringAttr(chip.name));
  auto type = RankedTensorType::get({int64_t(constantData.size())}, builder.getI8Type());
  module->setAttr("quantc.constants", makeWeights(type, constantData, "constants"));
  main.erase();
  return success();
}
