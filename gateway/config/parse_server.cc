// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "config/networks.h"
#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::array kKeys{
    Key{"workers", "`auto` or number", "auto", "event loops; `auto` is the number of CPUs of the cgroup"},
    Key{"blocking_threads", "number", "4", "threads for password hashing and backend plugins"},
    Key{"state_dir", "path", "/var/lib/gatewarden", "signing keys and the embedded store"},
    Key{"plugin_dir", "path", "/usr/lib/gatewarden/plugins", "where `gatewarden_NAME.so` are"},
    Key{"drain_timeout", "duration", "30s", "how long a stopping gateway waits for open requests"},
    Key{"user", "text", "none", "dropped to after binding, when started as root; without it the user stays"},
    Key{"watch", "true or false", "false", "reloads when the configuration or a file that it names changes"},
    Key{"allow_widening", "true or false", "true",
        "`false`: a reload that lets requests through which were refused before is refused"},
    Key{"sandbox", "`strict` or `off`", "strict",
        "what the serving process may ask of the kernel, and which files it may open: only what it needs"},
    Key{"readable", "list of paths", "[]", "files and folders that the sandbox leaves readable, for plugins"},
    Key{"writable", "list of paths", "[]", "files and folders that the sandbox leaves writable, for plugins"},
    Key{"forward_auth", "map", "none",
        "turns `/auth/verify` on, where other proxies ask for a decision (auth_request, ForwardAuth, ...)"},
};
constexpr std::array kForwardAuthKeys{
    Key{"trusted", "list of networks", "required", "the proxies that may ask; not everybody"},
};

constexpr Choice<bool> kSandboxes[] = {{"strict", true}, {"off", false}};

std::vector<std::string> parse_paths(const Context& context, const NodeReader& node, std::string_view key) {
  std::vector<std::string> paths = node.texts(key);
  for (std::string& path : paths) path = resolve_path(context, path);
  return paths;
}

std::vector<net::Cidr> parse_forward_auth(Context& context, const Item& item) {
  const NodeReader node(context, item, kForwardAuthSection);
  const auto trusted = node.find("trusted");
  if (!node.require("trusted") || !trusted) return {};
  if (trusted->node->kind == Kind::list && trusted->node->items.empty())
    report(context, *trusted, "is empty (name the proxies' networks, or remove forward_auth)");
  std::vector<net::Cidr> networks = parse_networks(node, "trusted");
  for (const net::Cidr& network : networks)
    if (is_everybody(network))
      report(context, *trusted, "names everybody, who could then say what was asked (name the proxies)");
  return networks;
}

}  // namespace

const Section kServerSection{"server", kKeys};
const Section kForwardAuthSection{"server.forward_auth", kForwardAuthKeys};

ServerOptions parse_server(Context& context, const Item& item) {
  const NodeReader node(context, item, kServerSection);
  ServerOptions server;
  const auto workers = node.find("workers");
  if (workers && workers->node->text != "auto")
    server.workers = node.number("workers", server.workers, {1, 1024});
  server.blocking_threads = node.number("blocking_threads", server.blocking_threads, {1, 1024});
  server.state_dir = node.path("state_dir", server.state_dir);
  server.plugin_dir = node.path("plugin_dir", server.plugin_dir);
  server.drain_timeout = node.duration("drain_timeout", server.drain_timeout, {0ms, 24h});
  server.user = node.text("user", server.user);
  server.watch = node.flag("watch", server.watch);
  server.allow_widening = node.flag("allow_widening", server.allow_widening);
  server.sandbox = node.one_of("sandbox", kSandboxes, server.sandbox);
  server.readable = parse_paths(context, node, "readable");
  server.writable = parse_paths(context, node, "writable");
  if (const auto item_of = node.find("forward_auth"))
    server.forward_auth = parse_forward_auth(context, *item_of);
  return server;
}

}  // namespace gw::config
