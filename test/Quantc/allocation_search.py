# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The search from the solvers' answer: `allocation_search.py QUANTC FOLDER`.

y = xA + xB + xC with B = -A. Narrow, A and B each cost more than C, but both together nothing, since their errors cancel; of the three one may be
wide. The sum of the losses of one layer at a time keeps one of A and B wide, and the whole network says that it should be C.
"""

import glob
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

QUANTC, FOLDER = sys.argv[1:]
SIZE = 16


def at(name):
    return os.path.join(FOLDER, name)


def save_model():
    rng = np.random.default_rng(3)
    first, last = rng.normal(size=(2, SIZE, SIZE)).astype(np.float32)
    weights = {"A": first, "B": -first, "C": last / 2}
    nodes = [helper.make_node("MatMul", ["x", name], ["x" + name], name=name) for name in weights]
    nodes += [helper.make_node("Add", ["xA", "xB"], ["s"], name="s"), helper.make_node("Add", ["s", "xC"], ["y"], name="y")]
    shapes = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, SIZE]) for name in "xy"]
    graph = helper.make_graph(nodes, "g", shapes[:1], shapes[1:], [numpy_helper.from_array(w, name) for name, w in weights.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), at("m.onnx"))
    np.savez(at("d.npz"), x=rng.normal(size=(24, SIZE)).astype(np.float32))


def quantc(name, *settings, options=(), data=("--calibrate", "d.npz")):
    """The report of a run, whose recipe is in NAME.yaml."""
    command = [QUANTC, "m.onnx", *data, "--effective-bits", "5.4", "--save-config", name + ".yaml", "--report", name + ".json", "--allow-float", "--quiet"]
    settings = ("allocation-loss=noise", *settings)
    done = subprocess.run([*command, *options, *(x for s in settings for x in ("--set", s))], cwd=FOLDER, capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    with open(at(name + ".json"), encoding="utf-8") as file:
        return json.load(file)


def read(name):
    with open(at(name), "rb") as file:
        return file.read()


def sqnr(report):
    return report["accuracy_on_calibration_tail"]["sqnr_db"]


def check_gain():
    plain = quantc("plain")
    assert plain["allocation"]["search"] is None
    assert sorted(plain["allocation"]["widths"].values()) == ["w4", "w4", "w8"] and plain["allocation"]["widths"]["C"] == "w4", plain["allocation"]
    found = quantc("found", "allocation-search=20")
    search = found["allocation"]["search"]
    assert found["allocation"]["widths"] == {"A": "w4", "B": "w4", "C": "w8"}, found["allocation"]
    # A loss of 8 bits is some 4^4 times less than one of 4.
    assert search["after"] < search["before"] / 50 and search["held_out_after"] < search["held_out_before"] / 50, search
    assert search["runs"] and search["held_out_runs"] and search["local_optimum"] and 2 <= search["moves"] < search["trials"] <= 20, search
    assert found["allocation"]["predicted_loss"] > plain["allocation"]["predicted_loss"]
    assert sqnr(found) > sqnr(plain) + 6, (sqnr(found), sqnr(plain))
    return search


def check_repeats(search):
    quantc("two", "allocation-search=20", options=("--threads", "2"))
    assert read("two.yaml") == read("found.yaml")
    again = quantc("again", options=("--recipe", "found.yaml"))
    assert again["allocation"] is None and read("again.yaml") == read("found.yaml"), "a saved recipe decides"
    shutil.rmtree(at("steps"), ignore_errors=True)  # of another version
    first = quantc("first", "allocation-search=20", options=("--resume", "steps"))
    assert glob.glob(at("steps/*search*")), os.listdir(at("steps"))
    second = quantc("second", "allocation-search=20", options=("--resume", "steps", "--threads", "2"))
    assert first["allocation"] == second["allocation"] and second["allocation"]["search"] == search
    assert quantc("one", "allocation-search=1")["allocation"]["search"]["trials"] == 1
    assert read("one.yaml").replace(b"search: 1", b"search: 0") == read("plain.yaml"), "of one trial nothing is found"


def check_losses():
    """A loss that is none of outputs decides first; the search goes by the outputs. It needs data, and budgets alone."""
    quantc("table", options=("--save-sensitivity", "s.json"))
    found = quantc("weight", "allocation-loss=weight", "allocation-search=20", options=("--sensitivity", "s.json"))
    assert found["allocation"]["search"]["loss"] == "auto" and found["allocation"]["loss"] == "weight"
    assert found["allocation"]["search"]["before"] >= found["allocation"]["search"]["after"]
    one = {"min": -4, "max": 4, "lo": -4, "hi": 4, "count": 64, "method": "min-max"}
    with open(at("statistics.json"), "w", encoding="utf-8") as file:
        json.dump({"format": "quantc-statistics", "version": 1, "observers": {name: one for name in ("x", "A", "B", "C", "s", "y")}}, file)
    ranges = ("--statistics", "statistics.json")
    assert quantc("ranges", "bias-correction=0", options=("--sensitivity", "s.json"), data=ranges)["allocation"]["search"] is None
    text = quantc("no", "bias-correction=0", "allocation-search=20", options=("--sensitivity", "s.json"), data=ranges)
    assert "allocation-search: expected calibration data" in text, text
    text = quantc("no", "allocation-search=20", options=("--minimize", "size", "--max-drop", "0.5"))
    assert "allocation-search: expected budgets without minimize" in text, text


os.makedirs(FOLDER, exist_ok=True)
save_model()
check_repeats(check_gain())
check_losses()
