//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The machines that code is made for: one row a family, its devices in the
// tables of the family's own library. docs/Targets.md is printed from here.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_PIPELINES_TARGETS_H
#define QUANTC_PIPELINES_TARGETS_H

#include "quantc/Pipelines/Stages.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace quantc {

/// A family of machines.
struct TargetFamily {
  /// "cpu", "cuda", "hls": what --target starts with.
  llvm::StringRef prefix;
  /// What stands behind the colon ("CHIP"); empty where nothing does.
  llvm::StringRef device;
  /// The stage that its modules reach.
  Stage lastStage;
  /// What --emit takes; the first is the default.
  llvm::ArrayRef<llvm::StringRef> emits;
  /// Names of its devices, as the user writes them.
  std::vector<llvm::StringRef> (*devices)();
  /// Its section of docs/Targets.md.
  void (*describe)(llvm::raw_ostream &os);
};

/// A machine: a family, and one of its devices where the name says which.
struct Target {
  const TargetFamily *family;
  std::string device;
};

/// Reads "cpu", "cuda:sm_80" or "hls:xc7z020". An unknown family or device is an error that lists
/// what there is and suggests the nearest.
llvm::Expected<Target> parseTarget(llvm::StringRef name);

/// All families with their tables, as Markdown.
void describeTargets(llvm::raw_ostream &os);

} // namespace quantc

#endif // QUANTC_PIPELINES_TARGETS_H
