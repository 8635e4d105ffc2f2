"""Have HEIC decoded without a thread, for a confined process may start none.

libheif asks libde265 for one worker thread before each picture, with no way to say no, and libde265 ends the process
when the thread cannot be started. Without workers it decodes in the thread that asks (libde265 1.1, ``de265_decode``).
So the one function that starts workers is made to return at once: the first bytes of it in this process's own memory
are replaced, before anything is confined. Where the system does not allow that, HEIC is not read; nothing else changes.
"""

import ctypes
import mmap
import os
import sys
from pathlib import Path
from typing import Final

__all__ = ["forbid_decoder_threads"]

_LIBRARY: Final = "libde265"
_FUNCTION: Final = "de265_start_worker_threads"
#: "Return 0 (DE265_OK)" on the machines whose system calls can be filtered; elsewhere threads are not refused.
_RETURN_ZERO: Final = {
    "x86_64": b"\x31\xc0\xc3",  # xor eax, eax; ret
    "aarch64": b"\x00\x00\x80\x52\xc0\x03\x5f\xd6",  # mov w0, #0; ret
}


def forbid_decoder_threads() -> bool:
    """Take the workers from libde265, which must be loaded. Returns whether pictures are decoded in one thread now."""
    code = _RETURN_ZERO.get(os.uname().machine) if sys.platform == "linux" else None
    path = _loaded_library()
    if code is None or path is None:
        return False
    try:
        address = ctypes.cast(getattr(ctypes.CDLL(path), _FUNCTION), ctypes.c_void_p).value
    except (OSError, AttributeError):
        return False
    return address is not None and _write(address, code)


def _loaded_library() -> str | None:
    """The file of libde265 in this process's memory."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    paths = (line.split(maxsplit=5)[5] for line in lines if line.count("/") and len(line.split(maxsplit=5)) == 6)
    return next((path for path in paths if Path(path).name.startswith(_LIBRARY)), None)


def _write(address: int, code: bytes) -> bool:
    """Replace code in memory; the pages are never writable and executable at once."""
    libc = ctypes.CDLL(None, use_errno=True)
    start = address - address % mmap.PAGESIZE
    pages = ctypes.c_void_p(start), ctypes.c_size_t(address + len(code) - start)
    if libc.mprotect(*pages, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
        return False
    ctypes.memmove(address, code, len(code))
    return bool(libc.mprotect(*pages, mmap.PROT_READ | mmap.PROT_EXEC) == 0)
