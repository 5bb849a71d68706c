# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ledger of errors and its page: `explain.py QUANTC`. A case prints "passed NAME", or what it found instead."""

import json
import os
import re
import subprocess
import sys
import tempfile

import jsonschema
import numpy as np
import onnx
import same_bytes
from onnx import TensorProto, helper, numpy_helper

SCHEMA = json.load(open(os.path.join(same_bytes.ROOT, "docs", "report.schema.json")))
# The schema that refuses keys it does not name.
CLOSED = dict(SCHEMA, additionalProperties=False, properties=dict(SCHEMA["properties"]))
for _name in ("learned_rotations", "rounded_weights"):
    _items = SCHEMA["properties"][_name]["items"]
    CLOSED["properties"][_name] = dict(SCHEMA["properties"][_name], items=dict(_items, additionalProperties=False))
for _name in ("allocation", "migration"):
    CLOSED["properties"][_name] = dict(SCHEMA["properties"][_name], additionalProperties=False)
CAUSES = ["weight_rounding", "weight_clipping", "activation_step", "activation_clipping", "bias", "upstream"]
PLAIN = ["--recipe", "w8a8-integer", "--set", "observer=min-max", "--set", "equalize-depthwise=false", "--set",
         "equalize-residual=false", "--set", "bias-correction=0", "--allow-float"]  # fmt: skip


def db(signal, error):
    return 10 * np.log10(np.sum(np.square(signal)) / np.sum(np.square(error)))


class Cases:
    def __init__(self, quantc, folder):
        self.quantc, self.folder = quantc, folder

    def file(self, name):
        return os.path.join(self.folder, name)

    def report(self, model, data, *options, runs=1000):
        """The report's JSON, which fits the schema."""
        np.savez(self.file("d.npz"), **data)
        out = self.file("r.json")
        command = [self.quantc, model, "--calibrate", self.file("d.npz"), "--report", out, "--explain", str(runs), "--quiet", *options]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        report = json.load(open(out))
        jsonschema.validate(report, CLOSED)
        return report

    def roundings(self):
        """Reports of weights rounded by data have no key that the schema lacks, nor without the measured error."""
        model = self.file("c.onnx")
        data = same_bytes.convolutional(model)
        for rounding, measured in (("gptq", True), ("mse", False)):
            options = ["--recipe", "w8a8-integer", "--set", f"weight-rounding={rounding}", "--allow-float", "-o", self.file("c.so")]
            rounded = self.report(model, data, *options, runs=1)["rounded_weights"]
            assert rounded and all(("output_error" in each) == measured for each in rounded), rounded

    def linear(self, names=("fc",), scale=1.0):
        """Layers of 24 inputs and 16 outputs (then 16 and 16) with a bias: path, weights."""
        rng = np.random.default_rng(3)
        nodes, weights, held, size, at = [], [], [], 24, "x"
        for i, name in enumerate(names):
            w = (rng.normal(size=(16, size)) * scale).astype(np.float32)
            b = rng.normal(size=16).astype(np.float32)
            held.append((w, b))
            weights += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
            nodes.append(helper.make_node("Gemm", [at, f"w{i}", f"b{i}"], [f"y{i}"], name, transB=1))
            at, size = f"y{i}", 16
        graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 24])],
                                  [helper.make_tensor_value_info(at, TensorProto.FLOAT, [1, 16])], weights)  # fmt: skip
        path = self.file("linear.onnx")
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
        return path, held

    def one_linear_layer_by_hand(self):
        path, [(w, b)] = self.linear()
        x = np.random.default_rng(4).normal(size=(12, 24)).astype(np.float32)
        node = self.report(path, {"x": x}, *PLAIN)["explanation"]["nodes"][0]
        y = x @ w.T + b
        low, high = x.min(), x.max()
        step = np.float32((float(high) - float(low)) / 255)
        zero = np.rint(-low / step)
        coded = (np.clip(np.rint(x / step) + zero, 0, 255) - zero) * step
        steps = np.abs(w).max(1, keepdims=True) / 127
        stored = np.rint(w / steps) * steps
        bias = np.rint(b / (step * steps[:, 0])) * step * steps[:, 0]
        wanted = {"weight_rounding": db(y, x @ (stored - w).T), "bias": db(y, np.tile(bias - b, (12, 1)))}
        # The greatest or the least value lies beyond the last code, by the rounding of the zero point.
        low_end, high_end = -zero * step, (255 - zero) * step
        clamped = np.clip(x, low_end, high_end)
        wanted["activation_step"] = db(y, (coded - clamped) @ w.T)
        for name, figure in wanted.items():
            found = node["causes"][name]["sqnr_db"]
            assert abs(found - figure) < 0.02, (name, found, figure)
        whole = db(y, coded @ stored.T + bias - y)
        assert abs(node["local_sqnr_db"] - whole) < 0.02 and abs(node["sqnr_db"] - whole) < 0.02, (node, whole)
        cross = (coded - x) @ (stored - w).T
        assert abs(node["residue"]["sqnr_db"] - db(y, cross)) < 0.5, (node["residue"], db(y, cross))
        assert node["weight_bits"] == 8 and node["activation_bits"] == 8 and node["parameters"] == w.size
        assert sum(node["weights"]["counts"]) == w.size and sum(node["inputs"]["counts"]) == x.size

    def check_shares(self, nodes):
        assert any(node["quantized"] for node in nodes), nodes
        for node in nodes:
            shares = [part["share"] for part in node["causes"].values()]
            if shares and None not in shares:
                assert abs(sum(shares) + node["residue"]["share"] - 1) < 1e-6, node
            if not node["quantized"]:
                assert set(node["causes"]) <= {"upstream"}, node

    def shares_add_up(self):
        """Weights alone by their moments; rows between a lookup and a softmax."""
        path, _ = self.linear(("a", "b"))
        x = np.random.default_rng(10).normal(size=(12, 24)).astype(np.float32)
        gptq = ["--recipe", "w4a16-gptq", "--set", "weight-format=int4:g8:sym"]
        self.check_shares(self.report(path, {"x": x}, *gptq, runs=2)["explanation"]["nodes"])
        net = same_bytes.Net()
        rows = net("Gather", net.constant(np.random.default_rng(11).normal(size=(9, 16))), "x")
        net.save(path, "x", TensorProto.INT64, [1, 4], net("Softmax", net.linear(rows, 16, 12), axis=-1))
        rows = ["--recipe", "w4a8", "--set", "weight-format=int4:g8:sym"]
        self.check_shares(self.report(path, {"x": np.arange(24).reshape(6, 4) % 9}, *rows, runs=2)["explanation"]["nodes"])

    def shares_of_a_network_add_up_on_any_number_of_threads(self):
        net = same_bytes.Net()
        rng = np.random.default_rng(12)
        value = net("Conv", "x", net.constant(rng.normal(size=(8, 3, 3, 3)) / 5), net.constant(rng.normal(size=8)), pads=[1] * 4)
        value = net("Clip", value, net.constant(0), net.constant(6))
        value = net("Conv", value, net.constant(rng.normal(size=(8, 1, 3, 3)) / 3), net.constant(rng.normal(size=8)), group=8)
        value = net("Flatten", net("GlobalAveragePool", net("Relu", value)))
        path = self.file("m.onnx")
        net.save(path, "x", TensorProto.FLOAT, [1, 3, 8, 8], net.linear(value, 8, 5))
        data = {"x": rng.normal(size=(8, 3, 8, 8)).astype(np.float32)}
        one, two = (self.report(path, data, *PLAIN, "--threads", n, runs=3)["explanation"] for n in "12")
        self.check_shares(one["nodes"])
        assert one == two

    def more_bits_lose_less_and_measured_changes_are_what_a_recompilation_gives(self):
        path, _ = self.linear(("a", "b"))
        x = {"x": np.random.default_rng(8).normal(size=(12, 24)).astype(np.float32)}
        narrow = [*PLAIN, "--set", "weight-bits=4"]
        whole = self.report(path, x, *narrow)["explanation"]
        wide = self.report(path, x, *PLAIN)["explanation"]
        for few, many in zip(whole["nodes"], wide["nodes"]):
            assert few["weight_bits"] == 4 and many["weight_bits"] == 8, (few, many)
            noises = [each["causes"]["weight_rounding"]["sqnr_db"] for each in (few, many)]
            assert noises[1] > noises[0] + 12, noises
        advice = {(a["node"], a["change"]): a for a in whole["advice"]}
        change = advice["a", "weights of 8 bits"]
        assert change["by"] == advice["b", "weights of 8 bits"]["by"] == "measurement", change
        again = self.report(path, x, *narrow, "--set", "node-bits=a=w8a8")["explanation"]
        gain = again["output_sqnr_db"] - whole["output_sqnr_db"]
        assert abs(gain - change["gain_db"]) < 0.1, (change, gain)
        gains = [a["gain_db"] / a["bytes"] for a in whole["advice"] if a["by"] == "measurement" and a["bytes"] and a["gain_db"] > 0]
        assert gains == sorted(gains, reverse=True), gains

    def advice_names_changes_that_the_target_runs_and_that_help(self):
        """Weights and inputs of 16 bits were named for CPUs, which have no kernels for them, and changes that measured worse."""
        path, _ = self.linear(("a layer", "b"))
        x = {"x": np.random.default_rng(8).normal(size=(12, 24)).astype(np.float32)}
        for narrow, wanted in ((PLAIN, "exclude=a%20layer"), ([*PLAIN, "--set", "weight-bits=5"], "node-bits=a%20layer=w8")):
            whole = self.report(path, x, *narrow)["explanation"]
            advice = whole["advice"]
            assert wanted in {a["option"] for a in advice}, advice
            assert all(a["gain_db"] is None or a["gain_db"] > 0 for a in advice), advice
            for option in sorted({a["option"] for a in advice}):
                before = next(a for a in advice if a["option"] == option)
                after = self.report(path, x, *narrow, "--set", option)["explanation"]
                gain = after["output_sqnr_db"] - whole["output_sqnr_db"]
                assert before["by"] == "model" or gain > 0.5 * before["gain_db"], (before, gain)
        wide = self.report(path, x, *PLAIN, "--set", "bias-correction=0", "--target", "hls:xczu7ev", "-o", self.file("p"))["explanation"]["advice"]
        options = {a["option"] for a in wide}
        assert {"node-bits=a%20layer=w16", "activation-bits=16"} & options and not any(o.startswith("exclude") for o in options), wide

    def clipping_is_told_from_rounding(self):
        path, _ = self.linear()
        x = np.random.default_rng(6).normal(size=(200, 24)).astype(np.float32)
        x[7, 3] = 40  # beyond the range that the percentile keeps
        options = [each.replace("observer=min-max", "observer=percentile") for each in PLAIN]
        node = self.report(path, {"x": x}, *options, "--set", "percentile=99", "--set", "clip-two-sided-only=false")["explanation"]["nodes"][0]
        causes = node["causes"]
        assert causes["activation_clipping"]["share"] > 0.9 > 0.1 > causes["activation_step"]["share"], causes

    def what_arrives_is_upstream(self):
        path, _ = self.linear(("a", "b"))
        x = {"x": np.random.default_rng(7).normal(size=(12, 24)).astype(np.float32)}
        first, second = self.report(path, x, *PLAIN, "--set", "exclude=b")["explanation"]["nodes"]
        assert first["quantized"] and not second["quantized"], (first, second)
        assert set(second["causes"]) == {"upstream"} and abs(second["causes"]["upstream"]["share"] - 1) < 1e-6, second

    def clamped(self, bias):
        """Three layers with a ReLU behind each but the last, and a few great weights, which 4 bits clip."""
        net = same_bytes.Net()
        rng = np.random.default_rng(15)
        value = "x"
        for i, name in enumerate(("a", "b", "c")):
            weights = [net.constant(rng.standard_t(2, size=(16, 16)) / 3), *([net.constant(rng.normal(size=16))] if bias else [])]
            net.nodes.append(helper.make_node("Gemm", [value, *weights], [f"y{i}"], name))
            value = f"y{i}"
            if name != "c":
                net.nodes.append(helper.make_node("Relu", [value], [f"r{i}"], f"relu of {name}"))
                value = f"r{i}"
        path = self.file("clamped.onnx")
        net.save(path, "x", TensorProto.FLOAT, [1, 16], value)
        return path, {"x": rng.normal(size=(16, 16)).astype(np.float32)}

    def excluding_a_layer_gains_what_was_measured_of_it(self):
        """The option left the clamp out, which was quantized by itself then; and codes stayed that were measured as floats."""
        path, x = self.clamped(bias=True)
        for recipe in (PLAIN, [*PLAIN, "--set", "quantize-outputs=true"]):
            whole = self.report(path, x, *recipe)["explanation"]
            measured = [a for a in whole["advice"] if a["by"] == "measurement" and a["option"].startswith("exclude=")]
            assert measured, whole["advice"]
            for change in measured:
                after = self.report(path, x, *recipe, "--set", change["option"])["explanation"]
                gain = after["output_sqnr_db"] - whole["output_sqnr_db"]
                assert abs(gain - change["gain_db"]) < 1e-6, (recipe, change, gain)

    def a_layer_without_a_bias_is_explained_where_rounding_gives_it_one(self):
        """It was told as a node in which nothing is quantized."""
        path, x = self.clamped(bias=False)
        nodes = self.report(path, x, "--recipe", "w4a8-integer", "--allow-float")["explanation"]["nodes"]
        layers = [node for node in nodes if node["op"] == "nn.linear"]
        assert [node["weight_bits"] for node in layers] == [4, 4, 4], layers
        assert all("weight_rounding" in node["causes"] for node in layers), layers
        assert any("bias" in node["causes"] for node in layers), layers
        self.check_shares(nodes)

    def advice_names_no_option_that_changes_more_than_it_says(self):
        """Nearest codes in place of those that data chose were told to gain, and min-max was where it was in use."""
        path, x = self.clamped(bias=True)
        for recipe in (["--recipe", "w4a8-integer", "--allow-float"], [*PLAIN, "--set", "weight-rounding=gptq", "--set", "weight-bits=4"]):
            explained = self.report(path, x, *recipe)["explanation"]
            options = {a["option"] for a in explained["advice"]}
            assert options and not {"weight-rounding=nearest", "observer=min-max"} & options, options
            # Data rounds them, too, and the layers behind them anew.
            assert all(a["by"] == "model" for a in explained["advice"] if a["option"].startswith("node-bits=")), explained["advice"]

    def fronts_of_the_page_are_those_of_the_files(self):
        """The page's were in buckets, which lose the widest allocation, and within the other budgets."""
        path, x = self.clamped(bias=True)
        np.savez(self.file("d.npz"), **x)
        out, folder = self.file("fronts.html"), self.file("fronts")
        subprocess.run([self.quantc, path, "--calibrate", self.file("d.npz"), "--report", out, "--allocation-report", folder, "--effective-bits", "6",
                        "-o", self.file("f.so"), "--quiet", *PLAIN], check=True)  # fmt: skip
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', open(out).read(), re.S).group(1))
        for front in data["fronts"]:
            with open(os.path.join(folder, f"front-{front['resource']}.csv"), encoding="utf-8") as file:
                rows = [line.split(",")[:2] for line in file.read().splitlines()[1:]]
            assert front["points"] == [[float(cost), float(loss)] for cost, loss in rows], (front, rows)
            assert rows[-1][1] == str(min(float(loss) for _, loss in rows)) and len(rows) > 2, rows

    def names_are_no_markup(self):
        path, _ = self.linear(("</script><script>alert(1)</script><!--",))
        np.savez(self.file("d.npz"), x=np.random.default_rng(9).normal(size=(12, 24)).astype(np.float32))
        out = self.file("page.html")
        subprocess.run([self.quantc, path, "--calibrate", self.file("d.npz"), "--report", out, "--quiet", *PLAIN], check=True)
        page = open(out).read()
        assert page.count("<script") == 2 and page.count("</script") == 2 and "<!--" not in page, "a script of the model's"
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S).group(1))
        jsonschema.validate(data, SCHEMA)  # has the recipe's text too
        assert data["explanation"]["nodes"][0]["node"] == "</script><script>alert(1)</script><!--"
        assert "weight-granularity" in data["recipe_text"]
        outside = re.findall(r"https?:|//[a-z]|\bsrc=|\bhref=|@import|url\(|fetch\(|XMLHttp|import\(", page)
        assert not outside, outside
        assert "default-src 'none'" in page and "innerHTML" not in page


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = Cases(sys.argv[1], folder)
        for name in [n for n in vars(Cases) if n not in ("file", "report", "linear", "clamped", "check_shares") and not n.startswith("_")]:
            try:
                getattr(cases, name)()
                print("passed", name)
            except (AssertionError, KeyError, jsonschema.ValidationError, subprocess.CalledProcessError) as error:
                print("FAILED", name, type(error).__name__, str(error)[:2000])
                failed += 1
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
