"""A reader of documents with the limits that users have."""

from collections.abc import AsyncIterator

import pytest_asyncio

from samovar.sandbox.reader import SandboxedReader
from samovar.settings import LimitsSettings

__all__ = ["reader"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reader() -> AsyncIterator[SandboxedReader]:
    """One for all tests: what one of them does to it must not harm the next."""
    reader = SandboxedReader(LimitsSettings())
    await reader.start()
    yield reader
    await reader.close()
