//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the files of units share: checks of ports and parameters, ROM contents.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_LIB_DIALECT_HLS_IR_SUPPORT_H
#define QUANTC_LIB_DIALECT_HLS_IR_SUPPORT_H

#include "quantc/Dialect/HLS/IR/HLS.h"
#include "quantc/Numerics/Saturation.h"

namespace quantc::hls {

/// [HLS-PORT-1] [HLS-PORT-2] [HLS-DEPTH-1]: streams have the lanes and beats of the unit's ports,
/// and depths are positive, one per result.
mlir::LogicalResult verifyUnit(UnitOpInterface op);

/// [HLS-SIZE-1] Every size is in [1, 2^31).
mlir::LogicalResult verifySizes(mlir::Operation *op,
                                llvm::ArrayRef<std::pair<llvm::StringRef, int64_t>> namesAndSizes);
/// [HLS-FOLD-1] `part` divides `whole`.
mlir::LogicalResult verifyDivides(mlir::Operation *op, llvm::StringRef partName, int64_t part,
                                  llvm::StringRef wholeName, int64_t whole);
/// [HLS-TYPE-1] Two streams have one element type.
mlir::LogicalResult verifySameElement(mlir::Operation *op, mlir::Value a, mlir::Value b);
/// [HLS-TYPE-2] A value is one of the element type.
mlir::LogicalResult verifyValue(mlir::Operation *op, llvm::StringRef name, int64_t value,
                                mlir::IntegerType element);
/// [HLS-EPI-1] The epilogue takes `acc` bits (0: any) and its constants fit.
mlir::LogicalResult verifyEpilogue(mlir::Operation *op, EpilogueAttrInterface epilogue, int64_t acc,
                                   mlir::Value in, mlir::Value out, int64_t channels,
                                   int64_t pixels);
/// [HLS-ROM-1] `weight` is [rows, columns] of integers of `bits` bits.
mlir::LogicalResult verifyWeight(mlir::Operation *op, mlir::ElementsAttr weight, int64_t rows,
                                 int64_t columns, int64_t bits);

mlir::IntegerType elementOf(mlir::Value stream);
int64_t widthOf(mlir::Value stream);
numerics::IntRange rangeOf(mlir::IntegerType element);
/// The product of sizes that are not negative, or INT64_MAX where it does not fit: more than any
/// stream holds.
int64_t product(llvm::ArrayRef<int64_t> sizes);
inline int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Foldings of a unit with one `lanes` attribute.
llvm::SmallVector<Fold> laneFolds(int64_t channels);
inline Fold laneFold(int64_t lanes) {
  Fold fold;
  fold.pe = lanes;
  return fold;
}
void setInteger(mlir::Operation *op, llvm::StringRef name, int64_t value);

/// Values of a constant; empty when its data is absent.
std::vector<int64_t> romValues(mlir::ElementsAttr attr);
/// A value of a constant that is not in `range`, if there is one.
std::optional<int64_t> valueOutside(mlir::ElementsAttr attr, numerics::IntRange range);

} // namespace quantc::hls

#endif // QUANTC_LIB_DIALECT_HLS_IR_SUPPORT_H
