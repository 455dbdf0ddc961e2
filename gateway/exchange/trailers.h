// SPDX-License-Identifier: Apache-2.0
// Which trailers may go on (RFC 9110 6.5.1): nothing that frames or routes a message, says who somebody is or
// what a body is, and nothing that the head may not say either.
#pragma once

#include "http/field.h"

namespace gw::exchange {

class Exchange;

// Mark as dropped what goes no further.
void filter_request_trailers(const Exchange& exchange, http::Fields& trailers);
void filter_response_trailers(const Exchange& exchange, http::Fields& trailers);

}  // namespace gw::exchange
