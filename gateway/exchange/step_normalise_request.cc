// SPDX-License-Identifier: Apache-2.0
#include "exchange/exchange.h"
#include "exchange/steps.h"
#include "exchange/trusted_peer.h"
#include "net/address.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kRequestIdBytes = 128;

// Letters, digits and "-_.:+/=@" only, so that it can stand in any log.
bool is_request_id(std::string_view text) {
  if (text.empty() || text.size() > kRequestIdBytes) return false;
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
    if (!alphanumeric && std::string_view("-_.:+/=@").find(c) == std::string_view::npos) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// The last address of X-Forwarded-For that is no trusted proxy; the peer when the field says nothing usable.
std::string forwarded_client(const http::Fields& fields, const Downstream& downstream,
                             const std::vector<net::Cidr>& also_trusted) {
  const http::Field* field = fields.find(http::FieldName::x_forwarded_for);
  if (field == nullptr || fields.count(http::FieldName::x_forwarded_for) != 1) return downstream.peer_ip;
  std::string_view list = field->value;
  std::string client = downstream.peer_ip;
  while (!list.empty()) {
    const std::size_t comma = list.rfind(',');
    const std::string_view entry = trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    if (!net::Address::parse(entry, 0)) break;
    client = entry;
    if (!is_trusted(entry, downstream.listener->trusted_proxies) && !is_trusted(entry, also_trusted)) break;
  }
  return client;
}

void learn_client(Exchange& exchange) {
  const Downstream& downstream = exchange.downstream();
  const bool asked_by_proxy = exchange.is_verification();
  if (!downstream.peer_is_trusted && !asked_by_proxy)
    return exchange.set_client(downstream.peer_ip, downstream.listener->tls);
  const http::Fields& fields = exchange.request().fields;
  bool secure = asked_by_proxy ? exchange.client_is_secure() : downstream.listener->tls;
  const http::Field* proto = fields.find(http::FieldName::x_forwarded_proto);
  if (proto != nullptr && !asked_by_proxy) secure = http::equal_without_case(proto->value, "https");
  if (const http::Field* id = fields.find(http::FieldName::x_request_id))
    if (is_request_id(id->value)) exchange.set_request_id(id->value);
  static const std::vector<net::Cidr> nobody;
  const auto& also_trusted = asked_by_proxy ? exchange.snapshot().forward_auth : nobody;
  exchange.set_client(forwarded_client(fields, downstream, also_trusted), secure);
}

}  // namespace

Verdict normalise_request(Exchange& exchange) {
  learn_client(exchange);
  const http::RequestHead& request = exchange.request();
  std::string_view host;
  if (!request.authority.empty()) {
    host = http::normalise_host(request.authority, exchange.host_scratch());
    if (host.empty()) return exchange.refuse({Fault::bad_request, "the authority is no host"});
  }
  auto target = http::normalise_target(request.target, exchange.path_scratch());
  if (!target) return exchange.refuse(target.error());
  exchange.set_target(*target, host);
  return Verdict::proceed;
}

}  // namespace gw::exchange
