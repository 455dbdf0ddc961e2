// SPDX-License-Identifier: Apache-2.0
#include "config/networks.h"

#include <algorithm>
#include <iterator>

#include "config/addresses.h"

namespace gw::config {

std::vector<net::Cidr> parse_networks(const NodeReader& node, std::string_view key) {
  std::vector<net::Cidr> networks;
  for (const Item& item : node.list(key)) {
    const auto text = read_text(node.context(), item);
    if (!text) continue;
    auto network = parse_cidr(*text);
    if (network) {
      networks.push_back(*network);
    } else {
      report(node.context(), item, network.error().why);
    }
  }
  return networks;
}

bool is_everybody(const net::Cidr& network) {
  constexpr std::uint8_t kV4Mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const bool is_v4 = std::equal(std::begin(kV4Mapped), std::end(kV4Mapped), network.address);
  return network.bits == 0 || (network.bits == 96 && is_v4);
}

}  // namespace gw::config
