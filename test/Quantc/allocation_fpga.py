# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Widths by what an FPGA has: `allocation_fpga.py QUANTC FOLDER`.

A perceptron whose 8-bit weights take more block RAM than is allowed gets widths with which it fits, and the folded design
has the area that was predicted for them.
"""

import json
import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QUANTC, FOLDER = sys.argv[1:]
RNG = np.random.default_rng(3)


def at(name):
    return os.path.join(FOLDER, name)


def make_model():
    sizes, nodes, weights, value = [512, 256, 64, 10], [], [], "x"
    for i, (inputs, outputs) in enumerate(zip(sizes, sizes[1:])):
        weights.append(numpy_helper.from_array((RNG.normal(size=(outputs, inputs)) / np.sqrt(inputs)).astype(np.float32), f"w{i}"))
        weights.append(numpy_helper.from_array(RNG.normal(size=outputs).astype(np.float32), f"b{i}"))
        nodes.append(helper.make_node("Gemm", [value, f"w{i}", f"b{i}"], [f"g{i}"], name=f"fc{i}", transB=1))
        value = f"g{i}"
        if i + 2 < len(sizes):
            nodes.append(helper.make_node("Relu", [value], [f"r{i}"], name=f"relu{i}"))
            value = f"r{i}"
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, sizes[0]])],
                              [helper.make_tensor_value_info(value, TensorProto.FLOAT, [1, sizes[-1]])], weights)  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), at("m.onnx"))
    np.savez(at("d.npz"), x=RNG.normal(size=(24, sizes[0])).astype(np.float32))


def quantc(*options, code=0, interval=16384, model="m.onnx"):
    command = [QUANTC, at(model), "--calibrate", at("d.npz"), "--target", "hls:xc7z010", "--golden", "1",
               "--report", at("r.json"), "--set", f"hls-interval={interval}", *options]  # fmt: skip
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == code, f"code {run.returncode} instead of {code}: {run.stdout}{run.stderr}"
    return run.stdout + run.stderr


def area_of(project):
    with open(os.path.join(project, "report.json"), encoding="utf-8") as file:
        area = json.load(file)["area"]
    return {"lut": area["lut"][1], "ff": area["ff"][1], "dsp": area["dsp"], "bram18": area["bram18"]}


def check_goals():
    """What is minimized is the least of all, and less than with 8 bits everywhere; what it does not cost stays wide."""
    wide, costs, widths = area_of(at("wide")), {}, {}
    for goal in ("lut", "ff", "dsp", "bram18"):
        quantc("--minimize", goal, "--max-drop", "1", "--set", "allocation-widths=4,8", "--set", "allocation-loss=weight", "-o", at(goal))
        with open(at("r.json"), encoding="utf-8") as file:
            allocation = json.load(file)["allocation"]
        costs[goal], widths[goal] = allocation["costs"], allocation["widths"]
        assert area_of(at(goal))[goal] < wide[goal], (goal, wide)
    for goal, found in costs.items():
        assert all(found[goal] <= other[goal] for other in costs.values()), (goal, costs)
    # LUTs shrink with every weight, DSP slices and block RAMs with those of some layers.
    assert set(widths["lut"].values()) == {"w4"}, widths
    assert all("w8" in widths[goal].values() for goal in ("dsp", "bram18")) and widths["dsp"] != widths["bram18"], widths


def check_refusals(choice):
    """Any failure of a design was taken for a part that is too small, and every part of the table was tried."""
    text = quantc(*choice, "-o", at("none"), code=2, interval=16)
    assert "no part of the table is great enough: the design of 8 bits: the design does not fit" in text, text
    model = onnx.load(at("m.onnx"))
    (node,) = (node for node in model.graph.node if node.name == "relu1")
    node.op_type = "Softmax"
    onnx.save(model, at("softmax.onnx"))
    text = quantc(*choice, "-o", at("none"), code=2, model="softmax.onnx")
    assert "has no unit" in text and "no part of the table" not in text, text
    text = quantc(*choice, "-o", at("none"), code=2, interval=8)
    assert "an interval that every unit reaches" in text and "no part of the table" not in text, text


def main():
    os.makedirs(FOLDER, exist_ok=True)
    make_model()
    quantc("-o", at("wide"), "--set", "hls-utilization=100")
    wide = area_of(at("wide"))
    # Less block RAM than 8 bits need, of the 120 that the part has.
    utilization = f"hls-utilization={100 * (wide['bram18'] * 3 // 4) // 120}"
    text = quantc("-o", at("none"), "--set", utilization, code=2)
    assert "does not fit" in text, text

    choice = ("--set", "fit-part=true", "--set", "allocation-widths=2,3,4,6,8", "--set", "allocation-loss=noise", "--set", utilization)
    text = quantc(*choice, "-o", at("mixed"), "--allocation-report", at("front"))
    assert "agree; optimality gap 0.00%" in text, text
    with open(at("r.json"), encoding="utf-8") as file:
        allocation = json.load(file)["allocation"]
    with open(at("front/problem.json"), encoding="utf-8") as file:
        budgets = {r["name"]: r["budget"] for r in json.load(file)["resources"] if "budget" in r}
    assert set(budgets) == {"lut", "ff", "dsp", "bram18"} and len(set(allocation["widths"].values())) > 1, (budgets, allocation)
    mixed = area_of(at("mixed"))
    assert mixed["bram18"] < wide["bram18"], (mixed, wide)
    with open(at("mixed/report.json"), encoding="utf-8") as file:
        supply = json.load(file)["part"]
    share = int(utilization.split("=")[1])
    for name, found in mixed.items():
        # A budget is what may be used of the part without what no width changes.
        rest = supply[name] * share // 100 - budgets[name]
        predicted = allocation["costs"][name] + rest
        assert abs(predicted - found) <= 0.02 * found + 1, (name, predicted, found)

    text = quantc(*choice, "-o", at("none"), code=3, interval=256)
    assert re.search(r"bit allocation: fit-part: expected at least \d+ lut, the least that the widths allow, but found \d+", text), text
    text = quantc(*choice, "-o", at("none"), code=2, interval=0)
    assert "expected hls-interval" in text, text
    check_goals()
    check_refusals(choice)
    print("ok")


if __name__ == "__main__":
    main()
