# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What reports say of transforms of channels: `rotation_report.py QUANTC QUANT_OPT`. A case prints "passed NAME", or what it found instead."""

import html.parser
import json
import os
import re
import subprocess
import sys
import tempfile

import jsonschema
import numpy as np
import same_bytes
from onnx import TensorProto

SCHEMA = json.load(open(os.path.join(same_bytes.ROOT, "docs", "report.schema.json")))
CLOSED = dict(SCHEMA, additionalProperties=False, properties=dict(SCHEMA["properties"]))
for _name in ("rotation", "migration"):
    CLOSED["properties"][_name] = dict(SCHEMA["properties"][_name], additionalProperties=False)
ROWS = ["--recipe", "w4a8", "--set", "weight-format=int4:g8:sym"]


class DataOf(html.parser.HTMLParser):
    """The JSON text and the script of a page."""

    def __init__(self, path):
        super().__init__()
        self.texts, self.kind = {}, None
        self.feed(open(path).read())
        self.report, self.script = json.loads(self.texts["data"]), self.texts["script"]

    def handle_starttag(self, tag, attributes):
        if tag == "script":
            self.kind = dict(attributes).get("id", "script")

    def handle_endtag(self, tag):
        self.kind = None

    def handle_data(self, text):
        if self.kind:
            self.texts[self.kind] = self.texts.get(self.kind, "") + text


class Cases:
    def __init__(self, quantc, quant_opt, folder):
        self.quantc, self.quant_opt, self.folder = quantc, quant_opt, folder

    def file(self, name):
        return os.path.join(self.folder, name)

    def run(self, model, *options):
        return subprocess.run([self.quantc, model, *options], capture_output=True, text=True)

    def report(self, model, data, *options):
        """The report's JSON, which fits the schema, and the summary."""
        np.savez(self.file("d.npz"), **data)
        out = self.file("r.json")
        done = self.run(model, "--calibrate", self.file("d.npz"), "--report", out, "-o", self.file("m.so"), *options)
        assert done.returncode == 0, done.stderr
        report = json.load(open(out))
        jsonschema.validate(report, CLOSED)
        return report, done.stdout

    def perceptron(self):
        """Two layers with a ReLU between them, and data."""
        net = same_bytes.Net()
        path = self.file("p.onnx")
        net.save(path, "x", TensorProto.FLOAT, [1, 16], net.linear(net("Relu", net.linear("x", 16, 32)), 32, 8))
        return path, {"x": np.random.default_rng(5).normal(size=(12, 16)).astype(np.float32)}

    def language_model(self):
        path = self.file("l.onnx")
        return path, same_bytes.language_model(path)

    def nothing_was_said_of_rotations(self):
        path, data = self.perceptron()
        report, said = self.report(path, data, *ROWS, "--set", "rotate=fused")
        assert report["rotation"]["places"] == [] and "rotations     fused: no place was found" in said, (report["rotation"], said)
        report, said = self.report(path, data, *ROWS, "--set", "rotate=online")
        first, second = report["rotation"]["places"]
        assert first["kind"] == second["kind"] == "R4" and (first["channels"], second["channels"]) == (16, 32), (first, second)
        assert not first["rotated"] and first["reason"] == "it is an input of the graph" and not first["how"], first
        assert second["rotated"] and second["how"] == "Hadamard 32" and not second["reason"], second
        assert "rotations     online: 1 rotated, 1 refused" in said, said
        report, said = self.report(path, data, *ROWS, "--set", "rotate=none")
        assert report["rotation"] is None and "rotations" not in said, said

    def every_decision_of_the_passes_is_in_the_report(self):
        path, data = self.language_model()
        options = [*ROWS, "--set", "rotate=online"]
        rotation = self.report(path, data, *options)[0]["rotation"]
        assert {place["kind"] for place in rotation["places"]} == {"R1", "R2", "R3", "R4", "heads"}, rotation["places"]
        assert rotation["rotated"] + rotation["refused"] == len(rotation["places"]), rotation
        # The same passes with their remarks.
        module = self.file("f.mlir")
        done = self.run(path, "--calibrate", self.file("d.npz"), "--emit", "mlir", "--to", "float", "-o", module)
        assert done.returncode == 0, done.stderr
        printed = self.run(path, *options, "--print-pipeline").stdout
        pipeline = re.search(r"observed: --pass-pipeline='(.*)'", printed).group(1)
        done = subprocess.run([self.quant_opt, module, f"--pass-pipeline={pipeline}", "-o", os.devnull], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        remarks = [line for line in done.stderr.splitlines() if re.search(r"remark: .*(rotated|mixed)", line)]
        twice = [line for line in remarks if "it is rotated already" in line]  # by another decision: no refusal
        assert twice, remarks
        remarks = [line for line in remarks if line not in twice]
        refused = sum(" not " in line for line in remarks)
        extra = sum("is rotated at run time where the graph refuses" in line for line in remarks)  # of a stream that is rotated
        assert (rotation["refused"], rotation["rotated"]) == (refused, len(remarks) - refused - extra), (rotation["places"], remarks)

    def norms_that_stand_in_the_way_are_named(self):
        net = same_bytes.Net()
        value = net.linear("x", 16, 16)
        value = net("LayerNormalization", value, net.constant(np.linspace(1, 2, 16)), net.constant(np.linspace(-1, 1, 16)), axis=-1)
        value = net("Add", net.linear(net("Relu", value), 16, 16), value)
        path = self.file("n.onnx")
        net.save(path, "x", TensorProto.FLOAT, [1, 16], value)
        data = {"x": np.random.default_rng(6).normal(size=(12, 16)).astype(np.float32)}
        rotation = self.report(path, data, *ROWS, "--set", "rotate=fused")[0]["rotation"]
        [place] = rotation["places"]
        assert place["kind"] == "R1" and not place["rotated"] and place["reason"], place
        assert rotation["norms"] and all(norm["node"] == place["node"] and norm["reason"] for norm in rotation["norms"]), rotation

    def kurtosis_falls(self):
        path, data = self.language_model()
        report, said = self.report(path, data, *ROWS, "--set", "rotate=online", "--explain", "2")
        inputs = report["rotation"]["outliers"]
        assert report["rotation"]["outlier_runs"] == 2 and inputs, report["rotation"]
        before, after = (np.median([each[f"kurtosis_{when}"] for each in inputs]) for when in ("before", "after"))
        assert after < before, inputs
        assert f"median {after:.1f}, {before:.1f} before" in said, (said, after, before)

    def a_rotation_in_float_was_not_counted(self):
        path, data = self.perceptron()
        np.savez(self.file("d.npz"), **data)
        options = ["--calibrate", self.file("d.npz"), "--recipe", "w8a8-integer", "--set", "rotate=online", "-o", self.file("m.so")]
        done = self.run(path, *options)
        assert done.returncode == 5 and "nothing of the model computes with integers" not in done.stderr, done.stderr
        assert "float ops are left; the report (--report) names them all" in done.stderr and "  float       Relu_1" in done.stderr, done.stderr
        for kind in ("json", "html"):  # the report was left out where a proof fails
            done = self.run(path, *options, "--report", self.file("left." + kind))
            assert done.returncode == 5 and "Relu_1" in open(self.file("left." + kind)).read(), done.stderr
        left = json.load(open(self.file("left.json")))
        jsonschema.validate(left, CLOSED)
        assert left["coverage"]["float_nodes"] == ["Relu_1"], left["coverage"]
        done = self.run(path, *options, "--allow-float", "--report", self.file("r.json"))
        assert done.returncode == 0, done.stderr
        coverage = json.load(open(self.file("r.json")))["coverage"]
        assert coverage["float_nodes"] == ["Relu_1"] and coverage["integer"] == 2, coverage

    def heads_and_scores_are_integers_with_static_activations(self):
        path, data = self.language_model()
        np.savez(self.file("d.npz"), **data)
        module = self.file("i.mlir")
        done = self.run(path, "--calibrate", self.file("d.npz"), "--recipe", "w8a8-integer", "--set", "rotate=online", "--allow-float",
                        "--emit", "mlir", "--to", "integer", "-o", module)  # fmt: skip
        assert done.returncode == 0, done.stderr
        lines = [line for line in open(module) if re.search(r"= (dyad|qnn)\.hadamard ", line)]
        integer = [line for line in lines if "dyad.hadamard" in line]
        floating = [line for line in lines if "qnn.hadamard" in line]
        # Queries, keys and heads; the map behind the product of gate and up reads random signs.
        assert len(integer) == 3 and sum("inner = 16" in line for line in integer) == 1, lines
        assert len(floating) == 1 and "sign_seed" in floating[0], lines

    def the_page_shows_rotations_and_migration(self):
        path, data = self.language_model()
        np.savez(self.file("d.npz"), **data)
        page = self.file("r.html")
        done = self.run(path, "--calibrate", self.file("d.npz"), *ROWS, "--set", "rotate=fused", "--set", "migrate=smoothquant",
                        "--set", "migrate-check=place", "--report", page, "-o", self.file("m.so"))  # fmt: skip
        assert done.returncode == 0, done.stderr
        found = DataOf(page)
        assert found.report["migration"]["sites"] and found.report["rotation"]["places"], found.report
        for name in ("rotation", "migration"):
            assert re.search(rf"^{name}\(\);$", found.script, re.M), name
        # Each field that a person needs is read by the script.
        for field in ("how", "reason", "outliers", "norms", "loss_before", "loss_after", "choice", "refused"):
            assert re.search(rf"\b{field}\b", found.script), field

    def migration_names_what_is_no_place(self):
        path, data = self.perceptron()
        report, _ = self.report(path, data, "--recipe", "w8a8-integer", "--set", "migrate=smoothquant", "--allow-float")
        refused = report["migration"]["refused"]
        assert [entry["name"] for entry in refused] == ["MatMul_0.input"] and refused[0]["reason"], report["migration"]


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(*sys.argv[1:], folder)
        helpers = ("file", "run", "report", "perceptron", "language_model")
        for name in [n for n in vars(Cases) if n not in helpers and not n.startswith("_")]:
            try:
                getattr(cases, name)()
                print("passed", name)
            except (AssertionError, KeyError, ValueError, jsonschema.ValidationError) as error:
                print("FAILED", name, type(error).__name__, str(error)[:3000])
                failed += 1
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
