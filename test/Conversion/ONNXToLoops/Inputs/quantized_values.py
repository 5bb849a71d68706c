# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""quantized_values.py BUILD: ops of com.microsoft on codes, against ONNX Runtime and against what their documentation defines, in float64 [NUM-QNT-4].

A result is right when it is the code nearest to the exact value: off by half a step and what float32 rounds. Both have to be. Where all scales are
powers of two float32 rounds nothing, and quantc must round ties to even before it adds the zero point [NUM-QNT-1].
"""

import numpy as np
from one_node import STATIC, by_both, by_quantc

random = np.random.default_rng(7)
ULP = 2.0**-24


def codes(dtype, *shape):
    """With the least and the greatest code among them."""
    info = np.iinfo(dtype)
    values = random.integers(info.min, info.max + 1, shape).astype(dtype)
    values.ravel()[:2] = [info.min, info.max][:values.size]
    return values


def scale(exact=False):
    return np.array(2.0 ** random.integers(-6, -3) if exact else random.uniform(0.01, 0.1), np.float32)


def point(dtype):
    return codes(dtype, 3)[2].reshape(())


def real(x, s, z):
    return (x.astype(np.float64) - np.float64(z)) * np.float64(s)


def check_steps(what, result, steps, zero, roundings):
    """`steps`: the exact quotient by the result's scale. `roundings`: bound of its error in float32."""
    info = np.iinfo(result.dtype)
    off = np.abs(result - np.float64(zero) - np.clip(steps, info.min - np.float64(zero), info.max - np.float64(zero)))
    assert np.all(off <= 0.5 + roundings), f"{what}: off by {off.max()} steps"


def check(op, inputs, exact, zero, size=None, exactly=False, slack=0.0, **options):
    """`exact`: the result in steps of its scale. `size`: in steps, how large the numbers are that are added. `slack`: what more ONNX Runtime may be off
    where it does not compute what its documentation says."""
    roundings = 8 * ULP * (np.abs(exact) if size is None else size)
    (theirs,), (ours,) = by_both(op, inputs, static=next(STATIC), **options)
    check_steps(f"ONNX Runtime's {op}", theirs, exact, zero, roundings + slack)
    check_steps(op, ours, exact, zero, roundings)
    if exactly:
        info = np.iinfo(ours.dtype)
        np.testing.assert_array_equal(ours, np.clip(np.rint(exact) + np.float64(zero), info.min, info.max), err_msg=op)


def additions_and_products():
    shapes = [((2, 3, 40), (2, 3, 40)), ((2, 3, 40), (3, 1)), ((5,), (4, 1)), ((3, 7), ()), ((0, 3), (3,))]
    for dtype in (np.uint8, np.int8):
        for left, right in shapes:
            for exactly in (False, True):
                a, b, za, zb, zc = codes(dtype, *left), codes(dtype, *right), point(dtype), point(dtype), point(dtype)
                sa, sb, sc = scale(exactly), scale(exactly), scale(exactly) * np.float32(2)
                inputs = [a, sa, za, b, sb, zb, sc, zc]
                x, y = real(a, sa, za) / np.float64(sc), real(b, sb, zb) / np.float64(sc)
                # ONNX Runtime adds the zero points as floats: ties go elsewhere there.
                size = np.abs(x) + np.abs(y) + 512
                check("QLinearAdd", inputs, x + y, zc, size, exactly)
                check("QLinearMul", inputs, x * real(b, sb, zb), zc, exactly=exactly)


def functions():
    for dtype in (np.uint8, np.int8):
        x = np.arange(np.iinfo(dtype).min, np.iinfo(dtype).max + 1).astype(dtype).reshape(4, 64)
        for _ in range(3):
            sx, zx, sy, zy = scale(), point(dtype), scale(), point(dtype)
            v, step = real(x, sx, zx), np.float64(sy)
            check("QLinearLeakyRelu", [x, sx, zx, sy, zy], np.where(v < 0, v * np.float32(0.3), v) / step, zy, alpha=0.3)
            sy, zy = np.float32(1 / 256), np.iinfo(dtype).min
            check("QLinearSigmoid", [x, sx, zx, sy, dtype(zy)], 256 / (1 + np.exp(-v)), zy)
        sx, sy, zx = scale(True), np.float32(sx), point(dtype)
        check("QLinearLeakyRelu", [x, np.float32(0.25), zx, np.float32(0.5), zx], (lambda v: np.where(v < 0, v / 2, v))(real(x, 0.25, zx)) * 2, zx, exactly=True, alpha=0.5)


def softmax():
    for dtype in (np.uint8, np.int8):
        x, sx, zx, sy, zy = codes(dtype, 2, 3, 10), scale(), point(dtype), np.float32(1 / 256), dtype(np.iinfo(dtype).min)
        for axis, opset in ((-1, 13), (1, 13), (1, 12), (0, 11)):
            v = real(x, sx, zx)
            shaped = v if opset >= 13 else v.reshape(int(np.prod(v.shape[:axis])), -1)
            along = axis if opset >= 13 else 1
            powers = np.exp(shaped - shaped.max(axis=along, keepdims=True))
            exact = (powers / powers.sum(axis=along, keepdims=True)).reshape(x.shape)
            # ONNX Runtime takes the powers from a table of integers.
            check("QLinearSoftmax", [x, sx, zx, sy, zy], exact * 256, zy, size=64, slack=0.51, axis=axis, opset=opset)


def choices():
    for dtype in (np.uint8, np.int8):
        condition = random.integers(0, 2, (3, 1, 5)).astype(bool)
        x, y = codes(dtype, 4, 1), codes(dtype, 3, 4, 5)
        sx, zx, sy, zy, sz, zz = scale(), point(dtype), scale(), point(dtype), scale(), point(dtype)
        exact = np.where(condition, real(x, sx, zx), real(y, sy, zy)) / np.float64(sz)
        check("QLinearWhere", [condition, x, sx, zx, y, sy, zy, sz, zz], exact, zz)
        parts = [(codes(dtype, 2, n, 5), scale(), point(dtype)) for n in (3, 1, 4)]
        sy, zy = parts[0][1:]  # of the first operand: its codes are copied
        exact = np.concatenate([real(*part) for part in parts], axis=1) / np.float64(sy)
        check("QLinearConcat", [sy, zy, *[value for part in parts for value in part]], exact, zy, axis=1)
        check("QLinearConcat", [sy, zy, *[value for part in parts for value in part]], exact, zy, axis=-2)


def last(x, channels_last):
    return np.moveaxis(x, 1, -1).copy() if channels_last else x


def windows(x, kernel, strides, pads, ceil, value):
    """[(place, elements [N, C, n])] of a two-dimensional window; outside there is `value`."""
    h, w = x.shape[2:]
    # What ceil mode adds behind holds None, as what no window counts.
    padded = np.full((*x.shape[:2], h + 2 * pads + kernel, w + 2 * pads + kernel), np.nan)
    padded[:, :, :h + 2 * pads, :w + 2 * pads] = value
    padded[:, :, pads:pads + h, pads:pads + w] = x
    sizes = []
    for size in (h, w):
        places = (size + 2 * pads - kernel) / strides
        places = int(np.ceil(places) if ceil else np.floor(places)) + 1
        sizes.append(places - 1 if (places - 1) * strides >= size + pads else places)
    return sizes, [((i, j), padded[:, :, i * strides:i * strides + kernel, j * strides:j * strides + kernel].reshape(*x.shape[:2], -1))
                   for i in range(sizes[0]) for j in range(sizes[1])]


def pools():
    for dtype in (np.uint8, np.int8):
        for channels_last in (0, 1):
            x = codes(dtype, 2, 5, 7, 6)
            sx, zx, sy, zy = scale(), point(dtype), scale(), point(dtype)
            v = real(x, sx, zx)
            options = {"channels_last": channels_last}
            exact = v.mean(axis=(2, 3), keepdims=True) / np.float64(sy)
            check("QLinearGlobalAveragePool", [last(x, channels_last), sx, zx, sy, zy], last(exact, channels_last), zy, size=300, **options)
            for kernel, strides, pads, ceil, count in ((2, 1, 0, 0, 0), (3, 2, 1, 0, 0), (3, 2, 1, 0, 1), (3, 3, 0, 1, 0)):
                sizes, found = windows(v, kernel, strides, pads, ceil, 0.0 if count else np.nan)
                exact = np.zeros((2, 5, *sizes))
                for (i, j), elements in found:
                    exact[:, :, i, j] = np.nanmean(elements, axis=-1) / np.float64(sy)
                check("QLinearAveragePool", [last(x, channels_last), sx, zx, sy, zy], last(exact, channels_last), zy, size=600, kernel_shape=[kernel] * 2,
                      strides=[strides] * 2, pads=[pads] * 4, ceil_mode=ceil, count_include_pad=count, **options)
        for kernel, strides, pads, ceil in ((2, 1, 0, 0), (3, 2, 1, 0), (3, 3, 0, 1)):
            sizes, found = windows(x.astype(np.float64), kernel, strides, pads, ceil, np.nan)
            exact = np.zeros((2, 5, *sizes))
            for (i, j), elements in found:
                exact[:, :, i, j] = np.nanmax(elements, axis=-1)
            check("NhwcMaxPool", [last(x, True)], last(exact, True), 0, exactly=True, kernel_shape=[kernel] * 2, strides=[strides] * 2, pads=[pads] * 4, ceil_mode=ceil)


def means():
    """For which ONNX Runtime has no kernel."""
    x, sx, zx, sy, zy = codes(np.uint8, 3, 4, 5), scale(), point(np.uint8), scale(), point(np.uint8)
    for options in ({}, {"axes": [1]}, {"axes": [0, -1], "keepdims": 0}):
        axes = tuple(options.get("axes", (0, 1, 2)))
        exact = real(x, sx, zx).mean(axis=axes, keepdims=bool(options.get("keepdims", 1))) / np.float64(sy)
        (ours,) = by_quantc("QLinearReduceMean", [x, sx, zx, sy, zy], **options)
        assert ours.shape == exact.shape and ours.dtype == np.uint8
        check_steps("QLinearReduceMean", ours, exact, zy, 1e-4)


def to_codes():
    """QuantizeLinear and DequantizeLinear of files below opset 21; NaN is the zero point."""
    x = (random.standard_normal((3, 4)) * 40).astype(np.float32)
    x[0] = [np.inf, -np.inf, 1e30, 0.25]
    for dtype in (np.uint8, np.int8, np.uint16, np.int16):
        for s, z, axis in ((np.array(0.5, np.float32), point(dtype), 1), (np.array([0.1, 0.5, 2], np.float32), codes(dtype, 3), 0)):
            along = (slice(None), None) if s.ndim else ()
            check("QuantizeLinear", [x, s, z], x.astype(np.float64) / s[along], z.astype(np.float64)[along], axis=axis)
            q = codes(dtype, 3, 4)
            (theirs,), (ours,) = by_both("DequantizeLinear", [q, s, z], axis=axis)
            np.testing.assert_array_equal(ours, theirs)
    x[1] = np.nan
    for dtype in (np.uint8, np.int16):
        (ours,) = by_quantc("QuantizeLinear", [x, np.float32(0.5), dtype(77)])
        assert np.all(ours[1] == 77), ours


def main():
    for case in (additions_and_products, functions, softmax, choices, pools, means, to_codes):
        case()


if __name__ == "__main__":
    main()
