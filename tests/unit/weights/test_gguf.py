"""A model file is a stranger: reading its head ends in a header or in one of two errors, in bounded memory."""

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.gguf_files import entry, tensor, text, write_model

from samovar.domain.errors import ModelFileInvalid, ModelFileMissing
from samovar.weights.gguf import GgufHeader, part_names, read_gguf, size_gguf
from samovar.weights.shape import ModelWeights

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
        parts=1,
        weights=ModelWeights(total_bytes=len(content), parameters=16 + 512),
        shape=None,
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
        (make(tensors=(tensor("a", (8, 8)), tensor("b", (8, 8))), data_bytes=300), "overlap"),
        (make(entries=[*ENTRIES, *(entry(f"k{n}" + "x" * 60_000, 8, text("")) for n in range(40))]), "metadata"),
        (make(entries=[*ENTRIES, *(entry(f"k{n}", 8, text("x" * 4096)) for n in range(600))]), "metadata"),
        (make(entries=[*ENTRIES, entry("split.count", 2, struct.pack("<H", 60_000))]), "60000 parts"),
        (make(entries=[*ENTRIES, entry("split.count", 2, struct.pack("<H", 3))]), "its name does not say so"),
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


WHOLE = {"block_count": 2, "embedding_length": 64, "attention.head_count": 4, "feed_forward_length": 96}


def write_parts(folder: Path, counts: tuple[int, ...] = (2, 1, 1)) -> list[Path]:
    """A model in parts: everything about it in the first, two tensors of a layer in each."""
    paths = [folder / name for name in part_names(f"m-00001-of-{len(counts):05}.gguf")]
    for number, (path, count) in enumerate(zip(paths, counts, strict=True)):
        tensors = {f"blk.{number % 2}.{letter}.weight": (64, 32) for letter in "ab"[:count]}
        split = {"split.count": len(counts), "split.no": number}
        if number == 0:
            write_model(path, fields=WHOLE, tensors=tensors, general=split)
        else:
            path.write_bytes(without_architecture(write_model(path, fields={}, tensors=tensors, general=split)))
    return paths


def without_architecture(path: Path) -> bytes:
    """The later parts of a model name no architecture."""
    named = entry("general.architecture", 8, text("llama"))
    other = entry("general.architecturX", 8, text("llama"))
    return path.read_bytes().replace(named, other)


def test_all_parts_of_a_model_are_read(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    header = read_gguf(paths[0])
    assert header.parts == 3
    assert header.size_bytes == sum(path.stat().st_size for path in paths)
    assert header.weights.total_bytes == header.size_bytes
    assert header.weights.parameters == 4 * 64 * 32
    one = 64 * 32 // 32 * 34
    assert header.weights.layer_bytes == (3 * one, one)


def test_a_part_that_is_missing_or_not_the_first_is_named(tmp_path: Path) -> None:
    paths = write_parts(tmp_path)
    with pytest.raises(ModelFileInvalid, match="name the first"):
        read_gguf(paths[1])
    paths[2].unlink()
    with pytest.raises(ModelFileMissing, match="m-00003-of-00003"):
        read_gguf(paths[0])


def test_the_tensors_are_sorted_by_what_they_are_for(tmp_path: Path) -> None:
    tensors = {
        "token_embd.weight": (64, 1000),
        "output_norm.weight": (64,),
        "output.weight": (64, 1000),
        "blk.0.attn_q.weight": (64, 64),
        "blk.1.ffn_up_exps.weight": (64, 96, 8),
        "blk.9999.attn_q.weight": (64, 64),
    }
    weights = read_gguf(write_model(tmp_path / "m.gguf", fields=WHOLE, tensors=tensors)).weights
    table, matrix, experts = 64 * 1000 // 32 * 34, 64 * 64 // 32 * 34, 64 * 96 * 8 // 32 * 34
    assert weights.embedding_bytes == table
    assert weights.output_bytes == table + 64 * 4
    assert weights.expert_bytes == experts
    assert weights.layer_bytes == (matrix, experts)


def test_what_cannot_be_sized_is_named(tmp_path: Path) -> None:
    bare = write_model(tmp_path / "bare.gguf", fields={})
    with pytest.raises(ModelFileInvalid, match="measures"):
        size_gguf(read_gguf(bare), "bare.gguf")
    eyes = write_model(tmp_path / "eyes.gguf", "clip", fields={"vision.block_count": 4})
    header = read_gguf(eyes)
    with pytest.raises(ModelFileInvalid, match="projector"):
        size_gguf(header, "eyes.gguf")
    whole = read_gguf(write_model(tmp_path / "m.gguf", fields=WHOLE))
    assert size_gguf(whole, "m.gguf", projector=header).projector_bytes == eyes.stat().st_size


def test_a_head_with_endless_lists_costs_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "lists.gguf"
    lists = [
        entry(f"{name}.attention.head_count", 9, struct.pack("<IQ", 0, 4096) + b"\xff" * 4096) for name in range(200)
    ]
    path.write_bytes(make(entries=[*ENTRIES, *lists]))
    tracemalloc.start()
    try:
        with pytest.raises(ModelFileInvalid, match="metadata"):
            read_gguf(path)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
