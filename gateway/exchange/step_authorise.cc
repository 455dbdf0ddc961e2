// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "exchange/browser_pages.h"
#include "exchange/exchange.h"
#include "exchange/observer.h"
#include "exchange/steps.h"

namespace gw::exchange {
namespace {

// What could end the quotes is not told.
MetadataAddress metadata_address(const Exchange& exchange) {
  constexpr std::size_t kLongest = 1024;
  const std::string_view path = exchange.target().path, authority = exchange.request().authority;
  if (!exchange.snapshot().has_resource_metadata || exchange.host().empty() || path.size() > kLongest ||
      path.find_first_of("\"\\") != std::string_view::npos ||
      authority.find_first_of("\"\\") != std::string_view::npos)
    return {};
  return {exchange.client_is_secure(), authority, path};
}

// The kind of login that the route wants and the token does not have.
std::string_view missing_acr(const policy::Route& route, const auth::Identity* identity) {
  for (const policy::ClaimRule& rule : route.require.claims) {
    const std::string* wanted = rule.value.as_string();
    if (rule.name != "acr" || wanted == nullptr || identity == nullptr ||
        wanted->find_first_of("\"\\") != std::string::npos)
      continue;
    if (!policy::satisfies(*identity, rule)) return *wanted;
  }
  return {};
}

Challenge challenge_for(const Exchange& exchange, const policy::Decision& decision) {
  Challenge challenge;
  challenge.scopes = exchange.route()->require.scopes;
  if (decision.fault() == Fault::forbidden)
    challenge.acr_values = missing_acr(*exchange.route(), exchange.identity());
  challenge.metadata = metadata_address(exchange);
  return challenge;
}

// What the shadow would have said of a request that passes.
void ask_shadow(Exchange& exchange) {
  const std::optional<Fault> fault =
      policy::find_shadow_fault(*exchange.route(), exchange.caller(), exchange.request_facts());
  if (!fault) return;
  exchange.facts().shadow = info_of(*fault).code;
  log::info("the shadow would refuse", {{"request_id", exchange.request_id()},
                                        {"route", exchange.route()->name},
                                        {"code", info_of(*fault).code}});
}

}  // namespace

void note_unenforced(Exchange& exchange, Fault fault) {
  exchange.facts().unenforced = info_of(fault).code;
  log::info("would be refused", {{"request_id", exchange.request_id()},
                                 {"route", exchange.route()->name},
                                 {"code", info_of(fault).code}});
}

Verdict authorise(Exchange& exchange) {
  Observer* const observer = exchange.services().observer;
  const policy::Decision decision = policy::decide(*exchange.route(), exchange.caller(),
                                                   exchange.request_facts(), exchange.begin_decision());
  if (observer != nullptr) observer->on_decision(decision);
  if (!decision.proceeds()) {
    const BrowserPages* pages = exchange.snapshot().pages.get();
    if (pages != nullptr && exchange.route()->login_page && is_visit(exchange))
      if (const Verdict verdict = pages->refuse_visit(exchange, *decision.fault());
          verdict != Verdict::proceed) {
        exchange.facts().refusal = info_of(*decision.fault()).code;
        return verdict;
      }
    const Verdict refused = exchange.refuse(*decision.fault(), challenge_for(exchange, decision));
    if (exchange.route()->basic) exchange.add_basic_challenge();
    return refused;
  }
  if (decision.would_refuse()) note_unenforced(exchange, *decision.fault());
  if (exchange.route()->shadow) ask_shadow(exchange);
  if (decision.identity() == nullptr) exchange.forget_identity();
  return Verdict::proceed;
}

}  // namespace gw::exchange
