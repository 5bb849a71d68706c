# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs `functions.onnx` of make_models.py after inlining, and compares with what its functions say."""

import sys

import numpy as np
import onnxruntime


def inner(a, slope, shift=np.float32(0.25)):
    return np.where(a < 0, np.float32(slope) * a, a) + np.float32(shift)


def outer(x, slope):
    i = inner(x, slope)
    return i, -i * i


session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
x = np.random.default_rng(0).standard_normal((2, 3)).astype(np.float32)
for cond in (True, False):
    p, q = outer(x, 0.5)
    y = outer(inner(p, 2.0, 1.0) if cond else -q, 0.125)[1]
    for result, expected in zip(session.run(None, {"x": x, "cond": np.array(cond)}), (p, q, y), strict=True):
        print("equal" if np.array_equal(result, expected) else f"{result} differs from {expected}")
