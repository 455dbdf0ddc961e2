# SPDX-License-Identifier: Apache-2.0
"""Self-signed certificates, made with openssl for one test run."""
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    certificate: Path
    key: Path


def make_certificate(folder, name, hosts=("localhost",)):
    """A P-256 certificate for `hosts` and 127.0.0.1 that is its own authority."""
    folder = Path(folder)
    made = Certificate(folder / f"{name}.crt", folder / f"{name}.key")
    names = ",".join([f"DNS:{host}" for host in hosts] + ["IP:127.0.0.1"])
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", f"/CN={hosts[0]}", "-addext", f"subjectAltName={names}",
         "-keyout", str(made.key), "-out", str(made.certificate)],
        check=True, capture_output=True)
    return made
