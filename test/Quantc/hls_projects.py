# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models as HLS projects that are compiled and simulated: `hls_projects.py QUANTC QUANT_RUN`.

Each case is named after what once went wrong with it; a project's testbench compares every beat with the interpreter's
integers, on extreme inputs and on data.
"""

import json
import os
import re
import subprocess

import numpy as np
import small_models
from small_models import model, node, normal


class Case(small_models.Case):
    def quantc_run(self, *options, code=0):
        """Text of a quantc run for an FPGA that must end with `code`."""
        target = () if "--target" in options else ("--target", "hls:xczu7ev")
        command = [self.quantc, self.path, "--calibrate", self.file("data.npz"), *target, *options]
        run = subprocess.run(command, capture_output=True, text=True)
        text = run.stdout + run.stderr
        assert run.returncode == code, f"code {run.returncode} instead of {code}: {text}"
        return text

    def simulate(self, *options):
        """The project's own checks; text of quantc."""
        text = self.quantc_run(*options, "-o", self.file("project"))
        run = subprocess.run(["make", "-C", self.file("project"), "csim", "lint", "CXXFLAGS=-O0"], capture_output=True, text=True)
        assert run.returncode == 0 and ", 0 mismatches" in run.stdout and "lint: 0 findings" in run.stdout, run.stdout + run.stderr
        return text


def convolution(name="x", output="y", **attributes):
    return model([node("Conv", [name, "w"], output, "conv", **attributes)], {name: [1, 3, 6, 6]}, [output], {"w": normal(4, 3, 3, 3)})


def names_that_are_words_of_the_language(new):
    # Keywords, library types, macros, names of the testbench and of other identifiers, two that differ by case, and none at all.
    names = ["int8", "size", "time", "union", "double", "options", "bench", "argc", "EOF", "model", "x", "x_t", "x_in", "X", "a__b",
             "write_x", "*", "\u03bb", "1", "line\nend", "sum0_add"]  # fmt: skip
    nodes, last = [], names[0]
    for i, name in enumerate(names[1:]):
        last, before = f"register{i}" if i + 2 < len(names) else "return", last
        nodes.append(node("Add", [before, name], last, f"sum{i}" if i % 2 else "Sum0"))
    new(model(nodes, {name: [1, 2] for name in names}, [last], {})).simulate()


def verification_of_code_for_another_machine(new):
    case = new(convolution())
    for output in ((), ("-o", case.file("project"))):
        text = case.quantc_run("--verify", *output)
        assert "verification  skipped: an HLS project is verified by `make sim` in its folder" in text and "differ" not in text, text


def files_that_cannot_be_written_or_read(new):
    case = new(convolution())
    with open(case.file("file"), "w"):
        pass
    for output in (case.file("file"), "/proc/x", "/dev/full"):
        case.quantc_run("-o", output, code=1)
    for output in (case.file("none/m.so"), "/proc/x.so"):
        assert "cannot write" in case.quantc_run("--target", "cpu", "-o", output, code=1)
    assert "cannot write" in case.quantc_run("--target", "cpu", "--emit", "mlir", "-o", "/dev/full", code=1)
    assert "cannot open" in case.quantc_run("-o", case.file("project"), "--golden-data", case.file("none"), code=2)
    assert "--golden: expected" in case.quantc_run("-o", case.file("project"), "--golden=-5", code=1)


def residual():
    """Conv, HardSwish, Conv, Add, MaxPool, GlobalAveragePool, Flatten, Gemm."""
    nodes = [node("Conv", ["x", "w"], "a", "first", pads=[1, 1, 1, 1]), node("HardSwish", ["a"], "b", "swish"),
             node("Conv", ["b", "v"], "c", "second", pads=[1, 1, 1, 1]), node("Add", ["b", "c"], "d", "sum"),
             node("MaxPool", ["d"], "e", "most", kernel_shape=[2, 2], strides=[2, 2]), node("GlobalAveragePool", ["e"], "f", "mean"),
             node("Flatten", ["f"], "g", "flat"), node("Gemm", ["g", "u"], "y", "fc", transB=1)]  # fmt: skip
    return model(nodes, {"x": [1, 2, 6, 6]}, ["y"], {"w": normal(4, 2, 3, 3) / 4, "v": normal(4, 4, 3, 3) / 6, "u": normal(5, 4)})


def widths_outside_of_two_to_eight(new):
    case = new(residual(), 40)
    quality = {}
    for weight, activation in ((1, 8), (4, 16), (8, 12), (2, 1), (10, 8)):
        text = case.simulate("--set", f"weight-bits={weight}", "--set", f"activation-bits={activation}")
        quality[weight, activation] = float(re.search(r"SQNR (-?[\d.]+) dB", text)[1])
    assert quality[10, 8] > 25 and quality[8, 12] > quality[4, 16] > quality[1, 8], quality
    case.simulate("--set", "node-bits=first=w1a9,second=w9a4,fc=w12")


def few_inputs_with_weights_of_sixteen_bits(new):
    case = new(model([node("Gemm", ["x", "w"], "y", "fc", transB=1)], {"x": [1, 3]}, ["y"], {"w": normal(4, 3)}))
    case.simulate("--set", "weight-bits=16")
    text = case.quantc_run("--set", "weight-bits=16", "--set", "activation-bits=16", "-o", case.file("project"), code=2)
    assert "inside 32 bits" in text and "'fc'" in text and re.search(r"weights of 1\d bits fit", text), text


def widths_that_a_processor_lacks(new):
    case = new(convolution())
    for target in ("cpu", "cuda:sm_80"):
        for option in ("weight-bits=9", "activation-bits=9"):
            text = case.quantc_run("--target", target, "--set", option, "--emit", "mlir", "--to", "scheduled", "-o", case.file("m.mlir"), code=2)
            assert re.search("node '(x|conv)'.*no kernel.*at most 8 bits", text) or re.search("(x|conv): no kernel.*at most 8 bits", text), text


def last_op_that_puts_an_input_beside_a_result(new):
    # No quantize surrounded the concatenation, so it was float between the integers, for every target.
    nodes = [node("MaxPool", ["x"], "a", "most", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), node("Conv", ["x", "w"], "b", "conv", pads=[1, 1, 1, 1]),
             node("Concat", ["a", "b"], "y", "join", axis=1)]  # fmt: skip
    case = new(model(nodes, {"x": [1, 3, 6, 6]}, ["y"], {"w": normal(4, 3, 3, 3)}))
    text = case.simulate()
    assert "certificate   integer-only" in text and "0 float" in text, text
    assert " 0 of " in case.quantc_run("--target", "cpu", "--verify")


def last_op_that_has_no_integers_to_take(new):
    nodes = [node("Conv", ["x", "w"], "a", "conv"), node("MaxPool", ["a"], "y", "most", kernel_shape=[2, 2])]
    case = new(model(nodes, {"x": [1, 3, 6, 6]}, ["y"], {"w": normal(4, 3, 3, 3)}))
    assert "most: " in (text := case.quantc_run("-o", case.file("project"), code=2)) and "quantize-outputs=true" in text, text
    case.simulate("--set", "quantize-outputs=true")
    text = new(small_models.classifier()).quantc_run("-o", case.file("project"), code=2)
    assert "sm: " in text and "'nn.softmax' has no integer form" in text and "host" in text, text


def channels_of_constants(new):
    pads = np.array([0, 1, 2, 0, 0, 2, 1, 3])
    nodes = [node("Conv", ["x", "w"], "a", "first"), node("Pad", ["a", "p", "v"], "b", "pad"), node("Concat", ["k", "b", "k"], "c", "join", axis=1),
             node("Conv", ["c", "u"], "y", "second")]  # fmt: skip
    case = new(model(nodes, {"x": [1, 3, 6, 6]}, ["y"], {"w": normal(4, 3, 3, 3), "p": pads, "v": np.float32(0.5), "k": normal(1, 2, 7, 7), "u": normal(3, 11, 3, 3)}))
    case.simulate()


def input_that_nothing_reads(new):
    case = new(model([node("Conv", ["x", "w"], "y", "conv")], {"x": [1, 3, 6, 6], "idle": [1, 2]}, ["y"], {"w": normal(4, 3, 3, 3)}))
    assert "unused float input 'idle'" in case.quantc_run("-o", case.file("project"), code=2)


def files_of_an_earlier_project(new):
    case = new(convolution())
    case.quantc_run("-o", case.file("project"))
    stale = [case.file(os.path.join("project", name)) for name in ("weights/old_mvau.h", "tb/golden/old_in.hex")]
    kept = case.file("project/notes.txt")
    for path in [*stale, kept]:
        open(path, "w").close()
    case.quantc_run("-o", case.file("project"))
    assert not any(map(os.path.exists, stale)) and os.path.exists(kept)


def processes_of_one_label(new):
    nodes = [node("Add", ["x", "k"], "a", "s\"m"), node("Add", ["a", "k"], "b", "s_m"), node("Add", ["b", "k"], "y", "s\\m")]
    case = new(model(nodes, {"x": [1, 4]}, ["y"], {"k": normal(1, 4)}))
    case.simulate()
    with open(case.file("project/report.json")) as file:
        labels = [unit["process"] for unit in json.load(file)["units"]]
    assert len(labels) > 3 and len(set(labels)) == len(labels), labels


CASES = [files_of_an_earlier_project, processes_of_one_label, last_op_that_puts_an_input_beside_a_result, last_op_that_has_no_integers_to_take, channels_of_constants,
         input_that_nothing_reads, widths_outside_of_two_to_eight, few_inputs_with_weights_of_sixteen_bits,
         widths_that_a_processor_lacks, names_that_are_words_of_the_language, verification_of_code_for_another_machine,
         files_that_cannot_be_written_or_read]  # fmt: skip


if __name__ == "__main__":
    small_models.run_cases(CASES, Case)
