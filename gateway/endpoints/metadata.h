// SPDX-License-Identifier: Apache-2.0
// `GET /.well-known/oauth-authorization-server` (RFC 8414): what standard clients may use. /refresh is a
// token endpoint for refresh tokens without client authentication. /login, /logout and /register are not what
// OAuth calls by such names, so they are not named.
#pragma once

#include <array>

#include "exchange/step.h"

namespace gw::endpoints {

exchange::Verdict reply_with_metadata(exchange::Exchange& exchange);

inline constexpr std::array kMetadataSteps{exchange::Step{"reply_with_metadata", reply_with_metadata}};

}  // namespace gw::endpoints
