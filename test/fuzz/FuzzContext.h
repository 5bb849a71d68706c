//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A context that serves many inputs. Attributes and types live as long as their
// context, so it is made anew after some inputs; diagnostics are dropped.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_TEST_FUZZ_FUZZCONTEXT_H
#define QUANTC_TEST_FUZZ_FUZZCONTEXT_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <memory>

namespace quantc::fuzz {

class FuzzContext {
public:
  /// `load` is called on each new context.
  explicit FuzzContext(void (*load)(mlir::MLIRContext &)) : load(load) {}

  /// The context for the next input; true in `isNew` when it is another one than before.
  mlir::MLIRContext &next(bool &isNew) {
    isNew = uses++ % usesOfOne == 0;
    if (isNew) {
      context.reset();
      context = std::make_unique<mlir::MLIRContext>(mlir::MLIRContext::Threading::DISABLED);
      context->getDiagEngine().registerHandler([](mlir::Diagnostic &) { return mlir::success(); });
      load(*context);
    }
    return *context;
  }

private:
  static constexpr unsigned usesOfOne = 1000;
  void (*load)(mlir::MLIRContext &);
  std::unique_ptr<mlir::MLIRContext> context;
  unsigned uses = 0;
};

} // namespace quantc::fuzz

#endif // QUANTC_TEST_FUZZ_FUZZCONTEXT_H
