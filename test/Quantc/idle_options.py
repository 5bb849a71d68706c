# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options that nothing reads are refused, and those that something reads are not: `idle_options.py QUANTC FOLDER`.

Every option of `--list-options` stands in one of the tables below; no model is read.
"""

import os
import re
import subprocess
import sys

QUANTC, FOLDER = sys.argv[1:]
STATIC, METHOD, LOSS = "activations static", "a method of migrate", "rotate-learn loss, kl, kl-top or mse"
BUDGET = "a budget (effective-bits, target-size, target-latency, fit-part) or minimize"
WEIGHTS = ["activations=float", "weight-format=int4:g8:sym"]
ROWS = ["activations=row", "weight-format=int4:g8:sym"]
LEARN = [*ROWS, "rotate=fused"]
# Read whatever stands beside them.
ALWAYS = {"exclude", "migrate", "rotate", "activations"}
# Option, value, settings that do not read it, what is expected beside it, settings that read it.
FPGA, ONNX, CPU = ["--target", "hls:xczu7ev"], ["--target", "onnx"], []
OPTIONS = [
    ("observer", "mse", WEIGHTS, STATIC, []),
    ("percentile", "99", WEIGHTS, STATIC, []),
    ("percentile", "99", ["observer=mse"], "observer percentile", ["observer=percentile"]),
    ("averaging-constant", "0.5", [], "observer moving-average", ["observer=moving-average"]),
    ("clip-two-sided-only", "true", ["observer=min-max"], "an observer other than min-max", []),
    ("activation-signed", "true", WEIGHTS, STATIC, []),
    ("activation-symmetric", "true", WEIGHTS, STATIC, []),
    ("weight-granularity", "tensor", WEIGHTS, STATIC, []),
    ("weight-bits", "4", WEIGHTS, STATIC, []),
    ("activation-bits", "4", WEIGHTS, "activations static or row", ROWS),
    ("node-bits", "a=w4", ROWS, STATIC, []),
    ("quantize-outputs", "true", ROWS, STATIC, []),
    ("io-type", "int8", WEIGHTS, STATIC, []),
    ("equalize-depthwise", "true", WEIGHTS, STATIC, []),
    ("equalize-residual", "true", WEIGHTS, STATIC, []),
    ("bias-correction", "7", WEIGHTS, STATIC, []),
    ("bias-correction-moments", "true", WEIGHTS, "weight-rounding nearest and activations static", []),
    ("migrate-alpha", "0.5", ["migrate=os+"], "migrate smoothquant", ["migrate=smoothquant"]),
    ("migrate-absorb", "true", ["migrate=os+"], "migrate equalize", ["migrate=equalize"]),
    ("migrate-trials", "3", ["migrate=os+", "migrate-check=place"], "migrate-check model", ["migrate=os+"]),
    ("rotate-seed", "7", [], "rotate fused or online", ["rotate=fused"]),
    ("rotations", "r.npz", [], "rotate fused or online", LEARN),
    ("rotate-learn", "local", [], "activations row and rotate fused or online", LEARN),
    ("rotate-learn-heads", "false", LEARN, "a way of rotate-learn", [*LEARN, "rotate-learn=local"]),
    ("rotate-steps", "7", LEARN, "a way of rotate-learn", [*LEARN, "rotate-learn=local"]),
    ("rotate-rate", "0.5", LEARN, "a way of rotate-learn", [*LEARN, "rotate-learn=local"]),
    ("rotate-learn-scales", "true", [*LEARN, "rotate-learn=local"], LOSS, [*LEARN, "rotate-learn=mse"]),
    ("rotate-optimizer", "cayley", LEARN, LOSS, [*LEARN, "rotate-learn=mse"]),
    ("rotate-runs", "7", LEARN, LOSS, [*LEARN, "rotate-learn=kl"]),
    ("rotate-classes", "7", [*LEARN, "rotate-learn=kl"], "rotate-learn kl-top", [*LEARN, "rotate-learn=kl-top"]),
    ("weight-format", "int4:g8:sym", [], "activations float or row", ["activations=float"]),
    ("weight-rounding", "mse", WEIGHTS, STATIC, []),
    ("rounding-steps", "7", ["weight-rounding=gptaq"], "weight-rounding adaround, autoround or brecq", ["weight-rounding=brecq"]),
    ("rounding-folds", "2", [], "weight-rounding gptq, gptaq, adaround, autoround or brecq", ["weight-rounding=gptq"]),
    ("rounding-folds", "2", [*ROWS, "weight-rounding=gptaq"], "activations static", ["weight-rounding=gptaq"]),
    ("weight-search", "mse", [], "activations float or row, and a weight-format,", WEIGHTS),
    ("activation-clip", "0.5", WEIGHTS, "activations row", ROWS),
    ("activation-group", "8", [], "activations row", ROWS),
]  # fmt: skip
OPTIONS += [(f"migrate-{name}", value, [], METHOD, ["migrate=smoothquant"])
            for name, value in (("copies", "false"), ("open-clamps", "true"), ("check", "none"), ("trials", "3"), ("exclude", "a.input"))]  # fmt: skip
OPTIONS += [(f"allocation-{name}", value, [], BUDGET, ["effective-bits=6"])
            for name, value in (("widths", "2,8"), ("loss", "noise"), ("runs", "7"), ("couplings", "neighbours"), ("search", "7"))]  # fmt: skip
# Those of bit allocation itself; the message names what they ask for.
REQUESTS = {"effective-bits": "6", "target-size": "100000", "target-latency": "100", "minimize": "size"}
# By the target: option, value, targets that do not read it and that do.
TARGETS = [(f"hls-{name}", value, CPU, "target hls:PART", FPGA)
           for name, value in (("interval", "100"), ("utilization", "70"), ("threshold-bits", "2"), ("fifo-slack", "20"), ("clock", "50"))]  # fmt: skip
TARGETS += [("fit-part", "true", CPU, "target hls:PART", FPGA), ("strict", "true", FPGA, "target cpu", CPU), ("cpu", "portable", FPGA, "target cpu", CPU),
            ("strict", "true", ONNX, "target cpu", CPU), ("cpu", "portable", ONNX, "target cpu", CPU), ("hls-clock", "50", ONNX, "target hls:PART", FPGA)]


def quantc(*arguments):
    """The error; empty where the options are taken."""
    process = subprocess.run([QUANTC, "--print-pipeline", *arguments], capture_output=True, text=True)
    assert process.returncode in (0, 1) and bool(process.returncode) == bool(process.stderr), (arguments, process.stderr)
    return process.stderr.strip()


def given(settings):
    return [word for setting in settings for word in ("--set", setting)]


def check(option, value, idle, expected, used):
    error = quantc(*idle, *given([f"{option}={value}"]))
    start = f"quantc: error: {option}: expected {expected} beside it, but found "
    assert re.sub(r"^(quantc: error: weight-rounding) \w+:", r"\1:", error).startswith(start), (option, error)
    error = quantc(*used, *given([f"{option}={value}"]))
    assert not error, (option, used, error)


def check_files(recipes):
    """Options of a file of the user's are given; those of a recipe that it starts from, and of one that quantc saved, are not."""
    path = os.path.join(FOLDER, "recipe.yaml")

    def file(text):
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return quantc("--recipe", path)

    assert "migrate-alpha: expected migrate smoothquant" in file("recipe: w8a8-integer\nmigrate-alpha: 0.5\n")
    assert not file("recipe: w8a8-integer\nmigrate-alpha: search\n")
    assert not file("recipe: w8a8-integer\nactivations: float\nweight-format: int4:g8:sym\n")
    assert "observer: expected" in file("recipe: w8a8-integer\nobserver: mse\nactivations: float\nweight-format: int4:g8:sym\n")
    for recipe in recipes:
        for settings in ([], ["activations=float", "weight-format=int4:g8:sym"] if recipe == "w8a8-integer" else []):
            assert not quantc("--recipe", recipe, *given(settings), "--save-config", path)
            assert not quantc("--recipe", path), (recipe, settings)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    listing = subprocess.run([QUANTC, "--list-options"], check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"^([a-z][a-z0-9-]*) \(", listing, re.M))
    tested = ALWAYS | REQUESTS.keys() | {row[0] for row in OPTIONS + TARGETS}
    assert names == tested, names ^ tested
    for option, value, idle, expected, used in OPTIONS:
        check(option, value, given(idle), expected, given(used))
    for row in TARGETS:
        check(*row)
    for option, value in REQUESTS.items():
        error = quantc(*given([*WEIGHTS, f"{option}={value}"]), "--max-drop", "0.1")
        assert "bit allocation: expected activations static, but found float" in error, (option, error)
        assert not quantc(*given([f"{option}={value}"]), "--max-drop", "0.1"), option
    error = quantc(*given(["migrate-alpha=0.5", "hls-clock=50", "rotate-steps=7", "weight-bits=4"]))
    assert error == ("quantc: error: migrate-alpha: expected migrate smoothquant beside it, but found none; rotate-steps: expected a way of rotate-learn "
                     "beside it, but found none; hls-clock: expected target hls:PART beside it, but found cpu"), error  # fmt: skip
    check_files(["w8a8-integer", "w8a8-accurate", "w4a8-integer", "w4a8", "w4a16-gptq", "w4a4-rotated", "mixed-hawq"])
    print("ok")


if __name__ == "__main__":
    main()
