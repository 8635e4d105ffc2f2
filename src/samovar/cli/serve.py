"""``samovar serve``: the server and the page."""

import errno
import gc
import socket
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Final

import typer
import uvicorn

from samovar import __version__
from samovar.api.deps import Services
from samovar.api.patience import PatientProtocol
from samovar.api.server import create_api
from samovar.app import open_services
from samovar.cli.output import DataDir, load_settings, page_address, run_async
from samovar.domain.errors import PortTaken, SettingsInvalid, UnsafeBinding
from samovar.settings import Settings
from samovar.telemetry.log import configure_logging
from samovar.telemetry.metrics import Metrics

__all__ = ["serve"]

_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_GRACE_S: Final = 3


def serve(
    data_dir: DataDir = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.", show_default="7680")
    ] = None,
    engine: Annotated[bool | None, typer.Option("--engine/--no-engine", help="Start the embedded model.")] = None,
    model_file: Annotated[
        Path | None, typer.Option(help="GGUF file for the embedded engine.", show_default="the demonstration model")
    ] = None,
    mmproj_file: Annotated[Path | None, typer.Option(help="GGUF file of its vision projector.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what happens.")] = False,
) -> None:
    """Start the server and print its address with a one-time sign-in link."""
    configure_logging(verbose=verbose)
    settings = load_settings(data_dir)
    server_changes = _given(host=host, port=port)
    engine_changes = _given(enabled=engine, model_file=model_file, mmproj_file=mmproj_file)
    settings = settings.model_copy(
        update={
            "server": settings.server.model_copy(update=server_changes),
            "engine": settings.engine.model_copy(update=engine_changes),
        }
    )
    if not settings.server.sign_in and settings.server.host not in _LOOPBACK:
        raise UnsafeBinding(host=settings.server.host)
    listener = _listen(settings.server.host, settings.server.port)
    if not settings.server.sign_in and not ip_address(listener.getsockname()[0]).is_loopback:
        # The name says loopback, but it stands for another address here.
        listener.close()
        raise UnsafeBinding(host=settings.server.host)
    run_async(_serve(settings, listener))


def _given(**options: object) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


class _Server(uvicorn.Server):
    """Ends the runs first when it stops: their readers wait for an end, and would hold it up."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._services.hub.close()
        await super().shutdown(sockets)


async def _serve(settings: Settings, listener: socket.socket) -> None:
    port: int = listener.getsockname()[1]
    # Port 0 has become a real one, and an option may have named another: Samovar must not find itself.
    settings = settings.model_copy(update={"server": settings.server.model_copy(update={"port": port})})
    async with open_services(
        settings, Metrics(), engine_use="own", imports=settings.ingest.workers or None, imports_apart=True
    ) as services:
        api = create_api(services, host=settings.server.host, port=port, public_hosts=settings.server.public_hosts)
        config = uvicorn.Config(
            api,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=_GRACE_S,
            # Nobody is believed about whom a request comes from; public_hosts tells of a proxy.
            proxy_headers=False,
            http=PatientProtocol,
            ws="none",
        )
        await _greet(settings, services, port)
        # What is there now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        await _Server(config, services).serve(sockets=[listener])


async def _greet(settings: Settings, services: Services, port: int) -> None:
    address = page_address(settings.server.host, port, settings.server.public_hosts)
    print(f"Samovar {__version__}  {address}")
    if settings.server.sign_in:
        token = await services.sign_in.new_link()
        print(f"Sign in once / Вход (один раз):  {address}/sign-in#token={token}")
    print(f"Data / Данные:  {settings.data_dir}")
    print("Stop / Остановить:  Ctrl+C", flush=True)


def _listen(host: str, port: int) -> socket.socket:
    if not host:
        raise SettingsInvalid(reason="the host is empty; every address is 0.0.0.0")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTaken(port=port, other=port + 1 if port < 65535 else 7681) from error
        raise SettingsInvalid(reason=f"cannot listen on {host}: {error.strerror or error}") from error
    except UnicodeError as error:
        listener.close()
        raise SettingsInvalid(reason=f"{host} is not the name of a host") from error
    return listener
