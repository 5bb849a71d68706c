//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The checks of tensors against the model's signature, and their messages. All
// names that are wrong are reported together; of other errors the first.
//
//===----------------------------------------------------------------------===//

#include "DataSetImpl.h"
#include "quantc/Support/Errors.h"
#include "quantc/Support/Suggest.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <cmath>

using namespace llvm;
using namespace quantc;

static Error inputError(const InputSpec &input, const Twine &what) {
  return makeError("input '" + input.name + "': " + what);
}

Error quantc::checkSignature(ArrayRef<InputSpec> inputs) {
  StringSet<> names;
  if (inputs.empty())
    return makeError("expected a model with inputs, but found none");
  for (const InputSpec &input : inputs) {
    if (!names.insert(input.name).second)
      return inputError(input, "expected a unique name, but found it twice");
    if (!input.dimNames.empty() && input.dimNames.size() != input.dims.size())
      return inputError(input, "expected " + Twine(input.dims.size()) +
                                   " dimension names, but found " + Twine(input.dimNames.size()));
  }
  return Error::success();
}

Error quantc::checkNames(ArrayRef<std::string> names, ArrayRef<InputSpec> inputs) {
  std::vector<std::string> known;
  for (const InputSpec &input : inputs)
    known.push_back(input.name);
  std::string problems;
  auto add = [&](const Twine &problem) {
    problems += (problems.empty() ? "" : "; ") + problem.str();
  };
  StringSet<> seen;
  for (const std::string &name : names) {
    if (!seen.insert(name).second)
      add("array '" + name + "' twice");
    else if (!llvm::is_contained(known, name))
      add("expected an input of the model, but found array '" + name + "'" +
          didYouMean(name, known));
  }
  for (const std::string &name : known)
    if (!seen.contains(name))
      add("expected an array for input '" + name + "', but found none");
  return problems.empty() ? Error::success() : makeError(problems);
}

static bool fits(ArrayRef<int64_t> dims, ArrayRef<int64_t> shape) {
  if (dims.size() != shape.size())
    return false;
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (dims[axis] >= 0 && dims[axis] != shape[axis])
      return false;
  return true;
}

Error quantc::checkTypeAndShape(const InputSpec &input, DType type, ArrayRef<int64_t> shape) {
  if (type != input.dtype)
    return inputError(input,
                      "expected " + dtypeName(input.dtype) + ", but found " + dtypeName(type));
  if (!fits(input.dims, shape))
    return inputError(input, "expected shape " + shapeToString(input.dims) + ", but found " +
                                 shapeToString(shape));
  return Error::success();
}

/// Row-major coordinates of element `index`.
static std::string coordinates(const HostTensor &tensor, int64_t index) {
  std::vector<int64_t> result(tensor.rank());
  for (unsigned axis = tensor.rank(); axis-- > 0; index /= tensor.dim(axis))
    result[axis] = index % tensor.dim(axis);
  return shapeToString(result);
}

Error quantc::checkValues(const InputSpec &input, const HostTensor &tensor, bool checkFinite) {
  if (tensor.dtype() == DType::Bool) {
    ArrayRef<uint8_t> bytes = tensor.bytes();
    const uint8_t *bad = llvm::find_if(bytes, [](uint8_t byte) { return byte > 1; });
    if (bad != bytes.end())
      return inputError(input, "expected 0 or 1, but found " + Twine(unsigned(*bad)) + " at " +
                                   coordinates(tensor, bad - bytes.begin()));
  }
  if (!checkFinite)
    return Error::success();
  std::optional<int64_t> bad = findNonFinite(tensor);
  if (!bad)
    return Error::success();
  double value = tensor.asDouble(*bad);
  StringRef what = std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
  return inputError(input, "expected finite values, but found " + what + " at " +
                               coordinates(tensor, *bad));
}

Error quantc::checkDimNames(ArrayRef<InputSpec> inputs, ArrayRef<NamedTensor> tensors) {
  StringMap<std::pair<int64_t, StringRef>> sizes; // size and the input that set it
  for (auto [input, tensor] : llvm::zip_equal(inputs, tensors)) {
    for (size_t axis = 0; axis < input.dimNames.size(); ++axis) {
      if (input.dims[axis] >= 0 || input.dimNames[axis].empty())
        continue;
      int64_t size = tensor.tensor.dim(axis);
      auto [at, isNew] = sizes.try_emplace(input.dimNames[axis], size, input.name);
      if (!isNew && at->second.first != size)
        return inputError(input, "expected dimension '" + input.dimNames[axis] + "' to be " +
                                     Twine(at->second.first) + " as in input '" +
                                     at->second.second + "', but found " + Twine(size));
    }
  }
  return Error::success();
}

Error quantc::checkRun(std::vector<NamedTensor> &inputs, ArrayRef<InputSpec> specs,
                       bool checkFinite, StringRef where) {
  auto check = [&]() -> Error {
    if (Error error = checkSignature(specs))
      return error;
    std::vector<std::string> names;
    for (const NamedTensor &input : inputs)
      names.push_back(input.name);
    if (Error error = checkNames(names, specs))
      return error;
    std::vector<NamedTensor> ordered;
    for (const InputSpec &spec : specs) {
      NamedTensor &found =
          *llvm::find_if(inputs, [&](const NamedTensor &t) { return t.name == spec.name; });
      if (Error error = checkTypeAndShape(spec, found.tensor.dtype(), found.tensor.shape()))
        return error;
      if (Error error = checkValues(spec, found.tensor, checkFinite))
        return error;
      ordered.push_back(found);
    }
    inputs = std::move(ordered);
    return checkDimNames(specs, inputs);
  };
  Error error = check();
  return error ? addContext(where, std::move(error)) : Error::success();
}
