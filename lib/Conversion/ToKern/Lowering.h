//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// State and helpers shared by the lowering patterns of convert-to-kern: where each tensor lives,
// how to get it in a wanted layout, and how to make constants.
//
// The graph is lowered in program order. A handler for an op reads its operands with `input` (or a
// stricter variant) and writes to the buffer that `output` returns. An op that a later one absorbs
// (a contraction before its requantization) is skipped and picked up by its user.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_TOKERN_LOWERING_H
#define QUANTC_LIB_CONVERSION_TOKERN_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/Kern/IR/Kern.h"
#include "quantc/Dialect/NN/IR/NN.h"
#include "quantc/Dialect/QNN/IR/QNN.h"
#include "quantc/Interfaces/Weights.h"
#include "quantc/Numerics/Dyadic.h"
#include "quantc/Numerics/Saturation.h"
#include "llvm/ADT/StringMap.h"

namespace quantc::tokern {

/// Pixels around an image and the byte they hold.
struct Border {
  int64_t top = 0, left = 0, bottom = 0, right = 0;
  int64_t byte = 0;
  bool empty() const { return top == 0 && left == 0 && bottom == 0 && right == 0; }
};

/// Where a tensor lives. `view` has the tensor's physical shape (NHWC for rank 4); `buffer` is the
/// whole allocation including the border, or null for function arguments.
struct Place {
  mlir::Value view;
  mlir::Value buffer;
  Border border;
};

/// A chosen epilogue with its packed per-channel data in natural order.
struct EpilogueData {
  kern::Epilogue kind = kern::Epilogue::Integer;
  int64_t accLo = INT32_MIN, accHi = INT32_MAX;
  std::vector<numerics::Dyadic> dyadics; ///< one, or one per channel
  std::vector<float> scales;             ///< in their place for Epilogue::Onnx
};

class Lowering {
public:
  /// `natural`: constants stay in natural order, for a GPU, which packs them for its tiles.
  Lowering(mlir::func::FuncOp function, const kernels::LevelInfo &level, bool strict, bool natural)
      : function(function), level(level), strict(strict), natural(natural),
        builder(function.getContext()) {}

  /// Lowers the whole function. Every op that has no kernel form is reported.
  mlir::LogicalResult run();

  // Buffers ------------------------------------------------------------------------------------

  /// A buffer with dense innermost axis in physical order that kernels may over-read.
  mlir::Value input(mlir::Value tensor);
  /// As `input`, but function arguments are used in place with whatever strides they have.
  mlir::Value stridedInput(mlir::Value tensor);
  /// Dense in physical order, without a border.
  mlir::Value denseInput(mlir::Value tensor);
  /// Dense in logical (row-major ONNX) order.
  mlir::Value rowMajorInput(mlir::Value tensor);
  /// As `rowMajorInput` for readers that stay within the tensor: also the caller's memory as it is.
  /// Codes of signed bytes have their own bits.
  mlir::Value plainInput(mlir::Value tensor);
  /// The rank-4 input with `pads` pixels (top, left, bottom, right) of `byte` around it.
  mlir::Value paddedInput(mlir::Value tensor, mlir::ArrayRef<int64_t> pads, int64_t byte);

  /// The place to write a tensor to: a new buffer, or the function's output.
  mlir::Value output(mlir::Value tensor);
  /// As `output` for kernels that can write with any strides.
  mlir::Value stridedOutput(mlir::Value tensor);
  /// Whether a tensor has its memory: what a handler absorbs into an earlier op has it already.
  bool isPlaced(mlir::Value tensor) const { return places.contains(tensor); }
  /// Declares that `tensor` lives in `view`, memory that another tensor owns.
  void alias(mlir::Value tensor, mlir::Value view) { places[tensor] = {view, nullptr, {}}; }
  /// Declares that `tensor` is `source` under another name.
  void forward(mlir::Value tensor, mlir::Value source) {
    Place place = places[source];
    places[tensor] = place;
  }

  mlir::Value buffer(mlir::ArrayRef<int64_t> shape, mlir::Type element);
  mlir::Value view(mlir::Value source, mlir::ArrayRef<int64_t> shape,
                   mlir::ArrayRef<int64_t> strides, int64_t offset = 0);
  /// A dense source seen with another shape.
  mlir::Value reshape(mlir::Value source, mlir::ArrayRef<int64_t> shape);
  /// NHWC and NCHW views of rank-4 memory.
  mlir::Value transposed(mlir::Value source, mlir::ArrayRef<int64_t> permutation);
  void copy(mlir::Value to, mlir::Value from);
  /// Between stored bytes and codes of signed bytes, whose sign bit differs.
  void flipSigns(mlir::Value to, mlir::Value from);

  // Constants ----------------------------------------------------------------------------------

  mlir::Value constantBytes(mlir::ArrayRef<int64_t> shape, mlir::Type element,
                            mlir::ArrayRef<char> bytes);
  template <typename T> mlir::Value constant(mlir::Type element, const std::vector<T> &values) {
    return constantBytes(
        {int64_t(values.size())}, element,
        {reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T)});
  }
  /// Values of a constant operand; an error on `op` when it is none.
  mlir::FailureOr<std::vector<int64_t>> integers(mlir::Operation *op, mlir::Value value);
  mlir::FailureOr<std::vector<float>> floats(mlir::Operation *op, mlir::Value value);
  mlir::FailureOr<int64_t> scalar(mlir::Operation *op, mlir::Value value);
  /// A constant float tensor computed during lowering (a dequantized weight).
  void defineConstant(mlir::Value tensor, mlir::ElementsAttr value) { folded[tensor] = value; }
  mlir::ElementsAttr constantOf(mlir::Value tensor);

  // Integers -----------------------------------------------------------------------------------

  /// The stored byte of quantized value `q` of element type `type`: signed values are raised by
  /// 128.
  static int64_t stored(mlir::Type type, int64_t q);
  /// The fastest epilogue proved exact for every channel. `ranges` holds one accumulator range or
  /// one per channel, as does `dyadics`; zp, lo and hi are stored bytes.
  EpilogueData chooseEpilogue(mlir::ArrayRef<numerics::IntRange> ranges,
                              std::vector<numerics::Dyadic> dyadics, int64_t zp, int64_t lo,
                              int64_t hi) const;
  /// The multiplier and shift buffers of an epilogue, brought to `count` channels by `permute`
  /// (channel of a position, -1 for padding).
  std::pair<mlir::Value, mlir::Value>
  epilogueBuffers(const EpilogueData &data, int64_t count,
                  llvm::function_ref<int64_t(int64_t)> channelAt);

  // Nodes --------------------------------------------------------------------------------------

  /// The nested module of functions that kern.call calls, made on first use.
  mlir::ModuleOp nodesModule();

  mlir::func::FuncOp function;
  const kernels::LevelInfo &level;
  bool strict;
  bool natural;
  mlir::OpBuilder builder;

private:
  mlir::LogicalResult convertSignature();
  void collectBorders(mlir::ArrayRef<mlir::Operation *> ops);
  mlir::LogicalResult writeOutputs(mlir::func::ReturnOp returnOp);
  mlir::Value copyToBuffer(mlir::Value tensor);
  mlir::Value outputArgument(mlir::Value tensor);

  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseMap<mlir::Value, Border> wanted;
  llvm::DenseMap<mlir::Value, mlir::ElementsAttr> folded;
  /// Tensor -> the trailing argument it is returned through, when that is its only use.
  llvm::DenseMap<mlir::Value, mlir::Value> direct;
  llvm::SmallVector<mlir::Value> outputs;
};

/// What an op wants around one of its rank-4 inputs: pixels (top, left, bottom, right) of `byte`.
struct WantedBorder {
  mlir::Value input;
  llvm::ArrayRef<int64_t> pads;
  int64_t byte = 0;
};

/// How one kind of op is lowered.
struct Handler {
  /// Lowers one op, or skips it for a later user. Failure after a diagnostic.
  using Lower = mlir::LogicalResult (*)(Lowering &, mlir::Operation *);
  /// For ops that read pixels beyond the image; nullopt when this one does not.
  using Border = std::optional<WantedBorder> (*)(Lowering &, mlir::Operation *);

  Handler() = default;
  Handler(Lower lower, Border border = nullptr) : lower(lower), border(border) {}
  Lower lower = nullptr;
  Border border = nullptr;
};
using HandlerMap = llvm::StringMap<Handler>;

void addDyadContractions(HandlerMap &handlers);
void addDyadElementwise(HandlerMap &handlers);
void addFloatOps(HandlerMap &handlers);
void addFloatContractions(HandlerMap &handlers);
void addGroupedLinear(HandlerMap &handlers);
void addHadamard(HandlerMap &handlers);
void addMatMul(HandlerMap &handlers);
void addMovement(HandlerMap &handlers);
void addNodes(HandlerMap &handlers);
void addQuantization(HandlerMap &handlers);

bool isSignedByte(mlir::Value tensor);

/// Physical shape and element type of a tensor type; a null type when it has no buffer form.
/// A bool takes a byte; floats of 16 bits are held as integers.
llvm::SmallVector<int64_t> physicalShape(mlir::Type tensor);
mlir::Type storageType(mlir::Type element);
bool isImage(mlir::Type tensor);

/// Weights [O, I, H, W] as [O, H, W, I]; `window` is H * W.
template <typename T>
std::vector<T> naturalWeights(const std::vector<T> &weight, int64_t outputs, int64_t window) {
  int64_t inputs = int64_t(weight.size()) / std::max<int64_t>(outputs * window, 1);
  std::vector<T> result(weight.size());
  for (int64_t o = 0; o < outputs; ++o)
    for (int64_t i = 0; i < inputs; ++i)
      for (int64_t w = 0; w < window; ++w)
        result[(o * window + w) * inputs + i] = weight[(o * inputs + i) * window + w];
  return result;
}

/// The two-axis window attributes of 1-D and 2-D ops, brought to two axes.
std::array<int64_t, 2> spatial(mlir::ArrayRef<int64_t> values);

} // namespace quantc::tokern

#endif // QUANTC_LIB_CONVERSION_TOKERN_LOWERING_H
