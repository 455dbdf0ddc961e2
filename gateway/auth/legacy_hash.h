// SPDX-License-Identifier: Apache-2.0
// Salted password hashes that other programs made and that crypt(3) does not know: PBKDF2 (Django, passlib,
// OpenLDAP, Werkzeug, ASP.NET Identity v2 and v3), scrypt (passlib, Django, Werkzeug), {SSHA} of LDAP,
// Apache's $apr1$, phpass, Django's bcrypt_sha256. Parsed once; a hash whose cost is beyond the limits, or
// that has no salt, is none. THREAD: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gw::auth {

inline constexpr std::uint32_t kMaxPbkdf2Iterations = 5'000'000;
inline constexpr std::uint64_t kMaxScryptMemory = 256ull * 1024 * 1024;
inline constexpr std::uint64_t kMaxScryptWork = 1024ull * 1024 * 1024;  // memory times p
inline constexpr unsigned kMaxPhpassLog2 = 20;

class LegacyHash {
 public:
  static std::optional<LegacyHash> parse(std::string_view hash);

  // False also when it could not be computed for lack of memory: see `failed`.
  bool match(std::string_view password, bool& failed) const;

 private:
  enum class Scheme : std::uint8_t { pbkdf2, scrypt, salted_digest, apr1, phpass };
  enum class Digest : std::uint8_t { sha1, sha256, sha512 };

  static std::optional<LegacyHash> parse_ldap(std::string_view hash);
  static std::optional<LegacyHash> parse_passlib(std::string_view hash);
  static std::optional<LegacyHash> parse_django(std::string_view hash);
  static std::optional<LegacyHash> parse_werkzeug(std::string_view hash);
  static std::optional<LegacyHash> parse_asp_net(std::string_view hash);
  static std::optional<LegacyHash> parse_md5(std::string_view hash);
  static std::optional<Digest> digest_of(std::string_view name);
  static const char* name_of(Digest digest);
  static std::size_t size_of(Digest digest);
  bool is_sane() const;

  Scheme scheme_ = Scheme::pbkdf2;
  Digest digest_ = Digest::sha256;
  std::uint32_t cost_ = 0;  // iterations; N of scrypt; log2 of phpass
  std::uint32_t block_ = 0, parallel_ = 0;
  std::size_t own_size_ = 0;  // of the digest, when it is not its function's
  std::string salt_;
  std::string expected_;  // bytes; of apr1 and phpass the text
};

}  // namespace gw::auth
