// SPDX-License-Identifier: Apache-2.0
// The two forms of an ECDSA signature: r||s of fixed size in a JWS, a DER SEQUENCE in the library.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gw::jose {

struct EcdsaDer {
  std::array<unsigned char, 144> bytes{};  // P-521: 3 + 2 * (2 + 67) at most
  std::size_t size = 0;
};

// Nothing when `raw` is not 2 * `coordinate` bytes, or r or s is zero.
std::optional<EcdsaDer> ecdsa_der_from_raw(std::string_view raw, std::size_t coordinate);
// REQUIRES: `der` comes from the library.
std::optional<std::string> ecdsa_raw_from_der(std::string_view der, std::size_t coordinate);

}  // namespace gw::jose
