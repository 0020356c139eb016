"""What every process of a run does first: no orphans, one thread, no reaction to the keyboard."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def guard_child(trainer_pid: int) -> None:
    """Die with the trainer, and leave Ctrl-C to it. Raises `SystemExit` when the trainer is gone already.

    The kernel's parent-death signal (Linux) ends a child at once even while it computes; the pipe that every child also
    watches works everywhere.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != trainer_pid:
        raise SystemExit(1)


# OpenMP reads these when torch is first imported. A second thread in a process made it 3 to 30 times slower whenever
# the other core was busy, as it is here: processes side by side are the parallelism.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
