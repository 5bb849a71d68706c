# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cases of `quantc --check`: `ledger.py QUANTC CASE...` runs the named ones on models that it makes."""

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(3)
FLOAT, INT64, BOOL, DOUBLE = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.DOUBLE


def normal(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def node(op, inputs, outputs, name, **attributes):
    return helper.make_node(op, inputs, [outputs] if isinstance(outputs, str) else outputs, name, **attributes)


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, weights=(), functions=(), domains=("",)):
    """An ONNX model of opset 17; inputs and outputs are value infos, weights {name: array}."""
    graph = helper.make_graph(nodes, "g", inputs, outputs, [numpy_helper.from_array(a, n) for n, a in dict(weights).items()])
    opsets = [helper.make_opsetid(domain, 17 if domain == "" else 1) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=9)


def count(nodes):
    """Nodes with those of their bodies."""
    graphs = lambda n: [g for a in n.attribute for g in ([a.g] if a.type == onnx.AttributeProto.GRAPH else a.graphs)]
    return sum(1 + sum(count(g.node) for g in graphs(n)) for n in nodes)


class Ledger:
    def __init__(self, quantc, folder, proto):
        self.quantc, self.folder, self.proto = quantc, folder, proto
        self.path = os.path.join(folder, "m.onnx")
        onnx.save(proto, self.path)

    def file(self, name):
        return os.path.join(self.folder, name)

    def check(self, *options, code=0):
        """Runs --check; {name: node} of the report. Every node of the file must be there once."""
        report = self.file("ledger.json")
        run = subprocess.run([self.quantc, self.path, "--check", "--report", report, *options], capture_output=True, text=True)
        self.text = run.stdout + run.stderr
        assert run.returncode == code, f"code {run.returncode} instead of {code}: {self.text}"
        with open(report) as file:
            self.report = json.load(file)
        self.totals = self.report["totals"]
        nodes = self.report["nodes"]
        expected = count(self.proto.graph.node) + sum(count(f.node) for f in self.proto.functions)
        assert len(nodes) == self.totals["nodes"] == expected, (len(nodes), expected)
        assert sum(self.totals[c] for c in ("integer", "float", "folded", "unsupported")) == expected, self.totals
        assert self.totals["weight_bytes"] == sum(n["weight_bytes"] for n in nodes), self.totals
        byName = {n["name"]: n for n in nodes}
        assert len(byName) == len(nodes), [n["name"] for n in nodes]
        return byName


def classes(nodes):
    return {name: (n["class"], n["reason"]) for name, n in nodes.items()}


def expect(found, **expected):
    wrong = {name: found.get(name) for name, kind in expected.items() if found.get(name) != kind}
    assert not wrong, f"found {wrong}"


INTEGER, FUSED, CONSTANT = ("integer", "integer-form"), ("folded", "fused"), ("folded", "constant")


def network():
    """A constant weight in a node, batch norm, activation, pool, a dead node, an Identity, a float tail."""
    tensor = numpy_helper.from_array(normal(8, 3, 3, 3))
    nodes = [node("Constant", [], "w", "weight", value=tensor), node("Conv", ["x", "w"], "a", "conv", pads=[1, 1, 1, 1]),
             node("BatchNormalization", ["a", "s", "s", "b", "s"], "n", "bn"), node("Relu", ["n"], "r", "relu"),
             node("Identity", ["r"], "i", "same"), node("MaxPool", ["i"], "p", "pool", kernel_shape=[2, 2], strides=[2, 2]),
             node("Tanh", ["p"], "dead_out", "dead"), node("GlobalAveragePool", ["p"], "g", "mean"),
             node("Flatten", ["g"], "f", "flat"), node("Gemm", ["f", "v", "u"], "e", "fc", transB=1),
             node("Softmax", ["e"], "y", "sm", axis=1)]  # fmt: skip
    weights = {"s": np.ones(8, np.float32), "b": normal(8), "v": normal(5, 8), "u": normal(5)}
    return model(nodes, [value("x", ["N", 3, 8, 8])], [value("y", ["N", 5])], weights)


def every_node_of_a_network(new):
    ledger = new(network())
    nodes = ledger.check("--dim", "N=2")
    expect(classes(nodes), weight=CONSTANT, conv=INTEGER, bn=FUSED, relu=FUSED, same=("folded", "identity"), pool=INTEGER,
           dead=("folded", "unused"), mean=INTEGER, flat=INTEGER, fc=INTEGER, sm=("float", "no-integer-form"))  # fmt: skip
    assert nodes["bn"]["into"] == nodes["relu"]["into"] == "conv" and nodes["sm"]["position"] == "behind", nodes
    assert nodes["conv"]["macs"] == 2 * 8 * 8 * 8 * 27 and nodes["fc"]["macs"] == 2 * 5 * 8, nodes
    assert [nodes[n]["weight_bytes"] for n in ("weight", "conv", "bn", "fc")] == [0, 864, 64, 180], nodes
    assert ledger.totals["integer_weight_bytes"] == ledger.totals["weight_bytes"] == 864 + 64 + 180, ledger.totals
    assert nodes["pool"]["outputs"] == [{"name": "p", "type": "float32", "shape": [2, 8, 4, 4]}], nodes["pool"]
    assert ledger.report["compiles"] and ledger.report["dims"] == {"N": 2}, ledger.report


def sizes_that_are_not_known(new):
    ledger = new(network())
    nodes = ledger.check()
    assert nodes["conv"]["macs"] is None and ledger.totals["nodes_of_unknown_macs"] == 2, nodes["conv"]
    assert nodes["conv"]["outputs"][0]["shape"] == [None, 8, 8, 8] and "float32[?,8,8,8]" in ledger.text, ledger.text
    assert "and those of 2 nodes, which are not known" in ledger.text, ledger.text


def counts_are_those_of_a_compilation(new):
    ledger = new(network())
    ledger.check("--dim", "N=1")
    np.savez(ledger.file("data.npz"), x=normal(8, 3, 8, 8))
    run = subprocess.run([ledger.quantc, ledger.path, "--calibrate", ledger.file("data.npz"), "--report", ledger.file("r.json")],
                         capture_output=True, text=True)  # fmt: skip
    assert run.returncode == 0, run.stderr
    with open(ledger.file("r.json")) as file:
        report = json.load(file)
    found = {kind: ledger.totals[kind] for kind in ("nodes", "integer", "float", "folded")}
    assert found == {kind: report["coverage"][kind] for kind in found}, (found, report["coverage"])
    assert ledger.totals["integer_macs"] == report["macs"], (ledger.totals, report["macs"])


def chain(middle, weights=(), shape=(1, 4, 6, 6)):
    """Conv, the nodes of `middle` from a to b, Conv."""
    nodes = [node("Conv", ["x", "w"], "a", "first"), *middle, node("Conv", ["b", "w"], "y", "last")]
    return model(nodes, [value("x", list(shape))], [value("y", None)], {"w": normal(4, 4, 1, 1), **dict(weights)})


def float_between_integers(new):
    ledger = new(chain([node("Softmax", ["a"], "b", "sm", axis=1)]))
    nodes = ledger.check()
    expect(classes(nodes), first=INTEGER, last=INTEGER, sm=("float", "no-integer-form"))
    assert nodes["sm"]["position"] == "inside", nodes["sm"]


def only_in_loops(new):
    ledger = new(chain([node("Sinh", ["a"], "e", "sinh"), node("Pad", ["e", "p"], "b", "pad", mode="reflect")],
                       {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)}))  # fmt: skip
    nodes = ledger.check()
    expect(classes(nodes), first=INTEGER, sinh=("float", "only-in-loops"), pad=("float", "attribute-value"), last=INTEGER)
    assert nodes["last"]["macs"] == 4 * 8 * 8 * 4 and nodes["pad"]["outputs"][0]["shape"] == [1, 4, 8, 8], nodes["last"]
    # They run beside the integers, but on the CPU alone.
    assert ledger.report["compiles"] and ledger.report["stopping_nodes"] == 0, ledger.report
    nodes = ledger.check("--target", "cuda:sm_80")
    assert not ledger.report["compiles"] and ledger.report["stopping_nodes"] == 2, ledger.report
    assert "compilation   stops at 2 nodes" in ledger.text and "not beside integers: " in nodes["sinh"]["text"], ledger.text


def unsupported_nodes_stop_no_others(new):
    middle = [node("Widget", ["a"], "k", "widget", domain="my"), node("Relu", ["k"], "b", "relu")]
    proto = chain(middle)
    proto.opset_import.append(helper.make_opsetid("my", 1))
    ledger = new(proto)
    nodes = ledger.check(code=2)
    expect(classes(nodes), first=INTEGER, widget=("unsupported", "unknown-op"), relu=("float", "rank"))
    assert nodes["widget"]["domain"] == "my" and nodes["widget"]["macs"] is None, nodes["widget"]
    assert "1 nodes are unsupported" in ledger.text and "to gain       2 rank: give sizes" in ledger.text, ledger.text
    proto.graph.value_info.append(value("k", [1, 4, 6, 6]))  # a declared type is believed
    expect(classes(new(proto).check(code=2)), relu=INTEGER, last=INTEGER)


def excluded_by_the_recipe(new):
    ledger = new(chain([node("Relu", ["a"], "b", "relu")]))
    nodes = ledger.check("--set", "exclude=last")
    expect(classes(nodes), first=INTEGER, relu=FUSED, last=("float", "excluded"))
    assert "to gain       1 excluded: take them out" in ledger.text, ledger.text
    text = subprocess.run([ledger.quantc, ledger.path, "--check", "--set", "exclude=lost"], capture_output=True, text=True)
    assert text.returncode == 2 and "did you mean 'last'" in text.stderr, text


def float_tail(new):
    nodes = [node("Conv", ["x", "w"], "a", "conv"), node("MaxPool", ["a"], "y", "pool", kernel_shape=[2, 2])]
    ledger = new(model(nodes, [value("x", [1, 4, 6, 6])], [value("y", None)], {"w": normal(4, 4, 1, 1)}))
    expect(classes(ledger.check()), conv=INTEGER, pool=("float", "float-tail"))
    assert "float-tail: set quantize-outputs=true" in ledger.text, ledger.text
    expect(classes(ledger.check("--set", "quantize-outputs=true")), conv=INTEGER, pool=INTEGER)


def operands_that_a_run_computes(new):
    nodes = [node("Conv", ["x", "w"], "a", "conv"), node("Conv", ["a", "k"], "y", "by_input")]
    inputs = [value("x", [1, 4, 6, 6]), value("k", [4, 4, 1, 1])]
    ledger = new(model(nodes, inputs, [value("y", None)], {"w": normal(4, 4, 1, 1)}))
    expect(classes(ledger.check()), conv=INTEGER, by_input=("float", "dynamic-operand"))
    assert "make the operand" in ledger.text, ledger.text


def other_element_types(new):
    nodes = [node("Relu", ["x"], "a", "double"), node("Cast", ["a"], "b", "cast", to=FLOAT), node("Conv", ["b", "w"], "y", "conv")]
    ledger = new(model(nodes, [value("x", [1, 4, 6, 6], DOUBLE)], [value("y", None)], {"w": normal(4, 4, 1, 1)}))
    expect(classes(ledger.check()), double=("float", "element-type"), cast=("float", "no-integer-form"), conv=INTEGER)
    assert "element-type: export the model in float32" in ledger.text, ledger.text


def moved_toward_float(new):
    middle = [node("Transpose", ["a"], "t", "move", perm=[0, 1, 3, 2]), node("Sinh", ["t"], "b", "sinh")]
    expect(classes(new(chain(middle)).check()), move=("float", "not-quantized"), sinh=("float", "only-in-loops"))


def node_at_which_a_stage_stops(new):
    weights = {"one": np.ones(4, np.float32), "bad": np.full(4, -1, np.float32)}
    ledger = new(chain([node("BatchNormalization", ["a", "one", "one", "one", "bad"], "b", "bn")], weights))
    nodes = ledger.check()
    expect(classes(nodes), first=INTEGER, bn=("float", "stops"), last=INTEGER)
    assert "finite factors" in nodes["bn"]["text"] and not ledger.report["compiles"], nodes["bn"]


def shape_arithmetic_and_shared_weights(new):
    nodes = [node("Shape", ["x"], "s", "shape"), node("Slice", ["s", "i0", "i1"], "n", "rows"),
             node("Concat", ["n", "rest"], "t", "target", axis=0), node("Reshape", ["x", "t"], "a", "reshape"),
             node("Transpose", ["w"], "wt", "turn", perm=[1, 0]), node("MatMul", ["a", "wt"], "b", "one"),
             node("MatMul", ["b", "wt"], "y", "two")]  # fmt: skip
    weights = {"i0": np.array([0]), "i1": np.array([1]), "rest": np.array([-1]), "w": normal(6, 6)}
    nodes = new(model(nodes, [value("x", [4, 2, 3])], [value("y", None)], weights)).check()
    expect(classes(nodes), shape=CONSTANT, rows=CONSTANT, target=CONSTANT, turn=CONSTANT, reshape=INTEGER, one=INTEGER, two=INTEGER)
    # A constant is counted where it is read first, beyond what is known before a run.
    assert [nodes[n]["weight_bytes"] for n in ("turn", "one", "two")] == [0, 144, 0], nodes
    assert nodes["shape"]["outputs"][0] == {"name": "s", "type": "int64", "shape": [3]}, nodes["shape"]


def branch(name, *nodes):
    return helper.make_graph(list(nodes), name, [], [value(name + "_out", [1, 4, 6, 6])])


def bodies_of_if(new):
    constant = node("Constant", [], "k", "number", value_float=1.0)
    yes, no = branch("yes", constant, node("Sub", ["a", "k"], "yes_out", "minus")), branch("no", node("Relu", ["a"], "no_out", "relu"))
    proto = chain([node("If", ["c"], "b", "choose", then_branch=yes, else_branch=no)])
    proto.graph.input.append(value("c", [], BOOL))
    nodes = new(proto).check()
    expect(classes(nodes), **{"first": INTEGER, "choose": ("float", "only-in-loops"), "last": INTEGER,
                              "choose/then_branch/number": CONSTANT, "choose/then_branch/minus": ("float", "in-body"),
                              "choose/else_branch/relu": ("float", "in-body")})  # fmt: skip


def bodies_with_the_same_names(new):
    bodies = lambda: dict(then_branch=branch("b", node("Sub", ["a", "a"], "b_out", "n")), else_branch=branch("b", node("Relu", ["a"], "b_out", "n")))
    proto = chain([node("If", ["c"], f"b{i}" if i else "b", "choose", **bodies()) for i in range(3)])
    proto.graph.input.append(value("c", [], BOOL))
    found = set(new(proto).check())
    tails = [name.split("_branch/")[1] for name in found if "_branch/" in name]
    assert sorted(tails) == ["n", "n (b_out)", *(f"n (b_out) {i}" for i in range(2, 6))], found


def if_of_a_known_condition(new):
    yes, no = branch("yes", node("Tanh", ["a"], "yes_out", "tanh")), branch("no", node("Sinh", ["a"], "no_out", "sinh"))
    choose = node("If", ["c"], "b", "choose", then_branch=yes, else_branch=no)
    nodes = new(chain([choose], {"c": np.array(True)})).check()
    expect(classes(nodes), **{"choose": ("folded", "inlined"), "choose/then_branch/tanh": INTEGER,
                              "choose/else_branch/sinh": ("folded", "unused")})  # fmt: skip


def body_of_a_loop(new):
    state = [value("i", [], INT64), value("go", [], BOOL), value("v", [1, 4, 6, 6])]
    body = [node("Identity", ["go"], "go2", "keep"), node("Conv", ["v", "w"], "c", "inner"),
            node("Widget", ["c"], "v2", "widget", domain="my")]  # fmt: skip
    graph = helper.make_graph(body, "body", state, [value("go2", [], BOOL), value("v2", [1, 4, 6, 6])])
    proto = chain([node("Loop", ["n", "t", "a"], "b", "repeat", body=graph)], {"n": np.array(3), "t": np.array(True)})
    proto.opset_import.append(helper.make_opsetid("my", 1))
    nodes = new(proto).check(code=2)
    assert nodes["repeat"]["class"] == "unsupported", nodes["repeat"]
    expect(classes(nodes), **{"first": INTEGER, "repeat/body/inner": ("float", "in-body"),
                              "repeat/body/widget": ("unsupported", "unknown-op")})  # fmt: skip
    assert nodes["repeat/body/inner"]["macs"] is None, "how often the body runs is not known"


def functions_are_listed_once(new):
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]
    inner = [node("Conv", ["p", "q"], "r", "conv"), node("Relu", ["r"], "s", "relu")]
    functions = [helper.make_function("my", "Block", ["p", "q"], ["s"], inner, opset),
                 helper.make_function("my", "Never", ["p"], ["s"], [node("Sinh", ["p"], "s", "sinh")], opset)]  # fmt: skip
    nodes = [node("Block", ["x", "w"], "a", "one", domain="my"), node("Block", ["a", "w"], "y", "two", domain="my")]
    proto = model(nodes, [value("x", [1, 4, 6, 6])], [value("y", [1, 4, 6, 6])], {"w": normal(4, 4, 1, 1)}, functions, ("", "my"))
    nodes = new(proto).check()
    expect(classes(nodes), **{"one": ("folded", "inlined"), "two": ("folded", "inlined"), "my.Block/conv": INTEGER,
                              "my.Block/relu": FUSED, "my.Never/sinh": ("folded", "unused")})  # fmt: skip
    assert nodes["my.Block/conv"]["macs"] == 2 * 4 * 36 * 4, nodes["my.Block/conv"]  # of both calls
    assert nodes["my.Block/conv"]["weight_bytes"] == 64, nodes["my.Block/conv"]  # one weight for both
    nodes = [node("Block", ["x", "w"], "a", "one", domain="my"), node("Block", ["a", "v"], "y", "two", domain="my")]
    weights = {"w": normal(4, 4, 1, 1), "v": normal(4, 4, 1, 1)}
    nodes = new(model(nodes, [value("x", [1, 4, 6, 6])], [value("y", [1, 4, 6, 6])], weights, functions, ("", "my"))).check()
    assert nodes["my.Block/conv"]["weight_bytes"] == 2 * 64, nodes["my.Block/conv"]  # was that of the first call


def exit_codes_of_fail_on_float(new):
    tail = [node("Softmax", ["a"], "y", "sm", axis=1)]
    inputs, outputs, weights = [value("x", [1, 4, 6, 6])], [value("y", None)], {"w": normal(4, 4, 1, 1)}
    new(model([node("Conv", ["x", "w"], "y", "conv")], inputs, outputs, weights)).check("--fail-on-float")
    ledger = new(model([node("Conv", ["x", "w"], "a", "conv"), *tail], inputs, outputs, weights))
    ledger.check()
    ledger.check("--fail-on-float", code=5)
    assert "1 float nodes are left" in ledger.text, ledger.text
    widget = node("Widget", ["a"], "y", "widget", domain="my")
    new(model([node("Conv", ["x", "w"], "a", "conv"), widget], inputs, outputs, weights, domains=("", "my"))).check(
        "--fail-on-float", code=2)  # fmt: skip


def quantize_nodes_at_the_border(new):
    nodes = [node("QuantizeLinear", ["x", "s", "z"], "q", "quantize"), node("DequantizeLinear", ["q", "s", "z"], "d", "dequantize"),
             node("Conv", ["d", "w"], "a", "conv"), node("QuantizeLinear", ["a", "s", "z"], "e", "requantize"),
             node("DequantizeLinear", ["e", "s", "z"], "y", "last")]  # fmt: skip
    weights = {"w": normal(4, 4, 1, 1), "s": np.array(0.05, np.float32), "z": np.array(128, np.uint8)}
    ledger = new(model(nodes, [value("x", [1, 4, 6, 6])], [value("y", None)], weights))
    nodes = ledger.check("--fail-on-float")
    expect(classes(nodes), quantize=("float", "border"), conv=INTEGER, last=("float", "border"))
    assert ledger.totals["border"] >= 2 and ledger.totals["float"] == ledger.totals["border"], ledger.totals


def wrong_usage(new):
    ledger = new(network())
    for options, text in ((["--fail-on-float", "-o", "m.so"], "expected --check"), (["--check", "-o", "m.so"], "writes no code"),
                          (["--check", "--verify"], "writes no code"), (["--check", "--dim", "K=1"], "K")):  # fmt: skip
        run = subprocess.run([ledger.quantc, ledger.path, *options], capture_output=True, text=True)
        assert run.returncode in (1, 2) and text in run.stderr, (options, run)
    with open(ledger.file("bad.onnx"), "wb") as file:
        file.write(b"\x08\x09:\xff")
    assert subprocess.run([ledger.quantc, ledger.file("bad.onnx"), "--check"], capture_output=True).returncode == 2


def fields_of_the_json(new):
    ledger = new(network())
    ledger.check()
    assert set(ledger.report) == {"format", "version", "model", "recipe", "dims", "compiles", "stopping_nodes", "totals", "advice", "nodes"}
    assert (ledger.report["format"], ledger.report["version"]) == ("quantc-ledger", 1), ledger.report
    assert set(ledger.totals) == {"nodes", "integer", "float", "border", "folded", "unsupported", "macs", "integer_macs",
                                  "nodes_of_unknown_macs", "weight_bytes", "integer_weight_bytes"}, ledger.totals  # fmt: skip
    for entry in ledger.report["nodes"]:
        fields = {"name", "op", "domain", "opset", "class", "reason", "text", "macs", "weight_bytes", "outputs"}
        assert fields <= set(entry) <= fields | {"into", "position"}, entry


def run(quantc, names):
    failed = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            try:
                globals()[name](lambda proto: Ledger(quantc, folder, proto))
                print("passed", name, flush=True)
            except AssertionError as error:
                failed += 1
                print("failed", name, error, flush=True)
    sys.exit(1 if failed or not names else 0)


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
