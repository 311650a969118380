"""Becomes a program that is told to end (SIGTERM) when the process that started it ends, however that happens.

`python -I -S cli/bound.py <pid of the starter> <program> <arguments>...`: the kernel keeps the wish across exec, and
only the child itself can voice it. See prctl(2), PR_SET_PDEATHSIG.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    starter, *program = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != int(starter):
            sys.exit("The process that started this one has ended already.")
    os.execvp(program[0], program)
