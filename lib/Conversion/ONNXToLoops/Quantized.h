//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes, scales and zero points in loops.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_CONVERSION_ONNXTOLOOPS_QUANTIZED_H
#define QUANTC_LIB_CONVERSION_ONNXTOLOOPS_QUANTIZED_H

#include "Contraction.h"

namespace quantc::toloops {

/// Least and greatest code of an integer type.
std::pair<double, double> codeRange(DType type);

/// clamp(rint(value) + zero point) as a code of `type`, the zero point's code for NaN [NUM-QNT-1];
/// for floats of 8 bits and less the value, which storing rounds.
Scalar quantized(Scalar value, std::optional<Scalar> zeroPoint, DType type);

/// Where a parameter of one value for all, or of one along `axis`, is read for a position.
Indices alongAxis(const Tensor &parameter, int64_t axis, IndexRef position);

/// Refuses a parameter (an absent one is good) that is no scalar, no vector along `axis` of `like`,
/// and has not its rank; a run checks the sizes.
void expectParameter(NodeLowering &n, const Tensor &parameter, const Tensor &like, int64_t axis);

/// The code without its zero point, as a signed integer.
Scalar centred(const Tensor &codes, const Tensor &zero, int64_t axis, IndexRef position);

/// Scale and zero point of a whole tensor of integers.
struct Step {
  Scalar scale;               ///< F32
  std::optional<Scalar> zero; ///< I64; absent for 0
  DType type;

  /// The code without its zero point, I64.
  Scalar centred(Scalar code) const {
    Scalar wide = convert(code, Compute::I64);
    return zero ? wide - *zero : wide;
  }
  /// [NUM-QNT-2]
  Scalar real(Scalar code) const { return convert(centred(code), Compute::F32) * scale; }
  /// [NUM-QNT-1]
  Scalar code(Scalar real) const { return rescaled(real / scale); }
  /// The code of a number of steps.
  Scalar rescaled(Scalar steps) const { return quantized(steps, zero, type); }
};
/// Of inputs `scale` and `zero`; a run checks that each is one number.
mlir::FailureOr<Step> readStep(NodeLowering &n, unsigned scale, unsigned zero, DType type);

/// uint8 codes of floats whose range, widened to hold 0, is taken from them: DynamicQuantizeLinear.
struct DynamicCodes {
  Tensor data, scale, zero; ///< the latter two of rank 0
};
DynamicCodes dynamicCodes(Emitter &e, const Tensor &x);
/// The same in buffers that are there.
void emitDynamicCodes(Emitter &e, const Tensor &x, const DynamicCodes &to);

/// a @ b of codes. Scales and zero points are one for all, or one for each row of a and column of
/// b; zero points and the bias of each column, in floats, may be absent.
struct CodeOperands {
  Tensor a, b, zeroA, zeroB, scaleA, scaleB, bias;
};
/// float32(sum of products) * (scaleA * scaleB) + bias, in the type of scaleB.
mlir::FailureOr<Tensor> productOfCodes(NodeLowering &n, const CodeOperands &operands);

} // namespace quantc::toloops

#endif // QUANTC_LIB_CONVERSION_ONNXTOLOOPS_QUANTIZED_H
