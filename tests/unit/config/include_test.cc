// SPDX-License-Identifier: Apache-2.0
// Several files as one configuration, and what routes share.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"

namespace gw::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Include : public testing::Test {
 protected:
  Include() {
    std::string name = testing::TempDir() + "include-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    std::filesystem::create_directory(folder_ + "/routes.d");
  }
  ~Include() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }
  Loaded load_main(const std::string& text) const {
    write("main.yaml", "listeners: [{address: 127.0.0.1:8080}]\n" + text);
    return load(folder_ + "/main.yaml");
  }
  // Without the folder, so that lines are short.
  std::string issues_of(const Loaded& loaded) const {
    std::string text = loaded.issues.format();
    for (std::size_t at; (at = text.find(folder_ + "/")) != std::string::npos;)
      text.erase(at, folder_.size() + 1);
    return text;
  }

  std::string folder_;
};

constexpr const char* kRoute = "{auth: none, respond: {}, path: ";

std::vector<std::string> paths_of(const Loaded& loaded) {
  std::vector<std::string> paths;
  if (loaded.config)
    for (const policy::Route& route : loaded.config->routes) paths.push_back(route.path);
  return paths;
}

TEST_F(Include, AddsToListsAndMaps) {
  write("more.yaml",
        std::string("upstreams: {two: {servers: [http://127.0.0.1:2]}}\nroutes: [") + kRoute + "/more}]");
  write("routes.d/b.yaml", std::string("routes: [") + kRoute + "/b}]");
  write("routes.d/a.yml", "routes: [{path: /a, upstream: two}]");
  write("routes.d/.hidden.yaml", "nonsense");
  write("routes.d/readme.txt", "nonsense");
  const Loaded loaded = load_main(std::string("include: [more.yaml, routes.d]\nupstreams: {one: {servers: "
                                              "[http://127.0.0.1:1]}}\nroutes: [") +
                                  kRoute + "/main}]\n");
  EXPECT_EQ(issues_of(loaded), "");
  EXPECT_THAT(paths_of(loaded), ElementsAre("/main", "/more", "/a", "/b"));
  ASSERT_TRUE(loaded.config);
  EXPECT_EQ(loaded.config->upstreams.size(), 2u);
  EXPECT_THAT(loaded.config->routes[2].place.file, testing::EndsWith("/routes.d/a.yml"));
  EXPECT_THAT(loaded.files, testing::IsSupersetOf({folder_ + "/main.yaml", folder_ + "/more.yaml",
                                                   folder_ + "/routes.d", folder_ + "/routes.d/a.yml"}));
}

TEST_F(Include, ErrorsNameTheirOwnFile) {
  write("one.yaml",
        "routes:\n  - {path: /a, auth: none, respond: {}}\n  - {path: /b, auht: none, respond: {}}\n");
  write("two.yaml", "routes:\n  - {path: /a, auth: none, respond: {status: 99}}\n\nserver: {workers: 2}\n");
  write("three.yaml", "routes: [\n");
  write("four.yaml", "upstreams:\n  up: {servers: [http://127.0.0.1:1], connect_timeout: soon}\nroutes: 5\n");
  const Loaded loaded = load_main(
      "include: [one.yaml, two.yaml, three.yaml, four.yaml, none.yaml]\nupstreams: "
      "{up: {servers: [http://127.0.0.1:1]}}\nroutes:\n  - {path: /a, upstream: up}\n");
  const std::string issues = issues_of(loaded);
  EXPECT_THAT(issues, HasSubstr("one.yaml:3:16: error: routes[2]: unknown key \"auht\""));
  EXPECT_THAT(issues, HasSubstr("one.yaml:2:5: error: the route"));  // meets that of the main file
  EXPECT_THAT(issues, HasSubstr("two.yaml:2:46: error: routes[3].respond.status:"));
  EXPECT_THAT(issues, HasSubstr("two.yaml:4:1: error: \"server\" does not stand in an included file"));
  EXPECT_THAT(issues, HasSubstr("three.yaml:2:1: error: not valid YAML"));
  EXPECT_THAT(
      issues,
      HasSubstr("four.yaml:2:3: error: the key \"up\" is there twice (it stands in main.yaml, line 3"));
  EXPECT_THAT(issues, HasSubstr("four.yaml:3:9: error: routes: expected a list, found text"));
  EXPECT_THAT(issues, HasSubstr("main.yaml:2:54: error: include[4]: \"none.yaml\" cannot be read"));
  EXPECT_FALSE(loaded.config);
}

TEST_F(Include, TakesEnvironmentAndKeepsPathsWhereTheyWere) {
  ::setenv("GW_INCLUDED_BODY", "from the environment", 1);
  write("routes.d/a.yaml", "routes: [{path: /a, auth: none, respond: {body: '${GW_INCLUDED_BODY}'}}]");
  const Loaded loaded = load_main("include: [routes.d/a.yaml]\nroutes: []\n");
  ASSERT_TRUE(loaded.config) << issues_of(loaded);
  EXPECT_EQ(loaded.config->routes[0].respond->body, "from the environment");
}

class Shared : public Include {
 protected:
  std::vector<policy::Route> routes_of(const std::string& text) {
    Loaded loaded = load_main(
        "upstreams: {up: {servers: [http://127.0.0.1:1]}, other: {servers: [http://127.0.0.1:2]}}\n" + text);
    EXPECT_EQ(issues_of(loaded), "");
    return loaded.config ? std::move(loaded.config->routes) : std::vector<policy::Route>();
  }
};

TEST_F(Shared, DefaultsHoldWhereARouteSaysNothing) {
  const auto routes = routes_of(R"(
defaults: {upstream: up, max_body: 1KiB, require: {roles: [clerk], claims: {tenant: acme}}}
routes:
  - {path: /a}
  - {path: /b, max_body: 2KiB, require: {roles: [admin], scopes: [b]}}
  - {path: /c, auth: none, upstream: other}
  - {path: /d, auth: none, respond: {}}
)");
  ASSERT_EQ(routes.size(), 4u);
  EXPECT_EQ(routes[0].upstream, "up");
  EXPECT_EQ(routes[0].max_body, 1024u);
  EXPECT_THAT(routes[0].require.roles, ElementsAre("clerk"));
  EXPECT_EQ(routes[1].max_body, 2048u);
  EXPECT_THAT(routes[1].require.roles, ElementsAre("admin"));
  EXPECT_THAT(routes[1].require.scopes, ElementsAre("b"));
  EXPECT_EQ(routes[1].require.claims.size(), 1u);  // a demand is not lost for another one
  EXPECT_FALSE(routes[2].require.asks_for_a_token());
  EXPECT_EQ(routes[2].upstream, "other");
  EXPECT_EQ(routes[3].upstream, "");
}

TEST_F(Shared, TheFirstTemplateThatHasAKeyWins) {
  const auto routes = routes_of(R"(
defaults: {upstream: up, response_timeout: 1s, max_body: 1}
templates:
  slow: {response_timeout: 60s, request_headers: {set: {X-A: slow, X-B: slow}}}
  big: {response_timeout: 30s, max_body: 2, request_headers: {set: {X-B: big, X-C: big}}}
routes:
  - {path: /a, use: [slow, big], request_headers: {set: {X-A: own}}}
)");
  ASSERT_EQ(routes.size(), 1u);
  EXPECT_EQ(routes[0].response_timeout, 60s);
  EXPECT_EQ(routes[0].max_body, 2u);
  using Pair = std::pair<std::string, std::string>;
  EXPECT_THAT(routes[0].request_headers.set,
              testing::UnorderedElementsAre(Pair("X-A", "own"), Pair("X-B", "slow"), Pair("X-C", "big")));
}

TEST_F(Shared, TenThousandRoutesAreReadInTime) {
  std::string text = "defaults: {upstream: up}\nroutes:\n";
  for (int i = 0; i < 10'000; ++i)
    text += "  - {path: '/service" + std::to_string(i) + "/{id}/**', methods: [GET], require: {scopes: [s" +
            std::to_string(i) + "]}}\n";
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(routes_of(text).size(), 10'000u);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 60s);  // what is quadratic would take longer
}

}  // namespace
}  // namespace gw::config
