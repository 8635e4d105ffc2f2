"""A streamed reply, from the request to its one last event."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeVar

import aiohttp

from samovar.backends._shared.server import ModelServer, TimedBody
from samovar.backends._shared.wire import LineReader, Patience, loads_object
from samovar.domain.errors import BackendBroke, BackendError, BackendReplyInvalid, BackendTimeout
from samovar.domain.generation import BackendEvent, Failed, PromptProgress

__all__ = ["ReplyParser", "read_events", "read_reply"]

_Event = TypeVar("_Event")
_Event_co = TypeVar("_Event_co", covariant=True)

#: The end of the body follows the last event at once; a connection that still waits is not worth keeping.
_END_OF_BODY_S: Final = 0.25


class ReplyParser(Protocol[_Event_co]):
    """Turns the lines of one wire form into events of one kind."""

    @property
    def is_done(self) -> bool:
        """Whether the server has said that nothing more follows."""
        ...

    def read(self, line: bytes) -> Iterable[_Event_co]:
        """Read one line. Raises: BackendError for an error or nonsense in it."""
        ...

    def finished(self) -> _Event_co | None:
        """Return the good end, or None if the server has not said that the answer is whole."""
        ...


async def read_reply(
    server: ModelServer, path: str, payload: Mapping[str, object], *, model: str, parser: ReplyParser[BackendEvent]
) -> AsyncGenerator[BackendEvent, None]:
    """Send a request and yield its reply; the last event is one Finished or Failed, and nothing is raised.

    Closing the iterator closes the connection.
    """
    try:
        async with contextlib.aclosing(read_events(server, path, payload, model=model, parser=parser)) as events:
            async for event in events:
                yield event
    except BackendError as error:
        yield Failed(error=error)


async def read_events(
    server: ModelServer, path: str, payload: Mapping[str, object], *, model: str, parser: ReplyParser[_Event]
) -> AsyncGenerator[_Event, None]:
    """Send a request and yield what the parser makes of its reply, the good end last. Raises: BackendError.

    Closing the iterator closes the connection.
    """
    patience = server.patience()
    response = await server.open("POST", path, payload, patience=patience)
    body = TimedBody(response.content, patience)
    try:
        await _check_head(server, response, patience, model)
        reader = LineReader(body, backend=server.name)
        while (lines := await _next_lines(server, reader, patience, parser)) is not None:
            for event in _parse(lines, parser):
                if isinstance(event, PromptProgress):
                    patience.heard_progress()
                else:
                    patience.heard_token()
                yield event
            if parser.is_done:
                await _read_end(response)
                break
        finished = parser.finished()
        if finished is None:
            raise BackendBroke(backend=server.name)
        yield finished
    finally:
        body.close()
        response.close()


def _parse(lines: list[bytes], parser: ReplyParser[_Event]) -> Iterator[_Event]:
    for line in lines:
        yield from parser.read(line.rstrip(b"\r"))
        if parser.is_done:
            return


async def _next_lines(
    server: ModelServer, reader: LineReader, patience: Patience, parser: ReplyParser[object]
) -> list[bytes] | None:
    try:
        try:
            return await reader.read()
        except (aiohttp.ClientError, OSError) as error:
            server.fail(error, patience)
    except (BackendBroke, BackendTimeout):
        # Once the server has said how the answer ended, a connection that breaks changes nothing.
        if parser.finished() is None:
            raise
        return None


async def _check_head(server: ModelServer, response: aiohttp.ClientResponse, patience: Patience, model: str) -> None:
    """Raise the error that a reply carries instead of a stream."""
    content_type = response.content_type
    if response.status == 200 and content_type not in ("application/json", "text/html"):
        return
    content = await server.read_body(response, patience)
    if response.status == 200:
        if content_type == "application/json" and "error" in loads_object(content, backend=server.name):
            raise server.fault(response, content, model=model)
        raise BackendReplyInvalid(backend=server.name, reason=f"{content_type} instead of a stream")
    raise server.fault(response, content, model=model)


async def _read_end(response: aiohttp.ClientResponse) -> None:
    """Read up to the end of the body, so that the connection can serve the next request."""
    with contextlib.suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(_END_OF_BODY_S):
            await response.content.readany()
