// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a request, and what each fault means in HTTP. One table (error.cc) gives every
// fault its status, problem code, public sentence and blame; exchange/reply.cc is the only speaker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace gw {

enum class Fault : std::uint8_t {
  bad_request,
  bad_path,
  ambiguous_credentials,
  invalid_dpop_proof,
  use_dpop_nonce_at_login,  // the code of the next, as RFC 9449 section 8 has it
  token_missing,
  token_malformed,
  token_signature,
  token_expired,
  token_not_yet_valid,
  token_issuer,
  token_audience,
  token_algorithm,
  token_type,
  token_revoked,
  use_dpop_nonce,
  bad_credentials,
  insufficient_scope,
  forbidden,
  csrf,
  no_route,
  method_not_allowed,
  request_timeout,
  taken,
  conflict,
  content_too_large,
  uri_too_long,
  unsupported_media_type,
  expectation_failed,
  misdirected_request,
  unprocessable_content,
  header_too_large,
  rate_limited,
  locked_out,
  upstream_refused,
  upstream_protocol,
  no_healthy_upstream,
  backend_unavailable,
  store_unavailable,
  overloaded,
  upstream_timeout,
};
inline constexpr std::size_t kFaults = static_cast<std::size_t>(Fault::upstream_timeout) + 1;

enum class Blame : std::uint8_t { client, gateway, backend, upstream };

struct FaultInfo {
  std::uint16_t status;
  std::string_view code;   // the `code` of the problem document
  std::string_view title;  // the public sentence; never library text
  Blame blame;
  bool closes_connection;  // the byte stream can no longer be trusted or read on
};

const FaultInfo& info_of(Fault fault);

// `detail` is for the log only, never for the wire.
struct Error {
  Fault fault;
  std::string detail;

  Error(Fault f) : fault(f) {}
  Error(Fault f, std::string d) : fault(f), detail(std::move(d)) {}
};

}  // namespace gw
