# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Collects outcomes of checks, prints each as it comes, and writes them as a JUnit file."""

import time
import xml.etree.ElementTree as ElementTree


class Results:
    """`suite` names the JUnit suite; `quiet` prints failures only."""

    def __init__(self, suite, quiet=False):
        self.suite, self.quiet, self.cases = suite, quiet, []
        self.last = time.monotonic()

    def add(self, name, passed, message=""):
        """One check: its name, whether it holds, and what was found."""
        now = time.monotonic()
        self.cases.append((name, passed, message, now - self.last))
        self.last = now
        if not (passed and self.quiet):
            print(f"{'PASS' if passed else 'FAIL'}: {name}{': ' if message else ''}{message}", flush=True)

    def skip(self, name, reason):
        """A check that this machine cannot make."""
        self.cases.append((name, None, reason, 0.0))
        print(f"NOT RUN: {name}: {reason}", flush=True)

    @property
    def failed(self):
        return sum(passed is False for _, passed, _, _ in self.cases)

    def write(self, path):
        suite = ElementTree.Element("testsuite", name=self.suite, tests=str(len(self.cases)), failures=str(self.failed))
        for name, passed, message, seconds in self.cases:
            case = ElementTree.SubElement(suite, "testcase", classname=self.suite, name=name, time=f"{seconds:.3f}")
            if passed is None:
                ElementTree.SubElement(case, "skipped", message=message)
            elif not passed:
                text = "".join(c if c.isprintable() else "?" for c in message)
                ElementTree.SubElement(case, "failure", message=text)
        ElementTree.ElementTree(suite).write(path, encoding="utf8", xml_declaration=True)
