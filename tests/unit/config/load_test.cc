// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace gw::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kMinimal = R"(
listeners: [{address: 127.0.0.1:8080}]
upstreams: {up: {servers: [http://127.0.0.1:9000]}}
routes: [{path: /**, upstream: up}]
)";

Loaded load_here(const std::string& text, const std::string& folder = "/etc/gw", bool reads_files = false) {
  LoadOptions options;
  options.folder = folder;
  options.reads_files = reads_files;
  return load_text(text, options);
}

Config good(const std::string& text) {
  Loaded loaded = load_here(text);
  EXPECT_TRUE(loaded.config) << loaded.issues.format();
  return loaded.config ? std::move(*loaded.config) : Config();
}

class Folder {
 public:
  Folder() {
    std::string name = testing::TempDir() + "config-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    ::chmod((path_ + "/" + name).c_str(), mode);
  }

 private:
  std::string path_;
};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Loading, FillsInTheDefaultsOfTheContract) {
  const Config config = good(kMinimal);

  EXPECT_EQ(config.server.workers, 0u);
  EXPECT_EQ(config.server.state_dir, "/var/lib/gatewarden");
  EXPECT_FALSE(config.admin);
  EXPECT_EQ(config.limits.header_bytes, 32u * 1024);
  EXPECT_EQ(config.limits.body, 100u * 1024 * 1024);
  EXPECT_EQ(config.limits.idle_timeout, 75s);
  EXPECT_EQ(config.tokens.algorithm, jose::Algorithm::es256);
  EXPECT_EQ(config.tokens.refresh_ttl, 14 * 24h);
  EXPECT_EQ(config.store.path, "store.db");
  EXPECT_TRUE(config.login.backends.empty());
  EXPECT_FALSE(config.login.page.enabled);
  ASSERT_EQ(config.upstreams.size(), 1u);
  EXPECT_EQ(config.upstreams[0].response_timeout, 30s);
  EXPECT_EQ(config.upstreams[0].keepalive, 64u);
  ASSERT_EQ(config.routes.size(), 1u);
  EXPECT_EQ(config.routes[0].name, "/**");
  EXPECT_EQ(config.routes[0].auth, policy::Auth::required);
  EXPECT_TRUE(config.routes[0].enforce);
  EXPECT_EQ(config.routes[0].place.line, 4);
  EXPECT_EQ(config.routes[0].place.column, 10);
}

TEST(Loading, TakesJson) {
  const Config config = good(R"({"listeners": [{"address": "127.0.0.1:8080"}],
    "limits": {"connections": 20000, "idle_timeout": "600s"},
    "routes": [{"path": "/r/{id}/x", "require": {"scopes": ["s1"], "claims": {"n": 5, "t": "5", "b": true}},
                "respond": {}}]})");

  EXPECT_EQ(config.limits.connections, 20000u);
  EXPECT_EQ(config.limits.idle_timeout, 600s);
  ASSERT_EQ(config.routes.size(), 1u);
  const auto& claims = config.routes[0].require.claims;
  ASSERT_EQ(claims.size(), 3u);
  EXPECT_EQ(claims[0].value, json::Value(5));
  EXPECT_EQ(claims[1].value, json::Value("5"));
  EXPECT_EQ(claims[2].value, json::Value(true));
}

TEST(Loading, TakesTenThousandRoutesWrittenAsIndentedJson) {
  std::string text =
      "{\"listeners\": [{\"address\": \"127.0.0.1:8080\"}], \"upstreams\": {\"up\": {\"servers\": "
      "[\"http://127.0.0.1:9000\"]}}, \"routes\": [\n";
  for (int i = 0; i < 10000; ++i)
    text += "  {\n   \"path\": \"/r" + std::to_string(i) +
            "/{id}/x\",\n   \"upstream\": \"up\",\n   \"require\": {\n" + "    \"scopes\": [\n     \"s" +
            std::to_string(i) + "\"\n    ]\n   }\n  },\n";
  text += "  {\"path\": \"/**\", \"upstream\": \"up\"}\n]}\n";

  EXPECT_EQ(good(text).routes.size(), 10001u);
}

TEST(Loading, ResolvesPathsFromTheFolderOfTheFile) {
  const Config config = good(std::string(kMinimal) + R"(
server: {state_dir: ../state, plugin_dir: /usr/lib/x}
store: {url: "sqlite:mine.db"}
backends: {users: {plugin: sqlite, path: users.db, deep: {ca_file: ca.pem, name: ca.pem}}}
log: {access: {path: logs/access.log}}
)");

  EXPECT_EQ(config.server.state_dir, "/etc/state");
  EXPECT_EQ(config.server.plugin_dir, "/usr/lib/x");
  EXPECT_EQ(config.store.path, "mine.db");
  EXPECT_EQ(config.access_log.path, "/etc/gw/logs/access.log");
  ASSERT_EQ(config.backends.size(), 1u);
  EXPECT_EQ(json::dump(config.backends[0].section),
            R"({"path":"/etc/gw/users.db","deep":{"ca_file":"/etc/gw/ca.pem","name":"ca.pem"}})");
}

TEST(Loading, HandsABackendItsSectionWithTheKindsOfYaml) {
  const Config config = good(std::string(kMinimal) + R"(
backends:
  ldap: {plugin: ldap, port: 636, ratio: 0.5, tls: true, pin: "0042", zip: 0042, empty: , list: [1, a], id: "5"}
)");

  EXPECT_EQ(
      json::dump(config.backends[0].section),
      R"({"port":636,"ratio":0.5,"tls":true,"pin":"0042","zip":"0042","empty":null,"list":[1,"a"],"id":"5"})");
  EXPECT_EQ(config.backends[0].plugin, "ldap");
  EXPECT_EQ(config.backends[0].place.line, 7);
}

TEST(Secrets, AreTheContentOfAFileWithoutOneNewline) {
  const Folder folder;
  folder.write("jwt.secret", std::string(32, 'k') + "\n\n");
  folder.write("bind.secret", "hunter2\r\n");
  const Loaded loaded = load_here(std::string(kMinimal) + R"(
tokens: {algorithm: HS256, secret: {file: jwt.secret}}
backends: {ldap: {plugin: ldap, bind_password: {file: bind.secret}}}
)",
                                  folder.path(), true);

  ASSERT_TRUE(loaded.config) << loaded.issues.format();
  EXPECT_TRUE(loaded.issues.empty()) << loaded.issues.format();
  EXPECT_EQ(loaded.config->tokens.secret.reveal(), std::string(32, 'k') + "\n");
  EXPECT_EQ(*loaded.config->backends[0].section.find("bind_password")->as_string(), "hunter2");
}

TEST(Secrets, ThatOthersMayReadAreAWarning) {
  const Folder folder;
  folder.write("jwt.secret", std::string(32, 'k'), 0644);
  const Loaded loaded =
      load_here(std::string(kMinimal) + "tokens: {algorithm: HS256, secret: {file: jwt.secret}}\n",
                folder.path(), true);

  ASSERT_TRUE(loaded.config);
  ASSERT_EQ(loaded.issues.list().size(), 1u);
  EXPECT_THAT(loaded.issues.format(), HasSubstr("gatewarden.yaml:5:43: warning: tokens.secret.file: "));
}

TEST(Secrets, ThatAreEmptyOrHugeAreErrors) {
  const Folder folder;
  folder.write("empty.secret", "\n");
  folder.write("huge.secret", std::string(100'000, 'k'));
  for (const char* name : {"empty.secret", "huge.secret"}) {
    const Loaded loaded =
        load_here(std::string(kMinimal) + "tokens: {algorithm: HS256, secret: {file: " + name + "}}\n",
                  folder.path(), true);
    EXPECT_FALSE(loaded.config) << name;
    EXPECT_EQ(loaded.issues.list().size(), 1u) << loaded.issues.format();
  }
}

TEST(Secrets, NeverAppearInIssues) {
  const Loaded loaded = load_here(std::string(kMinimal) + R"(
store: {url: "mysql://root:hunter2@host/db"}
tokens: {algorithm: HS256, secret: hunter2}
upstreams2: {}
issuers: {a: {issuer: a, audiences: any, algorithms: [HS256], secret: hunter2}}
)");

  EXPECT_FALSE(loaded.config);
  EXPECT_GE(loaded.issues.list().size(), 4u);
  EXPECT_THAT(loaded.issues.format(), testing::Not(HasSubstr("hunter2")));
}

TEST(AccessLog, IsOnAtInfoAndBelowUnlessSaidOtherwise) {
  const auto enabled = [](const std::string& log) { return good(kMinimal + log).access_log.enabled; };

  EXPECT_TRUE(enabled(""));
  EXPECT_TRUE(enabled("log: {level: info}"));
  EXPECT_TRUE(enabled("log: {level: trace}"));
  EXPECT_FALSE(enabled("log: {level: warn}"));
  EXPECT_FALSE(enabled("log: {level: error}"));
  EXPECT_FALSE(enabled("log: {level: debug, access: false}"));
  EXPECT_TRUE(enabled("log: {level: error, access: {sample: 0.1}}"));
  EXPECT_TRUE(enabled("log: {level: error, access: true}"));
}

TEST(Identity, OfARouteOverridesOnlyWhatItSays) {
  const Config config = good(R"(
listeners: [{address: 127.0.0.1:8080}]
upstreams: {up: {servers: [http://a]}}
identity: {headers: {X-User: sub}}
routes:
  - {path: /a, upstream: up, identity: {forward_token: true}}
  - {path: /b, upstream: up, identity: {headers: {}}}
  - {path: /c, upstream: up}
)");

  ASSERT_EQ(config.routes.size(), 3u);
  ASSERT_TRUE(config.routes[0].identity);
  EXPECT_TRUE(config.routes[0].identity->forward_token);
  EXPECT_EQ(config.routes[0].identity->headers.size(), 1u);
  ASSERT_TRUE(config.routes[1].identity);
  EXPECT_TRUE(config.routes[1].identity->headers.empty());
  EXPECT_FALSE(config.routes[2].identity);
}

TEST(Routes, HaveHostsInLowerCaseAndEverythingElseAsWritten) {
  const Config config = good(R"(
listeners: [{address: 127.0.0.1:8080}]
upstreams: {up: {servers: [http://a]}}
routes:
  - name: r
    host: "*.Example.COM."
    path: /Orders/{id}/**
    methods: [PROPFIND, GET]
    headers: {X-Env: prod}
    upstream: up
    rewrite: {strip_prefix: /Orders, add_prefix: /v1}
    request_headers: {set: {X-A: "1"}, add: {X-B: "2"}, remove: [X-C]}
    max_body: 10MiB
    response_timeout: 60s
)");

  const policy::Route& route = config.routes.at(0);
  EXPECT_EQ(route.host, "*.example.com");
  EXPECT_EQ(route.path, "/Orders/{id}/**");
  EXPECT_THAT(route.methods, ElementsAre("PROPFIND", "GET"));
  EXPECT_THAT(route.headers, ElementsAre(Pair("X-Env", "prod")));
  EXPECT_EQ(route.rewrite.strip_prefix, "/Orders");
  EXPECT_THAT(route.request_headers.set, ElementsAre(Pair("X-A", "1")));
  EXPECT_THAT(route.request_headers.add, ElementsAre(Pair("X-B", "2")));
  EXPECT_THAT(route.request_headers.remove, ElementsAre("X-C"));
  EXPECT_EQ(route.max_body, 10u * 1024 * 1024);
  EXPECT_EQ(route.response_timeout, 60s);
}

TEST(Loading, TakesWhatEqualsTheDefaultOfALaterCapability) {
  good(R"(
listeners: [{address: 127.0.0.1:8080, http2: true, proxy_protocol: false}]
upstreams: {up: {servers: [http://a], http2: false, profile: generic, balance: least_requests}}
store: {on_failure: deny}
backends: {u: {plugin: sqlite}}
login: {backends: [u], page: false}
routes: [{path: /**, upstream: up}]
)");
}

TEST(Loading, OfAFileThatIsNotThereSaysSo) {
  const Folder folder;
  const std::string path = folder.path() + "/none.yaml";
  EXPECT_EQ(load(path).issues.format(),
            path + ":1:1: error: cannot be read: No such file or directory (name it with -c FILE)\n");
  EXPECT_EQ(load(folder.path()).issues.format(), folder.path() + ":1:1: error: is a folder (name a file)\n");
}

TEST(Loading, OfAFileFindsItsNeighbours) {
  const Folder folder;
  folder.write("gatewarden.yaml",
               std::string(kMinimal) + "backends: {u: {plugin: sqlite, path: users.db}}\n");
  const Loaded loaded = load(folder.path() + "/gatewarden.yaml");

  ASSERT_TRUE(loaded.config) << loaded.issues.format();
  EXPECT_EQ(*loaded.config->backends[0].section.find("path")->as_string(), folder.path() + "/users.db");
  EXPECT_EQ(loaded.config->file, folder.path() + "/gatewarden.yaml");
}

TEST(Files, ThatAreShippedLoad) {
  const std::filesystem::path conf = std::filesystem::path(GW_SOURCE_DIR) / "conf";
  std::vector<std::filesystem::path> files{conf / "gatewarden.yaml"};
  for (const auto& entry : std::filesystem::directory_iterator(conf / "examples"))
    files.push_back(entry.path());
  ASSERT_GE(files.size(), 5u);

  for (const auto& file : files) {
    const Loaded loaded = load_here(read(file));
    EXPECT_TRUE(loaded.issues.empty()) << file << "\n" << loaded.issues.format();
  }
}

TEST(Files, ThatShowEveryKeyShowTheDefaults) {
  const Config shown = good(read(std::filesystem::path(GW_SOURCE_DIR) / "conf" / "gatewarden.yaml"));
  const Config defaults = good(kMinimal);

  EXPECT_EQ(shown.server.blocking_threads, defaults.server.blocking_threads);
  EXPECT_EQ(shown.server.state_dir, defaults.server.state_dir);
  EXPECT_EQ(shown.server.plugin_dir, defaults.server.plugin_dir);
  EXPECT_EQ(shown.server.drain_timeout, defaults.server.drain_timeout);
  EXPECT_EQ(shown.limits.header_bytes, defaults.limits.header_bytes);
  EXPECT_EQ(shown.limits.uri_bytes, defaults.limits.uri_bytes);
  EXPECT_EQ(shown.limits.body, defaults.limits.body);
  EXPECT_EQ(shown.limits.connections, defaults.limits.connections);
  EXPECT_EQ(shown.limits.client_header_timeout, defaults.limits.client_header_timeout);
  EXPECT_EQ(shown.limits.client_body_timeout, defaults.limits.client_body_timeout);
  EXPECT_EQ(shown.tokens.issuer, defaults.tokens.issuer);
  EXPECT_EQ(shown.tokens.access_ttl, defaults.tokens.access_ttl);
  EXPECT_EQ(shown.tokens.refresh_grace, defaults.tokens.refresh_grace);
  EXPECT_EQ(shown.tokens.claims, defaults.tokens.claims);
  EXPECT_EQ(shown.store.timeout, defaults.store.timeout);
  EXPECT_EQ(shown.store.max_revocation_lag, defaults.store.max_revocation_lag);
  EXPECT_EQ(shown.login.cookie.name, defaults.login.cookie.name);
  EXPECT_EQ(shown.login.lockout.within, defaults.login.lockout.within);
  EXPECT_EQ(shown.login.password_min_length, defaults.login.password_min_length);
  EXPECT_EQ(shown.hash.memory_kib, defaults.hash.memory_kib);
  EXPECT_EQ(shown.hash.iterations, defaults.hash.iterations);
  EXPECT_EQ(shown.identity.headers.size(), defaults.identity.headers.size());
  EXPECT_EQ(shown.upstreams[0].connect_timeout, defaults.upstreams[0].connect_timeout);
  EXPECT_EQ(shown.upstreams[0].idle_timeout, defaults.upstreams[0].idle_timeout);
  EXPECT_EQ(shown.upstreams[0].max_connections, defaults.upstreams[0].max_connections);
  EXPECT_EQ(shown.upstreams[0].retries, defaults.upstreams[0].retries);
  EXPECT_EQ(shown.access_log.enabled, defaults.access_log.enabled);
}

}  // namespace
}  // namespace gw::config
