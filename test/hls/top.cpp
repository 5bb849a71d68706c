//===----------------------------------------------------------------------===//
//
// Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A top function as tools see it: no simulation, types of synthesis, pragmas.
//
//===----------------------------------------------------------------------===//

#include "qhls/qhls.h"

struct layer : qhls::unit_defaults {
  static const int pixels = 4, groups = 1, inputs = 6, outputs = 4, simd = 3, pe = 2, acc_bits = 16,
                   multiplier = 1;
};
typedef qhls::word<ap_uint<4>, 3> in_t;
typedef qhls::word<ap_int<5>, 2> out_t;

static const qhls::rom_int<3> weights[4][2][3] = {{{1, -2, 3}, {0, 1, -1}},
                                                  {{2, 2, -3}, {1, 0, 1}},
                                                  {{-1, 1, 1}, {3, -3, 0}},
                                                  {{0, 0, 1}, {-2, 2, 2}}};
static const qhls::requantize<16, ap_int<5>, 2, 2> epilogue = {
    {{1, -1}, {0, 2}},
    {{8388609, 8388611}, {16777215, 12345679}},
    {{24, 25}, {26, 24}},
    1,
    -16,
    15};

void top(hls::stream<in_t> &in, hls::stream<out_t> &out) {
  QHLS_INTERFACE_AXIS(in)
  QHLS_INTERFACE_AXIS(out)
  QHLS_CONTROL_NONE()
  QHLS_DATAFLOW()
  QHLS_STREAM(in_t, middle, 7)
  QHLS_PROCESS("copy", qhls::width_converter<8>(in, middle);)
  QHLS_PROCESS("layer", qhls::mvau<layer>(middle, out, weights, epilogue);)
  QHLS_DATAFLOW_END()
}
