"""The gate in front of every route: host, origin, size and response headers.

Pure ASGI, because it runs for every request and every streamed chunk.
"""

import asyncio
import ipaddress
import re
from collections.abc import Iterable
from secrets import token_hex
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from samovar.api.closing import DIRECT_SEND
from samovar.api.deps import bearer_key
from samovar.api.problems import respond
from samovar.domain.errors import Forbidden, InvalidRequest, SamovarError
from samovar.telemetry.log import request_id
from samovar.telemetry.metrics import Metrics

__all__ = ["CONTENT_SECURITY_POLICY", "CUSTOM_HEADER", "Gate"]

#: A header that a foreign page cannot send without asking first, and we never allow it.
CUSTOM_HEADER: Final = "x-samovar"
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-src 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; "
    "trusted-types samovar dompurify svelte-trusted-html"
)
_HEADERS: Final = (
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"),
    ("Cache-Control", "no-store"),
)
_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([^\[\]:@/\s]+))(?::([0-9]{1,5}))?")
_DEFAULT_PORT: Final = 80
_TLS: Final = "https://"
_STRICT_TRANSPORT: Final = "max-age=31536000"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_BODY_LIMIT: Final = 4_000_000
_KEYS_ONLY: Final = "/v1/"
#: Files of other kinds come in here; like those of documents, they are bounded as they are read.
_FILES: Final = ("/api/import", "/api/examples")
_V1_BODY_LIMIT: Final = 64_000_000
_TOO_LARGE: Final = "the body is too large"
#: Who sends a body has to go on sending; a quiet one holds a connection for nothing.
_BODY_PAUSE_S: Final = 30.0
#: Methods that get a row in the metrics; a stranger must not be able to make new rows.
_COUNTED_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class Gate:
    """Lets a request through, or answers it at once with a problem."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, public_hosts: Iterable[str], metrics: Metrics) -> None:
        """Accept requests that name one of the server's own hosts.

        A public host written as ``https://name`` is reached through a proxy that adds TLS.
        """
        self._app = app
        self._metrics = metrics
        self._port = port
        public = [name.lower().rstrip("/") for name in public_hosts]
        self._behind_tls = {name.removeprefix(_TLS) for name in public if name.startswith(_TLS)}
        self._names = {name.removeprefix(_TLS).removeprefix("http://") for name in public}
        self._is_loopback = host in _LOOPBACK_NAMES
        if not self._is_loopback:
            self._names.add(host.lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A stream sends its pieces from here on: each layer between costs as much as the token in it.
        scope[DIRECT_SEND] = send
        token = request_id.set(token_hex(8))
        status = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS:
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
            await send(message)

        try:
            headers = Headers(scope=scope)
            if headers.get("host", "").lower() in self._behind_tls:
                # The settings say so, not a header that anybody could send.
                scope["scheme"] = "https"
            if (refusal := self._refusal(scope, headers)) is not None:
                await respond(scope["path"], refusal)(scope, receive, send_with_headers)
                return
            if not _fits(scope, headers):
                too_large = InvalidRequest(reason=_TOO_LARGE)
                await respond(scope["path"], too_large, 413)(scope, receive, send_with_headers)
                return
            await self._app(scope, _limited(scope, receive), send_with_headers)
        finally:
            method = scope["method"] if scope["method"] in _COUNTED_METHODS else "other"
            self._metrics.requests.labels(method, str(status)).inc()
            request_id.reset(token)

    def _refusal(self, scope: Scope, headers: Headers) -> SamovarError | None:
        hosts = headers.getlist("host")
        host = hosts[0] if len(hosts) == 1 else ""
        if not self._is_own_host(host):
            return InvalidRequest(reason="the Host header does not name this server")
        if scope["method"] in _SAFE_METHODS:
            return None
        if (origin := headers.get("origin")) is not None and origin != f"{scope['scheme']}://{host.lower()}":
            return Forbidden(reason="the Origin header names another site")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return Forbidden(reason="the request comes from another site")
        # What takes no cookie cannot be made to act by a foreign page; there a missing key is what is wrong.
        takes_keys_only = scope["path"].startswith(_KEYS_ONLY)
        if not takes_keys_only and CUSTOM_HEADER not in headers and bearer_key(headers) is None:
            return Forbidden(reason="the X-Samovar header is missing")
        return None

    def _is_own_host(self, host: str) -> bool:
        lowered = host.lower()
        if lowered in self._names:
            return True
        name, port = _split_port(lowered)
        if name in self._names:
            return port is not None
        if port != self._port:
            return False
        # An address in digits cannot be rebound by DNS; names must be known.
        return name in _LOOPBACK_NAMES or (not self._is_loopback and _is_address(name))


def _split_port(host: str) -> tuple[str, int | None]:
    """The name and the port of a Host header; no port where it cannot be read.

    Source: RFC 9110, section 7.2; an IPv6 address stands in brackets (RFC 3986, section 3.2.2).
    """
    found = _HOST.fullmatch(host)
    if found is None:
        return host, None
    address, name, port = found.groups()
    return address or name, int(port) if port else _DEFAULT_PORT


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _body_limit(scope: Scope) -> int | None:
    """The largest body of a path; None where the route counts for itself."""
    path: str = scope["path"]
    if path.startswith(_KEYS_ONLY):
        return _V1_BODY_LIMIT
    return None if path.endswith("/documents") or path in _FILES else _BODY_LIMIT


def _fits(scope: Scope, headers: Headers) -> bool:
    limit = _body_limit(scope)
    length = headers.get("content-length", "0")
    return limit is None or (length.isdigit() and int(length) <= limit)


def _limited(scope: Scope, receive: Receive) -> Receive:
    """Count a body that came without its length, and do not wait for ever for the next piece."""
    limit = _body_limit(scope)
    if scope["method"] in _SAFE_METHODS:
        return receive
    taken = 0
    is_whole = False

    # FastAPI passes an HTTPException on while it reads a body, and hides every other reason.
    async def counted() -> Message:
        nonlocal taken, is_whole
        # After the body the same call waits for the client to leave, which may take for ever.
        message = await (receive() if is_whole else _in_time(receive))
        is_whole = not message.get("more_body", False)
        taken += len(message.get("body", b""))
        if limit is not None and taken > limit:
            raise HTTPException(413, _TOO_LARGE)
        return message

    return counted


async def _in_time(receive: Receive) -> Message:
    try:
        async with asyncio.timeout(_BODY_PAUSE_S):
            return await receive()
    except TimeoutError as error:
        raise HTTPException(408, "the body did not arrive") from error
