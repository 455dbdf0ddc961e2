// SPDX-License-Identifier: Apache-2.0
// `GET /.well-known/oauth-protected-resource/PATH` (RFC 9728): for a path behind the gateway, whose tokens
// its routes take and which scopes they want, so that a client that was refused finds its way to a token.
// Made from the routes; 404 for a path that no route protects. Challenges name it as `resource_metadata`.
#pragma once

#include <array>

#include "exchange/snapshot.h"
#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_with_resource_metadata(exchange::Exchange& exchange);

inline constexpr std::array kResourceMetadataSteps{
    exchange::Step{"reply_with_resource_metadata", reply_with_resource_metadata}};

// An issuer whose name is the URL at which its own metadata are found (RFC 8414).
bool is_issuer_url(std::string_view issuer);

}  // namespace gw::endpoints
