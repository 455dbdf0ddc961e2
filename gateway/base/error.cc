// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <array>

namespace gw {
namespace {

struct Row {
  Fault fault;
  FaultInfo info;
};

constexpr std::array kTable{
    Row{Fault::bad_request, {400, "bad_request", "The request is malformed.", Blame::client, true}},
    Row{Fault::bad_path,
        {400, "bad_path", "The path can be read in more than one way.", Blame::client, false}},
    Row{Fault::ambiguous_credentials,
        {400, "ambiguous_credentials", "More than one credential was sent.", Blame::client, false}},
    Row{Fault::invalid_dpop_proof,
        {400, "invalid_dpop_proof", "The DPoP proof is not valid for this request.", Blame::client, false}},
    Row{Fault::use_dpop_nonce_at_login,
        {400, "use_dpop_nonce", "The DPoP proof needs the nonce that comes with this answer.", Blame::client,
         false}},
    Row{Fault::token_missing, {401, "token_missing", "A token is required.", Blame::client, false}},
    Row{Fault::token_malformed, {401, "token_malformed", "The token is malformed.", Blame::client, false}},
    Row{Fault::token_signature,
        {401, "token_signature", "The token's signature is not valid.", Blame::client, false}},
    Row{Fault::token_expired, {401, "token_expired", "The token has expired.", Blame::client, false}},
    Row{Fault::token_not_yet_valid,
        {401, "token_not_yet_valid", "The token is not valid yet.", Blame::client, false}},
    Row{Fault::token_issuer,
        {401, "token_issuer", "The token's issuer is not accepted.", Blame::client, false}},
    Row{Fault::token_audience,
        {401, "token_audience", "The token is meant for another audience.", Blame::client, false}},
    Row{Fault::token_algorithm,
        {401, "token_algorithm", "The token's algorithm is not accepted.", Blame::client, false}},
    Row{Fault::token_type, {401, "token_type", "The token is of another type.", Blame::client, false}},
    Row{Fault::token_revoked, {401, "token_revoked", "The token has been revoked.", Blame::client, false}},
    Row{Fault::use_dpop_nonce,
        {401, "use_dpop_nonce", "The DPoP proof needs the nonce that comes with this answer.", Blame::client,
         false}},
    Row{Fault::bad_credentials,
        {401, "bad_credentials", "The user name or the password is wrong.", Blame::client, false}},
    Row{Fault::insufficient_scope,
        {403, "insufficient_scope", "The token lacks a scope that this route demands.", Blame::client,
         false}},
    Row{Fault::forbidden,
        {403, "forbidden", "The policy of this route does not allow the request.", Blame::client, false}},
    Row{Fault::csrf,
        {403, "csrf", "The request does not come from a page of this site.", Blame::client, false}},
    Row{Fault::no_route, {404, "no_route", "Nothing is served here.", Blame::client, false}},
    Row{Fault::method_not_allowed,
        {405, "method_not_allowed", "The method is not allowed here.", Blame::client, false}},
    Row{Fault::request_timeout,
        {408, "request_timeout", "The request did not arrive in time.", Blame::client, true}},
    Row{Fault::taken, {409, "taken", "The name or the e-mail address is taken.", Blame::client, false}},
    Row{Fault::conflict, {409, "conflict", "That cannot be done now.", Blame::client, false}},
    Row{Fault::content_too_large, {413, "content_too_large", "The body is too large.", Blame::client, true}},
    Row{Fault::uri_too_long, {414, "uri_too_long", "The request target is too long.", Blame::client, true}},
    Row{Fault::unsupported_media_type,
        {415, "unsupported_media_type", "The body's media type is not understood.", Blame::client, false}},
    Row{Fault::expectation_failed,
        {417, "expectation_failed", "The expectation cannot be met.", Blame::client, false}},
    Row{Fault::misdirected_request,
        {421, "misdirected_request", "This connection does not serve that host.", Blame::client, false}},
    Row{Fault::unprocessable_content,
        {422, "unprocessable_content", "Some fields are missing or not valid.", Blame::client, false}},
    Row{Fault::header_too_large,
        {431, "header_too_large", "The header section is too large.", Blame::client, true}},
    Row{Fault::rate_limited, {429, "rate_limited", "Too many requests.", Blame::client, false}},
    Row{Fault::locked_out, {429, "locked_out", "Too many failed attempts.", Blame::client, false}},
    Row{Fault::upstream_refused,
        {502, "upstream_refused", "The service cannot be reached.", Blame::upstream, false}},
    Row{Fault::upstream_protocol,
        {502, "upstream_protocol", "The service gave an answer that cannot be understood.", Blame::upstream,
         false}},
    Row{Fault::no_healthy_upstream,
        {503, "no_healthy_upstream", "The service is not available.", Blame::upstream, false}},
    Row{Fault::backend_unavailable,
        {503, "backend_unavailable", "The service that checks credentials is not available.", Blame::backend,
         false}},
    Row{Fault::store_unavailable,
        {503, "store_unavailable", "The session store is not available.", Blame::backend, false}},
    Row{Fault::overloaded, {503, "overloaded", "The gateway is busy; try again.", Blame::gateway, false}},
    Row{Fault::upstream_timeout,
        {504, "upstream_timeout", "The service did not answer in time.", Blame::upstream, false}},
};

constexpr bool in_enum_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i)
    if (static_cast<std::size_t>(kTable[i].fault) != i) return false;
  return true;
}

}  // namespace

const FaultInfo& info_of(Fault fault) {
  static_assert(kFaults == kTable.size() && in_enum_order());
  return kTable[static_cast<std::size_t>(fault)].info;
}

}  // namespace gw
