//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What passes and the emitter ask a unit and an epilogue; they know no op by name.
//
//===----------------------------------------------------------------------===//

#ifndef QUANTC_DIALECT_HLS_IR_HLSINTERFACES_TD
#define QUANTC_DIALECT_HLS_IR_HLSINTERFACES_TD

include "mlir/IR/OpBase.td"

def HLS_EpilogueAttrInterface : AttrInterface<"EpilogueAttrInterface"> {
  let cppNamespace = "::quantc::hls";
  let description = [{
    Turns an accumulator into an output code: one hardware function per lane, with
    constants per channel (or pixel) in ROM. `Epilogues` in docs/HLS.md.
  }];
  let methods = [
    InterfaceMethod<"Bits of the accumulator that it takes; 0 if it takes the input's code itself.",
      "int64_t", "getAccBits", (ins)>,
    InterfaceMethod<"Whether its constants serve `channels` channels and `pixels` pixels of `element`; else why not.",
      "std::string", "check", (ins "::mlir::IntegerType":$element, "int64_t":$channels, "int64_t":$pixels)>,
    InterfaceMethod<[{
      The C++ object: its type and members for `folds` output folds of `lanes` lanes
      of `out` each. `in` is the input stream's element type.
    }], "::quantc::hls::RomText", "describe",
      (ins "::mlir::IntegerType":$in, "::mlir::IntegerType":$out, "int64_t":$folds, "int64_t":$lanes)>,
    InterfaceMethod<"Area of `lanes` copies and of the constants for `folds` folds of them.",
      "::quantc::hls::Resources", "getResources",
      (ins "::mlir::IntegerType":$in, "::mlir::IntegerType":$out, "int64_t":$folds, "int64_t":$lanes)>
  ];
}

def HLS_UnitOpInterface : OpInterface<"UnitOpInterface"> {
  let cppNamespace = "::quantc::hls";
  let description = [{
    One unit of the template library (docs/HLS.md): a process that reads streams,
    writes streams and runs one loop of initiation interval 1 per frame. The op's
    attributes determine ports, cycles, area and the text of the call.
  }];
  let methods = [
    InterfaceMethod<"Lanes and beats per frame of each operand, then of each result.",
      "::llvm::SmallVector<::quantc::hls::Port>", "getPorts", (ins)>,
    InterfaceMethod<"Iterations of the unit's loop per frame, one cycle each.", "int64_t", "getIterations", (ins)>,
    InterfaceMethod<"Assumed depth of the loop's pipeline in cycles (qhls/latency.h).", "int64_t", "getLatency", (ins)>,
    InterfaceMethod<[{
      Which iterations read a beat of which operands and write one of which results,
      in order; their cycles add up to `getIterations`. An iteration reads its
      operands in order, then writes its results in order.
    }], "::quantc::hls::Activity", "getActivity", (ins)>,
    InterfaceMethod<"Area of the unit, streams not counted.", "::quantc::hls::Resources", "getResources", (ins)>,
    InterfaceMethod<"Every folding that divides its sizes, in no particular order.",
      "::llvm::SmallVector<::quantc::hls::Fold>", "getFolds", (ins)>,
    InterfaceMethod<"The folding in use.", "::quantc::hls::Fold", "getFold", (ins)>,
    InterfaceMethod<"Sets the folding's attributes; the types of streams are the caller's business.",
      "void", "setFold", (ins "const ::quantc::hls::Fold &":$fold)>,
    InterfaceMethod<[{
      Whether the operand `index` must come straight from its producer in the same
      folding (a window in front of a channelwise unit), rather than through a width
      converter.
    }], "bool", "tiesOperand", (ins "unsigned":$index), [{}], [{ return false; }]>,
    InterfaceMethod<"Name, configuration, arguments and constants of the C++ call.",
      "::quantc::hls::UnitText", "describe", (ins)>
  ];
}

#endif // QUANTC_DIALECT_HLS_IR_HLSINTERFACES_TD
