// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <unordered_map>

#include "config/addresses.h"
#include "config/networks.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kListenerKeys{
    Key{"address", "address", "required", "`HOST:PORT` with an IP address, `[::]:PORT` or `unix:/PATH`"},
    Key{"tls", "map", "none", "left out: plain HTTP, for a sidecar behind a mesh"},
    Key{"http2", "true or false", "true", "HTTP/2 beside HTTP/1: by ALPN, without TLS by prior knowledge"},
    Key{"proxy_protocol", "true or false", "false",
        "a PROXY header, version 1 or 2, must come first; only then its address counts"},
    Key{"trusted_proxies", "list of networks", "[]",
        "only their `X-Forwarded-*` and `Forwarded` are believed"},
    Key{"redirect_to_https", "true or false", "false",
        "answers every request with a redirect; not with `tls`"},
};
constexpr std::array kTlsKeys{
    Key{"certificate", "path", "required", "PEM chain, the server's certificate first"},
    Key{"key", "path", "required", "PEM private key of the certificate"},
    Key{"certificates", "list", "none",
        "instead of both: several pairs, chosen by SNI; the first is the default"},
    Key{"ocsp", "path", "none", "an OCSP response in DER for the certificate, stapled until it runs out"},
    Key{"min_version", "`1.2` or `1.3`", "\"1.2\"", "the oldest version of TLS that is spoken"},
    Key{"client_ca", "path", "none",
        "PEM certificates that those of clients must lead to; asks clients for one"},
    Key{"client_auth", "`optional` or `required`", "optional",
        "`required`: no handshake without a client certificate"},
};
constexpr std::array kCertificateKeys{
    Key{"certificate", "path", "required", "PEM chain, the server's certificate first"},
    Key{"key", "path", "required", "PEM private key of the certificate"},
    Key{"ocsp", "path", "none", "an OCSP response in DER for the certificate, stapled until it runs out"},
};
constexpr std::array kAdminKeys{
    Key{"address", "address", "required", "as of a listener, and none of theirs; plain HTTP"},
};

enum class ClientAuth : std::uint8_t { optional, required };
constexpr Choice<ClientAuth> kClientAuth[] = {{"optional", ClientAuth::optional},
                                              {"required", ClientAuth::required}};
constexpr Choice<net::TlsVersion> kVersions[] = {{"1.2", net::TlsVersion::tls12},
                                                 {"1.3", net::TlsVersion::tls13}};

net::ListenAddress parse_address(const NodeReader& node) {
  if (!node.require("address")) return {};
  const auto item = node.find("address");
  const auto text = read_text(node.context(), *item);
  if (!text) return {};
  auto address = parse_listen_address(*text);
  if (address) return std::move(*address);
  report(node.context(), *item, address.error().why);
  return {};
}

net::CertificateFiles parse_certificate(const NodeReader& node) {
  net::CertificateFiles files;
  files.place = node.place();
  if (node.require("certificate")) files.certificate = node.readable_file("certificate");
  if (node.require("key")) files.key = node.readable_file("key");
  files.ocsp = node.readable_file("ocsp");
  return files;
}

net::ServerTlsOptions parse_tls(Context& context, const Item& item) {
  const NodeReader node(context, item, kListenerTlsSection);
  net::ServerTlsOptions tls;
  tls.min_version = node.one_of("min_version", kVersions, tls.min_version);
  tls.client_ca = node.readable_file("client_ca");
  tls.client_required = node.one_of("client_auth", kClientAuth, ClientAuth::optional) == ClientAuth::required;
  if (node.has("client_auth") && !node.has("client_ca"))
    report(context, *node.find("client_auth"),
           "needs client_ca (name the authorities of client certificates)");
  const auto certificates = node.find("certificates");
  if (!certificates) {
    tls.certificates.push_back(parse_certificate(node));
    return tls;
  }
  if (node.has("certificate") || node.has("key") || node.has("ocsp"))
    report(context, *certificates, "stands beside certificate, key or ocsp (move them into the list)");
  for (const Item& each : read_list(context, *certificates))
    tls.certificates.push_back(parse_certificate(NodeReader(context, each, kCertificateSection)));
  if (certificates->node->kind == Kind::list && tls.certificates.empty())
    report(context, *certificates, "is empty (name a certificate and its key)");
  return tls;
}

Listener parse_listener(Context& context, const Item& item) {
  const NodeReader node(context, item, kListenerSection);
  Listener listener;
  listener.place = node.place();
  listener.address = parse_address(node);
  if (const auto tls = node.find("tls")) listener.tls = parse_tls(context, *tls);
  listener.http2 = node.flag("http2", listener.http2);
  listener.proxy_protocol = node.flag("proxy_protocol", listener.proxy_protocol);
  listener.trusted_proxies = parse_networks(node, "trusted_proxies");
  listener.redirect_to_https = node.flag("redirect_to_https", listener.redirect_to_https);
  if (listener.redirect_to_https && listener.tls)
    report(context, *node.find("redirect_to_https"), "is for plain HTTP (remove it or tls)");
  return listener;
}

// Port 0 is another port for everybody.
bool is_fixed(const net::ListenAddress& address) {
  return !address.text.empty() && (address.port != 0 || !address.unix_path.empty());
}

}  // namespace

const Section kListenerSection{"listeners[]", kListenerKeys};
const Section kListenerTlsSection{"listeners[].tls", kTlsKeys};
const Section kCertificateSection{"listeners[].tls.certificates[]", kCertificateKeys};
const Section kAdminSection{"admin", kAdminKeys};

std::vector<Listener> parse_listeners(Context& context, const Item& item) {
  std::vector<Listener> listeners;
  std::unordered_map<std::string, int> lines;
  for (const Item& each : read_list(context, item)) {
    Listener listener = parse_listener(context, each);
    const auto [before, is_new] = lines.emplace(listener.address.text, each.node->line);
    if (!is_new && is_fixed(listener.address))
      report(context, each,
             in_quotes(listener.address.text) + " is listened on already (see line " +
                 std::to_string(before->second) + ")");
    listeners.push_back(std::move(listener));
  }
  if (item.node->kind == Kind::list && listeners.empty()) report(context, item, "is empty (add a listener)");
  return listeners;
}

net::ListenAddress parse_admin(Context& context, const Item& item, const std::vector<Listener>& listeners) {
  const NodeReader node(context, item, kAdminSection);
  net::ListenAddress address = parse_address(node);
  for (const Listener& listener : listeners)
    if (is_fixed(address) && listener.address.text == address.text)
      report(context, *node.find("address"),
             in_quotes(address.text) + " is a listener's (choose another port)");
  return address;
}

}  // namespace gw::config
