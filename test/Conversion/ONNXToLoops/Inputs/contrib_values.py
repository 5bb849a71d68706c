# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""contrib_values.py BUILD: ops of com.microsoft, a node a case, against ONNX Runtime."""

import numpy as np
from one_node import STATIC, by_both
from onnx import TensorProto

random = np.random.default_rng(1)


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


def ints(low, high, *shape):
    return random.integers(low, high, shape).astype(np.int32)


def both(op, inputs, outputs=1, ignore=(), **options):
    """Results of both for one node; those in `ignore` stay unchecked."""
    for index, (x, y) in enumerate(zip(*by_both(op, inputs, outputs, static=next(STATIC), declared=TensorProto.FLOAT, **options), strict=True)):
        if index not in ignore:
            np.testing.assert_allclose(y, x, rtol=1e-3, atol=1e-4, err_msg=f"{op} {options} {index}")


def activations():
    x, bias = floats(2, 3, 8), floats(8)
    for op in ("FastGelu", "BiasGelu"):
        both(op, [x, bias])
    for op in ("FastGelu", "Gelu", "QuickGelu"):
        both(op, [x])


def products():
    a, b = floats(2, 5, 3, 4), floats(2, 5, 4, 6)
    both("FusedMatMul", [a, b], alpha=0.5)
    both("FusedMatMul", [np.swapaxes(a, 2, 3).copy(), b], transA=1)
    both("FusedMatMul", [np.moveaxis(a, 2, 0).copy(), np.moveaxis(np.swapaxes(b, 2, 3), 2, 0).copy()], transBatchA=1, transBatchB=1, transB=1)
    both("FusedMatMul", [floats(2, 1, 3, 4), floats(5, 4, 5)])
    both("FusedGemm", [floats(3, 4), floats(5, 4), floats(5)], transB=1, activation="LeakyRelu", activation_alpha=0.2, beta=2.0)
    both("FusedConv", [floats(1, 4, 5, 5), floats(6, 2, 3, 3), floats(6)], group=2, pads=[1] * 4, activation="Clip", activation_params=[-0.5, 0.5])
    both("FusedConv", [floats(1, 4, 5, 5), floats(6, 4, 3, 3), floats(6), floats(1, 6, 3, 3)], activation="Relu")


def few_bits():
    for bits, inner, block, zeros in ((2, 64, 32, "bytes"), (4, 40, 16, "bytes"), (4, 40, 16, None), (4, 70, 32, "floats"), (8, 70, 32, "bytes")):
        columns, blocks = 67, -(-inner // block)
        weights = ints(0, 256, columns, blocks, block * bits // 8).astype(np.uint8)
        points = {"bytes": ints(0, 256, columns, -(-blocks * bits // 8)).astype(np.uint8), "floats": floats(columns, blocks), None: None}[zeros]
        both("MatMulNBits", [floats(2, 3, inner), weights, floats(columns, blocks), points], bits=bits, block_size=block, N=columns, K=inner)


def norms():
    x, row = floats(2, 3, 8), floats(8)
    for skip in (floats(2, 3, 8), floats(1, 3, 8), floats(3, 8)):
        both("SkipLayerNormalization", [x, skip, row, row, row], epsilon=1e-5)
    both("SkipSimplifiedLayerNormalization", [x, floats(2, 3, 8), row, row])
    both("SimplifiedLayerNormalization", [x, row], 2, domain="", axis=-1, epsilon=1e-6, stash_type=1)


def rotation():
    places = ints(0, 10, 2, 4).astype(np.int64)
    for interleaved in (0, 1):
        both("RotaryEmbedding", [floats(2, 4, 24), places, floats(10, 4), floats(10, 4)], interleaved=interleaved)
    both("RotaryEmbedding", [floats(2, 3, 4, 8), np.array([3]), floats(10, 4), floats(10, 4)])
    both("RotaryEmbedding", [floats(2, 4, 24), places, floats(10, 2), floats(10, 2)], num_heads=3, rotary_embedding_dim=4)


def attention():
    x, weights, bias = floats(2, 4, 10), floats(10, 72), floats(72)
    for mask in (None, ints(1, 5, 2), np.array([3, 4, 1, 0], np.int32), ints(0, 2, 2, 4), ints(0, 2, 2, 4, 4)):
        both("Attention", [x, weights, bias, mask], num_heads=3, mask_filter_value=-2.0)
    both("Attention", [x, weights, bias, ints(0, 2, 2, 9), floats(2, 2, 3, 5, 8)], 2, num_heads=3, unidirectional=1)
    both("Attention", [x, floats(10, 60), floats(60), None, None, floats(1, 3, 4, 4)], num_heads=3, qkv_hidden_sizes=[24, 24, 12])


def multi_head_attention():
    q, k, v = floats(2, 4, 24), floats(2, 6, 24), floats(2, 6, 24)
    for mask in (None, ints(1, 7, 2), ints(0, 2, 2, 6), ints(0, 2, 2, 4, 6)):
        both("MultiHeadAttention", [q, k, v, floats(72), mask, floats(1, 3, 4, 6)], 4, num_heads=3)
    both("MultiHeadAttention", [q, q, q, None, ints(0, 2, 2, 4)], 4, num_heads=3, unidirectional=1)
    both("MultiHeadAttention", [q, floats(2, 3, 6, 8), floats(2, 3, 6, 8), floats(72)], num_heads=3)
    both("MultiHeadAttention", [q, q, q, None, None, None, floats(2, 3, 5, 8), floats(2, 3, 5, 8)], 3, num_heads=3, unidirectional=1)


def group_query_attention():
    heads = {"num_heads": 4, "kv_num_heads": 2}
    angles = [floats(20, 8), floats(20, 8)]
    q, k, v = floats(2, 5, 64), floats(2, 5, 32), floats(2, 5, 32)
    prompt = [None, None, np.array([4, 4], np.int32), np.array(5, np.int32)]
    both("GroupQueryAttention", [q, k, v, *prompt], 3, **heads, softcap=0.7, local_window_size=2)
    both("GroupQueryAttention", [floats(2, 5, 128), None, None, *prompt, *angles], 3, **heads, do_rotary=1, rotary_interleaved=1)
    both("GroupQueryAttention", [q, k, v, *prompt, None, None, None, floats(2, 1, 5, 5), floats(4)], 4, **heads, qk_output=1)
    q, k, v = floats(2, 1, 64), floats(2, 1, 32), floats(2, 1, 32)
    # Rows of the caches behind a batch's last key may hold anything.
    ragged = [floats(2, 2, 12, 16), floats(2, 2, 12, 16), np.array([4, 7], np.int32), np.array(8, np.int32)]
    both("GroupQueryAttention", [q, k, v, *ragged, *angles], 3, ignore=(1, 2), **heads, do_rotary=1)


def main():
    for case in (activations, products, few_bits, norms, rotation, attention, multi_head_attention, group_query_attention):
        case()


if __name__ == "__main__":
    main()
