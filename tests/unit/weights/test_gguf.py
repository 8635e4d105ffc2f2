"""A model file is a stranger: reading its head ends in a header or in one of two errors, in bounded memory."""

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.weights.gguf import GgufHeader, read_gguf


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, shape: tuple[int, ...], kind: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


ENTRIES = [
    entry("general.architecture", 8, text("llama")),
    entry("general.name", 8, text("Чайник\n7B")),
    entry("general.file_type", 4, struct.pack("<I", 15)),
    entry("llama.context_length", 4, struct.pack("<I", 4096)),
    entry("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + text("a") + text("b" * 70_000) + text("c")),
    entry("tokenizer.ggml.scores", 9, struct.pack("<IQ", 6, 3) + bytes(12)),
]


def make(
    entries: list[bytes] = ENTRIES,
    tensors: tuple[bytes, ...] = (tensor("a", (4, 4)), tensor("b", (256, 2), 12, 64)),
    data_bytes: int = 64 + 288,
    version: int = 3,
) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + bytes(data_bytes)


def read(folder: Path, content: bytes) -> GgufHeader:
    path = folder / "model.gguf"
    path.write_bytes(content)
    return read_gguf(path)


@pytest.mark.parametrize("version", [2, 3])
def test_a_whole_file_tells_what_it_is(tmp_path: Path, version: int) -> None:
    content = make(version=version)
    assert read(tmp_path, content) == GgufHeader(
        architecture="llama",
        name="Чайник 7B",
        quantisation="Q4_K_M",
        context_tokens=4096,
        size_bytes=len(content),
        is_projector=False,
    )


def test_a_file_without_a_name_is_called_by_its_file_name(tmp_path: Path) -> None:
    assert read(tmp_path, make(entries=ENTRIES[:1])).name == "model"


def test_every_cut_of_a_file_is_noticed(tmp_path: Path) -> None:
    content = make()
    for size in [*range(0, 400), *range(70_000, len(content), 97), len(content) - 1]:
        with pytest.raises(ModelFileInvalid):
            read(tmp_path, content[:size])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a GGUF"),
        (b"<html>" * 100, "not a GGUF"),
        (make(version=1), "version 1"),
        (make(version=0x03000000), "version"),
        (make(entries=[ENTRIES[0], ENTRIES[0]]), "twice"),
        (make(entries=ENTRIES[1:]), "architecture"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1) + bytes(64), "tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1, 2**64 - 1) + bytes(64), "metadata"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**64 - 1) + bytes(64), "too long"),
        (make(entries=[*ENTRIES, entry("x", 8, struct.pack("<Q", 2**62))]), "cut short"),
        (make(entries=[*ENTRIES, entry("x", 9, struct.pack("<IQ", 0, 2**62))]), "cut short"),
        (make(entries=[*ENTRIES, entry("x", 9, struct.pack("<IQ", 8, 2**61))]), "cut short"),
        (make(entries=[*ENTRIES, entry("x", 9, struct.pack("<IQ", 9, 1))]), "arrays of arrays"),
        (make(entries=[*ENTRIES, entry("x", 77, b"")]), "unknown type"),
        (make(entries=[*ENTRIES, entry("general.alignment", 4, struct.pack("<I", 0))]), "alignment"),
        (make(entries=[*ENTRIES, entry("general.alignment", 4, struct.pack("<I", 48))]), "alignment"),
        (make(tensors=(tensor("a", (2**40, 2**40)),)), "larger than any memory"),
        (make(tensors=(tensor("a", (2**63, 0)),)), "larger than any memory"),
        (make(tensors=(tensor("a", (1,) * 5),)), "dimensions"),
        (make(tensors=(tensor("a", (4,), 0, 2**63),)), "cut short"),
        (make(tensors=(tensor("a", (4,), 0, 7),)), "aligned"),
        (make(tensors=(tensor("a", (30,), 2),)), "blocks"),
    ],
)
def test_each_lie_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ModelFileInvalid) as caught:
        read(tmp_path, content)
    assert reason in caught.value.message


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.integers(0, 600), st.binary(min_size=1, max_size=9)), min_size=1, max_size=5))
def test_a_mutated_head_gives_a_header_or_a_named_error(tmp_path: Path, changes: list[tuple[int, bytes]]) -> None:
    small = make(entries=[*ENTRIES[:4], entry("t", 9, struct.pack("<IQ", 8, 2) + text("a") + text("b"))])
    content = bytearray(small)
    for at, value in changes:
        content[at : at + len(value)] = value
    try:
        header = read(tmp_path, bytes(content))
    except ModelFileInvalid:
        return
    assert header.name.isprintable()
    assert len(header.name) <= 100


def test_a_file_that_promises_much_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "huge.gguf"
    vocabulary = entry("tokens", 9, struct.pack("<IQ", 8, 100_000) + text("token") * 100_000)
    template = entry("chat_template", 8, struct.pack("<Q", 50_000_000) + bytes(50_000_000))
    path.write_bytes(make(entries=[*ENTRIES, vocabulary, template]))
    tracemalloc.start()
    try:
        assert read_gguf(path).architecture == "llama"
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_what_is_no_file_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ModelFileMissing):
        read_gguf(tmp_path / "nowhere.gguf")
    with pytest.raises(ModelFileInvalid):
        read_gguf(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ModelFileInvalid):
        read_gguf(tmp_path / "pipe")
