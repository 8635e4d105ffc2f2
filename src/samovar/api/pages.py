"""The built web app, served from memory: small, compressed once, cached for ever by its hashed names."""

import gzip
import mimetypes
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from samovar.domain.errors import NotFound

__all__ = ["pages_router"]

_SHELL: Final = "index.html"
_TEXT: Final = frozenset({"html", "js", "css", "svg", "json", "webmanifest", "txt"})
#: The shell does not answer for these: a program that mistypes an address must see an error.
_NEVER_PAGES: Final = frozenset({"api", "v1", "assets", "health", "ready", "metrics"})
_MISSING: Final = (
    "<!doctype html><meta charset=utf-8><title>Samovar</title>"
    "<p>The web app is not built. Run <code>make web</code>. / Веб-приложение не собрано: <code>make web</code>."
)


@dataclass(frozen=True, slots=True)
class _File:
    media_type: str
    content: bytes
    compressed: bytes | None
    is_immutable: bool


def pages_router() -> APIRouter:
    """Routes of the page; the files are read once."""
    router = APIRouter(include_in_schema=False)
    served = _read_all(files("samovar").joinpath("static"), "")

    @router.api_route("/{path:path}", methods=["GET", "HEAD"])
    async def page(path: str, request: Request) -> Response:
        """A file of the app, or its shell for an address that the app itself understands."""
        found = served.get(path)
        if found is None:
            parts = path.strip("/").split("/")
            if parts[0].lower() in _NEVER_PAGES or "." in parts[-1]:
                raise NotFound(what="address")
            found = served.get(_SHELL)
        if found is None:
            return Response(_MISSING, media_type="text/html", status_code=503)
        headers = {
            "Cache-Control": "public, max-age=31536000, immutable" if found.is_immutable else "no-cache",
            "Vary": "Accept-Encoding",
        }
        if found.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                found.compressed, media_type=found.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(found.content, media_type=found.media_type, headers=headers)

    return router


def _read_all(folder: Traversable, prefix: str) -> dict[str, _File]:
    found: dict[str, _File] = {}
    if not folder.is_dir():
        return found
    for entry in folder.iterdir():
        name = prefix + entry.name
        if entry.is_dir():
            found.update(_read_all(entry, name + "/"))
        elif not entry.name.startswith("."):
            found[name] = _read(entry, name)
    return found


def _read(entry: Traversable, name: str) -> _File:
    content = entry.read_bytes()
    suffix = name.rsplit(".", 1)[-1]
    media_type = {"js": "text/javascript", "webmanifest": "application/manifest+json"}.get(
        suffix, mimetypes.guess_type(name)[0] or "application/octet-stream"
    )
    return _File(
        media_type=media_type,
        content=content,
        compressed=gzip.compress(content, 9, mtime=0) if suffix in _TEXT else None,
        is_immutable=name.startswith("assets/"),
    )
