//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parts of array sources that no file format adds to.
//
//===----------------------------------------------------------------------===//

#include "quantc/Calibration/ArraySource.h"
#include "quantc/Support/Errors.h"

using namespace llvm;
using namespace quantc;

ArraySource::~ArraySource() = default;

Error ArraySource::checkRange(int64_t begin, int64_t count) const {
  if (dims.empty())
    return makeError("array '" + arrayName + "': expected an axis to slice, but found a scalar");
  if (begin < 0 || count < 0 || begin > dims[0] || count > dims[0] - begin)
    return makeError("array '" + arrayName + "': expected a range inside [0, " + Twine(dims[0]) +
                     "), but found " + Twine(count) + " elements from " + Twine(begin));
  return Error::success();
}

namespace {
class TensorSource : public ArraySource {
public:
  TensorSource(std::string name, HostTensor tensor)
      : ArraySource(std::move(name), tensor.dtype(), tensor.shape()), tensor(std::move(tensor)) {}

  Expected<HostTensor> read(int64_t begin, int64_t count) override {
    if (Error error = checkRange(begin, count))
      return std::move(error);
    return tensor.slice(begin, count);
  }
  Expected<HostTensor> readAll() override { return tensor; }

private:
  HostTensor tensor;
};
} // namespace

std::unique_ptr<ArraySource> quantc::makeTensorSource(std::string name, HostTensor tensor) {
  return std::make_unique<TensorSource>(std::move(name), std::move(tensor));
}
