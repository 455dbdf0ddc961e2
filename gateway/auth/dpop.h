// SPDX-License-Identifier: Apache-2.0
// DPoP (RFC 9449): a proof, made for one request, that the client holds the key that a token is bound to.
// Nothing here knows HTTP: what the request is, the caller says.
// THREAD: functions are pure; what holds state says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace gw::auth {

struct DpopProof {
  std::string thumbprint;  // of the key that it is signed with (RFC 7638)
  std::string id;          // `jti`
  std::string method;      // `htm`
  std::string url;         // `htu`
  std::string token_hash;  // `ath`; empty when missing
  WallSeconds issued_at = 0;
};

// The request that a proof must be made for.
struct DpopContext {
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;  // as the client wrote it
  std::string_view path;       // normalised, without query
  std::string_view token;
  std::string_view thumbprint;  // `cnf.jkt` of the token
  WallSeconds now = 0;
};

inline constexpr WallSeconds kDpopMaxAge = 60;
inline constexpr WallSeconds kDpopMaxAhead = 10;  // a clock that goes before ours

// The signature is that of the public key in the header (section 4.3). The error is a constant sentence.
Result<DpopProof, std::string_view> read_dpop_proof(std::string_view text);
// Empty, or why it does not prove this request.
std::string_view check_dpop_proof(const DpopProof& proof, const DpopContext& context);

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
