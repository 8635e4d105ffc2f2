"""Files named on the command line."""

from pathlib import Path

from samovar.domain.errors import FileTooLarge, InvalidRequest

__all__ = ["read_file"]


def read_file(path: Path, limit_mb: int) -> bytes:
    """Read a file, unless it is above the limit. Raises: FileTooLarge, InvalidRequest."""
    try:
        with path.open("rb") as file:
            # Read rather than ask for the size: a device has none, and no end either.
            content = file.read(limit_mb * 1_000_000 + 1)
    except OSError as error:
        raise InvalidRequest(reason=f"{path} cannot be read ({error.strerror or error})") from error
    if len(content) > limit_mb * 1_000_000:
        raise FileTooLarge(name=path.name, limit_mb=limit_mb)
    return content
