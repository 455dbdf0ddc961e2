// SPDX-License-Identifier: Apache-2.0
#include "policy/client_networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include "net/address.h"

namespace gw::policy {
namespace {

constexpr unsigned kV4Prefix = 96;

bool is_v4(const net::Cidr& network) {
  static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return network.bits >= kV4Prefix && std::equal(std::begin(kMapped), std::end(kMapped), network.address);
}

}  // namespace

std::string first_address(const net::Cidr& network) {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_v4(network))
    ::inet_ntop(AF_INET, network.address + 12, text, sizeof text);
  else
    ::inet_ntop(AF_INET6, network.address, text, sizeof text);
  return text;
}

std::string format_network(const net::Cidr& network) {
  return first_address(network) + '/' +
         std::to_string(is_v4(network) ? network.bits - kV4Prefix : network.bits);
}

bool network_covers(const net::Cidr& outer, const net::Cidr& inner) {
  if (outer.bits > inner.bits) return false;
  for (unsigned bit = 0; bit < outer.bits; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if (((outer.address[bit / 8] ^ inner.address[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

bool networks_meet(const net::Cidr& a, const net::Cidr& b) {
  return network_covers(a, b) || network_covers(b, a);
}

ClientNetworks::ClientNetworks(std::vector<net::Cidr> networks) {
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const auto is_inside_another = [&](std::size_t j) {
      if (i == j || !network_covers(networks[j], networks[i])) return false;
      return networks[j].bits < networks[i].bits || j < i;
    };
    bool inside = false;
    for (std::size_t j = 0; j < networks.size() && !inside; ++j) inside = is_inside_another(j);
    if (!inside) networks_.push_back(networks[i]);
  }
}

bool ClientNetworks::contains(std::string_view ip) const {
  if (networks_.empty()) return true;
  const auto address = net::Address::parse(ip, 0);
  return address && std::any_of(networks_.begin(), networks_.end(),
                                [&](const net::Cidr& network) { return address->is_in(network); });
}

bool ClientNetworks::covers(const ClientNetworks& other) const {
  if (networks_.empty()) return true;
  if (other.networks_.empty()) return false;
  return std::all_of(other.networks_.begin(), other.networks_.end(), [&](const net::Cidr& inner) {
    return std::any_of(networks_.begin(), networks_.end(),
                       [&](const net::Cidr& outer) { return network_covers(outer, inner); });
  });
}

bool ClientNetworks::is_wider_than(const ClientNetworks& other) const {
  return covers(other) && !other.covers(*this);
}

bool ClientNetworks::meets(const ClientNetworks& other) const {
  if (networks_.empty() || other.networks_.empty()) return true;
  return std::any_of(networks_.begin(), networks_.end(), [&](const net::Cidr& mine) {
    return std::any_of(other.networks_.begin(), other.networks_.end(),
                       [&](const net::Cidr& theirs) { return networks_meet(mine, theirs); });
  });
}

double ClientNetworks::breadth() const {
  if (networks_.empty()) return 2;
  double sum = 0;
  for (const net::Cidr& network : networks_) sum += std::exp2(-static_cast<double>(network.bits));
  return sum;
}

}  // namespace gw::policy
