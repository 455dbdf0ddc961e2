// SPDX-License-Identifier: Apache-2.0
#include "exchange/balance_key.h"

#include "exchange/exchange.h"
#include "upstream/hash.h"

namespace gw::exchange {

std::optional<std::uint64_t> balance_key(const Exchange& exchange, const upstream::ClusterOptions& options) {
  if (options.balance != upstream::Balance::hash) return std::nullopt;
  switch (options.hash_by) {
    case upstream::HashBy::ip:
      return upstream::hash_text(exchange.client_ip());
    case upstream::HashBy::subject:
      if (exchange.identity() == nullptr) return std::nullopt;
      return upstream::hash_text(exchange.identity()->subject);
    case upstream::HashBy::header:
      break;
  }
  for (const http::Field& field : exchange.request().fields)
    if (http::equal_without_case(field.name, options.hash_header)) return upstream::hash_text(field.value);
  return std::nullopt;
}

}  // namespace gw::exchange
