// SPDX-License-Identifier: Apache-2.0
// Rendezvous hashing: every server bids for every key, and the highest bid has it. When a server goes, only
// its own keys move; when it comes back, so do they. The same in every worker and every process.
#pragma once

#include <cstdint>
#include <string_view>

namespace gw::upstream {

std::uint64_t hash_text(std::string_view text);

// What a server bids for a key; a server of weight 2 wins twice as many.
double bid(std::uint64_t key, std::uint64_t server, unsigned weight);

}  // namespace gw::upstream
