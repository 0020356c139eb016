"""Read by every Python that is started with this folder on its path: installs a test's hook in the processes of a run."""

import os
import sys

_HOOK = os.environ.get("GWT_IB_TEST_HOOK", "")
if _HOOK == "clock":
    import hooks

    hooks.install_clock()
elif _HOOK and any("learner_process" in word for word in sys.orig_argv):
    import hooks

    hooks.install_weight() if _HOOK == "weight" else hooks.install(_HOOK)
