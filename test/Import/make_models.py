# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small models that between them use every corner of the ONNX format: make_models.py FOLDER.

Each is named after what it holds. All are valid; those in MODELS_TO_INLINE have model-local functions.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

F = TensorProto.FLOAT
UNSIGNED = (TensorProto.UINT2, TensorProto.UINT4, TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32,
            TensorProto.UINT64, TensorProto.BOOL, TensorProto.STRING)  # fmt: skip
SIGNED = [t for t in TensorProto.DataType.values() if t not in UNSIGNED]


def info(name, shape=(2, 3), elem=F):
    return helper.make_tensor_value_info(name, elem, shape)


def model(nodes, inputs, outputs, initializers=(), functions=(), opsets=(("", 21),), ir=10, **graph):
    g = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers), **graph)
    imports = [helper.make_opsetid(d, v) for d, v in opsets]
    return helper.make_model(g, opset_imports=imports, functions=list(functions), ir_version=ir)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def reference(name, parameter, kind):
    return onnx.AttributeProto(name=name, ref_attr_name=parameter, type=kind)


def attribute_kinds():
    """One node with all kinds of attributes, empty lists among them, in an order that is not sorted."""
    custom = helper.make_node("Custom", ["x"], ["y"], domain="test", name="all_kinds")
    kind = onnx.AttributeProto
    tensor = numpy_helper.from_array(np.arange(3, dtype=np.int16), "t")
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(1, np.float32), "v"), numpy_helper.from_array(np.zeros(1, np.int64)), [4]
    )
    body = helper.make_graph([node("Neg", ["x"], ["z"])], "body", [], [info("z")])
    values = dict(
        z_float=1.5, nan=float("nan"), int=-(2**63), string=b"\x00\xff \"\\", tensor=tensor, graph=body,
        floats=[1.0, -0.0], ints=[1, 2], strings=["a", ""], tensors=[tensor, tensor], graphs=[body], sparse=sparse,
        sparses=[sparse], type=info("q").type, types=[info("q").type, info("r", None).type],
    )  # fmt: skip
    for name, value in values.items():
        custom.attribute.append(helper.make_attribute(name, value, doc_string="documented" if name == "int" else None))
    for name in ("FLOATS", "INTS", "STRINGS", "TENSORS", "GRAPHS", "SPARSE_TENSORS", "TYPE_PROTOS"):
        custom.attribute.append(onnx.AttributeProto(name="empty_" + name.lower(), type=getattr(kind, name)))
    custom.attribute.append(onnx.AttributeProto(name="implicit_int", type=kind.INT))
    custom.attribute.append(onnx.AttributeProto(name="untyped", i=3))
    return model([custom], [info("x")], [info("y")], opsets=(("", 21), ("test", 1)))


def metadata():
    """Every descriptive field, on every level."""
    relu = node("Relu", ["x"], ["y"], name="relu", doc_string="a node")
    add = node("Add", ["y", "w"], ["z"])
    add.ClearField("name")
    relu.domain = "ai.onnx"
    m = model([relu, add], [info("x", ("N", 3))], [info("z", ("N", None))],
              [numpy_helper.from_array(np.ones(3, np.float32), "w")],
              value_info=[info("y", ("N", 3))])  # fmt: skip
    m.producer_name, m.producer_version, m.domain, m.model_version = "tester", "1", "org.test", 7
    m.doc_string = m.graph.doc_string = "text with\nlines and \x01"
    helper.set_model_props(m, {"b": "1", "a": ""})
    m.graph.input[0].doc_string = "an input"
    m.graph.input[0].type.denotation = "TENSOR"
    m.graph.input[0].type.tensor_type.shape.dim[0].denotation = "DATA_BATCH"
    for holder in (m.graph, m.graph.node[0], m.graph.initializer[0], m.graph.input[0], m.graph.value_info[0]):
        entry = holder.metadata_props.add()
        entry.key, entry.value = "where", type(holder).__name__
    note = m.graph.quantization_annotation.add()
    note.tensor_name = "y"
    note.quant_parameter_tensor_names.add(key="SCALE_TENSOR", value="w")
    m.training_info.add().algorithm.name = "training"
    m.configuration.add(name="two", num_devices=2)
    m.graph.node[0].device_configurations.add(configuration_id="two")
    return m


def legacy_inputs():
    """IR version 3: initializers are inputs too, here between the others."""
    w, b = (numpy_helper.from_array(np.full(3, v, np.float32), n) for n, v in (("w", 2), ("b", 1)))
    return model([node("Mul", ["x", "w"], ["p"]), node("Add", ["p", "b"], ["s"]), node("Sub", ["s", "u"], ["y"])],
                 [info("b", (3,)), info("x"), info("w", (3,)), info("u")], [info("y")], [w, b],
                 opsets=(("", 8),), ir=3)  # fmt: skip


def typed_tensors():
    """Every element type, in the typed field, in raw_data, empty and as a scalar; as an initializer and as an attribute."""
    tensors, nodes, outputs = [], [], []
    types = [t for t in TensorProto.DataType.values() if t not in (TensorProto.UNDEFINED,)]
    for t in types:
        np_type = helper.tensor_dtype_to_np_dtype(t)
        values = [1, 2, 0.5, 4, 1] if t == TensorProto.FLOAT8E8M0 else [0, 1, -2, 0, -1] if t in SIGNED else [0, 1, 3, 0, 2]
        array = np.array(values, np.float32).astype(np_type) if t != TensorProto.STRING else np.array(list("a ü\0e"), object)
        variants = [("typed", helper.make_tensor(f"typed_{t}", t, [5], array))]
        if t != TensorProto.STRING:
            variants.append(("raw", numpy_helper.from_array(array, f"raw_{t}")))
            variants.append(("empty", helper.make_tensor(f"empty_{t}", t, [0, 2], array[:0])))
            variants.append(("scalar", numpy_helper.from_array(array[:1].reshape(()), f"scalar_{t}")))
        for kind, tensor in variants:
            tensors.append(tensor)
            constant = onnx.TensorProto()
            constant.CopyFrom(tensor)
            constant.name = ""
            nodes.append(node("Constant", [], [f"c_{kind}_{t}"], value=constant))
            outputs.append(info(f"c_{kind}_{t}", tuple(tensor.dims), t))
    big = numpy_helper.from_array(np.arange(5000, dtype=np.float32), "big")
    big_typed = helper.make_tensor("big_typed", F, [5000], np.arange(5000, dtype=np.float32))
    big_int = helper.make_tensor("big_int", TensorProto.INT8, [2000], np.arange(2000) % 251 - 125)
    big_int4 = helper.make_tensor("big_int4", TensorProto.INT4, [3001], np.arange(3001) % 16 - 8)
    return model(nodes, [], outputs, tensors + [big, big_typed, big_int, big_int4], opsets=(("", 25),), ir=13)


def control_flow():
    """If and Loop: captured values, repeated names, initializers in bodies, a Loop without condition."""
    w = numpy_helper.from_array(np.full((2, 3), 4, np.float32), "w")
    then = helper.make_graph([node("Mul", ["x", "w"], ["out"], name="then")], "then", [], [info("out")], [w])
    other = helper.make_graph([node("Identity", ["x"], ["out"])], "else", [], [info("out")])
    trip, keep = info("i", (), TensorProto.INT64), info("keep", (), TensorProto.BOOL)
    keep_out = info("keep_out", (), TensorProto.BOOL)
    inner = helper.make_graph([node("Identity", ["acc"], ["deep"])], "deep", [], [info("deep")])
    inner_else = helper.make_graph([node("Neg", ["acc"], ["deep"])], "deep2", [], [info("deep")])
    body = helper.make_graph(
        [node("Identity", ["keep"], ["keep_out"]),
         node("If", ["keep"], ["d"], then_branch=inner, else_branch=inner_else), node("Add", ["d", "chosen"], ["acc_out"])],
        "body", [trip, keep, info("acc")], [keep_out, info("acc_out")])  # fmt: skip
    count = numpy_helper.from_array(np.array(3, np.int64), "count")
    nodes = [node("If", ["cond"], ["chosen"], then_branch=then, else_branch=other),
             node("Loop", ["count", "", "chosen"], ["y"], body=body)]  # fmt: skip
    return model(nodes, [info("x"), info("cond", (), TensorProto.BOOL)], [info("y")], [count])


def odd_names():
    """Names with any characters, absent inputs and outputs, unused values, an output listed twice, an
    input as output, an outer value as output of a subgraph, an inner value that hides an outer one."""
    nodes = [node("Clip", ["a:0/b", "", "höchst\""], ["1"], name="dup"), node("Relu", ["1"], ["%2"], name="dup"),
             node("Dropout", ["%2"], ["y", ""], name=""), node("Neg", ["y"], ["unused"]),
             node("If", ["flag"], ["z"], then_branch=helper.make_graph([], "outer", [], [info("y")]),
                  else_branch=helper.make_graph([node("Neg", ["1"], ["y"])], "hides", [], [info("y")]))]  # fmt: skip
    return model(nodes, [info("a:0/b"), info("extra", (1,)), info("flag", (), TensorProto.BOOL)],
                 [info("y"), info("y"), info("extra", (1,)), info("z")],
                 [numpy_helper.from_array(np.array(1, np.float32), "höchst\""),
                  numpy_helper.from_array(np.array(1, np.float32), "nobody")])  # fmt: skip


def other_types():
    """Values that are not dense tensors, and types that are not known."""
    seq = helper.make_tensor_sequence_value_info("seq", F, ["N", 3])
    opt = helper.make_value_info("opt", helper.make_optional_type_proto(info("q").type))
    sparse = helper.make_sparse_tensor_value_info("sp", F, [4, 4])
    strings = info("st", ("K",), TensorProto.STRING)
    maps = helper.make_value_info("mp", helper.make_map_type_proto(TensorProto.INT64, info("q").type))
    unranked, untyped = helper.make_tensor_value_info("ur", F, None), onnx.ValueInfoProto(name="ut")
    values = [seq, opt, sparse, strings, maps, unranked, untyped]
    nodes = [node("Identity", [v.name], [v.name + "_out"]) for v in values]
    outputs = []
    for value in values:
        outputs.append(onnx.ValueInfoProto())
        outputs[-1].CopyFrom(value)
        outputs[-1].name += "_out"
    m = model(nodes, values, outputs)
    values = helper.make_sparse_tensor(numpy_helper.from_array(np.ones(2, np.float32), "sparse_w"),
                                       numpy_helper.from_array(np.array([0, 2], np.int64)), [4])  # fmt: skip
    m.graph.sparse_initializer.append(values)
    return m


def functions():
    """Functions that call functions, with references, defaults, overloads, a graph as attribute, absent inputs."""
    import_std = [helper.make_opsetid("", 20), helper.make_opsetid("f", 1)]
    leaky = node("LeakyRelu", ["a"], ["t"])
    leaky.attribute.append(reference("alpha", "slope", onnx.AttributeProto.FLOAT))
    shift = node("Constant", [], ["c"])
    shift.attribute.append(reference("value_float", "shift", onnx.AttributeProto.FLOAT))
    clip = node("Clip", ["s", "low"], ["b"], name="clip")
    inner = helper.make_function("f", "Inner", ["a", "low"], ["b"], [leaky, shift, node("Add", ["t", "c"], ["s"]), clip],
                                 import_std, ["slope"], [helper.make_attribute("shift", 0.25)])  # fmt: skip
    inner2 = helper.make_function("f", "Inner", ["a"], ["a", "b"], [node("Neg", ["a"], ["b"])], import_std)
    inner2.overload = "second"
    branch = node("If", ["c"], ["r"])
    for which in ("then_branch", "else_branch"):
        branch.attribute.append(reference(which, which, onnx.AttributeProto.GRAPH))
    choose = helper.make_function("f", "Choose", ["c"], ["r"], [branch], import_std, ["then_branch", "else_branch"])
    call = node("Inner", ["x"], ["i"], domain="f", name="in")
    call.attribute.append(reference("slope", "slope", onnx.AttributeProto.FLOAT))
    call2 = node("Inner", ["i"], ["same", "j"], domain="f", overload="second")
    outer = helper.make_function("f", "Outer", ["x"], ["same", "k"], [call, call2, node("Mul", ["j", "same"], ["k"])],
                                 import_std, ["slope"])  # fmt: skip
    outer.value_info.append(info("i"))
    graphs = [helper.make_graph([node("Inner", ["p"], ["g"], domain="f", slope=2.0, shift=1.0)], "g", [], [info("g")]),
              helper.make_graph([node("Neg", ["q"], ["g"])], "g", [], [info("g")])]  # fmt: skip
    nodes = [node("Outer", ["x"], ["p", "q"], domain="f", slope=0.5, name="first"),
             node("Choose", ["cond"], ["r"], domain="f", then_branch=graphs[0], else_branch=graphs[1]),
             node("Outer", ["r"], ["k0", "y"], domain="f", slope=0.125, name="second")]  # fmt: skip
    return model(nodes, [info("x"), info("cond", (), TensorProto.BOOL)], [info("p"), info("q"), info("y")],
                 functions=[outer, inner, inner2, choose], opsets=(("", 20), ("f", 1)))  # fmt: skip


MODELS = [attribute_kinds, metadata, legacy_inputs, typed_tensors, control_flow, odd_names, other_types, functions]


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for make in MODELS:
        onnx.save(make(), os.path.join(folder, make.__name__ + ".onnx"))
    w = np.arange(600, dtype=np.float32).reshape(2, 300)
    external = model([node("Add", ["x", "w"], ["t"]), node("Mul", ["t", "v"], ["y"])], [info("x", (2, 300))],
                     [info("y", (2, 300))], [numpy_helper.from_array(w, "w"), numpy_helper.from_array(w + 1, "v")])  # fmt: skip
    onnx.save(external, os.path.join(folder, "external.onnx"), save_as_external_data=True, location="external.bin",
              size_threshold=0)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1])
