# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""integer_values.py BUILD: matrix products and convolutions of codes in com.microsoft, against ONNX Runtime and against exact sums.

Codes have to be the nearest ones (see quantized_values.py); floats to be within what float32 rounds of the exact value.
"""

import numpy as np
from one_node import STATIC, by_both, by_quantc
from quantized_values import ULP, check_steps, codes, last, point, random, scale


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def check_floats(op, inputs, exact, size, run=by_both, **options):
    for result in run(op, inputs, static=next(STATIC), **options):
        result = [result] if run is by_quantc else result
        off = np.abs(result[0] - exact)
        assert result[0].dtype == np.float32 and np.all(off <= 8 * ULP * size), f"{op}: off by {off.max()}"


def check_codes(op, inputs, exact, zero, **options):
    for (result,) in by_both(op, inputs, static=next(STATIC), **options):
        check_steps(op, result, exact, zero, 8 * ULP * (np.abs(exact) + 256))


def columns(size, some):
    """A scale, or one for each column."""
    return random.uniform(0.01, 0.1, size).astype(np.float32) if some else scale()


def gemms():
    for type_a, type_b in ((np.uint8, np.int8), (np.uint8, np.uint8), (np.int8, np.int8)):
        for trans_a, trans_b, some, bias in ((0, 0, False, None), (1, 0, True, (7,)), (0, 1, True, (5, 7)), (1, 1, False, (5, 1))):
            a, b = codes(type_a, 5, 9), codes(type_b, 9, 7)
            sa, za, sb = scale(), point(type_a), columns(7, some)
            zb = codes(type_b, 7) if some else point(type_b)
            c = None if bias is None else random.integers(-5000, 5000, bias).astype(np.int32)
            sums = (a.astype(np.int64) - za) @ (b.astype(np.int64) - zb) + (0 if c is None else c)
            exact = sums * (np.float64(np.float32(0.75)) * sa * sb.astype(np.float64))
            given = [a.T.copy() if trans_a else a, sa, za, b.T.copy() if trans_b else b, sb, zb, c]
            options = {"transA": trans_a, "transB": trans_b, "alpha": 0.75}
            check_floats("QGemm", given, exact, np.abs(exact), **options)
            sy, zy = np.float32(3.5), point(type_a)
            check_codes("QGemm", [*given, sy, zy], exact / np.float64(sy), zy, **options)


def products():
    for type_b in (np.int8, np.uint8):
        for shape, some, bias in (((4, 9), False, False), ((2, 4, 9), True, True), ((2, 3, 4, 9), True, False)):
            b, sb = codes(type_b, 9, 7), columns(7, some)
            zb = codes(type_b, 7) if some else None
            shift = floats(7) if bias else None
            weights = b.astype(np.int64) - (0 if zb is None else zb)
            more = 0.0 if shift is None else shift.astype(np.float64)
            for type_a in (np.uint8, np.int8):
                a, sa, za = codes(type_a, *shape), scale(), point(type_a)
                exact = ((a.astype(np.int64) - za) @ weights) * (np.float64(sa) * sb)
                run = by_quantc if type_a == np.int8 and type_b == np.uint8 else by_both  # for which ONNX Runtime has no kernel
                check_floats("MatMulIntegerToFloat", [a, b, sa, sb, za, zb, shift], exact + more, np.abs(exact) + np.abs(more), run)
            x = floats(*shape)
            low, high = min(x.min(), 0), max(x.max(), 0)
            sx = np.float32(high - low) / np.float32(255)
            zx = np.clip(np.rint(-low / sx), 0, 255)
            quotients = x / sx
            assert np.abs(quotients - np.floor(quotients) - 0.5).min() > 1e-5, "a tie in the data"
            exact = ((np.clip(np.rint(quotients) + zx, 0, 255) - zx).astype(np.int64) @ weights) * (np.float64(sx) * sb)
            check_floats("DynamicQuantizeMatMul", [x, b, sb, zb, shift], exact + more, np.abs(exact) + np.abs(more))
    a, b = codes(np.int16, 2, 3, 4), codes(np.int16, 4, 5)
    for result in by_both("MatMulInteger16", [a, b]):
        wrapped = (a.astype(np.int64) @ b.astype(np.int64)).astype(np.int32)
        np.testing.assert_array_equal(result[0], wrapped)


def convolve(x, w, strides, pads, group):
    """Exact sums of a convolution of [N, C, H, W]."""
    padded = np.pad(x, ((0, 0), (0, 0), (pads, pads), (pads, pads)))
    kernel = w.shape[2]
    out = [(size - kernel) // strides + 1 for size in padded.shape[2:]]
    result = np.zeros((x.shape[0], w.shape[0], *out), np.int64)
    per_in, per_out = w.shape[1], w.shape[0] // group
    for g in range(group):
        for i in range(out[0]):
            for j in range(out[1]):
                patch = padded[:, g * per_in:(g + 1) * per_in, i * strides:i * strides + kernel, j * strides:j * strides + kernel]
                result[:, g * per_out:(g + 1) * per_out, i, j] = np.einsum("nchw,ochw->no", patch, w[g * per_out:(g + 1) * per_out])
    return result


def convolutions():
    for channels_last in (0, 1):
        for type_w, group, some in ((np.int8, 1, True), (np.uint8, 2, False)):
            x, w = codes(np.uint8, 2, 4, 6, 5), codes(type_w, 6, 4 // group, 3, 3)
            sx, zx, sw = scale(), point(np.uint8), columns(6, some)
            zw = np.zeros(6, type_w) if some else point(type_w)
            bias = random.integers(-5000, 5000, 6).astype(np.int32)
            sums = convolve(x.astype(np.int64) - zx, w.astype(np.int64) - (zw if zw.ndim == 0 else 0), 2, 1, group) + bias[:, None, None]
            sy, zy = np.float32(9.5), point(np.uint8)
            exact = sums * (np.float64(sx) * (sw[:, None, None] if some else sw)) / np.float64(sy)
            check_codes("QLinearConv", [last(x, channels_last), sx, zx, w, sw, zw, sy, zy, bias], last(exact, channels_last), zy, kernel_shape=[3, 3],
                        strides=[2, 2], pads=[1] * 4, group=group, channels_last=channels_last)


def main():
    for case in (gemms, products, convolutions):
        case()


if __name__ == "__main__":
    main()
