# SPDX-License-Identifier: Apache-2.0
"""The manifests for Kubernetes: made from the chart, held to the schemas of Kubernetes and to the "restricted" standard for
pods, and with a configuration that this gateway takes."""
import copy
import json
import subprocess

import pytest
import yaml
from support.certificates import make_certificate
from support.gateway import ROOT, run_gatewarden
from support.npm import run_node

DEPLOY = ROOT / "deploy"
FILES = ("gateway.yaml", "sidecar.yaml")


def manifests(name):
    return list(yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()))


def the(kind, documents):
    return next(each for each in documents if each["kind"] == kind)


def test_manifests_are_what_the_chart_makes():
    done = subprocess.run([DEPLOY / "kubernetes" / "render", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_manifests_hold_to_the_schemas(name):
    documents = manifests(name)
    broken = copy.deepcopy(the("Deployment", documents))
    broken["spec"]["template"]["spec"]["volumes"][0]["name"] = 7
    *problems, of_broken = run_node("kubernetes.mjs", [*documents, broken])
    assert problems == [None] * len(documents), dict(zip([each["kind"] for each in documents], problems))
    assert "volumes" in of_broken, "what is wrong is seen"


def test_the_kinds_that_were_asked_for_are_there():
    kinds = {each["kind"] for each in manifests("gateway.yaml")}
    assert kinds == {"ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Service",
                     "ServiceAccount"}
    pod = the("Deployment", manifests("sidecar.yaml"))["spec"]["template"]["spec"]
    assert [(each["name"], each["restartPolicy"]) for each in pod["initContainers"]] == [("gatewarden", "Always")]
    assert [each["name"] for each in pod["containers"]] == ["legacy-api"]


@pytest.mark.parametrize("name", FILES)
def test_the_pod_is_restricted(name):
    pod = the("Deployment", manifests(name))["spec"]["template"]["spec"]
    gateway, = [each for each in pod.get("initContainers", []) + pod["containers"] if each["name"] == "gatewarden"]
    context = gateway["securityContext"]
    assert context["runAsNonRoot"] and context["runAsUser"] > 0 and context["readOnlyRootFilesystem"]
    assert context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]}
    assert context["seccompProfile"] == {"type": "RuntimeDefault"} and pod["automountServiceAccountToken"] is False
    assert not any(key in pod for key in ("hostNetwork", "hostPID", "hostIPC"))
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} == {"configMap", "secret", "emptyDir"}
    assert all(mount.get("readOnly") for mount in gateway["volumeMounts"] if mount["name"] != "gatewarden-state")
    stop = gateway["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > stop + 30, "the default drain_timeout fits into it"


@pytest.mark.parametrize("name", FILES)
def test_the_configuration_is_one(name, tmp_path):
    documents = manifests(name)
    pod = the("Deployment", documents)["spec"]["template"]["spec"]
    config = the("ConfigMap", documents)["data"]["gatewarden.yaml"]
    gateway, = [each for each in pod.get("initContainers", []) + pod["containers"] if each["name"] == "gatewarden"]
    places = {mount["name"]: mount["mountPath"] for mount in gateway["volumeMounts"]}
    assert gateway["args"] == ["run", "-c", places["gatewarden-config"] + "/gatewarden.yaml"]
    assert places["gatewarden-tls"] + "/tls.crt" in config and places["gatewarden-state"] in config
    port = gateway["ports"][0]["containerPort"]
    assert f"0.0.0.0:{port}" in config
    assert the("NetworkPolicy", documents)["spec"]["ingress"] == [{"ports": [{"protocol": "TCP", "port": port}]}]
    certificate = make_certificate(tmp_path, "tls")
    for mount, here in (("gatewarden-tls", tmp_path), ("gatewarden-state", tmp_path / "state")):
        config = config.replace(places[mount], str(here))
    config = config.replace("tls.crt", certificate.certificate.name).replace("tls.key", certificate.key.name)
    (tmp_path / "gatewarden.yaml").write_text(config)
    done = run_gatewarden("check", "-c", str(tmp_path / "gatewarden.yaml"))
    assert done.returncode == 0, done.stderr
    for command in ([*gateway[probe]["exec"]["command"]] for probe in ("startupProbe", "readinessProbe", "livenessProbe")):
        assert command[0] == "gatewarden" and command[-1] in config, json.dumps(command)
