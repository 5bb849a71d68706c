# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""fused_values.py BUILD: quantized and fused ops of com.microsoft with float results, against ONNX Runtime, or against NumPy where it has no kernel."""

import numpy as np
from one_node import STATIC, by_both, by_quantc
from quantized_values import codes, point, random, scale

np.seterr(over="ignore")


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def ints(low, high, *shape):
    return random.integers(low, high, shape).astype(np.int32)


def close(op, expected, found):
    for index, (x, y) in enumerate(zip(expected, found, strict=True)):
        assert x.shape == y.shape and x.dtype == y.dtype, f"{op} {index}: {y.shape} {y.dtype}, expected {x.shape} {x.dtype}"
        np.testing.assert_allclose(y.astype(np.float64), x.astype(np.float64), rtol=1e-4, atol=1e-5, err_msg=f"{op} {index}")


def both(op, inputs, outputs=1, **options):
    close(op, *by_both(op, inputs, outputs, static=next(STATIC), **options))


def both_static(op, inputs, outputs=1, **options):
    """Where ONNX Runtime wants to know all sizes; quantc has to do without them, too."""
    (theirs, ours) = by_both(op, inputs, outputs, static=True, **options)
    close(op, theirs, ours)
    close(op, theirs, by_quantc(op, inputs, outputs, **options))


def alone(op, inputs, expected, **options):
    close(op, [np.asarray(x, np.float32) for x in expected], by_quantc(op, inputs, len(expected), static=next(STATIC), **options))


def attention():
    for dtype in (np.uint8, np.int8):
        x, w, bias = codes(np.uint8, 2, 4, 10), codes(dtype, 10, 72), floats(72)
        sx, sw = np.float32(0.004), np.float32(0.006)
        for mask in (None, ints(1, 5, 2), ints(0, 2, 2, 4)):
            both("QAttention", [x, w, bias, sx, sw, mask, point(np.uint8), point(dtype)], num_heads=3)
    columns = random.uniform(0.001, 0.01, 72).astype(np.float32)
    both("QAttention", [x, w, bias, sx, columns, None, point(np.uint8), codes(dtype, 72), floats(2, 2, 3, 5, 8)], 2, num_heads=3, unidirectional=1)


def embeddings():
    ids, segments, mask = ints(0, 20, 2, 5), ints(0, 2, 2, 5), ints(0, 2, 2, 5)
    words, places, kinds, gamma, beta = floats(20, 8), floats(9, 8), floats(2, 8), floats(8), floats(8)
    both_static("EmbedLayerNormalization", [ids, segments, words, places, kinds, gamma, beta, mask], 2, epsilon=1e-5)
    both_static("EmbedLayerNormalization", [ids, None, words, places, None, gamma, beta, None, ints(0, 9, 1, 5)], 3)
    for dtype in (np.uint8, np.int8):
        tables = [codes(dtype, 20, 8), codes(dtype, 9, 8), codes(dtype, 2, 8), codes(dtype, 8), codes(dtype, 8)]
        scales, zeros = [scale() for _ in tables], [point(dtype) for _ in tables]
        both_static("QEmbedLayerNormalization", [ids, segments, *tables, mask, *scales, *zeros], 2)
        for values in (tables, scales, zeros):
            values[2] = None
        both_static("QEmbedLayerNormalization", [ids, None, *tables, None, *scales, *zeros], 2)


def recurrent():
    time, batch, inputs, hidden = 5, 3, 6, 4
    for dtype, direction in ((np.uint8, "forward"), (np.int8, "reverse"), (np.int8, "bidirectional")):
        directions = 2 if direction == "bidirectional" else 1
        w, r = codes(dtype, directions, inputs, 4 * hidden), codes(dtype, directions, hidden, 4 * hidden)
        for each in (False, True):
            shape = (directions, 4 * hidden) if each else (directions,)
            sw, sr = (random.uniform(0.002, 0.004, shape).astype(np.float32) for _ in range(2))
            zw, zr = (np.full(shape, 0 if dtype == np.int8 else 120, dtype) for _ in range(2))
            given = [floats(time, batch, inputs), w, r, floats(directions, 8 * hidden), None, None, None, None, sw, zw, sr, zr]
            both("DynamicQuantizeLSTM", given, 3, hidden_size=hidden, direction=direction)
            given[5:8] = [floats(directions, batch, hidden), floats(directions, batch, hidden), floats(directions, 3 * hidden)]
            both("DynamicQuantizeLSTM", given, 3, hidden_size=hidden, direction=direction, clip=0.8)


def tables():
    for indices in (ints(0, 7, 3), ints(-7, 7, 2, 4), np.array([3, 7, -8], np.int32)):
        for bits in (2, 4, 8):
            data = codes(np.uint8, 7, 40 * bits // 8)
            scales = random.uniform(0.1, 1, (7, 3)).astype(np.float32)
            zeros = codes(np.uint8, 7, -(-3 * bits // 8))
            for z in (zeros, None):
                both_static("GatherBlockQuantized", [data, indices, scales, z], bits=bits, block_size=16, gather_axis=0, quantize_axis=1)


def four_bit_floats():
    for kind in (0, 1):
        columns, inner, block = 66, 48, 16
        weights, scales = codes(np.uint8, columns * inner // 2), random.uniform(0.1, 1, columns * inner // block).astype(np.float32)
        both("MatMulBnb4", [floats(2, 3, inner), weights, scales], N=columns, K=inner, block_size=block, quant_type=kind)


def like_the_standard():
    x = floats(2, 4, 5)
    both("Trilu", [x], upper=0)
    both("Trilu", [x, np.array(1, np.int64)])
    image, grid = floats(1, 2, 5, 6), random.uniform(-1.2, 1.2, (1, 3, 4, 2)).astype(np.float32)
    for mode in ("bilinear", "nearest", "bicubic"):
        both("GridSample", [image, grid], mode=mode, padding_mode="border", align_corners=1)
    both("TransposeMatMul", [floats(2, 4, 3), floats(2, 4, 5)], transA=1, alpha=0.5)
    q, k, v = floats(2, 3, 16), floats(2, 3, 8), floats(2, 3, 12)
    heads = {"q_num_heads": 4, "kv_num_heads": 2}
    both("LinearAttention", [q, k, v], 2, **heads, update_rule="linear")
    decay, beta, past = -np.abs(floats(2, 3, 2)), random.uniform(0, 1, (2, 3, 2)).astype(np.float32), floats(2, 2, 4, 6)
    both("LinearAttention", [q, k * np.float32(0.3), v, past, decay, beta], 2, **heads, update_rule="gated_delta")
    both("CausalConvWithState", [floats(2, 4, 7), floats(4, 1, 3), floats(4), floats(2, 4, 2)], 2, activation="silu")
    both("CausalConvWithState", [floats(2, 4, 7), floats(4, 1, 3)], 2)


def erf(x):
    import math
    return np.vectorize(math.erf)(x.astype(np.float64))


def group_norms():
    x, gamma, beta, bias = floats(2, 3, 5, 8), floats(8), floats(8), floats(8)

    def reference(s, groups, swish):
        parts = s.astype(np.float64).reshape(2, 15, groups, 8 // groups)
        centred = parts - parts.mean(axis=(1, 3), keepdims=True)
        y = (centred / np.sqrt((centred**2).mean(axis=(1, 3), keepdims=True) + np.float32(1e-5))).reshape(s.shape) * gamma + beta
        return y / (1 + np.exp(-y)) if swish else y

    first = lambda t: np.moveaxis(t, -1, 1).copy()  # noqa: E731
    for groups, activation in ((2, 0), (4, 1)):
        options = {"groups": groups, "activation": activation}
        alone("GroupNorm", [x, gamma, beta], [reference(x, groups, activation)], **options)
        alone("GroupNorm", [first(x), gamma, beta], [first(reference(x, groups, activation))], **options, channels_last=0)
        for skip in (floats(2, 3, 5, 8), floats(2, 1, 1, 8), floats(2, 8)):
            for shift in (bias, None):
                s = x + skip.reshape(2, *([1, 1, 8] if skip.size == 16 else [3, 5, 8])) + (0 if shift is None else shift)
                alone("SkipGroupNorm", [x, gamma, beta, skip, shift], [reference(s, groups, activation), s], **options)


def sums():
    x, skip, bias = floats(2, 3, 8), floats(2, 3, 8), floats(8)
    alone("BiasAdd", [x, bias, skip], [x + bias + skip])
    left, right = np.split((x + bias).astype(np.float64), 2, axis=-1)
    alone("BiasSplitGelu", [x, bias], [left * right * 0.5 * (1 + erf(right / np.sqrt(2)))])
    scores = floats(2, 3, 4, 5)
    for mask, axis, inner in ((floats(2, 1, 1, 5), 3, 1), (floats(1, 1, 4, 5), 3, 0), (floats(2, 1, 4, 5), 2, 1)):
        summed = (scores + mask).astype(np.float64).reshape(*scores.shape[:axis], -1)
        powers = np.exp(summed - summed.max(axis=-1, keepdims=True))
        alone("BiasSoftmax", [scores, mask], [(powers / powers.sum(axis=-1, keepdims=True)).reshape(scores.shape)], axis=axis, is_inner_broadcast=inner)


def main():
    for case in (attention, embeddings, recurrent, tables, four_bit_floats, like_the_standard, group_norms, sums):
        case()


if __name__ == "__main__":
    main()
