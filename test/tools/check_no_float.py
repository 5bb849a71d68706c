#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that a model library computes nothing in floating point.

Disassembles FILE and reports every instruction that converts to, compares or computes in floating point (SSE, AVX,
AVX-512, AMX or x87) outside the runtime's functions, whose names start with qrt_. Moves, logic, shuffles and blends of
float registers are allowed: they do not look at the value.

What is float-typed by its name and not known to be harmless counts, so an instruction this script has never heard of
fails the check. Exit code 0: none found; 1: found; 2: the file cannot be checked.
"""

import argparse
import collections
import re
import shutil
import subprocess
import sys

# Float-typed instructions (without the leading v and the type) that only move or combine bits.
HARMLESS = re.compile(
    r"mov.*|broadcast|shuf|unpck[lh]|insert|extract|blend[vm]?|permil|perm[it]2|perm|andn?|x?or|gatherd?q?|scatterd?q?"
    r"|compress|expand|test|maskmov")
FLOAT_TYPE = re.compile(r"(ss|sd|ps|pd|sh|ph|bf16|nepbf16|pbf16)$")
# Integer instructions whose names look float-typed: pabsd, pdpbusd, pdpwssd, tdpbusd; and x87's state, which is a move.
INTEGER = re.compile(r"p.*|tdpb[su][su]d|fxsave(64)?|fxrstor(64)?")


def is_float(mnemonic):
    """Whether an AT&T mnemonic converts to, compares or computes in floating point."""
    base = mnemonic[1:] if mnemonic.startswith("v") else mnemonic
    if INTEGER.fullmatch(base):
        return False
    # Conversions; x87, FMA, fpclass and fixupimm.
    if base.startswith(("cvt", "f")):
        return True
    float_type = FLOAT_TYPE.search(base)
    return bool(float_type) and not HARMLESS.fullmatch(base[:float_type.start()])


def disassemble(path, objdump):
    """Yields (function, address, mnemonic, text) of every instruction."""
    result = subprocess.run([objdump, "-d", "--no-show-raw-insn", "--x86-asm-syntax=att", path], capture_output=True,
                            text=True, errors="replace", check=False)
    if result.returncode != 0:
        raise ValueError(result.stderr.strip() or "the disassembler failed")
    function = None
    header = re.compile(r"[0-9a-f]+ <(.*)>:$")
    line = re.compile(r"\s*([0-9a-f]+):\s+(?:(?:lock|rep|repne|repe|notrack|bnd|data16|cs|ds|es|fs|gs|ss|\{\w+\})\s+)*"
                      r"(\S+)(.*)$")
    for text in result.stdout.splitlines():
        if match := header.match(text):
            function = match.group(1)
        elif match := line.match(text):
            yield function, match.group(1), match.group(2), text.strip()


def has_symbol_table(path, objdump):
    result = subprocess.run([objdump, "-h", path], capture_output=True, text=True, errors="replace", check=False)
    return " .symtab " in result.stdout


def check(path, objdump, prefix):
    """Returns (number of instructions, number in the runtime, findings by function)."""
    # Without local symbols, code of the model would be taken for a part of the function before it.
    if not has_symbol_table(path, objdump):
        raise ValueError("expected an ELF file with a symbol table, but found none")
    total = exempt = 0
    findings = collections.defaultdict(list)
    for function, _, mnemonic, text in disassemble(path, objdump):
        total += 1
        if function and function.startswith(prefix):
            exempt += 1
        elif mnemonic == "<unknown>" or is_float(mnemonic):
            findings[function].append(text)
    if total == 0:
        raise ValueError("expected code, but found none")
    return total, exempt, findings


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("file", help="an ELF shared library or object with a symbol table")
    parser.add_argument("--runtime-prefix", default="qrt_", help="prefix of exempt functions (default: %(default)s)")
    parser.add_argument("--objdump", default=shutil.which("llvm-objdump-22") or "llvm-objdump",
                        help="the disassembler (default: %(default)s)")
    parser.add_argument("--show", type=int, default=5, metavar="N", help="instructions shown of each function")
    arguments = parser.parse_args()
    try:
        total, exempt, findings = check(arguments.file, arguments.objdump, arguments.runtime_prefix)
    except (OSError, ValueError) as error:
        print(f"{arguments.file}: error: {error}", file=sys.stderr)
        return 2
    for function, instructions in sorted(findings.items()):
        print(f"{function}: {len(instructions)} floating-point instructions")
        for text in instructions[:arguments.show]:
            print(f"    {text}")
    count = sum(map(len, findings.values()))
    print(f"{arguments.file}: {total - exempt} instructions checked, {count} in floating point; "
          f"{exempt} in {arguments.runtime_prefix}* not checked")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
