// SPDX-License-Identifier: Apache-2.0
// The product, as a table: what happens to a request, in this order. Nothing reaches an upstream but through
// `authorise`, and what cannot be decided ends in a reply.
#pragma once

#include <array>

#include "base/error.h"
#include "exchange/step.h"

namespace gw::exchange {

Verdict adopt_original(Exchange& exchange);     // what a proxy asks about takes the place of its question
Verdict normalise_request(Exchange& exchange);  // one form of path and host; what is ambiguous is refused
Verdict choose_table(Exchange& exchange);       // an endpoint of our own, or the routes
Verdict match_route(Exchange& exchange);        // the only route decision
Verdict admit_request(Exchange& exchange);      // size
Verdict find_credentials(Exchange& exchange);   // Authorization or cookie; two credentials are refused
Verdict verify_token(Exchange& exchange);       // cache, else signature and claims
Verdict check_binding(Exchange& exchange);      // the key or certificate that the token is bound to
Verdict check_revocation(Exchange& exchange);   // in memory
Verdict check_other_credentials(Exchange& exchange);  // API keys and Basic, where a route allows them
Verdict renew_session(Exchange& exchange);            // a browser's, in passing, when its token has run out
Verdict authorise(Exchange& exchange);                // the only yes or no
Verdict limit_clients(Exchange& exchange);     // rate limits by address or header: before any token is read
Verdict limit_callers(Exchange& exchange);     // rate limits by subject or claim
Verdict fit_upstream(Exchange& exchange);      // what its kind of server would read differently
Verdict stamp_identity(Exchange& exchange);    // client-sent spellings out, then the verified identity in
Verdict respond(Exchange& exchange);           // a route's fixed answer
Verdict acquire_upstream(Exchange& exchange);  // a connection, perhaps after a wait
Verdict relay(Exchange& exchange);             // head and bodies, both ways

// A refusal that is not carried out: to the logs and the metrics.
void note_unenforced(Exchange& exchange, Fault fault);

// Whether what was sent is to be judged as an API key.
bool is_for_api_keys(const Exchange& exchange);

// For endpoints: collects the whole body into Exchange::body().
Verdict read_small_body(Exchange& exchange);
// For endpoints: refuses without a verified identity.
Verdict demand_identity(Exchange& exchange);
// The whole table of listeners that only send clients to https.
Verdict redirect_to_https(Exchange& exchange);

inline constexpr std::array kEntrySteps{
    Step{"adopt_original", adopt_original},
    Step{"normalise_request", normalise_request},
    Step{"choose_table", choose_table},
};

inline constexpr std::array kProxySteps{
    Step{"match_route", match_route},           Step{"admit_request", admit_request},
    Step{"limit_clients", limit_clients},       Step{"find_credentials", find_credentials},
    Step{"verify_token", verify_token},         Step{"check_binding", check_binding},
    Step{"check_revocation", check_revocation}, Step{"check_other_credentials", check_other_credentials},
    Step{"renew_session", renew_session},       Step{"authorise", authorise},
    Step{"limit_callers", limit_callers},       Step{"fit_upstream", fit_upstream},
    Step{"stamp_identity", stamp_identity},     Step{"respond", respond},
    Step{"acquire_upstream", acquire_upstream}, Step{"relay", relay},
};

inline constexpr std::array kRedirectSteps{
    Step{"redirect_to_https", redirect_to_https},
};

}  // namespace gw::exchange
