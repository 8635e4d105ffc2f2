"""What this machine has: read from what the system says, and nothing where it says nothing."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samovar.weights import machine
from samovar.weights.machine import Gpu, Machine, look_at_machine, read_nvidia_table

GIB = 2**30


def test_this_machine_has_memory() -> None:
    found = look_at_machine()
    assert 0 < found.available_bytes <= found.memory_bytes
    assert found.usable_bytes > 0


def test_the_table_of_nvidia_is_read() -> None:
    table = "NVIDIA GeForce RTX 3060, 12288, 11720\nOdd, name, 24576, [N/A]\nbroken\n, x, y\n"
    assert read_nvidia_table(table) == (
        Gpu(vendor="nvidia", name="NVIDIA GeForce RTX 3060", memory_bytes=12 * GIB, free_bytes=11720 * 2**20),
        Gpu(vendor="nvidia", name="Odd, name", memory_bytes=24 * GIB, free_bytes=None),
    )


@given(st.text())
def test_whatever_the_table_holds_nothing_breaks(table: str) -> None:
    for gpu in read_nvidia_table(table):
        assert gpu.memory_bytes >= 0
        assert gpu.name.isprintable()


def program(folder: Path, body: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("body", "cards"),
    [("echo 'A100, 81920, 80000'", 1), ("exit 9", 0), ("echo rubbish", 0), ("kill -9 $$", 0)],
)
def test_the_driver_of_nvidia_is_asked_where_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, cards: int
) -> None:
    program(tmp_path, body)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert len(look_at_machine().gpus) == cards


def test_cards_of_amd_are_read_from_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (total, used) in enumerate([("17163091968", "1000000"), ("0", "0"), ("rubbish", "")]):
        folder = tmp_path / f"card{number}" / "device"
        folder.mkdir(parents=True)
        (folder / "mem_info_vram_total").write_text(f"{total}\n")
        (folder / "mem_info_vram_used").write_text(f"{used}\n")
    monkeypatch.setattr(machine, "_DRM", tmp_path)
    amd = [gpu for gpu in look_at_machine().gpus if gpu.vendor == "amd"]
    assert amd == [Gpu(vendor="amd", name="AMD", memory_bytes=17163091968, free_bytes=17162091968)]


def test_a_container_has_no_more_than_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(machine, "_CONTAINER_LIMITS", (limit, tmp_path / "gone"))
    limit.write_text("1000000000\n")
    assert look_at_machine().memory_bytes == 1_000_000_000
    limit.write_text("max\n")
    assert look_at_machine().memory_bytes > 1_000_000_000


def test_something_is_left_for_everything_else() -> None:
    plain = Machine(memory_bytes=16_000_000_000, available_bytes=0)
    assert plain.usable_bytes == 14_400_000_000
    assert Machine(memory_bytes=4_000_000_000, available_bytes=0).usable_bytes == 3_000_000_000
    card = Gpu(vendor="nvidia", name="", memory_bytes=12 * GIB)
    with_card = Machine(memory_bytes=16_000_000_000, available_bytes=0, gpus=(card,))
    assert with_card.usable_bytes == 14_400_000_000 + 11 * GIB
    assert with_card.gpu_bytes == 11 * GIB
    apple = Machine(
        memory_bytes=16_000_000_000,
        available_bytes=0,
        gpus=(Gpu(vendor="apple", name="M3", memory_bytes=16_000_000_000),),
        is_unified=True,
    )
    assert apple.usable_bytes == 14_400_000_000
    assert apple.gpu_bytes == 10_666_666_666
