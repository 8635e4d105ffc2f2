"""What this machine has for a model: memory and graphics processors.

Looking never fails; what is not told is left out.
"""

import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import psutil

__all__ = ["Gpu", "Machine", "look_at_machine", "read_nvidia_table"]

Vendor = Literal["nvidia", "amd", "apple"]

_TIMEOUT_S: Final = 5.0
_MIB: Final = 2**20
_LONGEST_NAME: Final = 100
_MOST_GPUS: Final = 64
#: Left for the system and other programs: a tenth of the memory, 1 GB at least.
_RESERVE_SHARE: Final = 10
_LEAST_RESERVE_BYTES: Final = 1_000_000_000
#: Left on a graphics processor for its driver and the screen, as llama.cpp's own fitting leaves it.
_GPU_RESERVE_BYTES: Final = 1 << 30
_NVIDIA_SMI: Final = ("--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
_DRM: Final = Path("/sys/class/drm")
_CONTAINER_LIMITS: Final = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A graphics processor. Sizes in bytes; ``free_bytes`` is None where it is not told."""

    vendor: Vendor
    name: str
    memory_bytes: int
    free_bytes: int | None = None

    @property
    def usable_bytes(self) -> int:
        """What a model may take of its memory."""
        return max(self.memory_bytes - _GPU_RESERVE_BYTES, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Memory of this machine, in bytes. ``is_unified``: the graphics processor uses the same memory."""

    memory_bytes: int
    available_bytes: int
    gpus: tuple[Gpu, ...] = ()
    is_unified: bool = False

    @property
    def usable_bytes(self) -> int:
        """What a model may take: layers can lie in memory and on graphics processors together."""
        reserve = max(self.memory_bytes // _RESERVE_SHARE, _LEAST_RESERVE_BYTES)
        own = max(self.memory_bytes - reserve, 0)
        return own if self.is_unified else own + self.gpu_bytes

    @property
    def gpu_bytes(self) -> int:
        """What a model may take on graphics processors."""
        if self.is_unified:
            # Metal lends two thirds of a small machine's memory, and more of a large one's.
            return self.memory_bytes * 2 // 3 if self.gpus else 0
        return sum(gpu.usable_bytes for gpu in self.gpus)


def look_at_machine() -> Machine:
    """Look at this machine; a moment, or seconds where a driver is slow to answer. Raises: nothing."""
    memory = psutil.virtual_memory()
    total = min(memory.total, _container_limit() or memory.total)
    available = min(memory.available, total)
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        chip = Gpu(vendor="apple", name=platform.processor() or "Apple", memory_bytes=total)
        return Machine(memory_bytes=total, available_bytes=available, gpus=(chip,), is_unified=True)
    gpus = (*_nvidia(), *_amd(_DRM))[:_MOST_GPUS]
    return Machine(memory_bytes=total, available_bytes=available, gpus=gpus)


def read_nvidia_table(table: str) -> tuple[Gpu, ...]:
    """Read what ``nvidia-smi`` prints: a line a processor, name, total and free memory in MiB.

    Source: nvidia-smi --help-query-gpu, 2026. A line that does not fit is left out.
    """
    found = []
    for line in table.splitlines()[:_MOST_GPUS]:
        name, *sizes = (part.strip() for part in line.rsplit(",", 2))
        if len(sizes) != 2 or not sizes[0].isdecimal():
            continue
        free = int(sizes[1]) * _MIB if sizes[1].isdecimal() else None
        found.append(Gpu(vendor="nvidia", name=_shown(name), memory_bytes=int(sizes[0]) * _MIB, free_bytes=free))
    return tuple(found)


def _nvidia() -> tuple[Gpu, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run(
            [program, *_NVIDIA_SMI], capture_output=True, timeout=_TIMEOUT_S, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return read_nvidia_table(done.stdout.decode("utf-8", errors="replace"))


def _amd(folder: Path) -> tuple[Gpu, ...]:
    """Cards of the amdgpu driver. Source: docs.kernel.org, amdgpu driver misc. information, 2026."""
    found = []
    for total_file in sorted(folder.glob("card[0-9]*/device/mem_info_vram_total"))[:_MOST_GPUS]:
        total, used = _number_in(total_file), _number_in(total_file.with_name("mem_info_vram_used"))
        if not total:
            continue
        name = _text_in(total_file.with_name("product_name")) or "AMD"
        free = None if used is None else max(total - used, 0)
        found.append(Gpu(vendor="amd", name=_shown(name), memory_bytes=total, free_bytes=free))
    return tuple(found)


def _container_limit() -> int | None:
    """The memory that a container may use; None where nothing is said or nothing is limited."""
    return min((limit for path in _CONTAINER_LIMITS if (limit := _number_in(path))), default=None)


def _number_in(path: Path) -> int | None:
    text = _text_in(path)
    return int(text) if text.isdecimal() else None


def _text_in(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(1024).decode("utf-8", errors="replace").strip()
    except OSError:
        return ""


def _shown(name: str) -> str:
    return "".join(character for character in name if character.isprintable())[:_LONGEST_NAME]
