// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "config/describe.h"
#include "config/include.h"
#include "config/sections.h"

namespace gw::config {
namespace {

constexpr std::array kRootKeys{
    Key{"server", "map", "see below", "threads, folders, the user"},
    Key{"listeners", "list of maps", "required", "where clients connect"},
    Key{"admin", "map", "none", "where health, metrics and the dashboard are; never on a listener"},
    Key{"limits", "map", "see below", "of requests and connections"},
    Key{"tokens", "map", "see below", "the tokens that this gateway issues"},
    Key{"issuers", "map of maps", "{}", "other issuers whose tokens are accepted"},
    Key{"store", "map", "see below", "refresh tokens, revocations, lockouts"},
    Key{"backends", "map of maps", "{}", "where users come from; each is a plugin"},
    Key{"login", "map", "none", "the endpoints that log users in; without it there are none"},
    Key{"identity", "map", "see below", "what upstreams are told; a route may override any of it"},
    Key{"upstreams", "map of maps", "{}", "the services behind the gateway"},
    Key{"routes", "list of maps", "required", "what goes where, and who may; their order does not matter"},
    Key{"defaults", "map", "{}", "keys of routes, for every route that does not say otherwise"},
    Key{"templates", "map of maps", "{}", "keys of routes by a name, for routes that `use` it"},
    Key{"include", "list of paths", "[]", "files and folders (their *.yaml) with more of the lists and maps"},
    Key{"log", "map", "see below", "log and access log"},
    Key{"tracing", "map", "none", "where spans of requests are sent; without it there are none"},
};

Names names_of(const NodeReader& root) {
  Names names;
  const auto collect = [&](std::string_view key, std::unordered_set<std::string>& into) {
    if (const auto item = root.find(key))
      for (const Entry& entry : item->node->entries) into.insert(entry.key);
  };
  collect("upstreams", names.upstreams);
  collect("issuers", names.issuers);
  collect("backends", names.backends);
  return names;
}

void parse_front(Context& context, const NodeReader& root, Config& config) {
  if (const auto item = root.find("server")) config.server = parse_server(context, *item);
  root.require("listeners");
  if (const auto item = root.find("listeners")) config.listeners = parse_listeners(context, *item);
  if (const auto item = root.find("admin")) config.admin = parse_admin(context, *item, config.listeners);
  if (const auto item = root.find("limits")) config.limits = parse_limits(context, *item);
  if (const auto item = root.find("log")) parse_log(context, *item, config);
  if (const auto item = root.find("tracing")) config.tracing = parse_tracing(context, *item);
}

void parse_identities(Context& context, const NodeReader& root, const Names& names, Config& config) {
  if (const auto item = root.find("tokens")) config.tokens = parse_tokens(context, *item);
  if (const auto item = root.find("issuers")) config.issuers = parse_issuers(context, *item, config.tokens);
  if (const auto item = root.find("store")) config.store = parse_store(context, *item);
  if (const auto item = root.find("backends")) config.backends = parse_backends(context, *item);
  config.login.page.enabled = false;
  if (const auto item = root.find("login")) config.login = parse_login(context, *item, names, config.hash);
  if (const auto item = root.find("identity")) config.identity = parse_identity(context, *item);
}

void parse_back(Context& context, const NodeReader& root, const Names& names, Config& config) {
  if (const auto item = root.find("upstreams")) config.upstreams = parse_upstreams(context, *item);
  root.require("routes");
  if (const auto item = root.find("routes"))
    config.routes =
        parse_routes(context, *item, names, config.identity, {root.find("defaults"), root.find("templates")});
}

bool takes_certificates_alone(const policy::Requirement& require) {
  return !require.bound.empty() && std::all_of(require.bound.begin(), require.bound.end(),
                                               [](auto binding) { return binding == policy::Binding::mtls; });
}

// A certificate that nobody is asked for cannot be shown: such a route would refuse everybody.
void check_client_certificates(Context& context, const Config& config) {
  const auto asks = [](const Listener& listener) { return listener.tls && !listener.tls->client_ca.empty(); };
  if (std::any_of(config.listeners.begin(), config.listeners.end(), asks)) return;
  for (const policy::Route& route : config.routes)
    if (route.require.client_certificate)
      context.issues.error(route.place,
                           "requires a client certificate, but no listener asks for one (set tls.client_ca)");
    else if (takes_certificates_alone(route.require))
      context.issues.error(route.place,
                           "takes only tokens that are bound to a client certificate, but no listener asks "
                           "for one (set tls.client_ca)");
  if (config.tokens.bind_client_certificate)
    context.issues.error(config.tokens.place,
                         "bind_client_certificate is on, but no listener asks for certificates (set "
                         "tls.client_ca)");
}

// With a shared secret, each upstream that verifies could sign tokens as well.
void check_assertions(Context& context, const Config& config) {
  if (!jose::is_symmetric(config.tokens.algorithm)) return;
  const auto check = [&](const policy::IdentityOptions& identity) {
    if (identity.assertion)
      context.issues.error(identity.assertion->place,
                           "an assertion cannot be signed with the shared secret of tokens.algorithm " +
                               std::string(jose::name_of(config.tokens.algorithm)) +
                               " (use ES256, or remove it)");
  };
  check(config.identity);
  for (const policy::Route& route : config.routes)
    if (route.identity && (!config.identity.assertion || !route.identity->assertion ||
                           route.identity->assertion->place.line != config.identity.assertion->place.line))
      check(*route.identity);
}

Loaded failed(const std::string& file, std::string why) {
  Loaded loaded;
  loaded.issues.error({file, 1, 1}, std::move(why));
  return loaded;
}

}  // namespace

const Section kRootSection{"", kRootKeys};

Loaded load_text(std::string_view text, const LoadOptions& options) {
  Loaded loaded;
  Document document;
  if (!document.parse(text, options.file, loaded.issues)) {
    loaded.issues.sort();
    return loaded;
  }
  expand_values(document, options.environment, options.file, loaded.issues);

  Config config;
  config.file = options.file;
  Context context{loaded.issues, options.file, options.folder, options.reads_files};
  context.source = text;
  std::deque<Document> included;
  const Node& whole = with_included(context, document.root(), included, options.environment);
  const NodeReader root(context, Item{&whole, ""}, kRootSection);
  const Names names = names_of(root);
  parse_front(context, root, config);
  parse_identities(context, root, names, config);
  parse_back(context, root, names, config);
  check_client_certificates(context, config);
  check_assertions(context, config);

  if (!loaded.issues.has_errors()) config.description = describe(whole);
  loaded.files = context.seen;
  config.files = std::move(context.seen);
  loaded.issues.sort();
  if (!loaded.issues.has_errors()) loaded.config = std::move(config);
  return loaded;
}

Loaded load(const std::string& path) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) return failed(path, "is a folder (name a file)");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return failed(path, std::string("cannot be read: ") + std::strerror(errno) + " (name it with -c FILE)");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  LoadOptions options;
  options.file = path;
  options.folder = std::filesystem::absolute(path, failure).parent_path().string();
  Loaded loaded = load_text(text, options);
  wipe(text);
  loaded.files.push_back(std::filesystem::absolute(path, failure).string());
  if (loaded.config) loaded.config->files = loaded.files;
  return loaded;
}

}  // namespace gw::config
