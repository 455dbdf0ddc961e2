// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "exchange/exchange.h"
#include "exchange/steps.h"
#include "exchange/trusted_peer.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kMaxMethodBytes = 32;

// What one way of telling the original request says of it; empty: nothing.
struct Told {
  std::string_view method, scheme, host, target;
};

// False when a field is there more than once, or empty.
bool read_sole(const http::Fields& fields, std::string_view name, std::string_view& value) {
  const http::Field* found = fields.find(name);
  if (found == nullptr) return true;
  const auto same = [&](const http::Field& field) {
    return !field.dropped && field.folded == found->folded && http::equal_without_case(field.name, name);
  };
  value = found->value;
  return !value.empty() && std::count_if(fields.begin(), fields.end(), same) == 1;
}

// X-Forwarded-Method, -Proto, -Host, -Uri: Traefik, Caddy, HAProxy.
bool read_forwarded(const http::Fields& fields, Told& told) {
  return read_sole(fields, "X-Forwarded-Method", told.method) &&
         read_sole(fields, "X-Forwarded-Proto", told.scheme) &&
         read_sole(fields, "X-Forwarded-Host", told.host) &&
         read_sole(fields, "X-Forwarded-Uri", told.target);
}

// X-Original-Method, X-Original-URL: nginx. The URL is whole, or a path and query.
bool read_original(const http::Fields& fields, Told& told) {
  std::string_view url;
  if (!read_sole(fields, "X-Original-Method", told.method) || !read_sole(fields, "X-Original-URL", url))
    return false;
  const std::size_t colon = url.find("://");
  if (url.empty() || url.front() == '/' || colon == std::string_view::npos) {
    told.target = url;
    return true;
  }
  told.scheme = url.substr(0, colon);
  url.remove_prefix(colon + 3);
  const std::size_t path = url.find_first_of("/?");
  told.host = url.substr(0, path);
  told.target = path == std::string_view::npos ? std::string_view("/") : url.substr(path);
  return !told.host.empty();
}

// A WebSocket's scheme is that of its handshake.
std::string_view plain_scheme(std::string_view scheme) {
  if (http::equal_without_case(scheme, "https") || http::equal_without_case(scheme, "wss")) return "https";
  if (http::equal_without_case(scheme, "http") || http::equal_without_case(scheme, "ws")) return "http";
  return {};
}

bool is_method(std::string_view text) {
  return !text.empty() && text.size() <= kMaxMethodBytes && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// As the request line of a client would have to be.
bool is_target(std::string_view text, std::size_t limit) {
  return text.size() <= limit && text.starts_with('/') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

bool same_host(std::string_view a, std::string_view b) {
  std::string scratch_a, scratch_b;
  const std::string_view host_a = http::normalise_host(a, scratch_a);
  return !host_a.empty() && host_a == http::normalise_host(b, scratch_b);
}

// Takes `more` where `told` says nothing; false when both say different things.
template <class Same>
bool merge(std::string_view& told, std::string_view more, const Same& same) {
  if (told.empty()) told = more;
  return more.empty() || same(told, more);
}

bool merge(Told& told, const Told& more) {
  const auto equal = [](std::string_view a, std::string_view b) { return a == b; };
  return merge(told.method, more.method, equal) && merge(told.target, more.target, equal) &&
         merge(told.host, more.host, same_host) &&
         merge(told.scheme, more.scheme,
               [](std::string_view a, std::string_view b) { return plain_scheme(a) == plain_scheme(b); });
}

// Everything that says what the original request is, which must be one thing. `rest` is what stands behind
// the endpoint's own path: Envoy puts the original path there and keeps method and Host. (Caddy keeps the
// query.)
std::optional<Told> read_all(const http::RequestHead& request, std::string_view rest) {
  Told told, original;
  if (!read_forwarded(request.fields, told) || !read_original(request.fields, original)) return std::nullopt;
  if (!merge(told, original)) return std::nullopt;
  if (rest.starts_with('/') && !merge(told, {request.method_text, {}, request.authority, rest}))
    return std::nullopt;
  if (told.host.empty()) told.host = request.authority;
  return told;
}

}  // namespace

Verdict adopt_original(Exchange& exchange) {
  const Snapshot& snapshot = exchange.snapshot();
  http::RequestHead& request = exchange.request();
  const std::string& path = snapshot.verify_path;
  const Downstream& downstream = exchange.downstream();
  if (path.empty() || downstream.listener->door != Door::proxy || !request.target.starts_with(path))
    return Verdict::proceed;
  // Looked for as sent, before dot segments are resolved: what Envoy puts behind it may climb.
  const std::string_view rest = request.target.substr(path.size());
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return Verdict::proceed;

  exchange.set_client(downstream.peer_ip, downstream.listener->tls);
  if (!is_trusted(downstream.peer_ip, snapshot.forward_auth))
    return exchange.refuse({Fault::forbidden, "the peer is not in server.forward_auth.trusted"});
  const auto told = read_all(request, rest);
  if (!told) return exchange.refuse({Fault::bad_request, "the original request is told in two ways"});
  if (!is_method(told->method) || !is_target(told->target, snapshot.limits.uri_bytes))
    return exchange.refuse({Fault::bad_request, "no original method and target"});
  if (!told->scheme.empty() && plain_scheme(told->scheme).empty())
    return exchange.refuse({Fault::bad_request, "the original scheme is not HTTP"});

  request.method_text = told->method;
  request.method = http::method_of(told->method);
  request.target = told->target;
  request.authority = told->host;
  const bool secure = told->scheme.empty() ? downstream.listener->tls : plain_scheme(told->scheme) == "https";
  exchange.set_client(downstream.peer_ip, secure);
  exchange.set_verification();
  return Verdict::proceed;
}

}  // namespace gw::exchange
