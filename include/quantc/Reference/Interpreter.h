//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// The interpreter: runs a function of `nn`, `qnn` and `dyad` ops on host tensors, one op after the
// other. It is the oracle that compiled code is compared with, so it favours one clear loop per op;
// contractions alone go through a tiled product, which makes whole networks usable.
//
// Float arithmetic is fp32 and reproducible: a contraction starts at +0, takes one fused
// multiply-add per product, taps in row-major order, channels innermost, and adds its bias last
// [NUM-FLT-2]; elementary functions come from lib/Numerics. The same bits on every host, and as the
// kernels.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_REFERENCE_INTERPRETER_H
#define QUANTC_REFERENCE_INTERPRETER_H

#include "mlir/IR/BuiltinOps.h"
#include "quantc/Support/HostTensor.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <vector>

namespace quantc {

/// Runs one ONNX node: its operands in, the results that somebody uses out.
using NodeFn =
    std::function<llvm::Expected<std::vector<HostTensor>>(llvm::ArrayRef<HostTensor> operands)>;
/// Makes it of a module whose function `main` holds the node (onnx::outlineNode).
using NodeCompiler = std::function<llvm::Expected<NodeFn>(mlir::ModuleOp node)>;

class Interpreter {
public:
  /// Called with every value as it is computed (not with inputs and constants). The tensor is valid
  /// during the call; an error ends the run.
  using Observer = std::function<llvm::Error(mlir::Value, const HostTensor &)>;

  /// Prepares a function of `module`, which must outlive the interpreter and stay as it is. Fails
  /// with the complete list of ops that cannot be evaluated, by ONNX node, and when the data of a
  /// constant is missing. ONNX nodes among the ops (docs/Nodes.md) need `compileNode`.
  static llvm::Expected<Interpreter> create(mlir::ModuleOp module,
                                            llvm::StringRef function = "main",
                                            const NodeCompiler &compileNode = nullptr);

  Interpreter(Interpreter &&);
  Interpreter &operator=(Interpreter &&);
  ~Interpreter();

  /// Runs the function once. `inputs` are in the order of its arguments; dynamic dimensions take
  /// their sizes from them. Fails, naming input or node, when types or shapes do not fit. One run
  /// at a time per interpreter.
  llvm::Expected<std::vector<HostTensor>> run(llvm::ArrayRef<HostTensor> inputs);

  /// Sets the observer of the following runs; empty for none.
  void setObserver(Observer observer);

  /// The function that runs.
  mlir::Operation *getFunction() const;

private:
  struct Plan;
  explicit Interpreter(std::unique_ptr<Plan> plan);
  std::unique_ptr<Plan> plan;
};

} // namespace quantc

#endif // QUANTC_REFERENCE_INTERPRETER_H
