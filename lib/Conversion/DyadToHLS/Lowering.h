//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// State of the lowering: where each tensor's stream is, in which order, and of which type.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_DYADTOHLS_LOWERING_H
#define QUANTC_LIB_CONVERSION_DYADTOHLS_LOWERING_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "quantc/Analysis/RangeAnalysis.h"
#include "quantc/Dialect/Dyad/IR/Dyad.h"
#include "quantc/Dialect/HLS/IR/HLS.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/StringMap.h"

namespace quantc::tohls {

/// Sizes of an image; a stream runs over rows, columns, channels.
struct Image {
  int64_t channels = 1, height = 1, width = 1;

  int64_t pixels() const { return height * width; }
  int64_t elements() const { return channels * height * width; }
  bool operator==(const Image &o) const {
    return channels == o.channels && height == o.height && width == o.width;
  }
};

/// [1, C], [1, C, W], [1, C, H, W], and ranks 0 and 1 as channels; nullopt for anything else.
std::optional<Image> imageOf(llvm::ArrayRef<int64_t> shape);

/// A tensor's stream. `image` is its order. It differs from the tensor's own image when a
/// flattening moved nothing: then the tensor's element (c * H + h) * W + w is at (h * W + w) * C +
/// c.
struct Place {
  mlir::Value stream;
  Image image;
};

/// What an accumulating op's output is: its requantization if it has one, its epilogue.
struct Destination {
  mlir::Value tensor; ///< the dyad value that the unit's output is
  hls::EpilogueAttrInterface epilogue;
  mlir::IntegerType element;
  int64_t accBits = 0;
};

class Lowering {
public:
  Lowering(mlir::func::FuncOp function, unsigned thresholdBits);
  mlir::LogicalResult run();

  mlir::OpBuilder builder;

  /// "node 'x' (dyad.op): reason" as an error; the lowering goes on and fails at the end.
  mlir::LogicalResult reject(mlir::Operation *op, const llvm::Twine &reason);

  //===--- Tensors ----------------------------------------------------------===//

  /// The stream of a tensor in whatever order; fails silently when its producer was rejected.
  mlir::FailureOr<Place> place(mlir::Value tensor);
  /// The same in the tensor's own order: a flattened one is transposed.
  mlir::FailureOr<Place> ordered(mlir::Operation *user, mlir::Value tensor);
  void set(mlir::Value tensor, mlir::Value stream, Image image);
  mlir::IntegerType elementOf(mlir::Value tensor);
  hls::StreamType streamType(mlir::IntegerType element, int64_t elements);
  /// Integers of a constant operand; rejects the op when there are none.
  mlir::FailureOr<std::vector<int64_t>> integers(mlir::Operation *op, mlir::Value value);
  mlir::FailureOr<int64_t> scalar(mlir::Operation *op, mlir::Value value);
  /// A constant for ROM.
  mlir::ElementsAttr rom(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> values,
                         unsigned bits);

  //===--- Epilogues --------------------------------------------------------===//

  /// The destination of an op whose units sum raw codes: `bias` (one, or one per channel) is added.
  mlir::FailureOr<Destination> destination(mlir::Operation *op, std::vector<int64_t> bias,
                                           Image image);
  /// The epilogue of `requantize` on accumulators of `acc` bits.
  mlir::FailureOr<hls::EpilogueAttrInterface> requantization(dyad::RequantizeOp requantize,
                                                             int64_t acc, std::vector<int64_t> bias,
                                                             Image image);

  //===--- Units ------------------------------------------------------------===//

  struct WindowShape {
    llvm::SmallVector<int64_t> kernel, strides, dilations, pads,
        out; ///< two values each; pads first
    /// Whether the window of an input is the input.
    bool isIdentity(const Image &in) const;
  };
  /// A window's shape from attributes of one or two spatial axes (pads: begins, then ends).
  WindowShape windowShape(llvm::ArrayRef<int64_t> kernel, llvm::ArrayRef<int64_t> strides,
                          llvm::ArrayRef<int64_t> dilations, llvm::ArrayRef<int64_t> pads,
                          Image out);
  mlir::Value window(mlir::Location loc, Place in, const WindowShape &shape, int64_t groups,
                     int64_t padValue);
  mlir::Value transpose(mlir::Location loc, mlir::Value stream, llvm::ArrayRef<int64_t> shape,
                        llvm::ArrayRef<int64_t> permutation);
  /// An operand of an elementwise op in the result's image: broadcast, or a constant.
  mlir::FailureOr<mlir::Value> operand(mlir::Operation *op, mlir::Value tensor, Image image);

  bool isAbsorbed(mlir::Operation *op) const { return absorbed.contains(op); }

private:
  mlir::LogicalResult checkBorder();
  void planTypes();
  void join(mlir::Operation *op);
  mlir::LogicalResult lowerOps();
  void addInputs(hls::DesignOp design);
  void addOutputs();
  void connect(mlir::Block &body);
  void fork(mlir::Value stream, Image image);

  mlir::func::FuncOp function;
  unsigned thresholdBits;
  RangeAnalysis ranges;
  llvm::EquivalenceClasses<void *> copies; ///< tensors of one element type
  llvm::DenseMap<void *, numerics::IntRange> hulls;
  llvm::DenseMap<mlir::Value, Place> places;
  llvm::DenseSet<mlir::Operation *> absorbed;
  bool ok = true;
};

using Handler = mlir::LogicalResult (*)(Lowering &, mlir::Operation *);
using HandlerMap = llvm::StringMap<Handler>;
void addContractions(HandlerMap &handlers);
void addElementwise(HandlerMap &handlers);
void addMovement(HandlerMap &handlers);

} // namespace quantc::tohls

#endif // QUANTC_LIB_CONVERSION_DYADTOHLS_LOWERING_H
