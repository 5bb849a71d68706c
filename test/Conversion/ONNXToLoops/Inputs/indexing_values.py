# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""indexing_values.py BUILD: operands that do not fit each other end the run of attention, scatter and loss ops, or are refused."""

import os
import sys

import numpy as np
from onnx import helper

sys.path.insert(0, os.path.join(sys.argv[1], "python"))
import quantc.backend as quantc  # noqa: E402


def run(op, inputs, opset, **attributes):
    """One node whose inputs have sizes that only the run knows."""
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    given = [(name, x) for name, x in zip(names, inputs) if x is not None]
    declared = [helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(x.dtype), [None] * x.ndim) for name, x in given]
    node = helper.make_node(op, names, ["y"], name="n", **attributes)
    graph = helper.make_graph([node], "g", declared, [helper.make_empty_tensor_value_info("y")])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    return quantc.prepare(model).run([x for _, x in given])[0]


def refuses(text, *node, **attributes):
    try:
        run(*node, **attributes)
    except (RuntimeError, quantc.Unsupported) as error:
        assert text in str(error), error
    else:
        raise AssertionError(f"no message: {text}")


def zeros(*shape):
    return np.zeros(shape, np.float32)


def i64(*values):
    return np.array(values, np.int64)


def absent_operand_was_dereferenced():
    refuses("expected input 1, but it is absent", "Gather", [zeros(3, 4)], 13)
    refuses("expected input 1, but it is absent", "ReverseSequence", [zeros(3, 4)], 13)
    refuses("expected input 2, but it is absent", "Attention", [zeros(1, 1, 1, 1)] * 2, 23)


def past_of_another_batch_was_written_outside():
    q, past = zeros(2, 2, 3, 8), zeros(3, 2, 5, 8)
    refuses("the past has another batch", "Attention", [q, q, q, None, past, past], 23)


def keys_of_another_batch_were_read_outside():
    q, k = zeros(2, 2, 3, 8), zeros(1, 2, 3, 8)
    refuses("do not fit each other", "Attention", [q, k, k], 23)


def mask_of_another_size_was_read_outside():
    q = zeros(2, 2, 3, 8)
    refuses("a mask or bias does not fit", "Attention", [q, q, q, zeros(2, 3, 3)[:, :2]], 23)
    refuses("expected a length for each batch", "Attention", [q, q, q, None, None, None, i64(1)], 24)


def too_few_write_indices_were_read_outside():
    refuses("expected an index for each batch", "TensorScatter", [zeros(2, 6, 4), zeros(2, 2, 4), i64(0)], 24)


def too_few_class_weights_were_read_outside():
    refuses("expected a weight for each class", "NegativeLogLikelihoodLoss", [zeros(3, 5), i64(0, 1, 2), zeros(4)], 13)


def state_of_size_one_was_read_outside():
    x = zeros(1, 3, 8)
    refuses("the state has another size", "LinearAttention", [x, x, x, zeros(1, 1, 4, 4)], 27, update_rule="linear", q_num_heads=2, kv_num_heads=2)


def causal_queries_of_an_outer_cache_began_at_its_start():
    """Queries are the last of the valid keys: the first of 2 sees 3 of 4 valid keys, the second all."""
    q, k, v = zeros(1, 1, 2, 1), zeros(1, 1, 5, 1), np.arange(5, dtype=np.float32).reshape(1, 1, 5, 1)
    found = run("Attention", [q, k, v, None, None, None, i64(4)], 24, is_causal=1)
    np.testing.assert_allclose(found.flatten(), [1, 1.5], rtol=1e-6)


def depth_of_indices_that_only_ranks_tell_was_refused():
    found = run("ScatterND", [zeros(4, 2), i64(0, 3, -2).reshape(3, 1), zeros(3, 2) + 1], 16)
    np.testing.assert_array_equal(found[:, 0], [1, 0, 1, 1])
    refuses("another number of axes", "ScatterND", [zeros(4, 2), i64(0, 1).reshape(1, 2), zeros(1, 2)], 16)


def main():
    for case in (
        absent_operand_was_dereferenced,
        past_of_another_batch_was_written_outside,
        keys_of_another_batch_were_read_outside,
        mask_of_another_size_was_read_outside,
        too_few_write_indices_were_read_outside,
        too_few_class_weights_were_read_outside,
        state_of_size_one_was_read_outside,
        causal_queries_of_an_outer_cache_began_at_its_start,
        depth_of_indices_that_only_ranks_tell_was_refused,
    ):
        case()


if __name__ == "__main__":
    main()
