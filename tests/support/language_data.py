"""Files that look like Tesseract's language data, and Debian packages around them."""

import struct
import tarfile
from collections.abc import Mapping
from io import BytesIO

__all__ = ["debian_package", "language_data"]

_ENTRIES = 24
_NETWORK = 17


def language_data(*, with_network: bool = True) -> bytes:
    """A table of 24 places, and something at two of them."""
    head = 4 + 8 * _ENTRIES
    places = [-1] * _ENTRIES
    places[_NETWORK if with_network else 1] = head
    places[_ENTRIES - 1] = head + 50
    return struct.pack(f"<i{_ENTRIES}q", _ENTRIES, *places) + b"network".ljust(50) + b"4.1.0"


def debian_package(files: Mapping[str, bytes], compression: str = "xz") -> bytes:
    """A package with the files in Tesseract's folder."""
    buffer = BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            member = tarfile.TarInfo(f"./usr/share/tesseract-ocr/5/tessdata/{name}")
            member.size = len(content)
            archive.addfile(member, BytesIO(content))
    ending = f".{compression}" if compression else ""
    parts = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", f"data.tar{ending}": buffer.getvalue()}
    return b"!<arch>\n" + b"".join(_member(name, content) for name, content in parts.items())


def _member(name: str, content: bytes) -> bytes:
    head = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return head + content + b"\n" * (len(content) % 2)
