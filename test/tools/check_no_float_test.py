#!/usr/bin/env python3
# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tests check_no_float.py: assembles instructions and looks at what it finds."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

CHECKER = pathlib.Path(__file__).with_name("check_no_float.py")
LLVM_MC = shutil.which("llvm-mc-22") or "llvm-mc"

FORBIDDEN = """
cvtsi2ss %eax, %xmm0
cvttss2si %xmm0, %eax
vcvtdq2ps %ymm0, %ymm1
vcvtps2dq %zmm0, %zmm1
vcvtph2ps %xmm0, %ymm0
vcvtneps2bf16 %zmm0, %ymm0
cvtsi2sdq %rax, %xmm0
addss %xmm0, %xmm1
vaddps %zmm0, %zmm1, %zmm2 {%k1}
subsd %xmm0, %xmm1
vmulpd %ymm0, %ymm1, %ymm2
divps %xmm0, %xmm1
vsqrtss %xmm0, %xmm1, %xmm2
minss %xmm0, %xmm1
vmaxps %zmm0, %zmm1, %zmm2
cmpltps %xmm0, %xmm1
vcmpunordpd %zmm0, %zmm1, %k1
ucomiss %xmm0, %xmm1
vcomisd %xmm0, %xmm1
roundps $1, %xmm0, %xmm1
vrndscaleps $1, %zmm0, %zmm1
vfmadd231ps %zmm0, %zmm1, %zmm2
vfnmsub132sd %xmm0, %xmm1, %xmm2
vrcp14ps %zmm0, %zmm1
rsqrtss %xmm0, %xmm1
haddps %xmm0, %xmm1
vaddsubpd %ymm0, %ymm1, %ymm2
dpps $1, %xmm0, %xmm1
vdpbf16ps %zmm0, %zmm1, %zmm2
vaddph %zmm0, %zmm1, %zmm2
vscalefps %zmm0, %zmm1, %zmm2
vgetexppd %zmm0, %zmm1
vreduceps $1, %zmm0, %zmm1
vrangepd $1, %zmm0, %zmm1, %zmm2
vfpclassps $1, %zmm0, %k1
vfixupimmps $1, %zmm0, %zmm1, %zmm2
tdpbf16ps %tmm0, %tmm1, %tmm2
flds (%rax)
fld1
faddp
fistpl (%rax)
fstps (%rax)
"""

ALLOWED = """
movss (%rax), %xmm0
movaps %xmm0, %xmm1
vmovups %zmm0, (%rax)
vmovsd (%rax), %xmm0
movmskps %xmm0, %eax
movhlps %xmm0, %xmm1
vmovddup %xmm0, %xmm1
vbroadcastss (%rax), %zmm0
vbroadcastsd %xmm0, %ymm0
shufps $1, %xmm0, %xmm1
vunpcklps %ymm0, %ymm1, %ymm2
insertps $1, %xmm0, %xmm1
extractps $1, %xmm0, %eax
blendvps %xmm0, %xmm1
vblendmps %zmm0, %zmm1, %zmm2
vpermilps $1, %ymm0, %ymm1
vpermps %ymm0, %ymm1, %ymm2
vpermt2ps %zmm0, %zmm1, %zmm2
andps %xmm0, %xmm1
vandnpd %ymm0, %ymm1, %ymm2
orps %xmm0, %xmm1
vxorps %zmm0, %zmm1, %zmm2
vmaskmovps (%rax), %ymm0, %ymm1
vgatherdps %ymm0, (%rax,%ymm1), %ymm2
vcompressps %zmm0, %zmm1
vtestps %ymm0, %ymm1
pabsd %xmm0, %xmm1
vpdpbusd %zmm0, %zmm1, %zmm2
vpdpwssd %zmm0, %zmm1, %zmm2
vpabsd %zmm0, %zmm1
tdpbusd %tmm0, %tmm1, %tmm2
vpmaddwd %ymm0, %ymm1, %ymm2
pmulld %xmm0, %xmm1
vpcmpeqd %ymm0, %ymm1, %ymm2
vpsrld $1, %ymm0, %ymm1
rep movsl
cmpsl
imulq %rax, %rbx
lock xaddl %eax, (%rbx)
ldmxcsr (%rax)
stmxcsr (%rax)
pause
mfence
fxsave (%rax)
vzeroupper
vinserti128 $1, %xmm0, %ymm0, %ymm1
"""


class CheckNoFloat(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def assemble(self, text):
        path = pathlib.Path(self.folder.name) / "code.o"
        subprocess.run([LLVM_MC, "-triple=x86_64-linux-gnu", "-mattr=+amx-bf16,+amx-int8", "-filetype=obj", "-o", path],
                       input=text, text=True, check=True)
        return path

    def function(self, name, instructions):
        return f".globl {name}\n.type {name}, @function\n{name}:\n{instructions}\nret\n"

    def run_checker(self, path):
        return subprocess.run([sys.executable, CHECKER, path], capture_output=True, text=True, check=False)

    def run_on_functions(self, instructions):
        """Runs the checker on one function for each instruction."""
        return self.run_checker(
            self.assemble("".join(self.function(f"f{i}", text) for i, text in enumerate(instructions))))

    def test_finds_each_forbidden_instruction(self):
        instructions = FORBIDDEN.strip().splitlines()
        result = self.run_on_functions(instructions)
        self.assertEqual(result.returncode, 1, result.stderr)
        for i, instruction in enumerate(instructions):
            self.assertIn(f"f{i}: 1 floating-point instructions\n", result.stdout, instruction)

    def test_accepts_each_allowed_instruction(self):
        instructions = ALLOWED.strip().splitlines()
        result = self.run_on_functions(instructions)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        checked = int(result.stdout.split(": ")[-1].split()[0])
        self.assertGreaterEqual(checked, 2 * len(instructions))

    def test_exempts_the_runtime_only(self):
        code = self.function("qrt_compare", "addss %xmm0, %xmm1")
        self.assertEqual(self.run_checker(self.assemble(code)).returncode, 0)
        code += self.function("my_qrt_step", "addss %xmm0, %xmm1")
        result = self.run_checker(self.assemble(code))
        self.assertEqual(result.returncode, 1)
        self.assertIn("my_qrt_step: 1", result.stdout)
        self.assertNotIn("qrt_compare:", result.stdout)

    def test_counts_undecodable_bytes(self):
        result = self.run_checker(self.assemble(self.function("step", ".byte 0x06")))
        self.assertEqual(result.returncode, 1, result.stdout)

    def test_refuses_what_it_cannot_check(self):
        folder = pathlib.Path(self.folder.name)
        (folder / "garbage").write_bytes(b"not an object")
        for path in (folder / "missing", folder / "garbage"):
            self.assertEqual(self.run_checker(path).returncode, 2)
        path = self.assemble(self.function("step", "nop"))
        subprocess.run([shutil.which("llvm-strip-22") or "llvm-strip", "--strip-all", path], check=True)
        result = self.run_checker(path)
        self.assertEqual(result.returncode, 2)
        self.assertIn("symbol table", result.stderr)
        self.assertEqual(self.run_checker(self.assemble(".data\n.long 1\n.globl x\nx:\n")).returncode, 2)


if __name__ == "__main__":
    unittest.main()
