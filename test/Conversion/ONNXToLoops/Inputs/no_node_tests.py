# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""no_node_tests.py BUILD: ops of ai.onnx that ONNX has no node tests of, and old forms that its newest ones do not reach, against ONNX Runtime."""

import numpy as np
from one_node import STATIC, by_both

random = np.random.default_rng(5)


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def both(op, inputs, opset=17, outputs=1, **attributes):
    for x, y in zip(*by_both(op, inputs, outputs, domain="", static=next(STATIC), opsets={"": opset}, **attributes), strict=True):
        np.testing.assert_allclose(y, x, rtol=1e-5, atol=1e-6, err_msg=f"{op} {opset}")


for p in (1, 2, 3):
    both("GlobalLpPool", [floats(2, 3, 4, 5)], p=p)
for op in ("Max", "Mean", "Min", "Sum"):
    for opset in (7, 8):
        both(op, [floats(2, 3), floats(2, 3), floats(2, 3)], opset)
