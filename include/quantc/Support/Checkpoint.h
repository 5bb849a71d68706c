//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Finished steps of one run in a folder, so that a run that was stopped goes on where it was. The
// folder belongs to one run, which `run.json` describes; a step is a file
//
//   STEP-<16 digits of step and run>-<16 digits of the content>
//
// that appears by a rename when it is complete, and whose name says what it must hold.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_CHECKPOINT_H
#define QUANTC_SUPPORT_CHECKPOINT_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace quantc {

class Checkpoint {
public:
  ~Checkpoint();
  Checkpoint(const Checkpoint &) = delete;
  Checkpoint &operator=(const Checkpoint &) = delete;

  /// What a run depends on, as (name, value): two runs are the same when all of them are. A value
  /// of many lines is compared line by line where it differs.
  using Identity = std::vector<std::pair<std::string, std::string>>;
  /// Receives one line for each file that cannot be used.
  using Warn = std::function<void(const std::string &)>;

  /// Opens `folder`, which is created where it is missing, and locks it until the object dies.
  /// Fails, naming what differs, where it holds another run, where it holds other files but no run,
  /// and where a run has it open, of this process or another.
  static llvm::Expected<std::unique_ptr<Checkpoint>> open(llvm::StringRef folder,
                                                          const Identity &identity, Warn warn = {});

  /// The file of a finished step; none where the step is not there. A file whose content is not
  /// what its name says is removed with a warning.
  std::optional<std::string> find(llvm::StringRef step);

  /// `write` fills the file at the path that it is given; it then appears under its name.
  llvm::Error save(llvm::StringRef step, llvm::function_ref<llvm::Error(llvm::StringRef)> write);

  /// Removes a step's file whose content could not be read, with a warning that says why.
  void reject(llvm::StringRef step, llvm::Error why);

private:
  Checkpoint(llvm::StringRef folder, int lock) : folder(folder), lock(lock) {}
  std::string stem(llvm::StringRef step) const;
  void drop(llvm::StringRef stem, const std::string &why);

  std::string folder, run;
  int lock; ///< a descriptor of the folder
  Warn warn;
  llvm::StringMap<std::string> files; ///< by stem: digits of the content
};

/// The value of a step: read from `checkpoint` where the step is finished, else computed and
/// saved. `read(path)` gives an Expected<T>, `write(path, value)` an Error; reading back what was
/// written must give the same value, bit for bit. A null checkpoint computes.
template <typename T, typename Read, typename Write, typename Compute>
llvm::Expected<T> resumed(Checkpoint *checkpoint, llvm::StringRef step, Read read, Write write,
                          Compute compute) {
  if (checkpoint)
    if (std::optional<std::string> path = checkpoint->find(step)) {
      llvm::Expected<T> value = read(llvm::StringRef(*path));
      if (value)
        return value;
      checkpoint->reject(step, value.takeError());
    }
  llvm::Expected<T> value = compute();
  if (!value || !checkpoint)
    return value;
  if (llvm::Error error = checkpoint->save(
          step, [&](llvm::StringRef path) -> llvm::Error { return write(path, *value); }))
    return std::move(error);
  return value;
}

/// Texts, for steps whose form is one.
llvm::Expected<std::string> readText(llvm::StringRef path);
llvm::Error writeText(llvm::StringRef path, llvm::StringRef text);

} // namespace quantc

#endif // QUANTC_SUPPORT_CHECKPOINT_H
