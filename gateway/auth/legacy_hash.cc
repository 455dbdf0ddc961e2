// SPDX-License-Identifier: Apache-2.0
#include "auth/legacy_hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cctype>

#include "auth/hash_text.h"
#include "auth/md5_hashes.h"
#include "base/secret.h"

namespace gw::auth {
namespace {

constexpr std::size_t kMaxSaltBytes = 256;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::uint32_t read_u32(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

bool is_power_of_two(std::uint32_t n) {
  return n > 1 && (n & (n - 1)) == 0;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::optional<LegacyHash> LegacyHash::parse(std::string_view hash) {
  std::optional<LegacyHash> parsed;
  for (const auto parse_one :
       {parse_ldap, parse_passlib, parse_django, parse_werkzeug, parse_md5, parse_asp_net}) {
    parsed = parse_one(hash);
    if (parsed) break;
  }
  return parsed && parsed->is_sane() ? parsed : std::nullopt;
}

std::optional<LegacyHash::Digest> LegacyHash::digest_of(std::string_view name) {
  if (name == "sha1") return Digest::sha1;
  if (name == "sha256") return Digest::sha256;
  if (name == "sha512") return Digest::sha512;
  return std::nullopt;
}

const char* LegacyHash::name_of(Digest digest) {
  return digest == Digest::sha1 ? "SHA1" : digest == Digest::sha256 ? "SHA256" : "SHA512";
}

std::size_t LegacyHash::size_of(Digest digest) {
  return digest == Digest::sha1 ? 20 : digest == Digest::sha256 ? 32 : 64;
}

bool LegacyHash::is_sane() const {
  if (scheme_ == Scheme::apr1) return true;  // of a fixed cost and form
  if (scheme_ == Scheme::phpass) return cost_ >= 7 && cost_ <= kMaxPhpassLog2;
  if (salt_.empty() || salt_.size() > kMaxSaltBytes) return false;
  // A shorter digest is a cut-off one.
  if (expected_.size() != (own_size_ != 0 ? own_size_ : size_of(digest_))) return false;
  if (scheme_ == Scheme::pbkdf2) return cost_ >= 1 && cost_ <= kMaxPbkdf2Iterations;
  if (scheme_ == Scheme::salted_digest) return salt_.size() >= 4;
  if (!is_power_of_two(cost_) || block_ == 0 || block_ > 64 || parallel_ == 0 || parallel_ > 64) return false;
  const std::uint64_t memory = std::uint64_t{128} * cost_ * block_;
  return memory <= kMaxScryptMemory && memory * parallel_ <= kMaxScryptWork;
}

// {SSHA}base64(digest + salt), and {PBKDF2-SHA256}rounds$salt$digest of OpenLDAP's pw-pbkdf2.
std::optional<LegacyHash> LegacyHash::parse_ldap(std::string_view hash) {
  const std::size_t close = hash.find('}');
  if (!hash.starts_with('{') || close == std::string_view::npos) return std::nullopt;
  const std::string scheme = lower_case(hash.substr(1, close - 1));
  const std::string_view rest = hash.substr(close + 1);
  if (scheme.starts_with("pbkdf2")) return parse_passlib("$" + scheme + "$" + std::string(rest));

  LegacyHash made;
  made.scheme_ = Scheme::salted_digest;
  const auto digest = digest_of(scheme == "ssha"             ? "sha1"
                                : scheme.starts_with("ssha") ? scheme.substr(1)
                                                             : "");
  const auto bytes = decode_base64(rest);
  if (!digest || !bytes) return std::nullopt;
  made.digest_ = *digest;
  const std::size_t size = size_of(*digest);
  if (bytes->size() <= size) return std::nullopt;
  made.expected_ = bytes->substr(0, size);
  made.salt_ = bytes->substr(size);
  return made;
}

// $pbkdf2-sha256$29000$salt$digest in ab64, $scrypt$ln=16,r=8,p=1$salt$digest in base64.
std::optional<LegacyHash> LegacyHash::parse_passlib(std::string_view hash) {
  const auto parts = split(hash, '$');
  if (parts.size() != 5 || !parts[0].empty()) return std::nullopt;
  LegacyHash made;
  const bool is_scrypt = parts[1] == "scrypt";
  const auto salt = decode_base64(parts[3], !is_scrypt), expected = decode_base64(parts[4], !is_scrypt);
  if (!salt || !expected) return std::nullopt;
  made.salt_ = *salt;
  made.expected_ = *expected;

  std::string_view name = parts[1], cost = parts[2];
  if (is_scrypt) {
    if (!take_prefix(cost, "ln=")) return std::nullopt;
    const auto log2 = take_number(cost);
    if (!log2 || *log2 > 30 || !take_prefix(cost, ",r=")) return std::nullopt;
    const auto block = take_number(cost);
    if (!block || !take_prefix(cost, ",p=")) return std::nullopt;
    const auto parallel = parse_number(cost);
    if (!parallel) return std::nullopt;
    made.scheme_ = Scheme::scrypt;
    made.cost_ = 1u << *log2;
    made.block_ = *block;
    made.parallel_ = *parallel;
    made.own_size_ = 32;
    return made;
  }
  if (!take_prefix(name, "pbkdf2")) return std::nullopt;
  const auto digest = name.empty() ? Digest::sha1 : take_prefix(name, "-") ? digest_of(name) : std::nullopt;
  const auto iterations = parse_number(cost);
  if (!digest || !iterations) return std::nullopt;
  made.digest_ = *digest;
  made.cost_ = *iterations;
  return made;
}

// pbkdf2_sha256$iterations$salt$digest, scrypt$N$salt$r$p$digest: the salt is text, the digest base64.
std::optional<LegacyHash> LegacyHash::parse_django(std::string_view hash) {
  const auto parts = split(hash, '$');
  LegacyHash made;
  if (parts.size() == 6 && parts[0] == "scrypt") {
    const auto n = parse_number(parts[1]), block = parse_number(parts[3]), parallel = parse_number(parts[4]);
    const auto expected = decode_base64(parts[5]);
    if (!n || !block || !parallel || !expected) return std::nullopt;
    made.scheme_ = Scheme::scrypt;
    made.cost_ = *n;
    made.block_ = *block;
    made.parallel_ = *parallel;
    made.salt_ = parts[2];
    made.expected_ = *expected;
    made.own_size_ = 64;
    return made;
  }
  if (parts.size() != 4 || !parts[0].starts_with("pbkdf2_")) return std::nullopt;
  const auto digest = digest_of(parts[0].substr(7));
  const auto iterations = parse_number(parts[1]);
  const auto expected = decode_base64(parts[3]);
  if (!digest || !iterations || !expected) return std::nullopt;
  made.digest_ = *digest;
  made.cost_ = *iterations;
  made.salt_ = parts[2];
  made.expected_ = *expected;
  return made;
}

// pbkdf2:sha256:iterations$salt$digest, scrypt:N:r:p$salt$digest: the salt is text, the digest hexadecimal.
std::optional<LegacyHash> LegacyHash::parse_werkzeug(std::string_view hash) {
  const auto parts = split(hash, '$');
  if (parts.size() != 3) return std::nullopt;
  const auto method = split(parts[0], ':');
  const auto expected = decode_hex(parts[2]);
  if (!expected) return std::nullopt;
  LegacyHash made;
  made.salt_ = parts[1];
  made.expected_ = *expected;
  if (method.size() == 3 && method[0] == "pbkdf2") {
    const auto digest = digest_of(method[1]);
    const auto iterations = parse_number(method[2]);
    if (!digest || !iterations) return std::nullopt;
    made.digest_ = *digest;
    made.cost_ = *iterations;
    return made;
  }
  if (method.size() != 4 || method[0] != "scrypt") return std::nullopt;
  const auto n = parse_number(method[1]), block = parse_number(method[2]), parallel = parse_number(method[3]);
  if (!n || !block || !parallel) return std::nullopt;
  made.scheme_ = Scheme::scrypt;
  made.cost_ = *n;
  made.block_ = *block;
  made.parallel_ = *parallel;
  made.own_size_ = 64;
  return made;
}

// Microsoft.AspNetCore.Identity.PasswordHasher: base64 of a version byte and what belongs to it.
std::optional<LegacyHash> LegacyHash::parse_asp_net(std::string_view hash) {
  const auto bytes = decode_base64(hash);
  if (!bytes || bytes->empty()) return std::nullopt;
  LegacyHash made;
  if (bytes->front() == '\0' && bytes->size() == 1 + 16 + 32) {
    made.digest_ = Digest::sha1;
    made.cost_ = 1000;
    made.own_size_ = 32;
    made.salt_ = bytes->substr(1, 16);
    made.expected_ = bytes->substr(17);
    return made;
  }
  constexpr std::size_t kHead = 13;  // version, PRF, iterations, length of the salt
  if (bytes->front() != '\1' || bytes->size() <= kHead) return std::nullopt;
  const std::uint32_t prf = read_u32(*bytes, 1), salt = read_u32(*bytes, 9);
  if (prf > 2 || salt < 16 || salt > bytes->size() - kHead) return std::nullopt;
  made.digest_ = prf == 0 ? Digest::sha1 : prf == 1 ? Digest::sha256 : Digest::sha512;
  made.cost_ = read_u32(*bytes, 5);
  made.salt_ = bytes->substr(kHead, salt);
  made.expected_ = bytes->substr(kHead + salt);
  made.own_size_ = made.expected_.size() == 16 ? 16 : 32;  // 32 unless an application chose otherwise
  return made;
}

// $apr1$salt$digest; $P$ or $H$, a cost, eight characters of salt, the digest.
std::optional<LegacyHash> LegacyHash::parse_md5(std::string_view hash) {
  LegacyHash made;
  made.expected_ = hash;
  if (hash.starts_with("$apr1$")) {
    const auto parts = split(hash, '$');
    if (parts.size() != 4 || parts[2].empty() || parts[2].size() > 8 || parts[3].size() != 22)
      return std::nullopt;
    made.scheme_ = Scheme::apr1;
    made.salt_ = parts[2];
    return made;
  }
  if ((!hash.starts_with("$P$") && !hash.starts_with("$H$")) || hash.size() != 34) return std::nullopt;
  const auto log2 = phpass_cost(hash[3]);
  if (!log2) return std::nullopt;
  made.scheme_ = Scheme::phpass;
  made.cost_ = *log2;
  made.salt_ = hash.substr(4, 8);
  return made;
}

bool LegacyHash::match(std::string_view password, bool& failed) const {
  failed = false;
  if (scheme_ == Scheme::apr1) return equal_in_constant_time(apr1(password, salt_), expected_);
  if (scheme_ == Scheme::phpass)
    return equal_in_constant_time(phpass(password, expected_.substr(0, 4), salt_, cost_), expected_);

  std::string made(expected_.size(), '\0');
  auto* out = reinterpret_cast<unsigned char*>(made.data());
  const EVP_MD* digest = EVP_get_digestbyname(name_of(digest_));
  int done = 0;
  if (scheme_ == Scheme::pbkdf2) {
    done = PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes_of(salt_),
                             static_cast<int>(salt_.size()), static_cast<int>(cost_), digest,
                             static_cast<int>(made.size()), out);
  } else if (scheme_ == Scheme::scrypt) {
    done = EVP_PBE_scrypt(password.data(), password.size(), bytes_of(salt_), salt_.size(), cost_, block_,
                          parallel_, kMaxScryptMemory + kMaxScryptWork, out, made.size());
  } else {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    done = context != nullptr && EVP_DigestInit_ex(context, digest, nullptr) == 1 &&
           EVP_DigestUpdate(context, password.data(), password.size()) == 1 &&
           EVP_DigestUpdate(context, salt_.data(), salt_.size()) == 1 &&
           EVP_DigestFinal_ex(context, out, nullptr) == 1;
    EVP_MD_CTX_free(context);
  }
  failed = done != 1;
  // HMAC pads a short key with NULs: with one at its end, another password would be the same.
  const bool has_nul = password.find('\0') != std::string_view::npos;
  const bool equal = !failed && equal_in_constant_time(made, expected_) && !has_nul;
  wipe(made);
  return equal;
}

}  // namespace gw::auth
