# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""sampling_values.py BUILD: one node a case, with inputs of sizes that only the run knows, against what NumPy gives."""

import os
import sys

import numpy as np
from onnx import TensorProto, helper

sys.path.insert(0, os.path.join(sys.argv[1], "python"))
import quantc.backend as quantc  # noqa: E402

CODES = {"float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8, "int8": TensorProto.INT8}


def run(op, inputs, opset, outputs=1, **attributes):
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    given = [(name, x) for name, x in zip(names, inputs) if x is not None]
    declared = [helper.make_tensor_value_info(name, CODES[x.dtype.name], [f"{name}_{i}" for i in range(x.ndim)]) for name, x in given]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, name="n", **attributes)
    graph = helper.make_graph([node], "g", declared, [helper.make_empty_tensor_value_info(name) for name in results])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return quantc.prepare(model).run([x for _, x in given])


def same(found, expected):
    np.testing.assert_allclose(np.asarray(found, np.float64), expected, rtol=1e-5, atol=1e-6)


def refuses(text, *node, **attributes):
    try:
        run(*node, **attributes)
    except RuntimeError as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no message: {text}")


def f32(*values):
    return np.array(values, np.float32)


def i64(*values):
    return np.array(values, np.int64)


def size_of_ten_at_0_7_was_six():
    assert run("Resize", [np.zeros(10, np.float32), None, f32(0.7)], 13)[0].shape == (7,)


def nearest_element_at_1_5_over_0_6_was_one_too_low():
    x = np.arange(10, dtype=np.float32)
    found = run("Resize", [x, None, f32(0.6)], 13, mode="nearest", nearest_mode="floor")[0]
    same(found, np.floor((x[:6] + 0.5) / np.float32(0.6) - 0.5))


def nearest_of_opset_10_took_the_element_before_when_it_shrinks():
    same(run("Resize", [f32(1, 2, 3, 4), f32(0.6)], 10, mode="nearest")[0], [1, 3])


def cubic_overshoot_of_integers_wrapped():
    for dtype, low, high in ((np.uint8, 0, 255), (np.int8, -128, 127)):
        x = np.array([low, low, high, high], dtype)
        found = run("Resize", [x.reshape(1, 4), None, f32(1, 2)], 13, mode="cubic")[0]
        assert found.min() == low and found.max() == high and np.all(np.diff(found.astype(int)) >= 0), found


def roi_without_elements_was_read():
    same(run("Resize", [f32(1, 3), f32(), f32(2)], 13, mode="linear", coordinate_transformation_mode="align_corners")[0],
         [1, 1 + 2 / 3, 1 + 4 / 3, 3])


def cubic_grid_moved_the_place_to_the_border():
    x, place = f32(1, 5, 2, 7), -0.4  # in pixels
    fraction = place - np.floor(place)

    def weight(d, a=-0.75):
        return (a + 2) * d**3 - (a + 3) * d**2 + 1 if d <= 1 else a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a

    taps = [np.clip(int(np.floor(place)) + i, 0, 3) for i in (-1, 0, 1, 2)]
    expected = sum(x[tap] * weight(abs(i - fraction)) for tap, i in zip(taps, (-1, 0, 1, 2)))
    grid = f32((place + 0.5) / 2 - 1, 0).reshape(1, 1, 1, 2)
    same(run("GridSample", [x.reshape(1, 1, 1, 4), grid], 20, mode="cubic", padding_mode="border")[0].ravel(), [expected])


def short_half_spectrum_repeated_its_last_element():
    x = np.random.default_rng(0).standard_normal((1, 4, 2)).astype(np.float32)
    found = run("DFT", [x, np.array(12, np.int64), np.array(1, np.int64)], 20, inverse=1, onesided=1)[0]
    same(found[..., 0], np.fft.irfft(x[..., 0] + 1j * x[..., 1].astype(np.float64), n=12))


def nan_was_equal_to_every_number_in_unique():
    values, first, inverse, counts = run("Unique", [f32(2, np.nan, 1, 2, np.nan, 1)], 11, 4)
    same(values, [1, 2, np.nan])
    assert [list(x) for x in (first, inverse, counts)] == [[2, 0, 1], [1, 2, 0, 1, 2, 0], [2, 2, 2]]
    assert list(run("Unique", [f32(2, np.nan, 1, 2)], 11, 4, sorted=0)[1]) == [0, 1, 2]


def long_orders():
    x = np.random.default_rng(0).integers(0, 50, 5000).astype(np.float32)
    for k in (0, 1, 37, 5000):
        for largest in (0, 1):
            values, places = run("TopK", [x, i64(k)], 11, 2, largest=largest)
            order = np.argsort(-x if largest else x, kind="stable")[:k]
            assert np.array_equal(places, order) and np.array_equal(values, x[order])
    assert list(run("TopK", [f32(1, np.nan, 3, np.nan), i64(4)], 11, 2)[1]) == [2, 0, 1, 3]


def wrong_sizes_read_outside():
    refuses("expected a scale for each axis", "Resize", [np.zeros((2, 3), np.float32), None, f32(2)], 13)
    refuses("an axis without elements cannot grow", "Resize", [np.zeros(0, np.float32), None, None, i64(2)], 13)
    refuses("expected one depth and two values", "OneHot", [i64(1), i64(3), f32(1)], 11)
    x, w, r = (np.zeros(shape, np.float32) for shape in ((4, 2, 3), (1, 20, 3), (1, 20, 5)))
    refuses("do not fit each other", "LSTM", [x, w, r, None, None, np.zeros((1, 1, 10), np.float32)], 14, hidden_size=5)
    image, weight = np.zeros((1, 2, 4, 4), np.float32), np.zeros((3, 2, 2, 2), np.float32)
    offset, mask = np.zeros((1, 8, 3, 3), np.float32), np.zeros((1, 3, 3, 3), np.float32)
    refuses("do not fit the input", "DeformConv", [image, weight, offset, None, mask], 19)


for case in (size_of_ten_at_0_7_was_six, nearest_element_at_1_5_over_0_6_was_one_too_low,
             nearest_of_opset_10_took_the_element_before_when_it_shrinks, cubic_overshoot_of_integers_wrapped,
             roi_without_elements_was_read, cubic_grid_moved_the_place_to_the_border,
             short_half_spectrum_repeated_its_last_element, nan_was_equal_to_every_number_in_unique, long_orders,
             wrong_sizes_read_outside):
    case()
