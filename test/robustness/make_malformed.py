#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes malformed ONNX models and `manifest.json`: make_malformed.py FOLDER [--mutations N].

The manifest lists {"case", "path" (in FOLDER), "exit": 2}: every model must be refused. With --mutations,
`mutations.json` lists N randomly damaged models, which may be refused or not ("exit": null), but never
crash a reader. The same call writes the same files.
"""

import argparse
import json
import os
import random

import numpy as np
import onnx
from malformed_parts import (
    F, Writer, external_cases, field, function, info, message, model, node, raw, tensor, varint, with_functions,
)  # fmt: skip
from onnx import TensorProto, helper

CASES = {}


def cases(prefix):
    """Registers a generator of (name, model or bytes) pairs."""

    def register(generate):
        CASES[prefix] = generate
        return generate

    return register


def base():
    """A valid model with weights, a subgraph and a function."""
    body = helper.make_graph([node("Neg", ["x"], ["z"])], "body", [], [info("z")])
    nodes = [node("If", ["c"], ["i"], then_branch=body, else_branch=body), node("Twice", ["i"], ["t"], domain="f"),
             node("Mul", ["t", "w"], ["y"])]  # fmt: skip
    twice = function("Twice", ["a"], ["b"], [node("Add", ["a", "a"], ["b"])])
    inputs = [info("x"), info("c", (), TensorProto.BOOL)]
    return with_functions(nodes, [twice], inputs=inputs, initializers=[tensor("w", np.ones((2, 3), np.float32))])


def graph_with(*nodes, **keywords):
    return model(list(nodes), **keywords)


@cases("truncated")
def truncated():
    # Inside the graph: a cut between fields of the model may leave a smaller, valid model.
    data, graph = base().SerializeToString(), base().graph.SerializeToString()
    start = data.index(graph)
    cuts = [1, 2, 3] + [start + len(graph) * k // 30 for k in range(30)] + [start + len(graph) - 1]
    for cut in cuts:
        yield f"at_{cut}", data[:cut]


@cases("not_a_model")
def not_a_model():
    rng = random.Random(1)
    yield "empty", b""
    yield "zeros", bytes(1000)
    yield "ones", b"\xff" * 1000
    yield "random", bytes(rng.randrange(256) for _ in range(1000))
    yield "text", b"ir_version: 8\ngraph { name: 'g' }\n"
    yield "png", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "zip", b"PK\x03\x04" + bytes(100)
    yield "tensor", tensor("w", np.ones((2, 3), np.float32)).SerializeToString()
    yield "graph_only", base().graph.SerializeToString()


@cases("wire")
def wire():
    good = base()
    good.ClearField("graph")
    rest, graph = good.SerializeToString(), base().graph.SerializeToString()
    yield "graph_as_number", varint(7 << 3) + varint(5) + rest
    yield "graph_as_fixed", varint(7 << 3 | 1) + bytes(8) + rest
    yield "tag_zero", b"\x00\x00" + field(7, graph) + rest
    for kind in (3, 4, 6, 7):
        yield f"wire_type_{kind}", varint(7 << 3 | kind) + rest
    yield "length_beyond_file", varint(7 << 3 | 2) + varint(len(graph) + 1000) + graph
    yield "length_2_to_63", varint(7 << 3 | 2) + varint(2**63) + graph
    yield "length_all_ones", varint(7 << 3 | 2) + b"\xff" * 9 + b"\x01" + graph
    yield "varint_of_11_bytes", varint(1 << 3) + b"\xff" * 11 + field(7, graph) + rest
    yield "inner_beyond_outer", field(7, varint(1 << 3 | 2) + varint(500) + b"\x0a\x01x") + rest
    yield "raw_data_beyond_tensor", field(7, field(5, varint(9 << 3 | 2) + varint(1 << 40))) + rest
    yield "name_beyond_node", field(7, field(1, varint(3 << 3 | 2) + varint(99))) + rest
    yield "fixed32_cut", field(7, field(1, field(5, varint(2 << 3 | 5) + b"\0\0"))) + rest
    deep = b""
    for _ in range(2000):
        deep = field(1, field(5, field(6, deep)))
    yield "deep_subgraphs", field(7, deep) + rest
    deep = b""
    for _ in range(3000):
        deep = field(4, field(1, deep))
    yield "deep_types", field(7, field(11, field(2, deep))) + rest
    deep = b""
    for _ in range(3000):
        deep = field(9, field(1, deep))
    yield "deep_optional_attribute", field(7, field(1, field(5, field(1, b"a") + field(14, deep)))) + rest


@cases("opset")
def opset():
    relu = node("Relu", ["x"], ["y"])
    for version in (-1, 0, 28, 2**62):
        yield f"version_{version}", model([relu], opsets=[("", version)])
    yield "no_import", model([relu], opsets=[])
    yield "other_domain_only", model([relu], opsets=[("com.microsoft", 1)])
    yield "two_versions", model([relu], opsets=[("", 13), ("", 14)])
    yield "two_spellings", model([relu], opsets=[("", 13), ("ai.onnx", 14)])
    yield "unknown_domain", model([node("Relu", ["x"], ["y"], domain="nobody")])


@cases("names")
def names():
    relu = node("Relu", ["x"], ["y"])
    yield "undefined_input", graph_with(node("Relu", ["nowhere"], ["y"]))
    yield "misspelt_input", graph_with(node("Relu", ["X"], ["y"]))
    yield "undefined_output", graph_with(node("Relu", ["x"], ["z"]))
    yield "no_op_type", graph_with(node("", ["x"], ["y"]))
    yield "output_twice", graph_with(relu, node("Neg", ["x"], ["y"]))
    yield "output_twice_in_one_node", graph_with(node("Split", ["x"], ["y", "y"]))
    yield "output_is_input", graph_with(node("Relu", ["x"], ["x"]), node("Relu", ["x"], ["y"]))
    yield "output_is_initializer", graph_with(relu, node("Neg", ["x"], ["w"]), initializers=[raw("w", F, [1], bytes(4))])
    yield "initializer_twice", graph_with(relu, initializers=[raw("w", F, [1], bytes(4))] * 2)
    yield "initializer_without_name", graph_with(relu, initializers=[raw("", F, [1], bytes(4))])
    yield "input_twice", graph_with(relu, inputs=[info("x"), info("x")])
    yield "input_without_name", graph_with(relu, inputs=[info("x"), info("")])
    yield "output_without_name", graph_with(relu, outputs=[info("y"), info("")])
    many = [node("Relu", [f"no_{i}"], [f"r_{i}"], name=f"n_{i}") for i in range(300)]
    yield "hundreds_of_errors", graph_with(relu, *many)


@cases("order")
def order():
    yield "self_loop", graph_with(node("Add", ["x", "y"], ["y"]))
    yield "cycle_of_two", graph_with(node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Neg", ["b"], ["y"]))
    ring = [node("Relu", [f"v{(i - 1) % 1000}"], [f"v{i}"]) for i in range(1000)]
    yield "cycle_of_1000", graph_with(*ring, node("Neg", ["v5"], ["y"]))
    yield "not_sorted", graph_with(node("Neg", ["a"], ["y"]), node("Relu", ["x"], ["a"]))
    chain = [node("Relu", [f"v{i - 1}" if i else "x"], [f"v{i}"]) for i in range(2000)]
    yield "reversed", graph_with(node("Neg", ["v1999"], ["y"]), *reversed(chain))
    late = helper.make_graph([node("Neg", ["late"], ["z"])], "g", [], [info("z")])
    condition = [info("x"), info("c", (), TensorProto.BOOL)]
    yield "subgraph_uses_later_value", graph_with(node("If", ["c"], ["y"], then_branch=late, else_branch=late),
                                                  node("Relu", ["x"], ["late"]), inputs=condition)  # fmt: skip
    own = helper.make_graph([node("Neg", ["y"], ["z"])], "g", [], [info("z")])
    yield "subgraph_uses_own_result", graph_with(node("If", ["c"], ["y"], then_branch=own, else_branch=own), inputs=condition)
    missing = helper.make_graph([node("Neg", ["x"], ["z"])], "g", [], [info("nothing")])
    yield "subgraph_output_missing", graph_with(node("If", ["c"], ["y"], then_branch=missing, else_branch=missing),
                                                inputs=condition)  # fmt: skip


@cases("attribute")
def attribute():
    kind = onnx.AttributeProto

    def one(**fields):
        relu = node("Relu", ["x"], ["y"])
        relu.attribute.append(kind(**fields))
        return graph_with(relu)

    yield "no_name", one(i=1, type=kind.INT)
    twice = one(name="a", i=1, type=kind.INT)
    twice.graph.node[0].attribute.append(kind(name="a", i=2, type=kind.INT))
    yield "twice", twice
    yield "no_kind", one(name="a")
    yield "two_values_no_kind", one(name="a", i=1, f=2.0)
    yield "tensor_missing", one(name="a", type=kind.TENSOR)
    yield "graph_missing", one(name="a", type=kind.GRAPH, i=3)
    yield "int_with_tensor", one(name="a", type=kind.INT, i=3, t=tensor("t", np.ones(2, np.float32)))
    yield "reference_outside_function", one(name="a", type=kind.INT, ref_attr_name="b")
    yield "bad_tensor", one(name="a", type=kind.TENSOR, t=raw("t", F, [5], bytes(4)))
    yield "bad_tensor_in_list", one(name="a", type=kind.TENSORS, tensors=[raw("t", F, [-5], b"")])
    relu = message(node("Relu", ["x"], ["y"])) + field(5, field(1, b"a") + varint(20 << 3) + varint(99))
    yield "unknown_kind", graph_with(relu)


@cases("tensor")
def tensors():
    def one(t):
        return graph_with(node("Add", ["x", "w"], ["y"]), initializers=[t])

    huge = [2**20, 2**20]
    yield "negative_dim", one(raw("w", F, [-1, 3], bytes(12)))
    yield "shape_overflows", one(raw("w", F, [2**62, 2**62], bytes(12)))
    yield "shape_overflows_beside_zero", one(raw("w", F, [0, 2**62, 2**62], b""))
    yield "bytes_overflow", one(raw("w", TensorProto.DOUBLE, [2**62], bytes(8)))
    yield "huge_raw", one(raw("w", F, huge, bytes(12)))
    yield "huge_typed", one(onnx.TensorProto(name="w", data_type=F, dims=huge, float_data=[1, 2, 3]))
    yield "huge_int_typed", one(onnx.TensorProto(name="w", data_type=TensorProto.INT32, dims=huge, int32_data=[1]))
    yield "huge_without_data", one(onnx.TensorProto(name="w", data_type=F, dims=huge))
    yield "no_data", one(onnx.TensorProto(name="w", data_type=F, dims=[3]))
    yield "raw_too_short", one(raw("w", F, [3], bytes(11)))
    yield "raw_too_long", one(raw("w", F, [3], bytes(13)))
    yield "typed_too_short", one(onnx.TensorProto(name="w", data_type=F, dims=[3], float_data=[1, 2]))
    yield "typed_too_long", one(onnx.TensorProto(name="w", data_type=F, dims=[3], float_data=[1, 2, 3, 4]))
    for code in (0, 27, 99, -1):
        yield f"type_{code}", one(raw("w", code, [3], bytes(12)))
    yield "raw_and_typed", one(onnx.TensorProto(name="w", data_type=F, dims=[1], raw_data=bytes(4), float_data=[1]))
    yield "wrong_field", one(onnx.TensorProto(name="w", data_type=F, dims=[3], int32_data=[1, 2, 3]))
    yield "two_fields", one(onnx.TensorProto(name="w", data_type=F, dims=[2], float_data=[1], double_data=[1]))
    for code, value in ((TensorProto.INT8, 128), (TensorProto.UINT8, -1), (TensorProto.UINT16, 65536),
                        (TensorProto.FLOAT16, -1), (TensorProto.BOOL, 2)):  # fmt: skip
        yield f"value_{value}_in_type_{code}", one(onnx.TensorProto(name="w", data_type=code, dims=[1], int32_data=[value]))
    yield "bool_of_two", one(raw("w", TensorProto.BOOL, [1], b"\x02"))
    yield "strings_in_float", one(onnx.TensorProto(name="w", data_type=F, dims=[1], string_data=[b"a"]))
    yield "string_count", one(onnx.TensorProto(name="w", data_type=TensorProto.STRING, dims=[2], string_data=[b"a"]))
    yield "huge_strings", one(onnx.TensorProto(name="w", data_type=TensorProto.STRING, dims=[2**40], string_data=[b"a"]))
    yield "segment", one(onnx.TensorProto(name="w", data_type=F, dims=[1], raw_data=bytes(4), segment={"begin": 0, "end": 1}))
    yield "int4_length", one(raw("w", TensorProto.INT4, [5], bytes(5)))
    yield "complex_length", one(raw("w", TensorProto.COMPLEX64, [2], bytes(8)))
    head = field(8, b"w") + varint(1 << 3) + varint(3) + varint(2 << 3) + varint(F)
    yield "packed_floats_cut", one(head + field(4, bytes(11)))
    yield "packed_varint_cut", one(field(8, b"w") + varint(1 << 3) + varint(1) + varint(2 << 3) + varint(6) + field(5, b"\x80"))
    yield "floats_as_varints", one(head + varint(4 << 3) + varint(1))


@cases("type")
def types():
    relu = node("Relu", ["x"], ["y"])
    yield "dim_minus_2", graph_with(relu, inputs=[info("x", (-2, 3))])
    yield "shape_overflows", graph_with(relu, inputs=[info("x", (2**40, 2**40))])
    yield "value_info_overflows", graph_with(relu, value_info=[info("y", (2**62, 2**62))])
    yield "output_of_other_type", graph_with(relu, outputs=[info("y"), info("x", (2, 3), TensorProto.INT8)])
    yield "output_of_other_shape", graph_with(relu, outputs=[info("y"), info("x", (2, 4))])
    w = raw("w", F, [2], bytes(8))
    for name, declared in (("shape", info("w", (3,))), ("type", info("w", (2,), TensorProto.INT32))):
        yield f"initializer_of_other_{name}", graph_with(relu, inputs=[info("x"), declared], initializers=[w])
    sparse = onnx.SparseTensorProto(values=raw("s", F, [1], bytes(4)), dims=[-4])
    bad = graph_with(relu)
    bad.graph.sparse_initializer.append(sparse)
    yield "sparse_shape", bad


@cases("function")
def functions():
    call = node("G", ["x"], ["y"], domain="f")
    simple = function("G", ["a"], ["b"], [node("Relu", ["a"], ["b"])])
    yield "calls_itself", with_functions([call], [function("G", ["a"], ["b"], [node("G", ["a"], ["b"], domain="f")])])
    rings = [function(f"G{i or ''}", ["a"], ["b"], [node(f"G{(i + 1) % 50 or ''}", ["a"], ["b"], domain="f")]) for i in range(50)]
    yield "ring_of_50", with_functions([call], rings)
    yield "defined_twice", with_functions([call], [simple, simple])
    yield "too_many_inputs", with_functions([node("G", ["x", "x"], ["y"], domain="f")], [simple])
    yield "too_many_outputs", with_functions([node("G", ["x"], ["y", "z"], domain="f")], [simple])
    yield "output_undefined", with_functions([call], [function("G", ["a"], ["b"], [node("Relu", ["a"], ["c"])])])
    yield "input_undefined", with_functions([call], [function("G", ["a"], ["b"], [node("Relu", ["x"], ["b"])])])
    yield "input_twice", with_functions([call], [function("G", ["a", "a"], ["b"], [node("Relu", ["a"], ["b"])])])
    yield "cyclic_body", with_functions([call], [function("G", ["a"], ["b"], [node("Add", ["a", "b"], ["b"])])])
    yield "old_opset", with_functions([call], [function("G", ["a"], ["b"], [node("Relu", ["a"], ["b"])], opset=0)])
    lost = function("G", ["a"], ["b"], [node("Relu", ["a"], ["b"], domain="lost")])
    yield "unknown_domain", with_functions([call], [lost])
    damaged = with_functions([call], [])
    yield "damaged_default", message(damaged) + field(25, message(simple) + field(11, b"\x0a\x7f"))
    bad_type = field(1, b"a") + varint(20 << 3) + varint(13) + field(14, b"\x0a\x7f")
    yield "damaged_default_type", message(damaged) + field(25, message(simple) + field(11, bad_type))
    # Each function calls the next one twice: small in the file, endless when inlined.
    bombs = [function(f"G{i or ''}", ["a"], ["b"], [node(f"G{i + 1}", ["a"], ["m"], domain="f"),
                                                    node(f"G{i + 1}", ["m"], ["b"], domain="f")]) for i in range(60)]  # fmt: skip
    bombs.append(function("G60", ["a"], ["b"], [node("Undefined", ["missing"], ["b"])]))
    yield "deep_calls_with_error", with_functions([call], bombs)


def write_all(folder):
    manifest = []
    for prefix, generate in CASES.items():
        for name, content in generate():
            path = f"{prefix}-{name}.onnx"
            with open(os.path.join(folder, path), "wb") as file:
                file.write(message(content))
            manifest.append({"case": f"{prefix} {name}", "path": path, "exit": 2})
    for name, path in external_cases(Writer(folder)):
        manifest.append({"case": f"external {name}", "path": path, "exit": 2})
    return manifest


def write_mutations(folder, count):
    """Random damage to a valid model: flipped bits, removed, repeated and exchanged pieces."""
    rng, good, result = random.Random(7), base().SerializeToString(), []
    for index in range(count):
        data = bytearray(good)
        for _ in range(rng.randrange(1, 4)):
            kind, at, size = rng.randrange(5), rng.randrange(len(data)), rng.randrange(1, 9)
            if kind == 0:
                data[at] ^= 1 << rng.randrange(8)
            elif kind == 1:
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
            elif kind == 2:
                del data[at : at + size]
            elif kind == 3:
                data[at:at] = data[at : at + size]
            else:
                other = rng.randrange(len(data))
                data[at : at + size] = data[other : other + size]
            if not data:
                data = bytearray(b"\0")
        path = f"mutation-{index}.onnx"
        with open(os.path.join(folder, path), "wb") as file:
            file.write(data)
        result.append({"case": f"mutation {index}", "path": path, "exit": None})
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--mutations", type=int, default=0)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    manifest = write_all(arguments.folder)
    lists = {"manifest.json": manifest}
    if arguments.mutations:
        lists["mutations.json"] = write_mutations(arguments.folder, arguments.mutations)
    for name, content in lists.items():
        with open(os.path.join(arguments.folder, name), "w") as file:
            json.dump(content, file, indent=1)
    print(f"{len(manifest)} malformed models, {arguments.mutations} mutations")


if __name__ == "__main__":
    main()
