// SPDX-License-Identifier: Apache-2.0
#include "jose/ecdsa_form.h"

#include <algorithm>

#include "jose/evp.h"

namespace gw::jose {
namespace {

constexpr unsigned char kSequence = 0x30, kInteger = 0x02;

// The shortest two's complement of a positive number: no leading zeros but one before a high bit.
bool append_integer(EcdsaDer& der, std::string_view number) {
  while (!number.empty() && number.front() == '\0') number.remove_prefix(1);
  if (number.empty()) return false;
  const bool padded = (static_cast<unsigned char>(number.front()) & 0x80) != 0;
  der.bytes[der.size++] = kInteger;
  der.bytes[der.size++] = static_cast<unsigned char>(number.size() + (padded ? 1 : 0));
  if (padded) der.bytes[der.size++] = 0;
  std::copy(number.begin(), number.end(), der.bytes.begin() + static_cast<std::ptrdiff_t>(der.size));
  der.size += number.size();
  return true;
}

}  // namespace

std::optional<EcdsaDer> ecdsa_der_from_raw(std::string_view raw, std::size_t coordinate) {
  if (raw.size() != 2 * coordinate) return std::nullopt;
  EcdsaDer body;
  if (!append_integer(body, raw.substr(0, coordinate)) || !append_integer(body, raw.substr(coordinate)))
    return std::nullopt;
  EcdsaDer der;
  der.bytes[der.size++] = kSequence;
  if (body.size >= 0x80) der.bytes[der.size++] = 0x81;  // P-521 needs the long form of the length
  der.bytes[der.size++] = static_cast<unsigned char>(body.size);
  std::copy_n(body.bytes.begin(), body.size, der.bytes.begin() + static_cast<std::ptrdiff_t>(der.size));
  der.size += body.size;
  return der;
}

std::optional<std::string> ecdsa_raw_from_der(std::string_view der, std::size_t coordinate) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const EcdsaSignatureOwner signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!signature) return std::nullopt;
  std::string raw(2 * coordinate, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  const int size = static_cast<int>(coordinate);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, size) != size) return std::nullopt;
  if (BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + coordinate, size) != size) return std::nullopt;
  return raw;
}

}  // namespace gw::jose
