// SPDX-License-Identifier: Apache-2.0
#include "config/cases.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "config/node_reader.h"
#include "config/route_parts.h"
#include "config/scalars.h"

namespace gw::config {
namespace {

constexpr std::array kFileKeys{Key{"cases", "list of maps", "required", "one a request"}};
constexpr std::array kCaseKeys{
    Key{"name", "text", "the method and URL", "in reports"},
    Key{"request", "map", "required", "what a client sends"},
    Key{"claims", "map", "none", "of a caller with a verified token; without it there is no token"},
    Key{"expect", "map", "required", "what has to come of it"},
};
constexpr std::array kRequestKeys{
    Key{"method", "text", "GET", "as sent"},
    Key{"url", "text", "required", "`/path?query`, or whole with scheme and host"},
    Key{"headers", "map of text", "{}", "as sent"},
    Key{"client_ip", "address", "127.0.0.1", "whom the connection comes from"},
};
constexpr std::array kExpectKeys{
    Key{"decision", "`forward` or `refuse`", "any", "whether it passes"},
    Key{"route", "name", "any", "the route that decides"},
    Key{"upstream", "name", "any", "where it goes"},
    Key{"path", "`/path?query`", "any", "what the upstream gets, after rewrites"},
    Key{"status", "number", "any", "of an answer that the gateway makes"},
    Key{"code", "text", "any", "of a refusal"},
};
const Section kFileSection{"", kFileKeys};
const Section kCaseSection{"cases[]", kCaseKeys};
const Section kCaseRequestSection{"cases[].request", kRequestKeys};
const Section kExpectSection{"cases[].expect", kExpectKeys};

json::Value json_of(const Node& node) {
  if (node.kind == Kind::text) return scalar_of(node);
  json::Value value;
  if (node.kind == Kind::list) {
    json::Array list;
    for (const Node* item : node.items) list.push_back(json_of(*item));
    value = std::move(list);
  } else if (node.kind == Kind::map) {
    value = json::Object();
    for (const Entry& entry : node.entries) value.set(entry.key, json_of(*entry.value));
  }
  return value;
}

void parse_request(Context& context, const Item& item, Case& one) {
  const NodeReader node(context, item, kCaseRequestSection);
  one.method = node.text("method", one.method);
  node.require("url");
  one.url = node.text("url");
  if (const auto headers = node.find("headers"))
    for (const NamedItem& member : read_map(context, *headers))
      if (auto value = read_text(context, member.value))
        one.headers.emplace_back(member.name, std::move(*value));
  one.client_ip = node.text("client_ip", one.client_ip);
}

void parse_expect(Context& context, const Item& item, Case& one) {
  const NodeReader node(context, item, kExpectSection);
  constexpr Choice<bool> kDecisions[] = {{"forward", true}, {"refuse", false}};
  if (node.has("decision")) one.forwards = node.one_of("decision", kDecisions, true);
  if (node.has("route")) one.route = node.text("route");
  if (node.has("upstream")) one.upstream = node.text("upstream");
  if (node.has("path")) one.path = node.text("path");
  if (node.has("status")) one.status = node.number<std::uint16_t>("status", 0, {100, 599});
  if (node.has("code")) one.code = node.text("code");
  if (node.is_map() && !one.forwards && !one.route && !one.upstream && !one.path && !one.status && !one.code)
    report(context, item, "expects nothing (add decision, route, upstream, path, status or code)");
}

Case parse_case(Context& context, const Item& item) {
  const NodeReader node(context, item, kCaseSection);
  Case one;
  one.place = node.place();
  if (node.require("request")) parse_request(context, *node.find("request"), one);
  one.name = node.text("name", one.method + " " + one.url);
  if (const auto claims = node.find("claims")) {
    if (claims->node->kind == Kind::map)
      one.claims = json_of(*claims->node);
    else
      report_kind(context, *claims, "a map");
  }
  if (node.require("expect")) parse_expect(context, *node.find("expect"), one);
  return one;
}

}  // namespace

LoadedCases load_cases(const std::string& path) {
  LoadedCases loaded;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    loaded.issues.error({path, 1, 1},
                        std::string("cannot be read: ") + std::strerror(errno) + " (name a file of cases)");
    return loaded;
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  Document document;
  if (document.parse(text, path, loaded.issues)) {
    Context context{loaded.issues, path, ".", false};
    context.source = text;
    const NodeReader root(context, Item{&document.root(), ""}, kFileSection);
    root.require("cases");
    for (const Item& item : root.list("cases")) loaded.cases.push_back(parse_case(context, item));
  }
  loaded.issues.sort();
  return loaded;
}

}  // namespace gw::config
