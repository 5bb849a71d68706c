#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the fuzzing targets, one after the other: executions, coverage, speed and findings of each.

    run.py [--build build/fuzz] [--target NAME]... [--executions N] [--seconds S] [--seed N] [--junit FILE]

Exit code 1 on a finding: a crash, a sanitizer's report, an input that takes too long or too much memory, a check that
fails. Inputs that reach something new are kept in BUILD/corpora, logs and findings in BUILD/fuzzing.
"""

import argparse
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tools"))
from corpora import EXTERNAL, TARGETS, write_seeds  # noqa: E402
from junit import Results  # noqa: E402

# LLVM's allocators poison memory in inlined code only: the packaged libraries know nothing of it.
SANITIZERS = {"ASAN_OPTIONS": "detect_leaks=0:allow_user_poisoning=0", "UBSAN_OPTIONS": "print_stacktrace=1"}
LIMITS = ["-timeout=20", "-detect_leaks=0", "-rss_limit_mb=2560", "-malloc_limit_mb=512"]


def run(build, target, arguments):
    """Runs one target; (what it did as text, what was found or an empty string)."""
    corpus, work = os.path.join(build, "corpora", target), os.path.join(build, "fuzzing", target)
    seeds, found = os.path.join(corpus, "seeds"), os.path.join(corpus, "found")
    os.makedirs(found, exist_ok=True)
    os.makedirs(work, exist_ok=True)
    write_seeds(target, seeds)
    with open(os.path.join(work, EXTERNAL), "wb") as file:
        file.write(bytes(range(64)))
    command = [os.path.join(build, "bin", f"fuzz-{target}"), found, seeds, f"-seed={arguments.seed}", *LIMITS]
    command += [f"-max_len={TARGETS[target][1]}", f"-runs={arguments.executions}", "-print_final_stats=1"]
    command += ["-artifact_prefix=finding-"]
    if arguments.seconds:
        command.append(f"-max_total_time={arguments.seconds}")
    log = os.path.join(work, "log")
    start = time.monotonic()
    with open(log, "wb") as file:
        code = subprocess.run(command, cwd=work, stdout=file, stderr=file, env={**os.environ, **SANITIZERS}).returncode
    seconds = time.monotonic() - start
    with open(log, errors="replace") as file:
        text = file.read()
    executions = int((re.findall(r"stat::number_of_executed_units: (\d+)", text) or ["0"])[-1])
    edges = (re.findall(r" cov: (\d+) ", text) or ["0"])[-1]
    summary = f"{executions} executions in {seconds:.0f} s, {executions / seconds:.0f} a second, {edges} edges"
    if code == 0:
        return summary, ""
    artifact = (re.findall(r"Test unit written to (\S+)", text) or ["no file"])[-1]
    at = max(text.find(mark) for mark in ("ERROR: ", "runtime error: ", "fuzz: "))
    return summary, f"exit code {code}, {os.path.join(work, artifact)}\n{text[max(at - 500, 0):][:4000]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/fuzz")
    parser.add_argument("--target", action="append", choices=sorted(TARGETS), help="all when left out")
    parser.add_argument("--executions", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, help="an end for each target, whatever the executions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--junit")
    arguments = parser.parse_args()
    results = Results("fuzz")
    for target in arguments.target or TARGETS:
        summary, finding = run(os.path.abspath(arguments.build), target, arguments)
        results.add(target, not finding, f"{summary}; {finding or 'no finding'}")
    if arguments.junit:
        results.write(arguments.junit)
    sys.exit(1 if results.failed else 0)


if __name__ == "__main__":
    main()
