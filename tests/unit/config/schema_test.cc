// SPDX-License-Identifier: Apache-2.0
// The schema knows every key that the loader knows, holds what is shipped for good, and refuses what the
// loader refuses by its form. Checked by a validator of the words that it uses.
#include "config/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "config/document.h"
#include "config/scalars.h"
#include "config/section.h"

namespace gw::config {
namespace {

namespace fs = std::filesystem;

json::Value value_of(const Node& node) {
  if (node.kind == Kind::nothing) return {};
  if (node.kind == Kind::text) return scalar_of(node);
  if (node.kind == Kind::list) {
    json::Array list;
    for (const Node* item : node.items) list.push_back(value_of(*item));
    return list;
  }
  json::Object map;
  for (const Entry& entry : node.entries) map.emplace_back(entry.key, value_of(*entry.value));
  return map;
}

json::Value read_yaml(const std::string& text) {
  Issues issues;
  Document document;
  EXPECT_TRUE(document.parse(text, "test.yaml", issues)) << issues.format();
  return value_of(document.root());
}

std::string definition_of(const Section& section) {
  std::string name(section.path);
  std::erase_if(name, [](char c) { return c == '[' || c == ']'; });
  return name;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Validator {
 public:
  // The first thing that does not fit, or "".
  std::string check(const json::Value& value) const { return check(schema_, value, ""); }

 private:
  const json::Value& resolve(const std::string& name) const {
    const std::string prefix = "#/$defs/";
    const json::Value* found = schema_.find("$defs")->find(name.substr(prefix.size()));
    EXPECT_NE(found, nullptr) << name;
    return *found;
  }

  static bool is_of(const std::string& type, const json::Value& value) {
    if (type == "object") return value.as_object() != nullptr;
    if (type == "array") return value.as_array() != nullptr;
    if (type == "string") return value.as_string() != nullptr;
    if (type == "boolean") return value.as_bool() != nullptr;
    if (type == "integer") return value.as_int() != nullptr;
    EXPECT_EQ(type, "number");
    return value.is_number();
  }

  static bool has_type(const json::Value& types, const json::Value& value) {
    if (types.as_string() != nullptr) return is_of(*types.as_string(), value);
    return std::any_of(types.as_array()->begin(), types.as_array()->end(),
                       [&](const json::Value& type) { return is_of(*type.as_string(), value); });
  }

  std::string check(const json::Value& schema, const json::Value& value, const std::string& at) const {
    for (const auto& [word, demand] : *schema.as_object())
      if (const std::string wrong = check_word(schema, word, demand, value, at); !wrong.empty()) return wrong;
    return "";
  }

  std::string check_word(const json::Value& schema, const std::string& word, const json::Value& demand,
                         const json::Value& value, const std::string& at) const {
    if (word == "$ref") return check(resolve(*demand.as_string()), value, at);
    if (word == "type" && !has_type(demand, value)) return at + ": wrong type";
    if (word == "const" && !(demand == value)) return at + ": not the constant";
    if (word == "pattern" && value.as_string() != nullptr &&
        !std::regex_search(*value.as_string(), std::regex(*demand.as_string(), std::regex::ECMAScript)))
      return at + ": does not match " + *demand.as_string();
    if (word == "enum" &&
        std::find(demand.as_array()->begin(), demand.as_array()->end(), value) == demand.as_array()->end())
      return at + ": none of " + json::dump(demand);
    if (word == "anyOf") return check_any(demand, value, at);
    if (word == "required" && value.as_object() != nullptr)
      for (const json::Value& name : *demand.as_array())
        if (value.find(*name.as_string()) == nullptr) return at + ": lacks " + *name.as_string();
    if (word == "items" && value.as_array() != nullptr)
      for (const json::Value& item : *value.as_array())
        if (const std::string wrong = check(demand, item, at + "[]"); !wrong.empty()) return wrong;
    if (word == "additionalProperties" && value.as_object() != nullptr)
      return check_members(schema, demand, value, at);
    return "";
  }

  std::string check_any(const json::Value& choices, const json::Value& value, const std::string& at) const {
    std::string all;
    for (const json::Value& choice : *choices.as_array()) {
      const std::string wrong = check(choice, value, at);
      if (wrong.empty()) return "";
      all += (all.empty() ? "" : " and ") + wrong;
    }
    return all;
  }

  std::string check_members(const json::Value& schema, const json::Value& others, const json::Value& value,
                            const std::string& at) const {
    const json::Value* properties = schema.find("properties");
    for (const auto& [name, member] : *value.as_object()) {
      const json::Value* known = properties == nullptr ? nullptr : properties->find(name);
      if (known == nullptr && others.as_bool() != nullptr) {
        if (!*others.as_bool()) return at + ": unknown key " + name;
        continue;
      }
      const std::string wrong = check(known != nullptr ? *known : others, member, at + "." + name);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  const json::Value schema_ = make_schema();
};

TEST(Schema, KnowsEveryKeyOfEverySectionWithItsMeaning) {
  const json::Value schema = make_schema();
  for (const Section* section : all_sections()) {
    const json::Value* object =
        section->path.empty() ? &schema : schema.find("$defs")->find(definition_of(*section));
    ASSERT_NE(object, nullptr) << section->path;
    const json::Value* properties = object->find("properties");
    ASSERT_EQ(properties->as_object()->size(), section->keys.size()) << section->path;
    for (const Key& key : section->keys) {
      const json::Value* property = properties->find(key.name);
      ASSERT_NE(property, nullptr) << section->path << '.' << key.name;
      EXPECT_EQ(*property->find("description")->as_string(), key.meaning);
    }
  }
}

// A section that no key leads to would be checked by nobody.
TEST(Schema, LeadsToEverySection) {
  const std::string text = json::dump(make_schema());
  for (const Section* section : all_sections()) {
    if (section->path.empty()) continue;
    EXPECT_NE(text.find("\"#/$defs/" + definition_of(*section) + "\""), std::string::npos) << section->path;
  }
}

TEST(Schema, HasDefaultsAndChoices) {
  const json::Value schema = make_schema();
  const json::Value& route = *schema.find("$defs")->find("routes")->find("properties");
  EXPECT_EQ(*route.find("auth")->find("default")->as_string(), "required");
  EXPECT_EQ(*route.find("enforce")->find("default")->as_bool(), true);
  EXPECT_NE(json::dump(*route.find("auth")).find(R"(["required","optional","none"])"), std::string::npos);
  const json::Value& limits = *schema.find("$defs")->find("limits")->find("properties");
  EXPECT_EQ(*limits.find("headers")->find("default")->as_int(), 100);
  EXPECT_EQ(*limits.find("header_bytes")->find("default")->as_string(), "32KiB");
}

TEST(Schema, HoldsTheShippedFilesForGood) {
  const Validator validator;
  std::vector<fs::path> files{fs::path(GW_SOURCE_DIR) / "conf" / "gatewarden.yaml"};
  for (const auto& entry : fs::directory_iterator(fs::path(GW_SOURCE_DIR) / "conf" / "examples"))
    files.push_back(entry.path());
  for (const fs::path& file : files) EXPECT_EQ(validator.check(read_yaml(read(file))), "") << file;
  EXPECT_GE(files.size(), 6u);
}

constexpr const char* kFront = "listeners: [{address: 127.0.0.1:8080}]\n";

TEST(Schema, TakesWhatTheLoaderTakes) {
  const Validator validator;
  for (const char* text : {
           "routes: [{path: /**, respond: {status: 200}}]",
           "defaults: {auth: none}\ntemplates: {open: {auth: none}}\nroutes: [{path: /a, use: [open]}]",
           "routes: [{path: /a, rate_limit: {requests: 1, per: 1s, key: 'header:X-Key'}}]",
           "routes: [{path: /a, auth: '${AUTH}', max_body: 100, response_timeout: 0}]",
           "routes: [{path: /a, require: {client_certificate: true, claims: {level: 3}}}]",
           "routes: [{path: /a}]\nbackends: {b: {plugin: x, anything: {goes: [1]}}}",
           "routes: [{path: /a}]\nupstreams: {u: {servers: ['http://a:1', {url: 'http://b:1', weight: 2}]}}",
           "routes: [{path: /a}]\nlogin: {backends: [b], page: false, register: {reveal: false}}",
           "routes: [{path: /a}]\ntokens: {secret: {file: jwt.secret}}",
           "routes: [{path: /a}]\nissuers: {i: {issuer: x, algorithms: [RS256], audiences: any}}",
       })
    EXPECT_EQ(validator.check(read_yaml(std::string(kFront) + text)), "") << text;
  EXPECT_EQ(validator.check(read_yaml("include: [all.yaml]")), "");
  EXPECT_EQ(validator.check(read_yaml("listeners: [{address: x, tls: {certificates: [{certificate: a, key: "
                                      "b}], min_version: 1.3}}]\nroutes: [{path: /a}]")),
            "");
}

TEST(Schema, RefusesWhatHasTheWrongForm) {
  const Validator validator;
  for (const char* text : {
           "routes: [{upstream: u}]",
           "routes: [{path: /a, auht: none}]",
           "routes: [{path: /a, auth: maybe}]",
           "routes: [{path: /a, methods: GET}]",
           "routes: [{path: /a, enforce: perhaps}]",
           "routes: {path: /a}",
           "routes: [{path: /a, rate_limit: {requests: 1, per: 1 minute}}]",
           "routes: [{path: /a, rate_limit: {requests: 1, per: 1s, key: cookie}}]",
           "routes: [{path: /a, max_body: 10MB}]",
           "routes: [{path: /a}]\nupstreams: {u: {balance: hash}}",
           "routes: [{path: /a}]\ntokens: {secret: {path: x}}",
           "routes: [{path: /a}]\ntracing: {oltp: x}",
           "",
       })
    EXPECT_NE(validator.check(read_yaml(std::string(kFront) + text)), "") << text;
}

}  // namespace
}  // namespace gw::config
