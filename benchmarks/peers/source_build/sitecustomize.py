"""What PufferLib 3.0's setup.py needs to build on a machine without CUDA; on the path for that build alone.

It defines `c_extension_paths` only together with its own games, whose libraries it would download, but always reads it;
and it takes any `nvcc` on the path for a whole CUDA toolkit.
"""

import builtins
import shutil

builtins.c_extension_paths = []
_which = shutil.which


def _which_but_nvcc(command, *arguments, **options):
    return None if command == "nvcc" else _which(command, *arguments, **options)


shutil.which = _which_but_nvcc
