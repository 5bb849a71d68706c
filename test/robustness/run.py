#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Gives every malformed model and data file to `quantc`: a diagnostic and the right exit code each, never a crash.

    run.py --build build/asan [--mutations N] [--junit FILE] [--list]

Meant for the sanitizer build, where a wrong read is a failure too; works with any.
"""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

# LLVM's allocators poison memory in inlined code only: the packaged libraries know nothing of it.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0:allow_user_poisoning=0")

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from check_command import TIMEOUT, problem  # noqa: E402
from junit import Results  # noqa: E402


def generate(script, folder, *options):
    """Runs a generator."""
    command = [sys.executable, os.path.join(HERE, script), folder, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def listed(folder, manifest="manifest.json"):
    """Cases of a manifest, with whole paths; none where there is no such manifest."""
    path = os.path.join(folder, manifest)
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [{**case, "path": os.path.join(folder, case["path"])} for case in json.load(file)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--junit")
    parser.add_argument("--mutations", type=int, default=0, help="randomly damaged models, which must not crash a reader")
    parser.add_argument("--list", action="store_true", help="print every case, not only failures")
    arguments = parser.parse_args()
    quantc = os.path.join(os.path.abspath(arguments.build), "bin", "quantc")
    results = Results("robustness", quiet=not arguments.list)
    with tempfile.TemporaryDirectory() as folder:
        models, data = os.path.join(folder, "models"), os.path.join(folder, "data")
        out = os.path.join(folder, "out.so")
        tasks = []
        generate("make_malformed.py", models, "--mutations", str(arguments.mutations))
        generate("make_malformed_data.py", data)
        for case in listed(models) + listed(models, "mutations.json"):
            tasks.append((f"model {case['case']}", [quantc, case["path"], "--target", "cpu", "-o", out], case["exit"]))
        good = [quantc, os.path.join(data, "model.onnx"), "--recipe", "w8a8-integer", "--target", "cpu", "-o", out]
        for case in listed(data):
            tasks.append((f"data {case['case']}", [*good, "--calibrate", case["path"]], case["exit"]))
        # The same command line must succeed with good data, or the failures below would prove nothing.
        done = subprocess.run([*good, "--calibrate", os.path.join(data, "good.npz")], capture_output=True, timeout=TIMEOUT)
        results.add("good model and data", done.returncode == 0, done.stderr.decode(errors="replace")[-500:])
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            outcomes = pool.map(lambda task: problem(task[1], task[2]), tasks)
            for (name, _, _), text in zip(tasks, outcomes, strict=True):
                results.add(name, not text, text)
    print(f"{len(results.cases)} cases, {results.failed} failed")
    if arguments.junit:
        results.write(arguments.junit)
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
