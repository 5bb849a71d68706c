//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `hls` dialect: streams, units and what is known about them.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_IR_HLS_H
#define QUANTC_DIALECT_HLS_IR_HLS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "quantc/Dialect/HLS/IR/Parts.h"
#include <string>
#include <utility>
#include <vector>

#include "quantc/Dialect/HLS/IR/HLSEnums.h.inc"

namespace quantc::hls {

/// Words of a stream: `lanes` elements each, `beats` of them per frame.
struct Port {
  int64_t lanes = 1, beats = 0;
};

/// The least depth that hls-size-fifos gives a stream of as many beats. Small enough to be free: a
/// shift register of 32 places takes the LUTs of one of 2. With 2, units of nearly one pace wait
/// for each other (8 % of MobileNetV2's interval).
inline constexpr int64_t leastDepth = 16;

/// Iterations that do alike: bit i of `reads` is a beat of operand i, of `writes` one of result i.
struct Run {
  int64_t cycles = 0;
  unsigned reads = 0, writes = 0;

  bool operator==(const Run &o) const {
    return cycles == o.cycles && reads == o.reads && writes == o.writes;
  }
};

/// Runs that a unit goes through in order, `times` times.
struct Phase {
  int64_t times = 1;
  llvm::SmallVector<Run, 4> runs;
};

/// What a unit's loop does in one frame (see UnitOpInterface::getActivity).
using Activity = std::vector<Phase>;

/// The folding of one unit. Units with one `lanes` attribute use `pe` for it.
struct Fold {
  int64_t simd = 1, pe = 1;
  Multiplier multiplier = Multiplier::Auto;
  bool parallel = false; ///< windows: all taps in one beat

  bool operator==(const Fold &o) const {
    return simd == o.simd && pe == o.pe && multiplier == o.multiplier && parallel == o.parallel;
  }
};

/// Members of an initializer: a scalar when `dims` is empty.
struct RomField {
  llvm::SmallVector<int64_t, 4> dims;
  std::vector<int64_t> values;
};

/// A `static const` object of the emitted code, named after the unit and `suffix`. With `array` it
/// is an array of `type` and has one field; otherwise an aggregate of its fields.
struct RomText {
  std::string suffix, type;
  bool array = false;
  std::vector<RomField> fields;
};

/// The call of a unit: qhls::unit<[config,] templateArgs>(operands, results, literals, roms).
struct UnitText {
  llvm::StringRef unit;
  /// Members of the configuration struct; empty when the unit takes none.
  llvm::SmallVector<std::pair<llvm::StringRef, int64_t>> config;
  llvm::SmallVector<int64_t> templateArgs;
  std::vector<std::string> literals;
  std::vector<RomText> roms;
};

} // namespace quantc::hls

#include "quantc/Dialect/HLS/IR/HLSAttrInterfaces.h.inc"
#include "quantc/Dialect/HLS/IR/HLSDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "quantc/Dialect/HLS/IR/HLSTypes.h.inc"

#define GET_ATTRDEF_CLASSES
#include "quantc/Dialect/HLS/IR/HLSAttrs.h.inc"

#include "quantc/Dialect/HLS/IR/HLSOpInterfaces.h.inc"

#define GET_OP_CLASSES
#include "quantc/Dialect/HLS/IR/HLSOps.h.inc"

namespace quantc::hls {

/// "ap_uint<4>" or "ap_int<4>".
std::string elementName(mlir::IntegerType element);
/// All positive divisors in increasing order.
llvm::SmallVector<int64_t> divisors(int64_t n);
/// The type of a stream with another folding of the same elements.
StreamType withLanes(StreamType type, int64_t lanes);

} // namespace quantc::hls

#endif // QUANTC_DIALECT_HLS_IR_HLS_H
