# SPDX-License-Identifier: Apache-2.0
"""A name server of one test, and a gateway that asks no other: its /etc/resolv.conf is a file of its own, in a mount
namespace of its own."""
import os
import shutil
import socket
import struct
import subprocess
import threading


class NameServer:
    """`records[name] = (addresses, ttl)`; a name that is not there does not exist. About the names in `silent`, nothing is said."""

    def __init__(self):
        self.records = {}
        self.silent = set()
        self.queries = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self):
        self._socket.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join()
        self._socket.close()

    def _serve(self):
        while True:
            packet, peer = self._socket.recvfrom(1500)
            if not packet:
                return
            answer = self._answer(packet)
            if self.queries[-1][0] not in self.silent:
                self._socket.sendto(answer, peer)

    def _answer(self, packet):
        labels, at = [], 12
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += 1 + packet[at]
        kind, question = struct.unpack(">H", packet[at + 1:at + 3])[0], packet[12:at + 5]
        name = ".".join(labels).lower()
        self.queries.append((name, kind))
        addresses, ttl = self.records.get(name, ((), 0))
        found = [b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, ttl, 4) + socket.inet_aton(each)
                 for each in addresses] if kind == 1 else []
        code = 0 if name in self.records else 3
        return packet[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, len(found), 0, 0) + question + b"".join(found)

    def prefix(self, folder):
        """What stands before a command, so that it asks this server for all names."""
        file = folder / "resolv.conf"
        file.write_text(f"nameserver 127.0.0.1:{self.port}\noptions timeout:1 attempts:2\n")
        script = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'
        return [*_unshare(), "sh", "-c", script, "sh", str(file)]


def _unshare():
    return ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]


def can_be_asked():
    """Whether this machine lets a test have mounts of its own."""
    return bool(shutil.which("unshare")) and subprocess.run(
        [*_unshare(), "sh", "-c", "mount --bind /dev/null /etc/resolv.conf"], capture_output=True,
        check=False).returncode == 0
