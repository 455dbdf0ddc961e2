// SPDX-License-Identifier: Apache-2.0
#include "policy/decision.h"

#include <algorithm>
#include <cmath>

namespace gw::policy {
namespace {

template <class Text>
bool contains(const std::vector<Text>& list, std::string_view wanted) {
  return std::find(list.begin(), list.end(), wanted) != list.end();
}

// Exact: converting the integer would make 2^53 and 2^53 + 1 the same.
bool equal_numbers(std::int64_t integer, double real) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  return real >= -kTwoTo63 && real < kTwoTo63 && std::trunc(real) == real &&
         static_cast<std::int64_t>(real) == integer;
}

bool equal_scalars(const json::Value& a, const json::Value& b) {
  if (a.is_null() || a.as_array() != nullptr || a.as_object() != nullptr) return false;
  if (a.as_int() != nullptr && b.as_double() != nullptr) return equal_numbers(*a.as_int(), *b.as_double());
  if (a.as_double() != nullptr && b.as_int() != nullptr) return equal_numbers(*b.as_int(), *a.as_double());
  return a == b;
}

bool is_separator(char c) {
  return c == ':' || c == '.' || c == '/';
}

// With a hierarchy, `orders` holds `orders:read`, `orders.read` and `orders/read` too.
bool holds(std::string_view held, std::string_view demanded, bool hierarchic) {
  if (held == demanded) return true;
  return hierarchic && !held.empty() && demanded.size() > held.size() && demanded.starts_with(held) &&
         is_separator(demanded[held.size()]);
}

std::optional<Fault> find_issuer_fault(const Route& route, const auth::Identity& identity) {
  if (identity.issuer_name.empty()) return std::nullopt;  // the route's own word for callers without a token
  if (route.issuers.empty() || contains(route.issuers, identity.issuer_name)) return std::nullopt;
  return Fault::token_issuer;
}

// A host that wants certificates is not reached through a handshake with another one.
std::optional<Fault> find_certificate_fault(const Requirement& require, const Caller& caller) {
  if (!require.client_certificate) return std::nullopt;
  if (!caller.names_the_host()) return Fault::misdirected_request;
  if (caller.certificate() == nullptr || !satisfies(*caller.certificate(), *require.client_certificate))
    return Fault::forbidden;
  return std::nullopt;
}

// Looks at conditions one by one; the first that is not met gives the fault. Goes on behind it only for a
// listener that wants all.
class Examination {
 public:
  explicit Examination(ConditionListener* listener)
      : listener_(listener), goes_on_(listener != nullptr && listener->wants_all()) {}

  bool is_over() const { return fault_ && !goes_on_; }
  std::optional<Fault> fault() const { return fault_; }
  void note(const Finding& finding, Fault fault) {
    if (listener_ != nullptr) listener_->on_condition(finding);
    if (!finding.met && !fault_) fault_ = fault;
  }

 private:
  ConditionListener* listener_;
  const bool goes_on_;
  std::optional<Fault> fault_;
};

void examine_scopes(const Requirement& require, const auth::Identity& identity, Examination& examination) {
  for (const std::string& scope : require.scopes) {
    if (examination.is_over()) return;
    const bool met = std::any_of(identity.scopes.begin(), identity.scopes.end(), [&](std::string_view held) {
      return holds(held, scope, require.hierarchic_scopes);
    });
    examination.note({Condition::scope, scope, met}, Fault::insufficient_scope);
  }
}

void examine_roles(const Requirement& require, const auth::Identity& identity, Examination& examination) {
  if (require.roles.empty() || examination.is_over()) return;
  const auto has_role = [&](const std::string& role) { return contains(identity.roles, role); };
  examination.note({Condition::roles, {}, std::any_of(require.roles.begin(), require.roles.end(), has_role)},
                   Fault::forbidden);
}

void examine_claims(const Requirement& require, const auth::Identity& identity, Examination& examination) {
  for (const ClaimRule& rule : require.claims) {
    if (examination.is_over()) return;
    const bool met = satisfies(identity, rule);
    examination.note({Condition::claim, rule.name, met}, Fault::forbidden);
  }
}

// That the key or the certificate was shown has been seen to before.
void examine_binding(const Requirement& require, const auth::Identity& identity, Examination& examination) {
  if (require.bound.empty()) return;
  const auth::Confirmation& shown = identity.confirmation;
  bool met = false, takes_key = false, takes_certificate = false;
  for (const Binding binding : require.bound) {
    (binding == Binding::dpop ? takes_key : takes_certificate) = true;
    met = met || !(binding == Binding::dpop ? shown.key : shown.certificate).empty();
  }
  const char* name = !takes_certificate ? "dpop" : takes_key ? "dpop or mtls" : "mtls";
  examination.note({Condition::bound, name, met}, Fault::token_type);
}

void examine(const Requirement& require, const auth::Identity& identity, const RequestFacts& request,
             Examination& examination) {
  examine_binding(require, identity, examination);
  examine_scopes(require, identity, examination);
  examine_roles(require, identity, examination);
  examine_claims(require, identity, examination);
  if (require.when == nullptr || examination.is_over()) return;
  const When::Outcome outcome = require.when->evaluate(request, identity);
  examination.note({Condition::when, require.when->text(), outcome.holds, outcome.why}, Fault::forbidden);
}

}  // namespace

Decision decide(const Route& route, const Caller& caller, const RequestFacts& request,
                ConditionListener* listener) {
  Decision decision;
  decision.enforced_ = route.enforce;
  if (route.auth == Auth::none) return decision;

  Examination examination(listener);
  if (route.require.client_certificate) {
    const std::optional<Fault> fault = find_certificate_fault(route.require, caller);
    examination.note({Condition::certificate, {}, !fault}, fault.value_or(Fault::forbidden));
  }
  const bool asks = route.auth == Auth::required || route.require.asks_for_a_token() || caller.fault();
  if (asks && !examination.is_over())
    examination.note({Condition::token, {}, caller.identity() != nullptr},
                     caller.fault().value_or(Fault::token_missing));
  decision.fault_ = examination.fault();
  if (decision.fault_ || caller.identity() == nullptr) return decision;

  const std::optional<Fault> issuer = find_issuer_fault(route, *caller.identity());
  if (!route.issuers.empty())
    examination.note({Condition::issuer, caller.identity()->issuer_name, !issuer}, Fault::token_issuer);
  decision.fault_ = issuer;
  if (decision.fault_) return decision;

  decision.identity_ = caller.identity();
  examine(route.require, *caller.identity(), request, examination);
  decision.fault_ = examination.fault();
  if (decision.fault_ == Fault::insufficient_scope) decision.demanded_scopes_ = route.require.scopes;
  return decision;
}

std::optional<Fault> find_shadow_fault(const Route& route, const Caller& caller,
                                       const RequestFacts& request) {
  if (!route.shadow) return std::nullopt;
  if (caller.identity() == nullptr) return caller.fault().value_or(Fault::token_missing);
  Examination examination(nullptr);
  examine(*route.shadow, *caller.identity(), request, examination);
  return examination.fault();
}

bool satisfies(const auth::Identity& identity, const ClaimRule& rule) {
  if (const auto text = identity.find_text(rule.name))
    return rule.value.as_string() != nullptr && *rule.value.as_string() == *text;
  return claim_satisfies(identity.find_claim(rule.name), rule.value);
}

bool claim_satisfies(const json::Value* claim, const json::Value& wanted) {
  if (claim == nullptr) return false;
  const json::Array* list = claim->as_array();
  if (list == nullptr) return equal_scalars(*claim, wanted);
  return std::any_of(list->begin(), list->end(),
                     [&](const json::Value& element) { return equal_scalars(element, wanted); });
}

}  // namespace gw::policy
