// SPDX-License-Identifier: Apache-2.0
// DPoP (RFC 9449): a proof, made for one request, that the client holds the key that a token is bound to.
// Nothing here knows HTTP: what the request is, the caller says.
// THREAD: functions are pure; what holds state says so.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "jose/algorithm.h"

namespace gw::auth {

struct DpopProof {
  std::string thumbprint;  // of the key that it is signed with (RFC 7638)
  std::string id;          // `jti`
  std::string method;      // `htm`
  std::string url;         // `htu`
  std::string token_hash;  // `ath`; empty when missing
  WallSeconds issued_at = 0;
  std::string nonce{};  // empty when missing
};

// What a proof may be signed with (`dpop_signing_alg_values_supported`): any algorithm of a public key.
inline constexpr std::array kDpopAlgorithms{
    jose::Algorithm::es256, jose::Algorithm::es384, jose::Algorithm::es512, jose::Algorithm::eddsa,
    jose::Algorithm::ps256, jose::Algorithm::ps384, jose::Algorithm::ps512, jose::Algorithm::rs256,
    jose::Algorithm::rs384, jose::Algorithm::rs512};

// The request that a proof must be made for.
struct DpopContext {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;  // as the client wrote it
  std::string_view path;       // normalised, without query
  std::string_view token{};
  std::string_view thumbprint{};  // `cnf.jkt` of the token
  WallSeconds now = 0;
};

inline constexpr WallSeconds kDpopMaxAge = 60;
inline constexpr WallSeconds kDpopMaxAhead = 10;  // a clock that goes before ours

// The signature is that of the public key in the header (section 4.3). The error is a constant sentence.
Result<DpopProof, std::string_view> read_dpop_proof(std::string_view text);
// Its payload alone, decoded: nothing is verified, and there is no thumbprint.
Result<DpopProof, std::string_view> read_dpop_claims(std::string_view payload);
// Empty, or why it does not prove this request.
std::string_view check_dpop_proof(const DpopProof& proof, const DpopContext& context);
// The same where a token is asked for and none is sent (section 5): any key will do, and `ath` has no place.
std::string_view check_dpop_proof_alone(const DpopProof& proof, const DpopContext& context);

// `jti`s that have been seen, for as long as a proof is good. One table for the process, without a lock: a
// place is taken by one atomic exchange, and a proof that two threads bring at the same time is new to one at
// most. When there is no place left, nothing is new any more: better to refuse than to take a proof twice.
// THREAD: any.
class DpopReplays {
 public:
  explicit DpopReplays(std::size_t places = std::size_t{1} << 17);

  // Made on first use.
  static DpopReplays& of_process();

  // False when this key has sent this `jti` before.
  bool is_new(const DpopProof& proof, WallSeconds now);

 private:
  static constexpr std::size_t kWays = 16;

  std::size_t sets_;
  std::unique_ptr<std::atomic<std::uint64_t>[]> places_;  // hash, and the end of its life in the low bits
};

}  // namespace gw::auth
