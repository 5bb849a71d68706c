# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""qonnx_values.py BUILD: the QONNX ops against their definition, written from the operator descriptions of QONNX (docs/qonnx-custom-ops) in NumPy [NUM-QNT-5].

Both compute in float32 with one rounding an operation, so results have to be equal.
"""

import itertools

import numpy as np
from one_node import STATIC, by_quantc

random = np.random.default_rng(3)
DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
# The table of the description of IntQuant.
NUMBERS = [5.5, 2.5, 1.6, 1.1, 1.0, -1.0, -1.1, -1.6, -2.5, -5.5]
ROUNDED = {
    "ROUND": [6, 2, 2, 1, 1, -1, -1, -2, -2, -6],
    "HALF_EVEN": [6, 2, 2, 1, 1, -1, -1, -2, -2, -6],
    "CEIL": [6, 3, 2, 2, 1, -1, -1, -1, -2, -5],
    "FLOOR": [5, 2, 1, 1, 1, -1, -2, -2, -3, -6],
    "UP": [6, 3, 2, 2, 1, -1, -2, -2, -3, -6],
    "DOWN": [5, 2, 1, 1, 1, -1, -1, -1, -2, -5],
    "ROUND_TO_ZERO": [5, 2, 1, 1, 1, -1, -1, -1, -2, -5],
    "HALF_UP": [6, 3, 2, 1, 1, -1, -1, -2, -3, -6],
    "HALF_DOWN": [5, 2, 2, 1, 1, -1, -1, -2, -2, -5],
}


def rounding(mode):
    away = {
        "UP": np.ceil,
        "HALF_UP": lambda x: np.floor(x + np.float32(0.5)),
        "HALF_DOWN": lambda x: np.ceil(x - np.float32(0.5)),
    }
    plain = {"ROUND": np.rint, "HALF_EVEN": np.rint, "CEIL": np.ceil, "FLOOR": np.floor, "DOWN": np.trunc, "ROUND_TO_ZERO": np.trunc}
    return plain[mode] if mode in plain else lambda x: np.sign(x) * away[mode](np.abs(x))


def limited(x, bits, signed, narrow):
    bits = np.asarray(bits, np.float32)
    high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
    low = -(2 ** (bits - 1)) + narrow if signed else 0 * bits
    x = np.where(x > high, high, x)
    return np.where(x < low, low, x)


def int_quant(x, scale, zero, bits, signed=1, narrow=0, rounding_mode="ROUND"):
    steps = x / scale + zero
    code = rounding(rounding_mode.upper())(limited(steps, bits, signed, narrow))
    if signed:
        code = np.where(np.asarray(bits) == 1, np.where(steps >= 0, 1, -1), code)
    return (code.astype(np.float32) - zero) * scale


def truncated(x, scale, zero, bits, to_bits, rounding_mode="FLOOR"):
    code = np.rint(x / scale + zero) / np.float32(2.0) ** (bits - to_bits)
    return (rounding(rounding_mode)(code) - zero) * scale


def truncated_scale(x, scale, zero, bits, to_scale, to_bits, signed=1, narrow=0, rounding_mode="FLOOR"):
    ratio = np.float32(2) ** np.rint(np.log2(to_scale / scale))
    code = rounding(rounding_mode)(limited(np.rint(x / scale + zero) / ratio, to_bits, signed, narrow))
    return (code - zero / ratio) * to_scale


def float_quant(x, scale, exponent_bits, mantissa_bits, bias, most, rounding_mode="ROUND", saturation=1, has_inf=0, has_nan=0):
    x = x / scale
    # floor(log2(|x|)) without what float32 rounds.
    exponent = np.where(np.isinf(x), np.float32(np.inf), np.frexp(np.abs(x) + np.finfo(np.float32).tiny)[1] - 1)
    step = np.float32(2) ** np.maximum(exponent - mantissa_bits, 1 - bias - mantissa_bits).astype(np.float32)
    value = step * rounding(rounding_mode)(x / step)
    most = np.minimum((2 - np.float32(2) ** -mantissa_bits) * np.float32(2) ** (np.float32(2) ** exponent_bits - 1 - bias), most)
    if saturation:
        return np.clip(value, -most, most) * scale
    beyond = np.float32(np.inf if has_inf else np.nan)
    return np.where(value > most, beyond, np.where(value < -most, -beyond, value)) * scale


def thresholds(x, levels, out_scale=1.0, out_bias=0.0, data_layout="NCHW"):
    axis = x.ndim - 1 if data_layout.endswith("C") else 1
    count = np.moveaxis((np.moveaxis(x, axis, -1)[..., None] >= levels).sum(-1), -1, axis)
    return (count.astype(np.float32) * np.float32(out_scale) + np.float32(out_bias)).astype(np.float32)


def check(op, inputs, expected, domain=DOMAINS[0], version=1, **attributes):
    (found,) = by_quantc(op, inputs, domain=domain, static=next(STATIC), opsets={domain: version}, **attributes)
    assert found.dtype == np.float32 and found.shape == expected.shape, f"{op}: {found.dtype} {found.shape}"
    np.testing.assert_array_equal(found, expected.astype(np.float32), err_msg=f"{op} {attributes}")


def f(*values):
    return np.array(values[0] if len(values) == 1 else values, np.float32)


def inputs(*shape):
    """Some ties, some beyond all codes, infinities and NaN."""
    x = (random.standard_normal(shape) * 20).astype(np.float32)
    x.ravel()[::3] = np.round(x.ravel()[::3] * 2) / 2
    x.ravel()[:5] = [np.inf, -np.inf, 0, -1e9, np.nan]
    return x


def rounding_modes():
    for mode, expected in ROUNDED.items():
        for spelled in (mode, mode.lower()):
            check("Quant", [f(*NUMBERS), f(1), f(0), f(8)], f(*expected), rounding_mode=spelled)


def quant():
    x = inputs(2, 3, 4, 5)
    for signed, narrow, bits in itertools.product((0, 1), (0, 1), (1, 2, 3, 8, 16)):
        check("Quant", [x, f(0.25), f(0), f(bits)], int_quant(x, f(0.25), f(0), bits, signed, narrow), signed=signed, narrow=narrow)
    for mode, domain in zip(ROUNDED, itertools.cycle(DOMAINS)):
        op = "Quant" if domain != DOMAINS[0] else "IntQuant"
        scale, zero = (random.uniform(0.1, 1, (1, 3, 1, 1))).astype(np.float32), f(2)
        check(op, [x, scale, zero, f(5)], int_quant(x, scale, zero, 5, 0, 0, mode), domain, signed=0, narrow=0, rounding_mode=mode)
    # A width for each channel, one of them of one bit, as integers.
    bits = np.array([1, 4, 7], np.int32).reshape(3, 1, 1)
    check("Quant", [x, f(0.5), f(0), bits], int_quant(x, f(0.5), f(0), bits, 1, 1), signed=1, narrow=1)
    zero = random.integers(-3, 4, (4, 1)).astype(np.float32)
    check("Quant", [x, f(0.3), zero, f(4)], int_quant(x, f(0.3), zero, 4), signed=1, narrow=0)


def bipolar():
    x = inputs(3, 5)
    x[2, :2] = [0.0, -0.0]
    for domain, scale in zip(DOMAINS, (f(0.7), f(2.0), random.uniform(0.1, 1, (3, 1)).astype(np.float32))):
        check("BipolarQuant", [x, scale], np.where(x >= 0, f(1), f(-1)) * scale, domain)


def trunc():
    x = (random.integers(-512, 512, (2, 3, 7)) * 0.25).astype(np.float32)
    for mode, domain in itertools.product(("FLOOR", "CEIL", "ROUND"), DOMAINS):
        args = [x, f(0.25), f(3), f(10), f(6)]
        check("Trunc", args, truncated(*args, mode), domain, rounding_mode=mode)
        for signed, narrow in ((0, 0), (1, 0), (1, 1)):
            args = [x, f(0.25), f(8), f(10), f(1.0), f(4)]
            expected = truncated_scale(*args, signed, narrow, mode)
            check("Trunc", args, expected, domain, 2, rounding_mode=mode, signed=signed, narrow=narrow)
    check("Trunc", args[:4] + [f(6)], truncated(*args[:4], f(6)))


def floats():
    x = inputs(4, 6)
    x[1] = [448, 464, 2**-9, 2**-10, 3 * 2**-10, 2 - 2**-23]
    for scale, exponent, mantissa, bias, most in ((1, 4, 3, 7, 448), (0.5, 5, 2, 15, 57344), (1, 2, 1, 1, 6)):
        args = [x, f(scale), f(exponent), f(mantissa), f(bias), f(most)]
        for mode in ("ROUND", "CEIL", "FLOOR"):
            # Infinity divided by its own step is NaN.
            with np.errstate(invalid="ignore"):
                check("FloatQuant", args, float_quant(*args, mode), rounding_mode=mode)
                check("FloatQuant", args, float_quant(*args, mode, 0, 1), rounding_mode=mode, saturation=0, has_inf=1)
                check("FloatQuant", args, float_quant(*args, mode, 0, 0, 1), rounding_mode=mode, saturation=0, has_nan=1)


def multi_threshold():
    levels = np.sort(random.standard_normal((3, 7)).astype(np.float32) * 10, axis=1)
    x = inputs(2, 3, 4, 5)
    x[0, :, 1, 1] = levels[:, 2]
    check("MultiThreshold", [x, levels], thresholds(x, levels), out_dtype="UINT3")
    check("MultiThreshold", [x, levels[:1]], thresholds(x, levels[:1], 2.0, -7.0), DOMAINS[1], out_dtype="INT4", out_scale=2.0, out_bias=-7.0)
    y = np.moveaxis(x, 1, -1).copy()
    check("MultiThreshold", [y, levels], thresholds(y, levels, data_layout="NHWC"), out_dtype="UINT3", data_layout="NHWC")
    y = x[:, :, 0, 0].copy()
    check("MultiThreshold", [y, levels], thresholds(y, levels, data_layout="NC"), out_dtype="UINT3", data_layout="NC")


def main():
    for case in (rounding_modes, quant, bipolar, trunc, floats, multi_threshold):
        case()


if __name__ == "__main__":
    main()
