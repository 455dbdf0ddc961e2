// SPDX-License-Identifier: Apache-2.0
// What `tokens` and `issuers` have in common: algorithms, lengths of secrets, names of claims.
#pragma once

#include <optional>

#include "config/node_reader.h"
#include "jose/algorithm.h"
#include "jose/options.h"

namespace gw::config {

std::optional<jose::Algorithm> read_algorithm(Context& context, const Item& item);
// RFC 7518 3.2: a key has at least the length of the hash. Silent when the secret was not read.
void check_secret_length(const NodeReader& node, const SecretString& secret, jose::Algorithm algorithm);
// A map of names to claim paths.
jose::ClaimNames read_claim_names(const NodeReader& node, std::string_view key);

}  // namespace gw::config
