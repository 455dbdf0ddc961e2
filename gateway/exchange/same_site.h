// SPDX-License-Identifier: Apache-2.0
// Whether a browser's request was made by a page of this site. What a cookie carries is sent by the browser
// whoever asks, so a request that changes something has to show where it comes from.
#pragma once

namespace gw::exchange {

class Exchange;

// Needs an Origin of this scheme and host, or Sec-Fetch-Site: same-origin; both, when sent, must agree.
// For the login endpoints, an Origin that `login.origins` names is as good.
bool is_same_site(const Exchange& exchange);
// A browser that says that another site asked. Without either field it is no browser, or an old one.
bool is_cross_site(const Exchange& exchange);

}  // namespace gw::exchange
