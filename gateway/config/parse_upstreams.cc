// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "config/addresses.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kUpstreamKeys{
    Key{"servers", "list", "required",
        "`http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`, or a map with a weight"},
    Key{"balance", "`round_robin`, `least_requests` or `hash`", "round_robin", "which server is next"},
    Key{"hash_by", "`sub`, `ip` or `header:NAME`", "required with `balance: hash`",
        "what stays with one server; requests without it take turns"},
    Key{"http2", "true or false", "false",
        "HTTP/2 to its servers: by ALPN (`https`) or with prior knowledge (`http`); for gRPC"},
    Key{"tls", "map", "verified by the system's CAs", "of `https://` servers"},
    Key{"connect_timeout", "duration", "1s", "for one server, TLS included"},
    Key{"response_timeout", "duration", "30s", "to the response head; over it 504"},
    Key{"idle_timeout", "duration", "60s", "of a kept-alive connection"},
    Key{"keepalive", "number", "64",
        "idle connections per worker and server; more than that end after a second without use"},
    Key{"max_connections", "number", "1024", "connections per worker and server"},
    Key{"retries", "number", "1",
        "of connect failures, and of idempotent requests whose reused connection died"},
    Key{"host", "`preserve` or `rewrite`", "preserve", "the client's `Host`, or that of the server's URL"},
    Key{"health_check", "map", "none", "asks each server by itself; without any that is well 503"},
    Key{"outlier", "map", "none", "failed requests eject a server for a while, but never the last"},
    Key{"profile", "`generic`, `tomcat`, `php`, `wsgi`, `node`, `go` or `iis`", "generic",
        "what that server reads differently is refused or left out"},
};
constexpr std::array kHealthCheckKeys{
    Key{"path", "path", "required", "200 to 399 is well; may have a query"},
    Key{"interval", "duration", "5s", "from one check of a server to the next"},
    Key{"timeout", "duration", "1s", "of one check, connecting included"},
    Key{"healthy", "number", "2", "good answers one after the other bring a server back"},
    Key{"unhealthy", "number", "3", "bad ones take it out"},
};
constexpr std::array kOutlierKeys{
    Key{"failures", "number", "5", "one after the other: no connection, no answer, or 502, 503, 504"},
    Key{"eject", "duration", "30s", "without requests, then it is tried again"},
};
constexpr std::array kServerKeys{
    Key{"url", "URL", "required", "`http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`"},
    Key{"weight", "number", "1", "its share beside the others, 1 to 1000"},
};
constexpr std::array kTlsKeys{
    Key{"ca", "path", "the system's", "PEM certificates that the server's must lead to"},
    Key{"server_name", "text", "the URL's host", "for SNI and verification"},
    Key{"certificate", "path", "none", "PEM chain that the gateway shows; with `key`"},
    Key{"key", "path", "none", "its PEM private key"},
};

constexpr Choice<upstream::Balance> kBalance[] = {{"round_robin", upstream::Balance::round_robin},
                                                  {"least_requests", upstream::Balance::least_requests},
                                                  {"hash", upstream::Balance::hash}};
constexpr Choice<upstream::HostHeader> kHost[] = {{"preserve", upstream::HostHeader::preserve},
                                                  {"rewrite", upstream::HostHeader::rewrite}};
using upstream::Profile;
constexpr Choice<Profile> kProfiles[] = {{"generic", Profile::generic}, {"tomcat", Profile::tomcat},
                                         {"php", Profile::php},         {"wsgi", Profile::wsgi},
                                         {"node", Profile::node},       {"go", Profile::go},
                                         {"iis", Profile::iis}};
constexpr Range<Duration> kTimeouts{1ms, 24h};

upstream::ServerUrl parse_url(Context& context, const Item& item) {
  const auto text = read_text(context, item);
  if (!text) return {};
  auto url = parse_server_url(*text);
  if (url) return std::move(*url);
  report(context, item, url.error().why);
  return {};
}

upstream::ServerUrl parse_upstream_server(Context& context, const Item& item) {
  if (item.node->kind == Kind::text) return parse_url(context, item);
  const NodeReader node(context, item, kUpstreamServerSection);
  upstream::ServerUrl server;
  if (node.require("url")) server = parse_url(context, *node.find("url"));
  server.weight = node.number("weight", server.weight, {1, 1000});
  return server;
}

net::ClientTlsOptions parse_tls(Context& context, const Item& item) {
  const NodeReader node(context, item, kUpstreamTlsSection);
  net::ClientTlsOptions tls;
  tls.ca = node.readable_file("ca");
  tls.server_name = node.text("server_name");
  const auto name = node.find("server_name");
  if (name && name->node->kind == Kind::text && !name->node->unknown && !is_host_name(tls.server_name))
    report(context, *name, "is not a host name (write legacy.internal)");
  tls.certificate = node.readable_file("certificate");
  tls.key = node.readable_file("key");
  if (node.has("certificate") != node.has("key"))
    report(context, item, "certificate and key go together (add the other or remove both)");
  return tls;
}

std::vector<upstream::ServerUrl> parse_servers(const NodeReader& node) {
  std::vector<upstream::ServerUrl> servers;
  const auto item = node.find("servers");
  if (!node.require("servers") || !item) return servers;
  for (const Item& each : read_list(node.context(), *item))
    servers.push_back(parse_upstream_server(node.context(), each));
  if (item->node->kind == Kind::list && servers.empty())
    report(node.context(), *item, "is empty (add a server)");
  return servers;
}

void warn_about_unused_tls(const NodeReader& node, const upstream::ClusterOptions& cluster) {
  const auto is_plain = [](const upstream::ServerUrl& server) { return !server.tls && !server.text.empty(); };
  if (cluster.servers.empty() || !std::all_of(cluster.servers.begin(), cluster.servers.end(), is_plain))
    return;
  warn(node.context(), *node.find("tls"), "has no effect, no server is https (write https:// or remove it)");
}

void parse_hash(const NodeReader& node, upstream::ClusterOptions& cluster) {
  const auto by = node.find("hash_by");
  if (by && cluster.balance != upstream::Balance::hash && node.has("hash_by"))
    return report(node.context(), *by, "has no effect without balance: hash (add it, or remove hash_by)");
  if (!by) {
    if (cluster.balance == upstream::Balance::hash && !node.has("hash_by"))
      report(node.context(), *node.find("balance"), "needs hash_by (write sub, ip or header:NAME)");
    return;
  }
  const auto text = read_text(node.context(), *by);
  if (!text) return;
  constexpr std::string_view kHeader = "header:";
  if (*text == "ip") {
    cluster.hash_by = upstream::HashBy::ip;
  } else if (*text == "sub") {
    cluster.hash_by = upstream::HashBy::subject;
  } else if (text->starts_with(kHeader) && is_field_name(text->substr(kHeader.size()))) {
    cluster.hash_by = upstream::HashBy::header;
    cluster.hash_header = text->substr(kHeader.size());
  } else {
    report(node.context(), *by, "expected sub, ip or header:NAME, found " + in_quotes(*text));
  }
}

upstream::HealthCheckOptions parse_health_check(Context& context, const Item& item) {
  const NodeReader node(context, item, kHealthCheckSection);
  upstream::HealthCheckOptions check;
  if (node.require("path")) check.path = node.text("path");
  const bool fits = std::all_of(check.path.begin(), check.path.end(),
                                [](char c) { return c > 0x20 && c < 0x7F && c != '#' && c != '\\'; });
  if (node.has("path") && !check.path.empty() && (!check.path.starts_with('/') || !fits))
    report(context, *node.find("path"), in_quotes(check.path) + " is no path (write /healthz)");
  check.interval = node.duration("interval", check.interval, {10ms, 24h});
  check.timeout = node.duration("timeout", check.timeout, {10ms, 24h});
  check.healthy = node.number("healthy", check.healthy, {1, 100});
  check.unhealthy = node.number("unhealthy", check.unhealthy, {1, 100});
  return check;
}

upstream::OutlierOptions parse_outlier(Context& context, const Item& item) {
  const NodeReader node(context, item, kOutlierSection);
  upstream::OutlierOptions outlier;
  outlier.failures = node.number("failures", outlier.failures, {1, 1000});
  outlier.eject = node.duration("eject", outlier.eject, {10ms, 24h});
  return outlier;
}

upstream::ClusterOptions parse_upstream(Context& context, const NamedItem& member) {
  const NodeReader node(context, member.value, kUpstreamSection);
  upstream::ClusterOptions cluster;
  cluster.name = member.name;
  cluster.place = member.place;
  cluster.servers = parse_servers(node);
  cluster.balance = node.one_of("balance", kBalance, cluster.balance);
  cluster.http2 = node.flag("http2", cluster.http2);
  cluster.profile = node.one_of("profile", kProfiles, cluster.profile);
  parse_hash(node, cluster);
  if (const auto check = node.find("health_check"))
    cluster.health_check = parse_health_check(context, *check);
  if (const auto outlier = node.find("outlier")) cluster.outlier = parse_outlier(context, *outlier);
  if (const auto tls = node.find("tls")) {
    cluster.tls = parse_tls(context, *tls);
    warn_about_unused_tls(node, cluster);
  }
  cluster.connect_timeout = node.duration("connect_timeout", cluster.connect_timeout, kTimeouts);
  cluster.response_timeout = node.duration("response_timeout", cluster.response_timeout, kTimeouts);
  cluster.idle_timeout = node.duration("idle_timeout", cluster.idle_timeout, kTimeouts);
  cluster.keepalive = node.integer("keepalive", cluster.keepalive, {0, 1'000'000});
  cluster.max_connections = node.integer("max_connections", cluster.max_connections, {1, 1'000'000});
  cluster.retries = node.number("retries", cluster.retries, {0, 10});
  cluster.host = node.one_of("host", kHost, cluster.host);
  return cluster;
}

}  // namespace

const Section kUpstreamSection{"upstreams.NAME", kUpstreamKeys};
const Section kHealthCheckSection{"upstreams.NAME.health_check", kHealthCheckKeys};
const Section kOutlierSection{"upstreams.NAME.outlier", kOutlierKeys};
const Section kUpstreamServerSection{"upstreams.NAME.servers[]", kServerKeys};
const Section kUpstreamTlsSection{"upstreams.NAME.tls", kTlsKeys};

std::vector<upstream::ClusterOptions> parse_upstreams(Context& context, const Item& item) {
  std::vector<upstream::ClusterOptions> clusters;
  for (const NamedItem& member : read_map(context, item)) clusters.push_back(parse_upstream(context, member));
  return clusters;
}

}  // namespace gw::config
