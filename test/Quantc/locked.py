# Part of quantc, under the Apache License v2.0 with LLVM Exceptions.
# See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a command while a folder is locked as a run locks it: `locked.py FOLDER COMMAND...`."""

import fcntl
import os
import subprocess
import sys

folder, *command = sys.argv[1:]
fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
sys.exit(subprocess.run(command).returncode)
