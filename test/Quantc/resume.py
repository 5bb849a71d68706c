# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs that are killed and go on: `resume.py QUANTC [MODEL DATA]...`.

For each model and recipe, the run is killed (SIGKILL) as soon as the first file of a finished step appears, in another
folder as soon as the second does, and so on; the same command then goes on. Library, module and report without times must
be those of a run that nobody stopped. Without models two are made.
"""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np
import same_bytes

RECIPES = {
    "equalized, biases corrected": [
        "--recipe", "w8a8-integer", "--set", "equalize-depthwise=true", "--set", "equalize-residual=true",
        "--set", "bias-correction=8", "--allow-float", "--explain", "1"],  # fmt: skip
    "gptq": ["--recipe", "w4a16-gptq", "--set", "weight-format=int4:g16:sym"],
}


def steps(folder):
    """Files of finished steps."""
    return sorted(f for f in glob.glob(os.path.join(folder, "*")) if not os.path.basename(f).startswith(("run.json", "unfinished-")))


class Case:
    def __init__(self, quantc, model, data, options, folder):
        self.folder = folder
        self.command = [quantc, model, "--calibrate", data, *options, "--quiet"]

    def run(self, emit, resume=None, kill_at=None):
        """(exit code, messages, bytes of result and report); None when the run was killed."""
        result, report = os.path.join(self.folder, f"m.{emit}"), os.path.join(self.folder, "m.json")
        for path in (result, report):
            if os.path.exists(path):
                os.remove(path)
        command = [*self.command, "--emit", emit, "-o", result, "--report", report]
        if resume:
            command += ["--resume", resume]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while kill_at is not None and process.poll() is None:
            if len(steps(resume)) >= kill_at:
                process.send_signal(signal.SIGKILL)
                process.communicate()
                return None
            time.sleep(0.0005)
        _, said = process.communicate()
        written = open(result, "rb").read() if os.path.exists(result) else b""
        figures = same_bytes.without_times(json.load(open(report))) if os.path.exists(report) else ""
        return process.returncode, said, written, figures


def check(case, emit, text):
    """Number of failures, and of the kinds of kill that were tried."""
    wanted = case.run(emit)
    if wanted[0] != 0 or not wanted[2] or not wanted[3]:
        print(f"FAILED {text}: exit code {wanted[0]}: {wanted[1]}")
        return 1
    whole = os.path.join(case.folder, f"whole-{emit}")
    if case.run(emit, whole) != wanted:
        print(f"FAILED {text}: keeping steps changes the result")
        return 1
    count, failed, killed = len(steps(whole)), 0, 0
    for at in range(1, count + 1):
        folder = os.path.join(case.folder, f"killed-{emit}-{at}")
        killed += case.run(emit, folder, kill_at=at) is None
        if case.run(emit, folder) != wanted:
            print(f"FAILED {text}: killed at step {at}, went on to another result")
            failed += 1
    if count == 0 or killed == 0:
        print(f"FAILED {text}: {count} steps, {killed} kills")
        return 1
    # A damaged file is noticed, and its step computed again.
    for path in steps(whole):
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)
            file.seek(-1, 1)
            file.write(bytes([byte[0] ^ 1]))
    again = case.run(emit, whole)
    if (again[0], again[2:]) != (wanted[0], wanted[2:]) or again[1].count("is damaged; this step is computed again") != count:
        print(f"FAILED {text}: after damage: {again[1]}")
        failed += 1
    if case.run(emit, whole) != wanted:
        print(f"FAILED {text}: a damaged file was not replaced")
        failed += 1
    if not failed:
        print(f"passed {text}, {emit}: {count} steps")
    return failed


def main():
    quantc, given = sys.argv[1], sys.argv[2:]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        cases = list(zip(given[::2], given[1::2]))
        for make in () if given else (same_bytes.convolutional, same_bytes.language_model):
            model, data = (os.path.join(folder, make.__name__ + suffix) for suffix in (".onnx", ".npz"))
            np.savez(data, **make(model))
            cases.append((model, data))
        for name, options in RECIPES.items():
            for model, data in cases:
                if not given and ("gptq" in name) != ("language" in model):
                    continue  # each recipe on what it is for
                with tempfile.TemporaryDirectory() as own:
                    case = Case(quantc, model, data, options, own)
                    text = f"{name}: {os.path.basename(model)}"
                    failed += check(case, "so", text)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
