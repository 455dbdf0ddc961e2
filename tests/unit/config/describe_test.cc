// SPDX-License-Identifier: Apache-2.0
#include "config/describe.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "config/sections.h"

namespace gw::config {
namespace {

std::string described(std::string_view more) {
  LoadOptions options;
  options.reads_files = false;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    return "hush-of-" + name;
  };
  std::string text =
      "listeners: [{address: 127.0.0.1:8080}]\nroutes: [{path: /**, respond: {status: 200}}]\n";
  const Loaded loaded = load_text(text.append(more), options);
  EXPECT_FALSE(loaded.issues.has_errors()) << format_issue(loaded.issues.list().front());
  return loaded.config ? json::dump(loaded.config->description) : std::string();
}

TEST(Description, IsTheConfigurationAsWritten) {
  EXPECT_EQ(
      described("tokens: {access_ttl: 5m, claims: {tenant: attributes.tenant}}\nlimits: {headers: 50}\n"),
      R"({"listeners":[{"address":"127.0.0.1:8080"}],)"
      R"("tokens":{"access_ttl":"5m","claims":{"tenant":"attributes.tenant"}},"limits":{"headers":50}})");
}

TEST(Description, HasNoSecrets) {
  const std::string text = described(R"(
tokens: {algorithm: HS256, secret: hush-hush-hush-hush-hush-hush-hush-hush}
issuers:
  corp:
    issuer: https://idp.example.com
    algorithms: [HS256]
    audiences: [api]
    secret: hush-hush-hush-hush-hush-hush-hush-hush
    introspection: {url: "https://idp.example.com/ask?key=hush", client_id: gate, client_secret: hush}
backends:
  users: {plugin: ldap, path: users.ldif, url: "ldap://hush", bind_password: hush, options: {deep: [hush]}}
login:
  backends: [users]
  password: {pepper: {id: a, keys: {a: hush-hush-hush-hush-hush-hush-hush-hush}}}
  reset: {url: "https://api.example.com", smtp: {url: "smtp://mail.example.com", from: a@example.com, username: postman, password: hush}}
upstreams:
  far: {servers: ["http://${NAME}:80"]}
)");
  EXPECT_EQ(text.find("hush"), std::string::npos) << text;
  EXPECT_NE(text.find(R"x("secret":"(hidden)")x"), std::string::npos) << text;
  EXPECT_NE(text.find(R"x("keys":{"a":"(hidden)"})x"), std::string::npos) << text;
  EXPECT_NE(text.find("https://idp.example.com/ask?(hidden)"), std::string::npos) << text;
  EXPECT_NE(text.find(R"x("path":"users.ldif","url":"(hidden)")x"), std::string::npos) << text;
  EXPECT_NE(text.find("(from the environment)"), std::string::npos) << text;
}

TEST(Description, SaysWhichFileASecretIsIn) {
  const std::string text = described("tokens: {algorithm: HS256, secret: {file: jwt.secret}}\n");
  EXPECT_NE(text.find(R"("secret":{"file":"jwt.secret"})"), std::string::npos) << text;
}

// What is named like a secret is one to the table of its section, too, and so to the description.
TEST(Description, KnowsEverySecretByItsKind) {
  const auto is_named_so = [](const Key& key) {
    return key.name.ends_with("password") || key.name.ends_with("secret") || key.name.ends_with("passphrase");
  };
  for (const Section* section : all_sections())
    for (const Key& key : section->keys)
      EXPECT_TRUE(key.kind == "secret" || key.kind == "map" || !is_named_so(key))
          << section->path << "." << key.name;
}

}  // namespace
}  // namespace gw::config
