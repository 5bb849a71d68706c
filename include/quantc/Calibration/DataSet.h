//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Samples for a model's inputs, whatever files they come from, one run at a
// time. How arrays become runs:
//   1. Every array has one dimension more than its input: axis 0 stacks
//      samples, one a run.
//   2. Otherwise, if axis 0 is symbolic or 1 in every input and all arrays have
//      the same length there: axis 0 runs over samples, `batch` at a time.
//   3. Otherwise the arrays are one whole run, as is each file of a folder of
//      .npz and each test_data_set folder.
// What does not fit the model is an error that names the run, the input, what
// was expected and what was found. The same rule serves calibration, quant-run
// and evaluation.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_CALIBRATION_DATASET_H
#define QUANTC_CALIBRATION_DATASET_H

#include "quantc/Support/HostTensor.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace quantc {

/// One input of the model's signature.
struct InputSpec {
  std::string name;
  DType dtype = DType::F32;
  /// -1 where symbolic.
  std::vector<int64_t> dims;
  /// Names of symbolic dimensions, "" where unnamed; empty or as long as dims.
  /// Equal names must have equal sizes within one run.
  std::vector<std::string> dimNames;
};

/// The inputs of one run, in the order of the signature.
struct Feed {
  std::vector<NamedTensor> inputs;
  /// Where it came from, for messages: "samples 8..15 of calibration.npz".
  std::string label;
  /// Samples in this run: the batch, 1 in cases 1 and 3 above.
  int64_t numSamples = 1;
};

struct DataSetOptions {
  /// Samples a run in case 2; more than 1 needs a symbolic axis 0.
  int64_t batch = 1;
  /// Reject NaN and infinity in float inputs.
  bool checkFinite = true;
};

/// How axis 0 of the arrays was understood; see the rule above.
enum class DataLayout { Stack, Batched, WholeRuns };

/// Used by one thread at a time.
class DataSet {
public:
  virtual ~DataSet();

  /// Opens a .npz or .npy file, a folder of .npz files (a run each), a folder of
  /// .npy files (if every name is an input's: arrays as in one .npz; else, for
  /// a model with one input: a run each), a test_data_set_* folder or a folder
  /// of those. Files are taken in natural order (2 before 10). Names,
  /// types and shapes of arrays are checked here, files that are a run each and
  /// all values when they are read.
  static llvm::Expected<std::unique_ptr<DataSet>>
  open(llvm::StringRef path, llvm::ArrayRef<InputSpec> inputs, const DataSetOptions &options = {});

  /// Arrays in memory, as one .npz.
  static llvm::Expected<std::unique_ptr<DataSet>> fromArrays(std::vector<NamedTensor> arrays,
                                                             llvm::ArrayRef<InputSpec> inputs,
                                                             const DataSetOptions &options = {});

  /// Ready-made runs, each as a file of a folder of .npz.
  static llvm::Expected<std::unique_ptr<DataSet>>
  fromRuns(std::vector<std::vector<NamedTensor>> runs, llvm::ArrayRef<InputSpec> inputs,
           const DataSetOptions &options = {});

  /// Runs, at least one; samples in all runs together.
  virtual int64_t numRuns() const = 0;
  virtual int64_t numSamples() const = 0;
  virtual DataLayout layout() const = 0;

  /// Run `index` in [0, numRuns()), checked. Increasing indices are cheap.
  virtual llvm::Expected<Feed> feed(int64_t index) = 0;
};

/// Checks one run against the signature: every input once, no others, types,
/// shapes, equal sizes of equal dimension names, finite values. `where` starts
/// the message. Reorders `inputs` into the order of the signature.
llvm::Error checkRun(std::vector<NamedTensor> &inputs, llvm::ArrayRef<InputSpec> specs,
                     bool checkFinite, llvm::StringRef where);

} // namespace quantc

#endif // QUANTC_CALIBRATION_DATASET_H
