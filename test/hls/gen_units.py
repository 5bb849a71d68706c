#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a C++ program that checks units of the HLS library: `gen_units.py SEED ROUNDS > cases.cpp`.

Shapes, foldings and widths of units are template arguments, so each random case is code. One round holds one case of
every kind of check; widths of 1 and 16 bits and folds of 1 occur in the first rounds by construction.
"""

import random
import sys

ROUNDINGS = ["half_up", "half_even", "half_away", "toward_zero", "floor"]


class Cases:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seed = seed
        self.structs, self.calls = [], []

    def pick(self, *values):
        return self.random.choice(values)

    def between(self, lo, hi):
        return self.random.randint(lo, hi)

    def divisor(self, n):
        return self.random.choice([d for d in range(1, n + 1) if n % d == 0])

    def bits(self, round_number, lo=1, hi=16):
        """A width: the limits in the first two rounds, then anything."""
        return {0: lo, 1: hi}.get(round_number, self.between(lo, hi))

    def code(self, bits):
        return f"ap_{self.pick('', 'u')}int<{bits}>"

    def rounding(self):
        return "qhls::rounding::" + self.random.choice(ROUNDINGS)

    def struct(self, **members):
        name = f"config{len(self.structs)}"
        text = ", ".join(f"{key} = {value}" for key, value in members.items())
        self.structs.append(f"struct {name} : qhls::unit_defaults {{ static const int {text}; }};")
        return name

    def call(self, check, *arguments):
        number = len(self.calls)
        what = f"{check} {number}: " + ", ".join(map(str, arguments))
        arguments = ", ".join(map(str, arguments))
        self.calls.append(f'  {check}<{arguments}>("{what}", {self.seed * 1000 + number});')

    # One random case each.

    def window_members(self, channels, lanes, groups):
        """A window over a small image whose output has at least one pixel, with any overhang (ceil_mode)."""
        m = dict(height=self.between(1, 9), width=self.between(1, 9), channels=channels, lanes=lanes, groups=groups)
        for axis, size, pad in (("h", "height", "pad_top"), ("w", "width", "pad_left")):
            m["kernel_" + axis] = self.between(1, 4)
            m["stride_" + axis] = self.between(1, 3)
            m["dilation_" + axis] = self.pick(1, 1, 2)
            m[pad] = self.between(0, 3)
            room = m[size] + m[pad] + self.between(0, 2) - (m["kernel_" + axis] - 1) * m["dilation_" + axis] - 1
            m["out_" + size] = max(room, 0) // m["stride_" + axis] + self.pick(1, 1, 2)
            if self.pick(False, False, True):  # rows that no window reaches
                m["out_" + size] = self.between(1, m["out_" + size])
        return m

    def windows(self, n):
        groups, per_group = self.between(1, 3), self.between(1, 6)
        lanes = self.divisor(per_group)
        window = self.window_members(groups * per_group, lanes, groups)
        self.call("check_window", self.struct(**window), self.code(self.bits(n)))
        channels = self.between(1, 3)
        window = self.window_members(channels, channels, 1)
        self.call("check_window_parallel", self.struct(**window), self.code(self.bits(n)))

    def acc_bits(self, terms, activation, weight):
        """Enough for the sum of `terms` products and a bias of the checks; None above 32 bits."""
        bits = activation + weight + 1 + terms.bit_length() + 1
        return max(bits, 12) if bits <= 32 else None

    def widths(self, n, terms):
        while True:
            activation, weight = self.bits(n), self.bits(n) if n == 0 else self.between(1, 16)
            if self.acc_bits(terms, activation, weight):
                return activation, weight
            n = 2 if n != 1 or weight > 8 else 1

    def conv(self, n):
        groups, per_group = self.pick(1, 1, 2), self.between(1, 5)
        lanes = self.divisor(per_group)
        window = self.window_members(groups * per_group, lanes, groups)
        inputs = window["kernel_h"] * window["kernel_w"] * per_group
        outputs = self.between(1, 6)
        activation, weight = self.widths(n, inputs)
        unit = dict(pixels=window["out_height"] * window["out_width"], groups=groups, inputs=inputs, outputs=outputs,
                    simd=lanes, pe=self.divisor(outputs), acc_bits=self.acc_bits(inputs, activation, weight),
                    multiplier=self.between(0, 2))  # fmt: skip
        self.call("check_conv", self.struct(**window), self.struct(**unit), self.code(activation), f"ap_int<{weight}>",
                  self.code(self.bits(n)), self.rounding())  # fmt: skip

    def mvau(self, n):
        inputs, outputs = self.between(1, 40), self.between(1, 12)
        simd, pe = {0: (1, 1), 1: (inputs, outputs)}.get(n, (self.divisor(inputs), self.divisor(outputs)))
        activation, weight = self.widths(n, inputs)
        unit = dict(pixels=self.between(1, 9), groups=self.pick(1, 1, 3), inputs=inputs, outputs=outputs, simd=simd,
                    pe=pe, acc_bits=self.acc_bits(inputs, activation, weight), multiplier=self.between(0, 2))  # fmt: skip
        self.call("check_mvau", self.struct(**unit), self.code(activation), self.code(weight),
                  self.code(self.bits(n)), self.rounding())  # fmt: skip

    def depthwise(self, n):
        channels = self.between(1, 8)
        lanes = self.divisor(channels)
        window = self.window_members(channels, lanes, channels // lanes)
        taps = window["kernel_h"] * window["kernel_w"]
        activation, weight = self.widths(n, taps)
        unit = dict(pixels=window["out_height"] * window["out_width"], channels=channels, lanes=lanes, taps=taps,
                    acc_bits=self.acc_bits(taps, activation, weight), multiplier=self.between(0, 2))  # fmt: skip
        self.call("check_depthwise", self.struct(**window), self.struct(**unit), self.code(activation),
                  f"ap_int<{weight}>", self.code(self.bits(n)), self.rounding())  # fmt: skip

    def elementwise(self, n):
        pixels, folds, lanes = self.between(1, 9), self.between(1, 4), self.between(1, 5)
        bits = self.bits(n)
        self.call("check_requantize", pixels, folds, lanes, self.code(bits), self.code(self.bits(n)),
                  self.between(bits + 2, 32), self.rounding(), self.pick("true", "false"))  # fmt: skip
        self.call("check_requantize_by_pixel", pixels, folds, lanes, self.code(bits), self.code(self.bits(n)),
                  self.between(bits + 3, 32))  # fmt: skip
        self.call("check_thresholds", pixels, folds, lanes, self.pick(32, self.between(5, 31)), self.code(self.bits(n, 1, 4)))
        self.call("check_table", self.pick(1, 2, 4), self.code(self.bits(n, 1, 10)), self.code(self.bits(n)))
        self.call("check_add", pixels * folds, lanes, self.code(self.bits(n)), self.code(self.bits(n)), self.code(self.bits(n)))
        self.call("check_add", pixels * folds, lanes, "ap_uint<8>", "ap_int<8>", self.code(self.between(2, 8)))
        a, b = self.between(1, 15), self.between(1, 15)
        self.call("check_mul", pixels, folds, lanes, self.code(a), self.code(b), self.code(self.bits(n)),
                  self.between(a + b + 2, 32), self.rounding())  # fmt: skip
        self.call("check_global_sum", pixels, folds, lanes, self.code(self.bits(n)), self.code(self.bits(n)),
                  self.between(16 + 6, 32))  # fmt: skip

    def moves(self, n):
        lanes, factor = self.between(1, 5), self.between(1, 4)
        wide = lanes * factor
        self.call("check_width_converter", factor * self.between(1, 5), lanes, wide, self.code(self.bits(n)))
        self.call("check_width_converter", self.between(1, 5), wide, lanes, self.code(self.bits(n)))
        self.call("check_concat", self.between(1, 5), self.between(1, 3), self.between(1, 3), lanes, self.code(self.bits(n)))
        border = {side: self.between(0, 2) for side in ("top", "left", "bottom", "right")}
        pad = self.struct(height=self.between(1, 4), width=self.between(1, 4), folds=self.between(1, 3), **border)
        self.call("check_pad", pad, self.code(self.bits(n)), lanes)
        self.call("check_broadcasts", self.between(1, 6), self.between(1, 3), lanes, self.code(self.bits(n)))
        axes = self.random.sample(range(3), 3)
        self.call("check_transpose", *(self.between(1, 5) for _ in range(3)), *axes, self.code(self.bits(n)))
        self.call("check_duplicate", self.between(1, 9), lanes, self.code(self.bits(n)))

    def text(self):
        head = ['#include "check_elementwise.h"', '#include "check_windows.h"']
        tail = [
            "int main() {",
            *self.calls,
            '  std::printf("%d checks, %d failures\\n", checks(), failures());',
            "  return failures() != 0;",
            "}",
        ]
        return "\n".join(head + self.structs + tail) + "\n"


def main():
    cases = Cases(int(sys.argv[1]))
    for n in range(int(sys.argv[2])):
        cases.windows(n)
        cases.conv(n)
        cases.mvau(n)
        cases.depthwise(n)
        cases.elementwise(n)
        cases.moves(n)
    sys.stdout.write(cases.text())


if __name__ == "__main__":
    main()
