"""Count the bytes that a browser fetches before the page works: index.html and all it loads at once."""

import gzip
import re
from pathlib import PurePosixPath
from typing import Final

import aiohttp

__all__ = ["first_load"]

LOADED: Final = re.compile(r"""<(?:script[^>]*\ssrc|link[^>]*\shref)=["']([^"']+)["'][^>]*>""")
STATIC_IMPORT: Final = re.compile(
    r"""(?:^|[;}\s])(?:import|export)\s*(?:[\w*{}\s,$]+?from\s*)?["'](\.{1,2}/[^"']+)["']"""
)
COUNTED: Final = {".js": "js", ".css": "css"}


async def first_load(session: aiohttp.ClientSession, base: str) -> dict[str, float]:
    """Give gzipped KB (thousands of bytes) by kind, the sum of JS and CSS, and what went over the wire."""
    html = await _fetch(session, f"{base}/")
    sizes_kb = {"html": len(html[1]) / 1000, "js": 0.0, "css": 0.0}
    wire_bytes, requests = html[0], 1
    waiting = [path for path in LOADED.findall(html[2].decode()) if PurePosixPath(path).suffix in COUNTED]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        wire, packed, content = await _fetch(session, f"{base}{path}")
        wire_bytes, requests = wire_bytes + wire, requests + 1
        sizes_kb[COUNTED[PurePosixPath(path).suffix]] += len(packed) / 1000
        if path.endswith(".js"):
            waiting += [_beside(path, found) for found in STATIC_IMPORT.findall(content.decode())]
    rounded = {f"{kind}_kb": round(size, 1) for kind, size in sizes_kb.items()}
    together = round(sizes_kb["js"] + sizes_kb["css"], 1)
    return {**rounded, "js_and_css_kb": together, "wire_kb": round(wire_bytes / 1000, 1), "requests": requests}


async def _fetch(session: aiohttp.ClientSession, address: str) -> tuple[int, bytes, bytes]:
    """Fetch one file. Gives the bytes that came over the wire, the file gzipped, the file."""
    async with session.get(address, headers={"Accept-Encoding": "gzip"}, auto_decompress=False) as response:
        response.raise_for_status()
        came = await response.read()
        packed_already = response.headers.get("Content-Encoding") == "gzip"
    content = gzip.decompress(came) if packed_already else came
    return len(came), came if packed_already else gzip.compress(content, 9), content


def _beside(path: str, imported: str) -> str:
    """Resolve an import written relative to the file at ``path``."""
    parts = list(PurePosixPath(path).parent.parts)
    for part in imported.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/" + "/".join(part for part in parts if part != "/")
