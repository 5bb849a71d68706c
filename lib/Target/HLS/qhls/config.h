//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Spelling of pragmas per tool, and the hooks by which the simulation follows a unit. QHLS_DIALECT
// is QHLS_PLAIN (no pragmas, the default), QHLS_VITIS, QHLS_VIVADO or QHLS_BAMBU.
//
//===----------------------------------------------------------------------===//

#ifndef QHLS_CONFIG_H
#define QHLS_CONFIG_H

#include <ap_int.h>
#include <hls_stream.h>

#define QHLS_PLAIN 0
#define QHLS_VITIS 1
#define QHLS_VIVADO 2
#define QHLS_BAMBU 3
#ifndef QHLS_DIALECT
#define QHLS_DIALECT QHLS_PLAIN
#endif

// The types of synthesis: always in tools, on request in simulation.
#if defined(__SYNTHESIS__) && !defined(QHLS_EXACT)
#define QHLS_EXACT 1
#endif

#define QHLS_DO_PRAGMA(TEXT) _Pragma(#TEXT)
#define QHLS_PRAGMA(TEXT) QHLS_DO_PRAGMA(TEXT)

#if QHLS_DIALECT == QHLS_VITIS || QHLS_DIALECT == QHLS_VIVADO
#define QHLS_PIPELINE() QHLS_PRAGMA(HLS pipeline II = 1)
#define QHLS_UNROLL() QHLS_PRAGMA(HLS unroll)
#define QHLS_INLINE() QHLS_PRAGMA(HLS inline)
#define QHLS_INLINE_OFF() QHLS_PRAGMA(HLS inline off)
#define QHLS_PARTITION(NAME, DIM)                                                                  \
  QHLS_PRAGMA(HLS array_partition variable = NAME complete dim = DIM)
#define QHLS_RESHAPE(NAME, DIM) QHLS_PRAGMA(HLS array_reshape variable = NAME complete dim = DIM)
#define QHLS_NO_DEPENDENCE(NAME) QHLS_PRAGMA(HLS dependence variable = NAME inter false)
#define QHLS_PRAGMA_DATAFLOW() QHLS_PRAGMA(HLS dataflow)
#define QHLS_PRAGMA_STREAM(NAME, DEPTH) QHLS_PRAGMA(HLS stream variable = NAME depth = DEPTH)
#define QHLS_INTERFACE_AXIS(NAME) QHLS_PRAGMA(HLS interface axis port = NAME)
#define QHLS_CONTROL_NONE() QHLS_PRAGMA(HLS interface ap_ctrl_none port = return)
#define QHLS_CONTROL_AXILITE() QHLS_PRAGMA(HLS interface s_axilite port = return)
#elif QHLS_DIALECT == QHLS_BAMBU
#define QHLS_PIPELINE()
#define QHLS_UNROLL() QHLS_PRAGMA(HLS unroll)
#define QHLS_INLINE() QHLS_PRAGMA(HLS inline)
#define QHLS_INLINE_OFF() QHLS_PRAGMA(HLS inline off)
#define QHLS_PARTITION(NAME, DIM)
#define QHLS_RESHAPE(NAME, DIM)
#define QHLS_NO_DEPENDENCE(NAME)
#define QHLS_PRAGMA_DATAFLOW() QHLS_PRAGMA(HLS dataflow)
#define QHLS_PRAGMA_STREAM(NAME, DEPTH)
#define QHLS_INTERFACE_AXIS(NAME) QHLS_PRAGMA(HLS interface port = NAME mode = axis)
#define QHLS_CONTROL_NONE()
#define QHLS_CONTROL_AXILITE()
#else
#define QHLS_PIPELINE()
#define QHLS_UNROLL()
#define QHLS_INLINE()
#define QHLS_INLINE_OFF()
#define QHLS_PARTITION(NAME, DIM)
#define QHLS_RESHAPE(NAME, DIM)
#define QHLS_NO_DEPENDENCE(NAME)
#define QHLS_PRAGMA_DATAFLOW()
#define QHLS_PRAGMA_STREAM(NAME, DEPTH)
#define QHLS_INTERFACE_AXIS(NAME)
#define QHLS_CONTROL_NONE()
#define QHLS_CONTROL_AXILITE()
#endif

// Where multiplications and memories go. The two tools of Xilinx name it differently.
#if QHLS_DIALECT == QHLS_VITIS
#define QHLS_MULTIPLY_IN_DSP(NAME) QHLS_PRAGMA(HLS bind_op variable = NAME op = mul impl = dsp)
#define QHLS_MULTIPLY_IN_FABRIC(NAME)                                                              \
  QHLS_PRAGMA(HLS bind_op variable = NAME op = mul impl = fabric)
#define QHLS_LINE_MEMORY(NAME) QHLS_PRAGMA(HLS bind_storage variable = NAME type = ram_2p)
#elif QHLS_DIALECT == QHLS_VIVADO
#define QHLS_MULTIPLY_IN_DSP(NAME) QHLS_PRAGMA(HLS resource variable = NAME core = DSP48)
#define QHLS_MULTIPLY_IN_FABRIC(NAME) QHLS_PRAGMA(HLS resource variable = NAME core = Mul_LUT)
#define QHLS_LINE_MEMORY(NAME) QHLS_PRAGMA(HLS resource variable = NAME core = RAM_2P)
#else
#define QHLS_MULTIPLY_IN_DSP(NAME)
#define QHLS_MULTIPLY_IN_FABRIC(NAME)
#define QHLS_LINE_MEMORY(NAME)
#endif

// Declaring streams and calling units inside of the top function.
#if defined(QHLS_SIM) && !defined(__SYNTHESIS__)
#define QHLS_TICK() (void)++::qhls::sim::globals::now
#define QHLS_UNIT(CYCLES) ::qhls::sim::globals::latency = (CYCLES)
#define QHLS_DATAFLOW() ::qhls::sim::begin_region();
#define QHLS_PROCESS(NAME, ...) ::qhls::sim::process(NAME, [&] { __VA_ARGS__ });
#define QHLS_DATAFLOW_END() ::qhls::sim::end_region();
#define QHLS_STREAM(TYPE, NAME, DEPTH)                                                             \
  hls::stream<TYPE> NAME(#NAME);                                                                   \
  NAME.set_depth(DEPTH);
#else
#define QHLS_TICK() (void)0
#define QHLS_UNIT(CYCLES) (void)0
#define QHLS_DATAFLOW() QHLS_PRAGMA_DATAFLOW()
#define QHLS_PROCESS(NAME, ...) __VA_ARGS__
#define QHLS_DATAFLOW_END()
#define QHLS_STREAM(TYPE, NAME, DEPTH)                                                             \
  hls::stream<TYPE> NAME(#NAME);                                                                   \
  QHLS_PRAGMA_STREAM(NAME, DEPTH)
#endif

#endif // QHLS_CONFIG_H
