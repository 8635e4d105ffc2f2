"""Model files from a hub: only when the administrator allows it, never believed without their checksum.

Source: the protocol of huggingface.co as its own client speaks it (huggingface_hub, file_download.py, 2026):
``/{repo}/resolve/main/{file}`` answers with the file, or sends on to a store and tells ``X-Linked-Etag`` (the SHA-256)
and ``X-Linked-Size``; ``/{repo}/raw/main/{file}`` answers with the pointer of Git LFS.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from samovar.domain.errors import ChecksumMismatch, DownloadFailed, DownloadsOff, InvalidParameter, SettingsInvalid
from samovar.egress import EgressClient, EgressGuard, EgressRefused
from samovar.settings import DownloadsSettings
from samovar.telemetry.log import get_log
from samovar.weights.draft import Draft
from samovar.weights.folder import FileRecord, ModelFile, ModelFolder, names_for, read_sha256
from samovar.weights.gguf import part_names

__all__ = ["Hub", "HubFile", "OnProgress", "read_hub_file"]

#: Told after each piece: bytes that have come, and bytes in all where the hub says it.
OnProgress = Callable[[int, int | None], None]

_REPO: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_FILE: Final = re.compile(r"[\w+][\w.+-]*(/[\w+][\w.+-]*){0,8}\.gguf", re.ASCII)
_LONGEST_FILE: Final = 300
_POINTER: Final = re.compile(rb"version https://git-lfs[^\n]*\noid sha256:([0-9a-f]{64})\nsize \d+")
_POINTER_BYTES: Final = 1024
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_PIECE_BYTES: Final = 1 << 20
_ATTEMPTS: Final = 5
_IDLE_TIMEOUT_S: Final = 60.0

_log = get_log(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file on the hub; ``file`` may lie in a folder of the repository."""

    repo: str
    file: str

    @property
    def names(self) -> tuple[str, ...]:
        """The names that its parts get here, first part first."""
        last = self.file.rsplit("/", 1)[-1]
        return tuple(names_for(last, len(part_names(last))))


def read_hub_file(repo: str, file: str) -> HubFile:
    """Check what is asked for. Raises: InvalidParameter."""
    if _REPO.fullmatch(repo) is None or ".." in repo:
        raise InvalidParameter("repo", "it is written as publisher/name")
    if len(file) > _LONGEST_FILE or _FILE.fullmatch(file) is None or ".." in file:
        raise InvalidParameter("file", "it is the name of a .gguf file in the repository")
    return HubFile(repo=repo, file=file)


class Hub:
    """The hub of the settings. It connects to the hub and to the stores that the settings name, and nowhere else."""

    def __init__(
        self,
        settings: DownloadsSettings,
        folder: ModelFolder,
        *,
        pause_s: float = 1.0,
        idle_timeout_s: float = _IDLE_TIMEOUT_S,
    ) -> None:
        """Wait ``pause_s`` before the second attempt, and twice as long before each next. Raises: SettingsInvalid."""
        self._settings = settings
        self._folder = folder
        self._pause_s = pause_s
        self._idle_timeout_s = idle_timeout_s
        self._base = _read_base(settings.hub_url)
        self._guard = EgressGuard()
        if settings.enabled:
            self._guard.allow(str(self._base))
            for host in settings.hosts:
                self._guard.allow(f"{self._base.scheme}://{host}")
        self._client = EgressClient(self._guard)

    @property
    def is_enabled(self) -> bool:
        """Whether the administrator allows downloads."""
        return self._settings.enabled

    @property
    def outside_hosts(self) -> tuple[str, ...]:
        """Hosts beyond this machine that a download may reach; none while downloads are off."""
        return self._guard.outside_hosts

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    async def download(
        self, wanted: HubFile, *, sha256: str | None = None, on_progress: OnProgress = lambda _came, _all: None
    ) -> ModelFile:
        """Fetch a file, or all parts of a model, into the folder; what came before a failure is used again.

        Raises: DownloadsOff, DownloadFailed, ChecksumMismatch, Conflict, InvalidParameter, ModelFileInvalid,
        StorageReadOnly.
        """
        if not self.is_enabled:
            raise DownloadsOff
        expected = read_sha256(sha256)
        names = wanted.names
        if expected is not None and len(names) > 1:
            raise InvalidParameter("sha256", "a model in parts has a checksum for each part")
        await asyncio.to_thread(self._folder.make_room, names[0], 0)
        drafts = [Draft(self._folder.draft_path(name)) for name in names]
        place, slash, last = wanted.file.rpartition("/")
        try:
            for name, draft in zip(part_names(last), drafts, strict=True):
                transfer = _Transfer(wanted.repo, f"{place}{slash}{name}", draft, expected)
                await asyncio.to_thread(draft.open)
                await self._fetch(transfer, _counted(on_progress, drafts, draft))
            record = FileRecord(
                sha256=tuple(draft.found_sha256 for draft in drafts),
                size_bytes=sum(draft.size_bytes for draft in drafts),
                origin="download",
                added_at=datetime.now(UTC).isoformat(timespec="seconds"),
                repo=wanted.repo,
                file=wanted.file,
            )
            kept = await asyncio.to_thread(self._folder.keep, [draft.path for draft in drafts], names, record)
            for draft in drafts:
                await asyncio.to_thread(draft.forget_note)
        finally:
            for draft in drafts:
                draft.close()
        _log.info("model.downloaded", size_bytes=kept.size_bytes, parts=len(names))
        return kept

    async def _fetch(self, transfer: "_Transfer", on_progress: OnProgress) -> None:
        """Fetch one file whole, with new attempts as long as something comes."""
        failures = 0
        while True:
            before = transfer.draft.size_bytes
            try:
                if await self._attempt(transfer, on_progress):
                    return
                continue
            except EgressRefused as error:
                raise DownloadFailed(name=transfer.name, reason=str(error)) from error
            except (aiohttp.ClientError, TimeoutError) as error:
                failures = 1 if transfer.draft.size_bytes > before else failures + 1
                if failures >= _ATTEMPTS:
                    raise DownloadFailed(name=transfer.name, reason=_words(error)) from error
            await asyncio.sleep(self._pause_s * 2 ** (failures - 1))

    async def _attempt(self, transfer: "_Transfer", on_progress: OnProgress) -> bool:
        """One request, or two with the one that the hub sends on to; False when it has to begin anew."""
        draft = transfer.draft
        reply, linked = await self._open(transfer)
        async with reply:
            expected = transfer.expected or linked.sha256 or await self._read_pointer(transfer)
            if linked.sha256 is not None and linked.sha256 != expected:
                raise ChecksumMismatch(name=transfer.name, found=linked.sha256, expected=expected)
            if not await asyncio.to_thread(draft.expect, expected):
                return transfer.begins_anew()
            if reply.status == 416:
                # Nothing is missing after the end of a whole file; anything else is beyond it.
                if draft.found_sha256 == expected:
                    return True
                await asyncio.to_thread(draft.restart)
                return transfer.begins_anew()
            start, size_bytes = _place_of(reply, linked)
            if start != draft.size_bytes:
                await asyncio.to_thread(draft.restart)
                if start != 0:
                    return transfer.begins_anew()
            self._check_size(transfer, size_bytes)
            on_progress(draft.size_bytes, size_bytes)
            await self._read_body(transfer, reply, size_bytes, on_progress)
        if draft.found_sha256 != expected:
            found = draft.found_sha256
            await asyncio.to_thread(draft.remove)
            raise ChecksumMismatch(name=transfer.name, found=found, expected=expected)
        return True

    async def _open(self, transfer: "_Transfer") -> tuple[aiohttp.ClientResponse, "_Linked"]:
        """Ask the hub for what is missing, and follow it to a store at most once."""
        headers = {"Range": f"bytes={transfer.draft.size_bytes}-"} if transfer.draft.size_bytes else {}
        address = self._base / transfer.repo / "resolve" / "main" / transfer.file
        reply = await self._request(address, headers)
        linked = _Linked.of(reply)
        if reply.status in _REDIRECTS:
            async with reply:
                target = _target(reply, self._base)
            if target is None:
                raise DownloadFailed(name=transfer.name, reason="the hub sends on to an address that is not allowed")
            reply = await self._request(target, headers)
        if reply.status not in (200, 206, 416):
            async with reply:
                if reply.status in _LATER:
                    raise aiohttp.ClientError(f"the hub answered {reply.status}")
                raise DownloadFailed(name=transfer.name, reason=_refusal(reply.status))
        return reply, linked

    async def _request(self, address: URL, headers: dict[str, str]) -> aiohttp.ClientResponse:
        async with asyncio.timeout(self._idle_timeout_s):
            return await self._client.request("GET", str(address), headers=headers)

    async def _read_pointer(self, transfer: "_Transfer") -> str:
        """The checksum from the pointer that stands for a large file. Raises: DownloadFailed."""
        reply = await self._request(self._base / transfer.repo / "raw" / "main" / transfer.file, {})
        async with reply, asyncio.timeout(self._idle_timeout_s):
            content = await reply.content.read(_POINTER_BYTES) if reply.status == 200 else b""
        found = _POINTER.match(content)
        if found is None:
            raise DownloadFailed(name=transfer.name, reason="the hub does not tell its SHA-256: give it with --sha256")
        return found[1].decode()

    def _check_size(self, transfer: "_Transfer", size_bytes: int | None) -> None:
        most_bytes = self._settings.most_gb * 1_000_000_000
        if size_bytes is None:
            raise DownloadFailed(name=transfer.name, reason="the hub does not tell its size")
        if size_bytes > most_bytes:
            reason = f"it has {size_bytes / 1e9:.1f} GB, and downloads.most_gb allows {self._settings.most_gb}"
            raise DownloadFailed(name=transfer.name, reason=reason)
        self._folder.check_space(size_bytes - transfer.draft.size_bytes)

    async def _read_body(
        self, transfer: "_Transfer", reply: aiohttp.ClientResponse, size_bytes: int | None, on_progress: OnProgress
    ) -> None:
        draft = transfer.draft
        is_over = False
        while not is_over:
            waiting = bytearray()
            try:
                while len(waiting) < _PIECE_BYTES and not is_over:
                    async with asyncio.timeout(self._idle_timeout_s):
                        piece = await reply.content.readany()
                    waiting += piece
                    is_over = not piece
            finally:
                # Also what came before the line was cut counts.
                if size_bytes is not None and draft.size_bytes + len(waiting) > size_bytes:
                    raise DownloadFailed(name=transfer.name, reason="the hub sent more than it had announced")
                if waiting:
                    await asyncio.to_thread(draft.write, bytes(waiting))
                    on_progress(draft.size_bytes, size_bytes)
        if draft.size_bytes != size_bytes:
            raise aiohttp.ClientError("the connection was cut")


def _counted(on_progress: OnProgress, drafts: list[Draft], current: Draft) -> OnProgress:
    """Count the parts that came before; the size of a model in parts is not known until the last."""

    def told(came: int, size_bytes: int | None) -> None:
        earlier = sum(draft.size_bytes for draft in drafts[: drafts.index(current)])
        on_progress(earlier + came, size_bytes if len(drafts) == 1 else None)

    return told


@dataclass(slots=True)
class _Transfer:
    """One file on its way."""

    repo: str
    file: str
    draft: Draft
    expected: str | None
    beginnings: int = 0

    @property
    def name(self) -> str:
        return self.file.rsplit("/", 1)[-1]

    def begins_anew(self) -> bool:
        """Always False. Raises: DownloadFailed when a hub that changes its mind makes it begin again and again."""
        self.beginnings += 1
        if self.beginnings >= _ATTEMPTS:
            raise DownloadFailed(name=self.name, reason="the file on the hub keeps changing")
        return False


@dataclass(frozen=True, slots=True)
class _Linked:
    """What the hub says of a file before it comes."""

    sha256: str | None
    size_bytes: int | None

    @classmethod
    def of(cls, reply: aiohttp.ClientResponse) -> "_Linked":
        plain = reply.headers.get("X-Linked-Etag", "").removeprefix("W/").strip('"').lower()
        size = reply.headers.get("X-Linked-Size", "")
        return cls(
            sha256=plain if re.fullmatch(r"[0-9a-f]{64}", plain) else None,
            size_bytes=int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None,
        )


def _read_base(address: str) -> URL:
    """The address of the hub. Raises: SettingsInvalid."""
    try:
        base = URL(address)
        is_good = base.scheme in ("http", "https") and base.host and base.path in ("", "/") and not base.user
    except ValueError:
        is_good = False
    if not is_good or base.query_string or base.fragment:
        raise SettingsInvalid(reason=f"downloads.hub_url: {quote(address, safe=':/')} is not the address of a hub")
    return base.origin()


def _target(reply: aiohttp.ClientResponse, base: URL) -> URL | None:
    """Where a reply sends on to; None for what is no plain address of the same kind. The guard checks the host."""
    try:
        target = base.join(URL(reply.headers.get("Location", "")))
    except ValueError:
        return None
    return target if target.scheme == base.scheme and target.user is None and target.host else None


def _place_of(reply: aiohttp.ClientResponse, linked: _Linked) -> tuple[int, int | None]:
    """Where in the file a reply begins, and how long the whole file is."""
    if reply.status == 206:
        found = _RANGE.fullmatch(reply.headers.get("Content-Range", ""))
        if found is None:
            raise aiohttp.ClientError("the hub sent a part without saying which")
        return int(found[1]), int(found[2])
    length = reply.content_length
    return 0, length if length is not None else linked.size_bytes


def _refusal(status: int) -> str:
    if status in (401, 403):
        return f"the hub refuses it ({status}): it is gated, private or misspelt"
    if status == 404:
        return "the hub does not have it"
    return f"the hub answered {status}"


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the hub fell silent"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "the hub cannot be reached"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the connection was cut"
    return str(error)[:200] or "the connection was cut"
