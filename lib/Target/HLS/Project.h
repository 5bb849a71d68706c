//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parts of the emitter: names of units and streams, and one function per file.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_TARGET_HLS_PROJECT_H
#define QUANTC_LIB_TARGET_HLS_PROJECT_H

#include "quantc/Target/HLS/EmitProject.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/raw_ostream.h"

namespace quantc::hls {

/// Text that the build embeds: the unit library and the fixed files of projects.
struct EmbeddedFile {
  llvm::StringRef path; ///< in the project: "qhls/mvau.h"
  llvm::StringRef text;
};
llvm::ArrayRef<EmbeddedFile> embeddedFiles();

/// One unit with its names.
struct NamedUnit {
  UnitOpInterface op;
  std::string id;      ///< C++ identifier: "conv1_mvau"
  std::string process; ///< label of reports: "conv1.mvau"
  std::string config() const { return id + "_config"; }
};

/// One port of the top function.
struct NamedPort {
  mlir::Operation *op = nullptr;
  std::string id; ///< C++ identifier of the argument: "x_in"
  StreamType type;
  llvm::ArrayRef<int64_t> shape;
};

class Project {
public:
  Project(DesignOp design, const DataflowEstimate &estimate, const ProjectInfo &info);

  const ProjectInfo &info;
  const DataflowEstimate &estimate;
  const Part *part = nullptr;
  std::string top; ///< name of the top function
  std::vector<NamedUnit> units;
  std::vector<NamedPort> inputs, outputs;

  /// The C++ name of a stream or of a port of the top function.
  llvm::StringRef streamName(mlir::Value stream) const { return streams.find(stream)->second; }
  std::string typeName(mlir::Value stream) const { return streamName(stream).str() + "_t"; }

  void writeDefines(llvm::raw_ostream &os);
  void writeTopHeader(llvm::raw_ostream &os);
  /// The dataflow region, through EmitC.
  llvm::Error writeTop(llvm::raw_ostream &os, mlir::MLIRContext *context);
  /// ROMs of one unit; false when it has none.
  bool writeRoms(const NamedUnit &unit, llvm::raw_ostream &os);
  void writeHost(llvm::raw_ostream &os);
  void writeTestbench(llvm::raw_ostream &os);
  void writeGolden(const NamedPort &port, const std::vector<std::vector<int64_t>> &frames,
                   llvm::raw_ostream &os);
  void writeVitisScript(llvm::raw_ostream &os);
  void writeVivadoScript(llvm::raw_ostream &os);
  void writeBambuScript(llvm::raw_ostream &os);
  void writeReport(llvm::raw_ostream &os);

private:
  /// "BASE_SUFFIX", with a number between them where that is taken.
  std::string unique(llvm::StringRef base, llvm::StringRef suffix);

  llvm::DenseMap<mlir::Value, std::string> streams;
  llvm::StringSet<> used;
};

/// The front part of a C++ identifier, from any text.
std::string identifier(llvm::StringRef text);
/// Text for comments, string literals and JSON: no line ends, quotes or escapes.
std::string printable(llvm::StringRef text);
/// A comment that heads every generated file.
void writeBanner(llvm::raw_ostream &os, llvm::StringRef comment, const ProjectInfo &info,
                 llvm::StringRef what);

} // namespace quantc::hls

#endif // QUANTC_LIB_TARGET_HLS_PROJECT_H
