// SPDX-License-Identifier: Apache-2.0
// What is different when a browser submits a form of ours: it gets cookies, which scripts cannot read, is
// sent on to a page of this origin, and reads what went wrong on a page. Such a form must come from this
// site.
#pragma once

#include <string>
#include <string_view>

#include "exchange/exchange.h"

namespace gw::endpoints {

// What a form keeps of what was typed, for the page that says what was wrong. States of endpoints that take
// forms derive from it.
struct FormState : exchange::EndpointState {
  json::Value typed;            // by the name of the field; never a password
  std::string next;             // as it was sent, when it leads to this site
  WallSeconds retry_after = 0;  // of a refusal that ends by itself
  bool token_is_bad = false;    // of a reset
  SecretString new_password;    // for check_breached()
};

// A form body with `Accept: text/html`, where cookies are on. Anything else gets JSON and no cookie.
bool is_browser_form(const exchange::Exchange& exchange);

// Step: refuses a browser's form that another site sends. From here on a browser reads refusals on a page.
exchange::Verdict demand_own_page(exchange::Exchange& exchange);

// Where a browser is sent on to: `next` in its one normalised form when it is a path of this origin, else
// "/".
std::string redirect_target(std::string_view next);

// Verdicts: 303.
exchange::Verdict send_on(exchange::Exchange& exchange, std::string location);

}  // namespace gw::endpoints
