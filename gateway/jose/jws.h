// SPDX-License-Identifier: Apache-2.0
// Signatures of JSON Web Signature (RFC 7515, RFC 7518 section 3, RFC 8037) with contexts that are kept
// from call to call. ECDSA signatures are r and s of the curve's full size, nothing else.
// THREAD: an object belongs to one thread; the Key behind it may be shared.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "jose/algorithm.h"
#include "jose/key.h"

namespace gw::jose {

class Verifier {
 public:
  // REQUIRES: key.algorithms().contains(algorithm)
  Verifier(const Key& key, Algorithm algorithm);
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  // `input` is "header.payload" as it came, `signature` is decoded.
  bool verify(std::string_view input, std::string_view signature);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class Signer {
 public:
  // REQUIRES: key.can_sign() && key.algorithms().contains(algorithm)
  Signer(const Key& key, Algorithm algorithm);
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  // The signature's bytes; nothing when the library fails.
  std::optional<std::string> sign(std::string_view input);
  // "header.payload.signature" of two texts that are not encoded yet.
  std::optional<std::string> sign_compact(std::string_view header, std::string_view payload);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gw::jose
