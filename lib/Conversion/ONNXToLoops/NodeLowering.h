//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the lowering of one node sees: its operands as tensors in memory, its attributes through a
// NodeReader that keeps the reason of a refusal, and its results to be given.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_NODELOWERING_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_NODELOWERING_H

#include "Emitter.h"
#include "quantc/Dialect/ONNX/Utils/NodeReader.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

namespace quantc::toloops {

using onnx::Refusal;

/// Tensors and constants of the values at hand. Bodies of control flow see those outside.
struct Scope {
  llvm::DenseMap<mlir::Value, Tensor> tensors;
  /// Values whose elements are known now.
  llvm::DenseMap<mlir::Value, mlir::ElementsAttr> constants;
  /// Nodes that another one has taken over (Fusion.h).
  llvm::DenseSet<mlir::Operation *> lowered;
};

/// Lowers the ops of a body (of If, Loop, Scan) where the emitter stands. `arguments` are those of
/// its block. Fails when a node in it is refused.
using LowerBody = llvm::function_ref<mlir::FailureOr<llvm::SmallVector<Tensor>>(
    mlir::Region &body, llvm::ArrayRef<Tensor> arguments)>;

class NodeLowering {
public:
  NodeLowering(onnx::NodeOp node, Emitter &emitter, Scope &scope, LowerBody lowerBody)
      : e(emitter), node(node), reader(node), scope(scope), lowerBody(lowerBody) {}

  Emitter &e;
  onnx::NodeOp node;
  onnx::NodeReader reader;
  Scope &scope;
  LowerBody lowerBody;

  int64_t opset() { return node.getOpset(); }
  /// Records the reason (the first one stays) and returns failure.
  mlir::LogicalResult refuse(Refusal kind, const llvm::Twine &text) {
    return reader.refuse(kind, text);
  }

  /// \name Operands
  /// @{
  unsigned numInputs() { return node.getInputs().size(); }
  /// Whether input `index` is there: listed, and no empty name.
  bool has(unsigned index) { return static_cast<bool>(node.getOptionalInput(index)); }
  /// Input `index`, or an empty Tensor when it is absent.
  Tensor in(unsigned index);
  /// All inputs that are there, in order.
  llvm::SmallVector<Tensor> inputs();
  /// Elements of an integer input when they are known now.
  std::optional<llvm::SmallVector<int64_t>> knownInts(unsigned index);
  /// Elements of an integer vector (or scalar) input, known or loaded. Where its length is not
  /// known it is taken to be `length`, which a run checks; refuses without one.
  mlir::FailureOr<Indices> ints(unsigned index, std::optional<int64_t> length = std::nullopt);
  /// The one integer of an input.
  mlir::FailureOr<Index> integer(unsigned index);
  /// The one element of an input, in its compute type.
  Scalar scalar(unsigned index);
  /// Axes from an attribute of this name or, when that is absent, from input `index`: known now,
  /// non-negative, sorted. nullopt when neither is there.
  mlir::FailureOr<std::optional<onnx::Shape>> axes(llvm::StringRef attribute, unsigned index,
                                                   int64_t rank);
  /// @}

  /// \name Attributes: the value, or the default. An attribute of another kind refuses the node
  /// (`failed()` tells) and gives the default.
  /// @{
  int64_t attr(llvm::StringRef name, int64_t absent);
  double attr(llvm::StringRef name, double absent);
  std::string attr(llvm::StringRef name, const char *absent);
  std::optional<llvm::SmallVector<int64_t>> intsAttr(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> floatsAttr(llvm::StringRef name);
  /// A non-negative axis.
  int64_t axisAttr(llvm::StringRef name, int64_t absent, int64_t rank);
  bool failed() { return reader.refusal().has_value(); }
  /// @}

  /// \name Results
  /// @{
  unsigned numResults() { return node.getNumResults(); }
  /// Whether somebody may use result `index`.
  bool wants(unsigned index);
  /// A new buffer that becomes result `index`.
  Tensor result(unsigned index, IndexRef sizes, DType type);
  /// An existing tensor becomes result `index`.
  void bind(unsigned index, Tensor tensor);
  /// Element type that the file declares for result `index`, if any.
  std::optional<DType> declaredType(unsigned index);
  /// Rank that the file declares (or inference found) for result `index`, if any.
  std::optional<int64_t> declaredRank(unsigned index);
  /// @}
};

using Lowering = mlir::LogicalResult (*)(NodeLowering &);

/// An op of the default domain (or of `domain`) for a range of opsets.
struct LoweringRow {
  llvm::StringLiteral opType;
  int64_t firstOpset;
  int64_t lastOpset;
  Lowering lower;
  llvm::StringLiteral domain = "";
};
inline constexpr int64_t latestOpset = 28;

/// One table a family; each in the file of its name.
llvm::ArrayRef<LoweringRow> elementwiseLowerings();
llvm::ArrayRef<LoweringRow> movementLowerings();
llvm::ArrayRef<LoweringRow> attentionLowerings();
llvm::ArrayRef<LoweringRow> castingLowerings();
llvm::ArrayRef<LoweringRow> contractionLowerings();
llvm::ArrayRef<LoweringRow> controlLowerings();
llvm::ArrayRef<LoweringRow> cumulativeLowerings();
llvm::ArrayRef<LoweringRow> detectionLowerings();
llvm::ArrayRef<LoweringRow> einsumLowerings();
llvm::ArrayRef<LoweringRow> flexAttentionLowerings();
llvm::ArrayRef<LoweringRow> generationLowerings();
llvm::ArrayRef<LoweringRow> linearAttentionLowerings();
llvm::ArrayRef<LoweringRow> lossesLowerings();
llvm::ArrayRef<LoweringRow> placementLowerings();
llvm::ArrayRef<LoweringRow> samplingLowerings();
llvm::ArrayRef<LoweringRow> normalizationLowerings();
llvm::ArrayRef<LoweringRow> poolingLowerings();
llvm::ArrayRef<LoweringRow> randomLowerings();
llvm::ArrayRef<LoweringRow> recurrentLowerings();
llvm::ArrayRef<LoweringRow> reductionLowerings();
llvm::ArrayRef<LoweringRow> resamplingLowerings();
llvm::ArrayRef<LoweringRow> scatterLowerings();
llvm::ArrayRef<LoweringRow> selectionLowerings();
llvm::ArrayRef<LoweringRow> signalLowerings();
llvm::ArrayRef<LoweringRow> tfIdfLowerings();

/// The element type of an ONNX tensor type (signed, unsigned, i1, floats); nullopt for strings,
/// complex numbers and anything else.
std::optional<DType> dtypeOf(mlir::Type element);

/// \name Shared building blocks
/// @{
/// NumPy's broadcast of all shapes; where a run must decide, it checks that sizes agree.
Indices broadcast(Emitter &e, llvm::ArrayRef<IndexRef> shapes);
/// Where an axis of this size is read for a place of the broadcast: 0 when the size is 1.
Index broadcastIndex(Emitter &e, Index size, Index place);
/// The position in `tensor` that an element of a broadcast result, with these sizes, reads.
Indices broadcastPosition(Emitter &e, const Tensor &tensor, IndexRef position, IndexRef sizes);
/// A loop over all elements of the broadcast of `operands`; `body` gets each operand's element.
void mapBroadcast(Emitter &e, llvm::ArrayRef<Tensor> operands, const Tensor &out,
                  llvm::function_ref<Scalar(llvm::ArrayRef<Scalar>)> body);
/// out[i] = body(in[i]) over equal shapes.
void mapUnary(Emitter &e, const Tensor &in, const Tensor &out,
              llvm::function_ref<Scalar(Scalar)> body);
/// A non-negative index: negative ones count from the end.
Index wrapIndex(Emitter &e, Scalar index, Index size);
/// @}

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_NODELOWERING_H
