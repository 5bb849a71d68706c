//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Progress of long work. A library reports (stage, done, total) to a callback
// and knows nothing about terminals; ProgressBar is the callback's usual other
// end: one line with percentage and remaining time, drawn only on a terminal.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_SUPPORT_PROGRESS_H
#define QUANTC_SUPPORT_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"
#include <cstdint>
#include <functional>
#include <string>

namespace quantc {

/// Called with done = 0 first and done = total last, never from two threads at
/// once. An empty function means: nobody wants to know.
using ProgressFn = std::function<void(llvm::StringRef stage, uint64_t done, uint64_t total)>;

/// Draws "calibrating  42% 84/200, 00:07 left" in place on `os`.
class ProgressBar {
public:
  /// Silent unless `os` is a terminal, or `force` is set. `clock` gives seconds
  /// and is monotonic; a default is used if it is empty.
  explicit ProgressBar(llvm::raw_ostream &os, bool force = false,
                       std::function<double()> clock = {});
  /// Clears a line that is still shown.
  ~ProgressBar();

  /// At most ten redraws a second, apart from the first and the last of each
  /// stage. The line is erased when a stage is complete.
  void update(llvm::StringRef stage, uint64_t done, uint64_t total);

  /// This object as a callback; must not outlive it.
  ProgressFn callback();

private:
  void clear();

  llvm::raw_ostream &os;
  bool enabled;
  std::function<double()> clock;
  std::string stage;
  double started = 0;
  double drawn = 0;
  unsigned width = 0;
};

} // namespace quantc

#endif // QUANTC_SUPPORT_PROGRESS_H
