"""A Samovar in a network of its own, where every packet that is not for this machine ends in a trap.

Run as ``python -m tests.support.sealed`` by root, inside ``unshare --net``; what happened is printed as JSON.
"""

import asyncio
import fcntl
import ipaddress
import json
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from typing import Any, Final

from tests.support.application import Client
from tests.support.database import temporary_folder
from tests.support.process import run_command, serve
from tests.support.stand_ins import Behaviour, run_stand_in

__all__ = ["Trap"]

_DEVICE: Final = "trap0"
#: Source: Linux, include/uapi/linux/if_tun.h.
_TUNSETIFF: Final = 0x400454CA
_IFF_TUN_NO_PI: Final = 0x0001 | 0x1000
#: An address for documentation (RFC 5737): nobody has it.
_NOBODY: Final = ("192.0.2.1", 9)
_OLLAMA_PORT: Final = 11434
_LOADING_S: Final = 120.0


class Trap:
    """The default route of a network that leads nowhere but here."""

    def __init__(self) -> None:
        """Lay the route. Raises: OSError, CalledProcessError where that is not allowed."""
        self.destinations: list[str] = []
        self._device = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(self._device, _TUNSETIFF, struct.pack("16sH22x", _DEVICE.encode(), _IFF_TUN_NO_PI))
        for command in (
            "link set lo up",
            # Without this the kernel itself would look for neighbours.
            f"link set dev {_DEVICE} addrgenmode none",
            f"addr add 10.255.0.1/24 dev {_DEVICE}",
            f"link set {_DEVICE} up",
            f"route add default dev {_DEVICE}",
            f"-6 route add default dev {_DEVICE}",
        ):
            subprocess.run(["ip", *command.split()], check=True)
        self._is_open = True
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def close(self) -> None:
        """Take away the route."""
        self._is_open = False
        self._reading.join()
        os.close(self._device)

    def _read(self) -> None:
        while self._is_open:
            if select.select([self._device], [], [], 0.1)[0]:
                packet = os.read(self._device, 65_536)
                address = packet[16:20] if packet[0] >> 4 == 4 else packet[24:40]
                self.destinations.append(str(ipaddress.ip_address(address)))


async def _use(address: str, link: str) -> dict[str, Any]:
    """Everything that a person does on the first day; return the state of each backend and of each answer."""
    client = Client(address)
    try:
        status, _ = await client.send("POST", "/api/session", {"token": link.partition("#token=")[2]})
        assert status == 204
        status, found = await client.send("POST", "/api/backends/probe")
        assert status == 200, found
        answers: dict[str, str] = {}
        for backend in ("engine", "ollama"):
            model = await _ready_model(client, backend)
            chat_id = await client.new_chat(model=model, parameters={"max_tokens": 16})
            status, document = await client.upload(chat_id, "notes.txt", b"The port is 7431.")
            assert status == 201, document
            _, events = await client.answer(chat_id, "Which port?")
            answers[backend] = str(events[-1].body["status"])
        for path in ("/api/system", "/api/machine", "/api/catalogue", "/api/model-files", "/api/backends", "/metrics"):
            status, _ = await client.send("GET", path)
            assert status == 200, path
        _, system = await client.send("GET", "/api/system")
        return {
            "backends": {backend["name"]: backend["state"] for backend in found["backends"]},
            "answers": answers,
            "outside_connections": system["outside_connections"],
        }
    finally:
        await client.close()


async def _ready_model(client: Client, backend: str) -> str:
    async with asyncio.timeout(_LOADING_S):
        while True:
            _, listing = await client.send("GET", "/api/models")
            for model in listing["models"]:
                if model["backend"] == backend and model["state"] == "ready":
                    return str(model["id"])
            await asyncio.sleep(0.5)


async def _live() -> dict[str, Any]:
    environment = {"SAMOVAR_BACKENDS_DISCOVER": "true"}
    async with run_stand_in("ollama", Behaviour(answer="Found."), port=_OLLAMA_PORT):
        with temporary_folder() as place, serve(place / "data", environment=environment) as running:
            told = await _use(running.address, running.link)
            told["commands"] = {}
            for command in (("backends", "--json"), ("models", "--json"), ("doctor", "--json")):
                arguments = (*command, "--data-dir", str(place / "data"))
                done = await asyncio.to_thread(run_command, *arguments, environment=environment)
                told["commands"][command[0]] = done.returncode
            assert running.process.poll() is None
    return told


def _main() -> None:
    trap = Trap()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"is the trap set?", _NOBODY)
    told = asyncio.run(_live())
    trap.close()
    json.dump({**told, "caught": trap.destinations}, sys.stdout)


if __name__ == "__main__":
    _main()
