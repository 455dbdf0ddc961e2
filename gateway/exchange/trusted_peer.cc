// SPDX-License-Identifier: Apache-2.0
#include "exchange/trusted_peer.h"

#include <algorithm>

#include "net/address.h"

namespace gw::exchange {

bool is_trusted(std::string_view ip, const std::vector<net::Cidr>& networks) {
  const auto address = net::Address::parse(ip, 0);
  return address && std::any_of(networks.begin(), networks.end(),
                                [&](const net::Cidr& network) { return address->is_in(network); });
}

}  // namespace gw::exchange
