// SPDX-License-Identifier: Apache-2.0
// What decides between the servers of an upstream with `balance: hash`.
#pragma once

#include <cstdint>
#include <optional>

#include "upstream/options.h"

namespace gw::exchange {

class Exchange;

// Nothing without a subject, or without the header: then servers take turns.
std::optional<std::uint64_t> balance_key(const Exchange& exchange, const upstream::ClusterOptions& options);

}  // namespace gw::exchange
