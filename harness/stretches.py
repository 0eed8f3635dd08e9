"""Where something holds without a break."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def stretches(holds: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Give first and last + 1 of each run of True in an array of shape (n,); shape (runs, 2), in order."""
    edges = np.diff(np.concatenate([[False], holds, [False]]).astype(np.int8))
    return np.flatnonzero(edges).astype(np.int64).reshape(-1, 2)
