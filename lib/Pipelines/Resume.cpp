//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a compilation's results depend on, for the folder of --resume: model, data, files, recipe,
// the compiler's own code. Threads and the cap on memory change no result and are left out.
//
//===----------------------------------------------------------------------===//

#include "quantc/Interfaces/Weights.h"
#include "quantc/Pipelines/Compiler.h"
#include "quantc/Support/Checkpoint.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Hash.h"
#include "quantc/Support/MappedFile.h"
#include "quantc/Target/LLVM/TranslateModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <dlfcn.h>

using namespace mlir;
using namespace quantc;

/// Text of the module without large constants, and the bytes of those in the order of the module.
/// Weights in files beside the model are among them.
static std::string fingerprint(ModuleOp module) {
  HashBuilder hash;
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(0).elideLargeResourceString(0).enableDebugInfo(true, false);
  module.print(os, flags);
  hash.add(text);
  llvm::DenseSet<Attribute> seen;
  module.walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](ElementsAttr elements) {
      if (!seen.insert(elements).second)
        return;
      if (auto blob = dyn_cast<DenseResourceElementsAttr>(elements)) {
        if (AsmResourceBlob *data = blob.getRawHandle().getBlob())
          hash.add(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(data->getData().data()),
                                  data->getData().size()));
      } else if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
        if (isa<DenseStringElementsAttr>(dense))
          return;
        hash.add(llvm::ArrayRef(reinterpret_cast<const uint8_t *>(dense.getRawData().data()),
                                dense.getRawData().size()));
      }
    });
  });
  return hash.hex();
}

/// Content of a file, or of all files below a folder by their names; "none" without a path.
static llvm::Expected<std::string> hashPath(llvm::StringRef path) {
  if (path.empty())
    return "none";
  if (!llvm::sys::fs::is_directory(path))
    return sha256File(path);
  std::vector<std::string> files;
  std::error_code code;
  for (llvm::sys::fs::recursive_directory_iterator it(path, code), end; it != end && !code;
       it.increment(code))
    if (llvm::sys::fs::is_regular_file(it->path()))
      files.push_back(it->path());
  if (code)
    return makeError("cannot list folder '" + path + "': " + code.message());
  llvm::sort(files);
  HashBuilder hash;
  for (const std::string &file : files) {
    llvm::Expected<std::string> content = sha256File(file);
    if (!content)
      return content.takeError();
    hash.add(llvm::StringRef(file).drop_front(path.size())).add(*content);
  }
  return hash.hex();
}

static std::string recipeText(const Recipe &recipe) {
  std::string text;
  llvm::raw_string_ostream os(text);
  writeRecipe(recipe, os);
  return text;
}

/// Of the file that holds this code, the program or a shared library: builds of other sources, or
/// by other compilers, may round otherwise.
static llvm::Expected<std::string> hashBuild() {
  Dl_info info{};
  std::string path;
  if (dladdr(reinterpret_cast<const void *>(&quantcVersion), &info) && info.dli_fname)
    path = info.dli_fname;
  if (!llvm::sys::path::has_parent_path(path)) // a program, by the name it was called
    path = llvm::sys::fs::getMainExecutable(nullptr, nullptr);
  auto file = MappedFile::open(path);
  if (!file)
    return file.takeError();
  return llvm::utohexstr(contentHash((*file)->bytes()), /*LowerCase=*/true, 16);
}

LogicalResult Compiler::openCheckpoint() {
  if (options.resume.empty())
    return success();
  std::string dims;
  for (const auto &[name, size] : options.dims)
    dims += name + "=" + std::to_string(size) + " ";
  llvm::Expected<std::string> build = hashBuild();
  if (!build)
    return emitError(ir->getLoc()) << "--resume: " << llvm::toString(build.takeError());
  Checkpoint::Identity identity = {{"quantc", quantcVersion().str()},
                                   {"build", *build},
                                   {"model", fingerprint(*ir)},
                                   {"dim", dims},
                                   {"samples a run", std::to_string(options.dataBatch)},
                                   {"max-drop", std::to_string(options.maxDrop)},
                                   {"recipe", recipeText(options.recipe)}};
  const std::string none;
  const Recipe &recipe = options.recipe;
  std::pair<const char *, const std::string *> files[] = {
      {"rotations", recipe.rotateLearn == "none" ? &recipe.rotations : &none},
      {"calibration data", &options.calibration},
      {"statistics", &options.statistics},
      {"moments", &options.moments},
      {"cross-moments", &options.crossMoments},
      {"channels", &options.channels},
      {"codes", &options.codes},
      {"biases", &options.biases},
      {"sensitivity", &options.sensitivity},
      {"latency", &options.latency},
      {"curvature", &options.curvature}};
  for (auto &[name, path] : files) {
    llvm::Expected<std::string> hash = hashPath(*path);
    if (!hash)
      return emitError(ir->getLoc()) << name << ": " << llvm::toString(hash.takeError());
    identity.emplace_back(name, *hash);
  }
  auto opened = Checkpoint::open(options.resume, identity, [this](const std::string &text) {
    emitWarning(ir->getLoc()) << "--resume: " << text;
  });
  if (!opened)
    return emitError(ir->getLoc()) << "--resume: " << llvm::toString(opened.takeError());
  checkpoint = std::move(*opened);
  return success();
}
