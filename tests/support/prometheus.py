# SPDX-License-Identifier: Apache-2.0
"""Prometheus itself, scraping a gateway every second."""
import json
import urllib.parse
import urllib.request

from .directories import Server


class Prometheus(Server):
    def __init__(self, folder, target, rules):
        super().__init__(folder)
        (self.folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ['{rules}']
scrape_configs:
  - job_name: gatewarden
    static_configs: [{{targets: ['{target}']}}]
""")

    def command(self):
        return ["prometheus", f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}"]

    def is_ready(self):
        try:
            self._get("/-/ready")
            return True
        except OSError:
            return False

    def _get(self, target):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}{target}", timeout=30) as answer:
            return answer.read()

    def ask(self, what, **parameters):
        """The data of an answer of its API."""
        return json.loads(self._get(f"/api/v1/{what}?{urllib.parse.urlencode(parameters)}"))["data"]

    def query(self, expression):
        """The labels of all series that it gives now."""
        return [series["metric"] for series in self.ask("query", query=expression)["result"]]
