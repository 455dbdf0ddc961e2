// SPDX-License-Identifier: Apache-2.0
// `client:` of a route: the networks that a client's address must be in one of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/options.h"

namespace gw::policy {

std::string format_network(const net::Cidr& network);  // "10.0.0.0/8"
std::string first_address(const net::Cidr& network);
bool network_covers(const net::Cidr& outer, const net::Cidr& inner);
bool networks_meet(const net::Cidr& a, const net::Cidr& b);

// One list. Empty: any client, which every other list is narrower than.
class ClientNetworks {
 public:
  explicit ClientNetworks(std::vector<net::Cidr> networks);

  bool contains(std::string_view ip) const;  // false for what is no address, unless any client will do
  // Every address of `other` is in this one, and not the other way round.
  bool is_wider_than(const ClientNetworks& other) const;
  bool meets(const ClientNetworks& other) const;
  // Grows with the addresses in it, so a list that is wider than another has a greater one.
  double breadth() const;

 private:
  bool covers(const ClientNetworks& other) const;

  std::vector<net::Cidr> networks_;  // none inside another
};

}  // namespace gw::policy
