#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds up the JUnit files below a folder: `tally.py RESULTS` prints what failed, and `N passed, N failed` last.

Files below unit-*/ come from GoogleTest, one for each program. A program of ctest-*.xml counts by itself where it wrote
no such file, or where it ended badly although it reported no failed test (a crash).
"""

import glob
import os
import sys
import xml.etree.ElementTree as ElementTree


def outcomes(path):
    """(passed, [names that failed], skipped) of a JUnit or GoogleTest file."""
    passed, failed, skipped = 0, [], 0
    for case in ElementTree.parse(path).iter("testcase"):
        name = ".".join(filter(None, (case.get("classname"), case.get("name"))))
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main():
    results = sys.argv[1]
    passed, failed, skipped = 0, [], 0
    for path in sorted(glob.glob(os.path.join(results, "**", "*.xml"), recursive=True)):
        if os.path.basename(path).startswith("ctest-"):
            continue
        one = outcomes(path)
        passed, failed, skipped = passed + one[0], failed + one[1], skipped + one[2]
    for path in sorted(glob.glob(os.path.join(results, "ctest-*.xml"))):
        build = os.path.basename(path)[len("ctest-") : -len(".xml")]
        for case in ElementTree.parse(path).iter("testcase"):
            name, bad = case.get("name"), case.find("failure") is not None
            own = os.path.join(results, f"unit-{build}", f"{name}.xml")
            if not os.path.exists(own):  # no GoogleTest, or it never came to its end
                passed, failed = passed + (not bad), failed + [f"{name} (the program itself)"] * bad
            elif bad and not outcomes(own)[1]:
                failed.append(f"{name} (the program itself)")
    for name in failed:
        print(f"failed: {name}")
    if skipped:
        print(f"{skipped} skipped")
    print(f"{passed} passed, {len(failed)} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
