//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finds out what a path holds and opens it: files by their extension, folders by
// what is in them.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/DataSet.h"
#include "DataSetImpl.h"
#include "quantc/Calibration/Npy.h"
#include "quantc/Calibration/Npz.h"
#include "quantc/Calibration/TensorProto.h"
#include "quantc/Support/Errors.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace quantc;

DataSet::~DataSet() = default;

namespace {
/// What a folder holds, each list in natural order; hidden files left out.
struct Folder {
  std::vector<std::string> npz, npy, testSets, inputProtos;
};
} // namespace

static Expected<Folder> listFolder(StringRef path) {
  Folder folder;
  std::error_code code;
  for (sys::fs::directory_iterator it(path, code), end; !code && it != end; it.increment(code)) {
    StringRef entry = it->path(), name = sys::path::filename(entry);
    bool isFolder = sys::fs::is_directory(entry);
    if (name.starts_with("."))
      continue;
    if (isFolder && name.starts_with("test_data_set"))
      folder.testSets.push_back(entry.str());
    else if (!isFolder && name.ends_with(".npz"))
      folder.npz.push_back(entry.str());
    else if (!isFolder && name.ends_with(".npy"))
      folder.npy.push_back(entry.str());
    else if (!isFolder && name.starts_with("input_") && name.ends_with(".pb"))
      folder.inputProtos.push_back(entry.str());
  }
  if (code)
    return makeError("cannot list '" + path + "': " + code.message());
  auto natural = [](StringRef a, StringRef b) {
    // Names like 1 and 01 compare equal as numbers.
    int order = a.compare_numeric(b);
    return order != 0 ? order < 0 : a < b;
  };
  for (std::vector<std::string> *list :
       {&folder.npz, &folder.npy, &folder.testSets, &folder.inputProtos})
    llvm::sort(*list, natural);
  return folder;
}

static std::string quoted(StringRef path) { return ("'" + path + "'").str(); }

/// Reads input_0.pb, input_1.pb, ... of a test_data_set folder. As in ONNX's test
/// runner the number says which input it is, not the name inside.
static Expected<std::vector<NamedTensor>> loadTestSet(StringRef path, ArrayRef<InputSpec> inputs) {
  Expected<Folder> folder = listFolder(path);
  if (!folder)
    return folder.takeError();
  std::vector<NamedTensor> tensors;
  for (const std::string &file : folder->inputProtos) {
    StringRef number = sys::path::stem(file).drop_front(StringRef("input_").size());
    size_t index;
    if (number.getAsInteger(10, index) || index >= inputs.size())
      return makeError("'" + file + "': expected the number of one of " + Twine(inputs.size()) +
                       " inputs, but found '" + number + "'");
    Expected<NamedTensor> tensor = readTensorProto(file);
    if (!tensor)
      return tensor.takeError();
    tensors.push_back({inputs[index].name, std::move(tensor->tensor)});
  }
  return tensors;
}

static Expected<std::unique_ptr<DataSet>> openNpzFile(StringRef path, ArrayRef<InputSpec> inputs,
                                                      const DataSetOptions &options) {
  Expected<std::vector<std::unique_ptr<ArraySource>>> arrays = openNpz(path);
  if (!arrays)
    return arrays.takeError();
  return makeArrayDataSet(std::move(*arrays), inputs, options, quoted(path));
}

/// Arrays from .npy files, named by `names`.
static Expected<std::unique_ptr<DataSet>> openNpyArrays(ArrayRef<std::string> paths,
                                                        ArrayRef<std::string> names,
                                                        StringRef label, ArrayRef<InputSpec> inputs,
                                                        const DataSetOptions &options) {
  std::vector<std::unique_ptr<ArraySource>> arrays;
  for (auto [path, name] : llvm::zip_equal(paths, names)) {
    Expected<std::unique_ptr<ArraySource>> array = openNpy(path, name);
    if (!array)
      return array.takeError();
    arrays.push_back(std::move(*array));
  }
  return makeArrayDataSet(std::move(arrays), inputs, options, quoted(label));
}

static Error notOneInput(StringRef path, ArrayRef<InputSpec> inputs) {
  return makeError("'" + path + "': expected a model with one input for .npy samples, but found " +
                   Twine(inputs.size()) + " inputs; name the files after the inputs, or use .npz");
}

static Expected<std::unique_ptr<DataSet>> openNpyFolder(StringRef path, const Folder &folder,
                                                        ArrayRef<InputSpec> inputs,
                                                        const DataSetOptions &options) {
  std::vector<std::string> names;
  for (const std::string &file : folder.npy)
    names.push_back(sys::path::stem(file).str());
  bool allNamed = llvm::all_of(names, [&](StringRef name) {
    return llvm::any_of(inputs, [&](const InputSpec &input) { return input.name == name; });
  });
  if (allNamed)
    return openNpyArrays(folder.npy, names, path, inputs, options);
  if (inputs.size() != 1)
    return notOneInput(path, inputs);
  std::vector<LazyRun> runs;
  for (const std::string &file : folder.npy)
    runs.push_back(
        {quoted(file), [file, name = inputs[0].name]() -> Expected<std::vector<NamedTensor>> {
           Expected<HostTensor> tensor = readNpy(file);
           if (!tensor)
             return tensor.takeError();
           return std::vector<NamedTensor>{{name, std::move(*tensor)}};
         }});
  return makeRunDataSet(std::move(runs), inputs, options);
}

static Expected<std::unique_ptr<DataSet>> openFolder(StringRef path, ArrayRef<InputSpec> inputs,
                                                     const DataSetOptions &options) {
  Expected<Folder> folder = listFolder(path);
  if (!folder)
    return folder.takeError();
  int kinds = !folder->npz.empty() + !folder->npy.empty() + !folder->testSets.empty() +
              !folder->inputProtos.empty();
  if (kinds == 0)
    return makeError("expected .npz, .npy or input_*.pb files or test_data_set folders, but found "
                     "none in '" +
                     path + "'");
  if (kinds > 1)
    return makeError("expected one kind of samples, but found several of .npz, .npy, input_*.pb "
                     "and test_data_set in '" +
                     path + "'");
  if (!folder->npy.empty())
    return openNpyFolder(path, *folder, inputs, options);
  std::vector<LazyRun> runs;
  for (const std::string &file : folder->npz)
    runs.push_back({quoted(file), [file] { return readNpz(file); }});
  if (!folder->inputProtos.empty())
    folder->testSets.push_back(path.str());
  std::vector<InputSpec> signature = inputs.vec();
  for (const std::string &set : folder->testSets)
    runs.push_back({quoted(set), [set, signature] { return loadTestSet(set, signature); }});
  return makeRunDataSet(std::move(runs), inputs, options);
}

Expected<std::unique_ptr<DataSet>> DataSet::open(StringRef path, ArrayRef<InputSpec> inputs,
                                                 const DataSetOptions &options) {
  if (Error error = checkSignature(inputs))
    return std::move(error);
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status))
    return makeError("cannot open '" + path + "': " + code.message());
  if (sys::fs::is_directory(status))
    return openFolder(path, inputs, options);
  if (path.ends_with(".npz"))
    return openNpzFile(path, inputs, options);
  if (path.ends_with(".npy")) {
    if (inputs.size() != 1)
      return notOneInput(path, inputs);
    return openNpyArrays({path.str()}, {inputs[0].name}, path, inputs, options);
  }
  return makeError("expected a .npz or .npy file or a folder, but found '" + path + "'");
}

Expected<std::unique_ptr<DataSet>> DataSet::fromArrays(std::vector<NamedTensor> arrays,
                                                       ArrayRef<InputSpec> inputs,
                                                       const DataSetOptions &options) {
  std::vector<std::unique_ptr<ArraySource>> sources;
  for (NamedTensor &array : arrays)
    sources.push_back(makeTensorSource(array.name, std::move(array.tensor)));
  return makeArrayDataSet(std::move(sources), inputs, options, "arrays");
}
