// SPDX-License-Identifier: Apache-2.0
// How login, registration and refresh end: an account has a session, and the client gets its tokens, in the
// body or as cookies.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/backend_set.h"
#include "auth/dpop.h"
#include "auth/session_service.h"
#include "endpoints/browser.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

enum class Delivery : std::uint8_t {
  body,      // JSON with both tokens
  cookies,   // both cookies, and JSON without the tokens
  redirect,  // both cookies, and 303 to `target`
};

// What the steps below take from those before them. States of endpoints derive from it.
struct SessionState : FormState {
  auth::BackendAccount who;
  std::optional<auth::Session> session;
  std::optional<auth::DpopProof> proof;  // of the client's key
  Delivery delivery = Delivery::body;
  std::string target = "/";    // of Delivery::redirect
  std::uint16_t status = 200;  // of an answer with a body
};

// What an access token and the two cookies are made of.
struct Issued {
  std::string access_token;
  std::string scope;
  std::vector<std::string> cookies;  // Set-Cookie values
};
Result<Issued> issue_tokens(exchange::Exchange& exchange, const auth::Account& account,
                            const auth::Session& session);

// Steps. REQUIRES: `who`; the second also `session`.
exchange::Verdict open_session(exchange::Exchange& exchange);
exchange::Verdict reply_with_tokens(exchange::Exchange& exchange);

}  // namespace gw::endpoints
