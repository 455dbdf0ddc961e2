// SPDX-License-Identifier: Apache-2.0
// What is different for a person at a browser: pages where programs get problem documents. The endpoints
// implement it; the snapshot holds it, and has none when `login.page` or cookies are off.
// THREAD: immutable, shared by all workers.
#pragma once

#include "base/error.h"
#include "exchange/step.h"

namespace gw::exchange {

class BrowserPages {
 public:
  virtual ~BrowserPages() = default;

  // A visit that needs somebody who is signed in: 303 to the login page, or a page that says why not.
  // Verdict::proceed when `fault` is none for a page.
  virtual Verdict refuse_visit(Exchange& exchange, Fault fault) const = 0;
};

// A GET or HEAD that accepts text/html, and is no script's (Sec-Fetch-Mode, where a browser sends it).
bool is_visit(const Exchange& exchange);
// Whether `Accept` names text/html; "*/*" is what programs say.
bool accepts_html(const Exchange& exchange);

}  // namespace gw::exchange
