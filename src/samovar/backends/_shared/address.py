"""Addresses as people write them in settings."""

import re
from typing import Final

from yarl import URL

from samovar.domain.errors import SettingsInvalid

__all__ = ["read_address"]

#: A name in any script, or an address in digits.
_HOST: Final = re.compile(r"[\w.-]+|[0-9A-Fa-f:.]+")


def read_address(address: str, *, default_port: int | None = None) -> str:
    """Turn an address into a base URL without a trailing slash or ``/v1``.

    The scheme may be missing (http is meant), and so may the port where ``default_port`` is given.
    ``0.0.0.0`` and ``::`` are where a server listens; from here it is reached by loopback.

    Raises: SettingsInvalid for what is no HTTP address, or carries a name, a query or a fragment.
    """
    text = address.strip()
    if text.startswith(":") and default_port is not None:
        text = f"127.0.0.1{text}"  # A port alone is where a server listens, on every address.
    has_scheme = "://" in text
    try:
        url = URL(text if has_scheme else f"http://{text}")
        host, explicit_port = url.host, url.explicit_port
    except ValueError as error:
        raise SettingsInvalid(reason="an address of a model server is not a URL") from error
    if url.scheme not in ("http", "https") or not host or not _HOST.fullmatch(host):
        raise SettingsInvalid(reason="an address of a model server must look like http://host:port")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise SettingsInvalid(reason="an address of a model server carries more than scheme, host, port and path")
    if host in ("0.0.0.0", "::"):  # noqa: S104  # read, not bound
        url = url.with_host("127.0.0.1")
    if explicit_port is None and not has_scheme and default_port is not None:
        url = url.with_port(default_port)
    return str(url).rstrip("/").removesuffix("/v1").rstrip("/")
