# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The arrays of an npz file of one run, in order: `print_npz.py FILE`. Seven digits each."""

import sys

import numpy as np

for name, array in np.load(sys.argv[1]).items():
    print(f"{name} {array.shape}:", *(str(float(f"{value:.7g}") + 0.0) for value in array.ravel()))
