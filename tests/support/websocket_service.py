# SPDX-License-Identifier: Apache-2.0
"""A real WebSocket service (python3-websockets)."""
import asyncio
import threading

import websockets


class WebSocketService:
    """A real one: echoes messages."""

    def __enter__(self):
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self.paths = []

        async def echo(socket, path):
            self.paths.append((path, socket.request_headers))
            async for message in socket:
                await socket.send(message)

        async def serve():
            self._server = await websockets.serve(echo, "127.0.0.1", 0, max_size=None)
            self.port = self._server.sockets[0].getsockname()[1]
            started.set()

        def run():
            self._loop.run_until_complete(serve())
            self._loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert started.wait(10)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def __exit__(self, *_):
        async def close():
            self._server.close()
            await self._server.wait_closed()
        asyncio.run_coroutine_threadsafe(close(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
