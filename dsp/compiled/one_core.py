"""Keeps numpy's matrix products to one core: the ear's are too small to share out.

OpenBLAS wakes as many threads as the machine has cores for a product of some 200,000 multiplications, and each spins
while it waits for the next: on two cores the ear took twice the processor time, and was no sooner done."""

from __future__ import annotations

import ctypes
import sys
from functools import lru_cache

_SETTERS = ("scipy_openblas_set_num_threads64_", "openblas_set_num_threads64_", "openblas_set_num_threads")
"""As numpy's own wheels name it, and as distributions do."""


@lru_cache(maxsize=1)
def keep_to_one_core() -> bool:
    """Have OpenBLAS work in the thread that asks, in the whole process; False: numpy was built with something else."""
    names = (name for name in sys.modules if name.endswith("._multiarray_umath"))
    files = (getattr(sys.modules[name], "__file__", None) for name in names)
    path = next((file for file in files if file), None)
    if path is None:
        return False
    # The library that is loaded already; a symbol is looked for in what it was linked with, too.
    library = ctypes.CDLL(path)
    setter = next((getattr(library, name) for name in _SETTERS if hasattr(library, name)), None)
    if setter is None:
        return False
    setter(ctypes.c_int(1))
    return True
