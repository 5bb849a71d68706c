#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command on every file of a manifest: check_command.py MANIFEST COMMAND..., with {} for the file.

A case passes when the exit code is the listed one (0 or 2 where it is null), a refusal comes with a line
that says "error:", and there is neither a signal nor a sanitizer report.
"""

import concurrent.futures
import json
import os
import subprocess
import sys

TIMEOUT = 120  # seconds


def problem(command, expected):
    """What is wrong with the outcome of a command, or an empty string."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"still running after {TIMEOUT} s"
    text = done.stderr.decode(errors="replace")
    if "Sanitizer" in text or "runtime error:" in text or done.returncode < 0:
        return f"crash, code {done.returncode}: {text[-3000:]}"
    if done.returncode not in ([0, 2] if expected is None else [expected]):
        return f"expected exit code {expected}, but found {done.returncode}: {text[:300]}"
    if done.returncode != 0 and "error:" not in text:
        return f"expected a diagnostic, but found {text[:300]!r}"
    return ""

# LLVM's own allocators are not built for the sanitizer, so their poisoning must not count.
os.environ.setdefault("ASAN_OPTIONS", "allow_user_poisoning=0")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    manifest, command = sys.argv[1], sys.argv[2:]
    with open(manifest) as file:
        cases = json.load(file)
    commands = [
        [a.replace("{}", os.path.join(os.path.dirname(manifest), case["path"])) for a in command] for case in cases
    ]
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = pool.map(problem, commands, [case["exit"] for case in cases])
        for case, text in zip(cases, outcomes):
            if text:
                failed += 1
                print(f"{case['case']}: {text}")
    print(f"{len(cases)} cases, {failed} failed")
    sys.exit(1 if failed or not cases else 0)


if __name__ == "__main__":
    main()
