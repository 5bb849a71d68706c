# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""drive.py ROOT LIBRARY [--profile] [--runs N]: makes a context, runs it, prints what happens."""

import sys

import numpy as np

sys.path.insert(0, f"{sys.argv[1]}/test/bench")
from model_library import ModelLibrary

library = ModelLibrary(sys.argv[2])
print("runs on", library.level(), flush=True)
try:
    context = library.context(profile="--profile" in sys.argv)
except RuntimeError as error:
    print(f"{type(error).__name__}: {error}")
    sys.exit()
x = np.full(context.array(library.c.quantc_model_input(0)).shape, 7, np.uint8)
for _ in range(int(sys.argv[sys.argv.index("--runs") + 1]) if "--runs" in sys.argv else 1):
    try:
        context.run(x)
    except RuntimeError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
if "--profile" in sys.argv:
    print("profile", context.profile(), flush=True)
