//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Reads an ONNX model into the `onnx` dialect, without losing anything.
//
// The file is mapped; large initializers become resource blobs over the
// mapping, which lives as long as the context. Every structural problem of a
// model is reported, not only the first: one diagnostic a node, with its name,
// op, opset and reasons. Nothing is allocated on the word of the file.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_IMPORT_ONNX_IMPORTONNX_H
#define QUANTC_IMPORT_ONNX_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "quantc/Support/MappedFile.h"
#include "llvm/ADT/SmallVector.h"
#include <string>
#include <utility>
#include <vector>

namespace quantc {

/// The newest and oldest opset of the default domain that is read, and the newest known IR version.
inline constexpr int64_t oldestOpset = 1;
inline constexpr int64_t newestOpset = 27;
inline constexpr int64_t newestIRVersion = 13;

struct ImportOptions {
  /// Values for symbolic dimensions, by name. A name that no input has is an error.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Shapes for inputs, by name; they bind the symbols they meet, as `dims` does.
  std::vector<std::pair<std::string, llvm::SmallVector<int64_t>>> inputShapes;
  /// Warnings (a newer IR version, a dimension of -1) are errors.
  bool strict = false;
  /// Calls of model-local functions are replaced by their bodies.
  bool inlineFunctions = false;
};

/// Loads the dialects that an imported module uses.
void loadImportDialects(mlir::MLIRContext &context);

/// The model in file `path`, or null after diagnostics. External data is looked for in the folder
/// of `path`, and nowhere else.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(llvm::StringRef path, mlir::MLIRContext *context,
                                             const ImportOptions &options = {});

/// As above, of a file that is open, or of an image in memory.
mlir::OwningOpRef<mlir::ModuleOp> importONNX(std::shared_ptr<const MappedFile> file,
                                             mlir::MLIRContext *context,
                                             const ImportOptions &options = {});

} // namespace quantc

#endif // QUANTC_IMPORT_ONNX_IMPORTONNX_H
