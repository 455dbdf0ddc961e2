# SPDX-License-Identifier: Apache-2.0
"""The Debian package of what has been built, by CPack."""
import subprocess
from pathlib import Path

from .gateway import BINARY

BUILD = Path(BINARY).resolve().parents[1]


def make_package(folder, version):
    subprocess.run(["cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", folder,
                    "-D", f"CPACK_PACKAGE_VERSION={version}"], check=True, capture_output=True, cwd=folder)
    package, = folder.glob(f"gatewarden_{version}_*.deb")
    return package
