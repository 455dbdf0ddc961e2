# SPDX-License-Identifier: Apache-2.0
"""Free ports without a race: the port stays bound here (not listening) while a server shares it."""
import socket


class ReservedPort:
    """A loopback port that the kernel gives to nobody else while this object lives.

    A server that binds with SO_REUSEADDR or SO_REUSEPORT, as servers do, still can; connections reach only
    sockets that listen, so an unused reservation refuses them.
    """

    def __init__(self):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number = self._socket.getsockname()[1]

    def release(self):
        self._socket.close()


def accepts_connections(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False
