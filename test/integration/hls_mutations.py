#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""hls_mutations.py PROJECT: breaks copies of an HLS project, one thing at a time, and expects a check of it to fail.

A flipped weight bit, a changed rounding constant and zero point, in a design with windows a tap of another column and in one with
sums another term's multiplier must show in the golden vectors; the deepest stream cut to depth 1 in the simulated interval or as a deadlock; a second reader, a missing writer, a variable trip count, a misplaced pragma and
a ROM value outside of its type in the lint. The unbroken project must pass all of them. Prints one line each; exit code 1 when a
mutation survives.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile


def run(folder, *targets):
    return subprocess.run(["make", "-s", "CXXFLAGS=-O1", *targets], cwd=folder, capture_output=True, text=True).returncode


def interval(folder):
    if run(folder, "sim"):
        return None
    with open(os.path.join(folder, "build", "sim.json")) as file:
        return json.load(file)["interval"]


def edit(folder, name, change):
    path = os.path.join(folder, name)
    with open(path) as file:
        text = file.read()
    changed = change(text)
    if changed == text:
        sys.exit(f"the mutation of {name} changed nothing")
    with open(path, "w") as file:
        file.write(changed)


def weights(folder):
    """The header of the first layer's weights. (Deeper ones may meet codes of 0 only in a few golden frames.)"""
    with open(os.path.join(folder, "top.cpp")) as file:
        return re.search(r"weights/\w+_(?:mvau|depthwise)\.h", file.read()).group()


def flip_bit(text):
    # The middle value of the ROM: its second highest bit changes, so that it stays inside of its type.
    bits = int(re.search(r"rom_int<(\d+)> \w+_weights\[", text).group(1))
    start = text.index("_weights[")
    numbers = list(re.finditer(r"-?\d+", text[text.index("{", start) : text.index(";", start)]))
    match = numbers[len(numbers) // 2]
    at = text.index("{", start) + match.start()
    return text[:at] + str(int(match.group()) ^ 1 << bits - 2) + text[at + len(match.group()) :]


def shorten(text):
    depths = [int(d) for d in re.findall(r"QHLS_STREAM\(\w+, \w+, (\d+)\)", text)]
    return text.replace(f", {max(depths)})", ", 1)", 1)


def main():
    source = sys.argv[1]
    survivors = 0

    def check(name, ok):
        nonlocal survivors
        survivors += not ok
        print(f"{name}: {'red, as it must be' if ok else 'SURVIVED'}", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        def copy(name):
            folder = os.path.join(temporary, name)
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("build"))
            return folder

        good = copy("good")
        expected = interval(good)
        if run(good, "csim") or run(good, "lint") or not expected:
            sys.exit("the unbroken project fails its own checks")
        shutil.rmtree(good)
        with open(os.path.join(source, "top.cpp")) as file:
            top = file.read()
        of_units = [
            ("qhls::window<", "a tap of another column", "qhls/window.h", lambda t: t.replace("+ kx * CFG::dilation_w;", "+ kx * CFG::dilation_w + 1;", 1)),
            ("qhls::window_parallel<", "a window from right to left", "qhls/window.h", lambda t: t.replace("[tap % CFG::kernel_w * CFG::dilation_w]", "[(CFG::kernel_w - 1 - tap % CFG::kernel_w) * CFG::dilation_w]", 1)),
            ("qhls::add<", "the other term's multiplier", "qhls/pointwise.h", lambda t: t.replace("left * p.multiplier_a", "left * p.multiplier_b", 1)),
        ]
        for name, file, change in [
            *[row[1:] for row in of_units if row[0] in top],
            ("flipped weight bit", weights(source), flip_bit),
            ("changed rounding", "qhls/epilogue.h", lambda t: t.replace("bool up = half;", "bool up = false;", 1)),
            ("changed zero point", "qhls/epilogue.h", lambda t: t.replace("static_cast<int>(value) + zero_point", "static_cast<int>(value) + zero_point + 1", 1)),
        ]:
            folder = copy(name.replace(" ", "-"))
            edit(folder, file, change)
            check(name, run(folder, "csim") != 0)
            shutil.rmtree(folder)
        folder = copy("fifo")
        edit(folder, "top.cpp", shorten)
        found = interval(folder)
        check(f"depth 1 (interval {expected} -> {found or 'deadlock'})", found is None or found > 1.05 * expected)
        shutil.rmtree(folder)
        for name, file, change in [
            ("a second reader", "top.cpp", lambda t: t.replace("  QHLS_DATAFLOW_END()", "  QHLS_PROCESS(\"x\", qhls::discard<1>(" + re.search(r"QHLS_STREAM\(\w+, (\w+),", t).group(1) + ");)\n  QHLS_DATAFLOW_END()")),
            ("a missing writer", "top.cpp", lambda t: re.sub(r"  QHLS_PROCESS\([^\n]*\n", "", t, count=1)),
            ("a variable trip count", "qhls/move.h", lambda t: re.sub(r"for \(int i = 0; i < ([^;]+);", r"int bound = \1;\n  for (int i = 0; i < bound;", t, count=1)),
            ("a misplaced pragma", "qhls/mvau.h", lambda t: re.sub(r"(\n\s*)QHLS_PIPELINE\(\)", r"\1int moved = 0;\1QHLS_PIPELINE()", t, count=1)),
            ("a value outside of its type", weights(source), lambda t: re.sub(r"(_weights\[[^=]*= \{+)-?\d+", r"\g<1>99999", t, count=1)),
            ("words of another width", "defines.h", lambda t: re.sub(r"(qhls::word<[^>]*>, )(\d+)(> \w+_mvau_out_t)", lambda m: m.group(1) + str(int(m.group(2)) + 1) + m.group(3), t, count=1)),
        ]:
            folder = copy("lint")
            edit(folder, file, change)
            check(f"lint, {name}", run(folder, "lint") != 0)
            shutil.rmtree(folder)
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
