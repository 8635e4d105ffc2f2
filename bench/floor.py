"""The floor: the least that a relay in Python does, with nothing of a gateway about it.

``python -m bench.floor URL`` prints its port and passes requests on until it is ended. aiohttp on both sides, uvloop
below; no keys, no limits, no checks, no time-outs.
"""

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web

__all__ = ["serve"]


async def serve(upstream: str) -> None:
    """Relay to ``upstream`` (a server without a path) for ever."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as session:

        async def relay(request: web.Request) -> web.StreamResponse:
            headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
            body = await request.read()
            async with session.request(request.method, upstream + request.path, data=body, headers=headers) as reply:
                answer = web.StreamResponse(
                    status=reply.status, headers={"Content-Type": reply.headers["Content-Type"]}
                )
                await answer.prepare(request)
                async for chunk in reply.content.iter_any():
                    await answer.write(chunk)
                await answer.write_eof()
                return answer

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", relay)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, backlog=2048).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1]))
