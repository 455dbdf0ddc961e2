// SPDX-License-Identifier: Apache-2.0
// Whose word counts.
#pragma once

#include <string_view>
#include <vector>

#include "net/options.h"

namespace gw::exchange {

// False for what is no address.
bool is_trusted(std::string_view ip, const std::vector<net::Cidr>& networks);

}  // namespace gw::exchange
