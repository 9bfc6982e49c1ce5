"""Memory handed out as zeros, for what writes to the disk more than it was given."""

from __future__ import annotations

import ctypes

_M_PERTURB = -6  # mallopt(3): freed memory is filled with this byte, and what is handed out with its complement
_ALL_ONES = 255
ENVIRONMENT = {"MALLOC_PERTURB_": str(_ALL_ONES)}  # the same for a process that is yet to be started


def hand_out_zeros() -> bool:
    """Have this process's C library clear memory before it hands it out, from now on; whether it can (glibc does).

    Chroma writes the room that a vector index holds in reserve as the allocator gave it, so that what was freed before,
    a text that was deleted, say, could get into its files.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_PERTURB, _ALL_ONES))
    except (AttributeError, OSError, TypeError):  # another C library
        return False
