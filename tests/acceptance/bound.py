"""Run a program that permissions bind although root started it: ``python bound.py PROGRAM ARGUMENT...``.

On Linux it stays root, so that it can still read the interpreter it runs on, and loses only the two capabilities that
pass over permissions. Elsewhere it becomes nobody.
"""

import ctypes
import os
import sys

_DROP_FROM_BOUNDING_SET = 24
_PASSES_OVER_PERMISSIONS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
_VERSION = 0x2008_0522
_NOBODY = 65_534


def _become_bound() -> None:
    if sys.platform != "linux":
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header, sets = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
    done = [libc.prctl(_DROP_FROM_BOUNDING_SET, each, 0, 0, 0) for each in _PASSES_OVER_PERMISSIONS]
    done.append(libc.capget(header, sets))
    sets[2] = sets[5] = 0  # what the next program inherits, of both halves: effective, permitted, inheritable
    done.append(libc.capset(header, sets))
    if any(done):
        sys.exit(f"the capabilities cannot be dropped: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    _become_bound()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 # no shell is wanted
