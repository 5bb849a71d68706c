# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""lit configuration: `lit test` uses build/release; `--param build=DIR` names another build folder."""

import os
import shutil
import sys

import lit.formats

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
build = os.path.abspath(lit_config.params.get("build", os.path.join(root, "build", "release")))
llvm_tools = lit_config.params.get("llvm_tools", "/usr/lib/llvm-22/bin")
venv_python = os.path.join(root, ".venv", "bin", "python")
python = venv_python if os.path.exists(venv_python) else sys.executable

config.name = "quantc"
config.test_format = lit.formats.ShTest(True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "unit", "property", "bench", "package", "integration", "conformance"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(build, "test", "lit")

config.environment["PATH"] = os.pathsep.join([os.path.join(build, "bin"), llvm_tools, os.environ["PATH"]])
# LLVM's allocators poison memory in inlined code only: the packaged libraries know nothing of it.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:allow_user_poisoning=0"
for name in ("QUANTC_MODELS", "HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

# %root: the source tree; %build: the build folder; %python: the Python of .venv.
config.substitutions += [("%root", root), ("%build", build), ("%python", python)]
# %hls: flags for programs of the HLS unit library; %hls_strict: the same, and every warning is an error.
hls = f"-std=c++14 -I{root}/test/hls -I{root}/lib/Target/HLS -I{root}/lib/Target/HLS/qhls/sim"
config.substitutions += [("%hls_strict", f"{hls} -Wall -Wextra -Wpedantic -Wshadow -Werror"), ("%hls", hls)]
# What is there on some machines only.
if shutil.which("ptxas", path=config.environment["PATH"]):
    config.available_features.add("ptxas")
# A folder with the vendor's ap_int.h (Apache license) of one's own, to compare our stand-in with.
ap_types = os.environ.get("QUANTC_AP_TYPES", "")
if os.path.exists(os.path.join(ap_types, "ap_int.h")):
    config.available_features.add("ap_types")
config.substitutions.append(("%ap_types", ap_types))
config.available_features.add("x86_64" if os.uname().machine == "x86_64" else os.uname().machine)
