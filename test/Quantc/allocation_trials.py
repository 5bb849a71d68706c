# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Allocations of a file are compiled and measured, and the order of predicted and measured losses is told: `allocation_trials.py QUANTC MODEL DATA FOLDER`."""

import itertools
import json
import os
import subprocess
import sys

import numpy as np
import onnx

QUANTC, MODEL, DATA, FOLDER = sys.argv[1:]


def at(name):
    return os.path.join(FOLDER, name)


def attempt(allocations, code=0, model=MODEL):
    with open(at("trials.json"), "w", encoding="utf-8") as file:
        json.dump(allocations, file)
    done = subprocess.run([QUANTC, model, "--calibrate", DATA, "--evaluate", DATA, "--effective-bits", "6", "--set", "allocation-loss=noise",
                           "--try-allocations", at("trials.json"), "--report", at("r.json"), "--allow-float"], capture_output=True, text=True)  # fmt: skip
    assert done.returncode == code, (done.returncode, done.stderr)
    if code:
        return done.stderr, None
    with open(at("r.json"), encoding="utf-8") as file:
        return done.stdout, json.load(file)["allocation"]


def ranks(values):
    values = np.array(values)
    return [((values < v).sum() + (values <= v).sum()) / 2 for v in values]


def spearman(trials):
    return np.corrcoef(ranks([t["predicted_loss"] for t in trials]), ranks([t["measured"]["noise"] for t in trials]))[0, 1]


os.makedirs(FOLDER, exist_ok=True)
nodes = list(attempt([])[1]["widths"])
every = [[f"{node}={label}" for node, label in zip(nodes, labels)] for labels in itertools.product(("w4", "w8"), repeat=len(nodes))][::2]
assert len(every) == 8

text, found = attempt(every)
(order,) = found["orders"]
assert (order["group"], order["loss"], order["count"]) == ("all", "noise", len(every)), order
assert abs(order["spearman"] - spearman(found["trials"])) < 1e-12 and order["low"] <= order["spearman"] <= order["high"], order
assert f"Spearman {order['spearman']:.3f} [{order['low']:.3f}, {order['high']:.3f}] of {len(every)} allocations" in text, text

text, found = attempt({"b": every[:5], "a": [every[-1]]})
first, second = found["orders"]
assert (first["group"], first["count"], "spearman" in first) == ("a", 1, False), first
assert (second["group"], second["count"]) == ("b", 5) and abs(second["spearman"] - spearman(found["trials"][1:])) < 1e-12, second

text, _ = attempt({"b": [every[0][1:]]}, code=2)
assert f"allocation 0 of 'b': expected a width for node '{nodes[0]}', but found none" in text, text
# A node that the model lacks, a node with two widths, and a width that is none were passed over.
text, _ = attempt({"b": [["nobody=w4", f"{nodes[0]}=w9", f"{nodes[1]}=w4", *every[0][1:]]]}, code=2)
for fault in (f"expected one width for node '{nodes[1]}', but found two", f"node '{nodes[0]}' has no candidate 'w9'", "expected layers of the model, but found 'nobody'"):
    assert fault in text, text
text, _ = attempt({"b": 3}, code=2)
assert "expected array" in text, text


def with_integer_output(source, target):
    """A first output of integers that quantization does not change, of the shape of classes."""
    model = onnx.load(source)
    name = model.graph.input[0].name
    for node in (onnx.helper.make_node("Cast", [name], ["whole"], to=onnx.TensorProto.INT64), onnx.helper.make_node("Flatten", ["whole"], ["ids"])):
        model.graph.node.append(node)
    size = int(np.prod([d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]))
    model.graph.output.insert(0, onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [1, size]))
    onnx.save(model, target)


# Losses are of the float outputs alone.
with_integer_output(MODEL, at("ids.onnx"))
_, plain = attempt(every[:2])
_, other = attempt(every[:2], model=at("ids.onnx"))
assert [t["measured"] for t in other["trials"]] == [t["measured"] for t in plain["trials"]], (other["trials"], plain["trials"])
