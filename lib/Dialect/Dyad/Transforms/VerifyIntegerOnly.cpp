//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
// verify-integer-only: the certificate as a gate.
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/Remarks.h"
#include "quantc/Analysis/IntegerOnlyCertificate.h"
#include "quantc/Dialect/Dyad/Transforms/Passes.h"

using namespace mlir;

namespace quantc::dyad {

#define GEN_PASS_DEF_VERIFYINTEGERONLY
#include "quantc/Dialect/Dyad/Transforms/Passes.h.inc"

namespace {
struct VerifyIntegerOnly : impl::VerifyIntegerOnlyBase<VerifyIntegerOnly> {
  using VerifyIntegerOnlyBase::VerifyIntegerOnlyBase;

  void runOnOperation() override {
    IntegerOnlyCertificate certificate = certifyIntegerOnly(getOperation());
    for (const FloatOp &found : certificate.inside)
      complain(found, "no float op between the first quantize and the last dequantize");
    for (const FloatOp &found : certificate.beside)
      complain(found, "no float op beside the integer ops");
    if (certificate.integerOps == 0)
      diagnose(getOperation()) << "expected integer ops to certify, but found none";
    noteBorder(certificate.before, "before");
    noteBorder(certificate.behind, "behind");
    if (certificate.holds())
      remark::passed(getOperation().getLoc(),
                     remark::RemarkOpts::name("IntegerOnly").category(getArgument()))
          << remark::metric("integer_ops", certificate.integerOps)
          << remark::metric("quantize_ops", certificate.quantizeOps)
          << remark::metric("dequantize_ops", certificate.dequantizeOps);
    else if (!reportOnly)
      signalPassFailure();
  }

  InFlightDiagnostic diagnose(Operation *op) {
    return reportOnly ? op->emitWarning() : op->emitError();
  }

  void complain(const FloatOp &found, StringRef expected) {
    diagnose(found.op) << "expected " << expected << ", but found '" << found.name << "' of node '"
                       << found.node << "'";
  }

  void noteBorder(ArrayRef<FloatOp> ops, StringRef side) {
    for (const FloatOp &found : ops)
      remark::analysis(found.op->getLoc(),
                       remark::RemarkOpts::name("FloatBorder").category(getArgument()))
          << remark::metric("node", found.node) << remark::metric("op", found.name)
          << remark::metric("side", side);
  }
};
} // namespace

} // namespace quantc::dyad
