"""Read by every Python that is started with this folder on its path: installs a test's hook in a learner."""

import os
import sys

if os.environ.get("GWT_IB_TEST_HOOK") and any("learner_process" in word for word in sys.orig_argv):
    import hooks

    hooks.install(os.environ["GWT_IB_TEST_HOOK"])
