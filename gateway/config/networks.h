// SPDX-License-Identifier: Apache-2.0
// Lists of networks.
#pragma once

#include <string_view>
#include <vector>

#include "config/node_reader.h"
#include "net/options.h"

namespace gw::config {

std::vector<net::Cidr> parse_networks(const NodeReader& node, std::string_view key);
// 0.0.0.0/0 or ::/0.
bool is_everybody(const net::Cidr& network);

}  // namespace gw::config
