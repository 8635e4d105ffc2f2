"""Files named on the command line."""

from pathlib import Path

from samovar.domain.errors import FileTooLarge, InvalidRequest

__all__ = ["read_file"]


def read_file(path: Path, limit_mb: int) -> bytes:
    """Read a file, unless it is above the limit. Raises: FileTooLarge, InvalidRequest."""
    try:
        if path.stat().st_size > limit_mb * 1_000_000:
            raise FileTooLarge(name=path.name, limit_mb=limit_mb)
        return path.read_bytes()
    except OSError as error:
        raise InvalidRequest(reason=f"{path} cannot be read ({error.strerror or error})") from error
