// SPDX-License-Identifier: Apache-2.0
// The only yes or no: what a route demands, held against what is known of the caller. A Decision comes from
// decide() alone, so whoever holds one that proceeds knows that the route was asked.
//   auth: none      always proceeds; the caller is nobody, whatever was sent
//   auth: optional  no credential proceeds as nobody, unless `require` demands a token; a bad one is refused
//   auth: required  no credential is token_missing
// A client certificate that the route demands is asked for first, whatever `auth`.
// With `enforce: false` the decision is made and noted, and the request passes; the upstream is told of an
// identity only when the token was good and of an issuer that the route takes.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "auth/identity.h"
#include "base/error.h"
#include "policy/route.h"
#include "policy/when.h"

namespace gw::policy {

// What verification made of the credentials: nothing was sent, a verified identity, or a fault.
class Caller {
 public:
  static Caller anonymous() { return Caller(nullptr, std::nullopt); }
  static Caller verified(const auth::Identity& identity) { return Caller(&identity, std::nullopt); }
  static Caller rejected(Fault fault) { return Caller(nullptr, fault); }

  // The connection it came by: the verified client certificate, null without one, and whether the name that
  // TLS was asked for is the request's host.
  Caller& shows(const net::PeerCertificate* certificate, bool names_the_host) {
    certificate_ = certificate;
    names_the_host_ = names_the_host;
    return *this;
  }

  const auth::Identity* identity() const { return identity_; }  // null unless verified
  std::optional<Fault> fault() const { return fault_; }
  const net::PeerCertificate* certificate() const { return certificate_; }
  bool names_the_host() const { return names_the_host_; }

 private:
  Caller(const auth::Identity* identity, std::optional<Fault> fault) : identity_(identity), fault_(fault) {}

  const auth::Identity* identity_;
  std::optional<Fault> fault_;
  const net::PeerCertificate* certificate_ = nullptr;
  bool names_the_host_ = true;
};

// One thing that a route asks, and what became of it.
enum class Condition : std::uint8_t { certificate, token, issuer, bound, scope, roles, claim, when };
struct Finding {
  Condition condition = Condition::token;
  std::string_view name{};  // the scope, the claim or the expression
  bool met = false;
  std::string_view trouble{};  // of an expression that could not be evaluated
};

// Who wants to know how a decision came about. A listener that wants all has all conditions asked, not only
// those up to the first that fails; the decision is the same.
class ConditionListener {
 public:
  virtual void on_condition(const Finding& finding) = 0;
  virtual bool wants_all() const { return true; }

 protected:
  ~ConditionListener() = default;
};

class [[nodiscard]] Decision {
 public:
  bool proceeds() const { return !fault_ || !enforced_; }
  // Why it is refused, or would be if the route were enforced.
  std::optional<Fault> fault() const { return fault_; }
  bool would_refuse() const { return fault_ && !enforced_; }
  // Whom the upstream is told of; null for nobody. Lives as long as the caller's identity.
  const auth::Identity* identity() const { return identity_; }
  // With insufficient_scope: all scopes that the route demands. Lives as long as the route.
  std::span<const std::string> demanded_scopes() const { return demanded_scopes_; }

 private:
  friend Decision decide(const Route& route, const Caller& caller, const RequestFacts& request,
                         ConditionListener* listener);
  Decision() = default;

  std::optional<Fault> fault_;
  bool enforced_ = true;
  const auth::Identity* identity_ = nullptr;
  std::span<const std::string> demanded_scopes_;
};

// The first that fails gives the fault: the client certificate (misdirected_request when TLS was set up for
// another host, else forbidden), the token, its issuer, its binding (token_type), scopes
// (insufficient_scope), roles, claims and `when` (forbidden). An expression that cannot be evaluated denies.
Decision decide(const Route& route, const Caller& caller, const RequestFacts& request = {},
                ConditionListener* listener = nullptr);

// What the route's `shadow` would refuse with, were it demanded; nothing without one, or when it is met.
std::optional<Fault> find_shadow_fault(const Route& route, const Caller& caller, const RequestFacts& request);

// A claim as a rule wants it: equal and of the same kind (numbers by value), or a list that contains such.
bool satisfies(const auth::Identity& identity, const ClaimRule& rule);
bool claim_satisfies(const json::Value* claim, const json::Value& wanted);

}  // namespace gw::policy
