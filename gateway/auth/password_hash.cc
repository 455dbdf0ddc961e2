// SPDX-License-Identifier: Apache-2.0
#include "auth/password_hash.h"

#include <argon2.h>
#include <crypt.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "auth/hash_text.h"
#include "auth/legacy_hash.h"
#include "base/log.h"

namespace gw::auth {
namespace {

constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kTagBytes = 32;
constexpr std::size_t kMaxHashBytes = 512;
constexpr std::string_view kPepperPrefix = "$pepper$";

enum class Kind : std::uint8_t { argon2id, argon2i, crypt, sha256_bcrypt, legacy };

// A stored hash whose kind is known and whose cost is within the limits.
struct Known {
  Kind kind;
  std::string_view text;  // as the library reads it, without the prefix of whoever stored it
  std::optional<LegacyHash> legacy{};
};

struct Argon2Cost {
  std::uint32_t memory_kib, iterations, lanes;
};

// `v=19$m=65536,t=3,p=4$salt$tag`; libargon2 checks the rest. Version 16 may leave `v=` out.
std::optional<Argon2Cost> parse_argon2_cost(std::string_view text) {
  if (take_prefix(text, "v=") && (!take_number(text) || !take_prefix(text, "$"))) return std::nullopt;
  if (!take_prefix(text, "m=")) return std::nullopt;
  const auto memory = take_number(text);
  if (!memory || !take_prefix(text, ",t=")) return std::nullopt;
  const auto iterations = take_number(text);
  if (!iterations || !take_prefix(text, ",p=")) return std::nullopt;
  const auto lanes = take_number(text);
  if (!lanes || !take_prefix(text, "$")) return std::nullopt;
  return Argon2Cost{*memory, *iterations, *lanes};
}

bool has_sane_argon2_cost(std::string_view text) {
  const auto cost = parse_argon2_cost(text);
  return cost && cost->memory_kib <= kMaxArgon2MemoryKib && cost->iterations <= kMaxArgon2Iterations &&
         cost->lanes <= kMaxArgon2Lanes &&
         std::uint64_t{cost->memory_kib} * cost->iterations <= kMaxArgon2Work;
}

// `$2b$12$` and 53 characters.
bool has_sane_bcrypt_cost(std::string_view hash) {
  if (hash.size() != 60 || hash[6] != '$') return false;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!is_digit(hash[4]) || !is_digit(hash[5])) return false;
  const auto cost = static_cast<std::uint32_t>((hash[4] - '0') * 10 + (hash[5] - '0'));
  return cost >= 4 && cost <= kMaxBcryptCost;
}

// `rounds=5000$salt$tag` or `salt$tag`.
bool has_sane_sha_crypt_cost(std::string_view text) {
  if (!take_prefix(text, "rounds=")) return true;
  const auto rounds = take_number(text);
  return rounds && *rounds <= kMaxShaCryptRounds && text.starts_with("$");
}

// `$1$salt$` and 22 characters.
bool is_md5_crypt(std::string_view text) {
  const auto parts = split(text, '$');
  return parts.size() == 2 && !parts[0].empty() && parts[0].size() <= 8 && parts[1].size() == 22;
}

std::optional<Known> recognise_crypt(std::string_view hash) {
  std::string_view rest = hash;
  if (take_prefix(rest, "$2a$") || take_prefix(rest, "$2b$") || take_prefix(rest, "$2y$")) {
    if (has_sane_bcrypt_cost(hash)) return Known{Kind::crypt, hash};
  } else if (take_prefix(rest, "$6$") || take_prefix(rest, "$5$")) {
    if (has_sane_sha_crypt_cost(rest)) return Known{Kind::crypt, hash};
  } else if (take_prefix(rest, "$1$")) {
    if (is_md5_crypt(rest)) return Known{Kind::crypt, hash};
  }
  return std::nullopt;
}

std::optional<Known> recognise_argon2(std::string_view hash) {
  std::string_view rest = hash;
  if (take_prefix(rest, "$argon2id$") && has_sane_argon2_cost(rest)) return Known{Kind::argon2id, hash};
  rest = hash;
  if (take_prefix(rest, "$argon2i$") && has_sane_argon2_cost(rest)) return Known{Kind::argon2i, hash};
  return std::nullopt;
}

// What others put before a hash that stands as it is behind it.
std::optional<Known> recognise(std::string_view hash) {
  if (hash.size() > kMaxHashBytes || hash.find('\0') != std::string_view::npos) return std::nullopt;
  std::string_view rest = hash;
  if (take_prefix(rest, "{CRYPT}") || take_prefix(rest, "{crypt}")) return recognise_crypt(rest);
  if (take_prefix(rest, "{ARGON2}")) return recognise_argon2(rest);
  if (rest.starts_with("argon2$argon2"))
    return recognise_argon2(rest.substr(std::string_view("argon2").size()));
  if (take_prefix(rest, "bcrypt_sha256$")) {
    auto known = rest.starts_with("$2") ? recognise_crypt(rest) : std::nullopt;
    if (known) known->kind = Kind::sha256_bcrypt;
    return known;
  }
  if (take_prefix(rest, "bcrypt$")) return rest.starts_with("$2") ? recognise_crypt(rest) : std::nullopt;
  if (auto known = recognise_argon2(hash)) return known;
  if (auto known = recognise_crypt(hash)) return known;
  if (auto legacy = LegacyHash::parse(hash)) return Known{Kind::legacy, hash, std::move(legacy)};
  return std::nullopt;
}

// `$pepper$ID$argon2id$…`: an Argon2id hash of the password's HMAC with the key of that id.
struct Peppered {
  std::string_view id;
  std::string_view inner;
};

std::optional<Peppered> parse_peppered(std::string_view hash) {
  std::string_view rest = hash;
  if (hash.size() > kMaxHashBytes || hash.find('\0') != std::string_view::npos) return std::nullopt;
  if (!take_prefix(rest, kPepperPrefix)) return std::nullopt;
  const std::size_t end = rest.find('$');
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  const Peppered parsed{rest.substr(0, end), rest.substr(end)};
  const bool is_ours = parsed.inner.starts_with("$argon2id$") && recognise_argon2(parsed.inner);
  return is_ours ? std::optional(parsed) : std::nullopt;
}

SecretString to_hex(const unsigned char* bytes, std::size_t size) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * size);
  for (std::size_t i = 0; i < size; ++i) {
    hex += kHex[bytes[i] >> 4];
    hex += kHex[bytes[i] & 15];
  }
  return SecretString(std::move(hex));
}

SecretString pepper(const SecretString& key, std::string_view password) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(password.data()), password.size(), mac.data(), &size);
  SecretString hex = to_hex(mac.data(), size);
  wipe(mac.data(), mac.size());
  return hex;
}

// As Django's BCryptSHA256PasswordHasher does it, so that bcrypt sees all of a long password.
SecretString sha256_of(std::string_view password) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(password.data()), password.size(), digest.data());
  SecretString hex = to_hex(digest.data(), digest.size());
  wipe(digest.data(), digest.size());
  return hex;
}

PasswordMatch match_argon2(std::string_view hash, std::string_view password, argon2_type type) {
  const std::string encoded(hash);
  switch (argon2_verify(encoded.c_str(), password.data(), password.size(), type)) {
    case ARGON2_OK:
      return PasswordMatch::yes;
    case ARGON2_MEMORY_ALLOCATION_ERROR:
    case ARGON2_THREAD_FAIL:
      return PasswordMatch::not_computed;
    default:
      return PasswordMatch::no;
  }
}

// crypt(3) reads to the first NUL and takes a limited length: beyond that, work as usual and match nothing.
PasswordMatch match_crypt(std::string_view hash, std::string_view password) {
  const std::string_view readable =
      password.substr(0, std::min(password.find('\0'), std::size_t{CRYPT_MAX_PASSPHRASE_SIZE - 1}));
  const SecretString phrase{std::string(readable)};
  const std::string setting(hash);
  const auto work = std::make_unique<crypt_data>();

  const char* made =
      crypt_rn(phrase.reveal().data(), setting.c_str(), work.get(), static_cast<int>(sizeof(crypt_data)));
  const bool equal = made != nullptr && equal_in_constant_time(made, hash);
  const bool out_of_memory = made == nullptr && errno == ENOMEM;
  wipe(work.get(), sizeof(crypt_data));

  if (out_of_memory) return PasswordMatch::not_computed;
  return equal && readable.size() == password.size() ? PasswordMatch::yes : PasswordMatch::no;
}

}  // namespace

bool PasswordHasher::knows(std::string_view hash) {
  return parse_peppered(hash) || recognise(hash);
}

Result<SecretString, std::string> PasswordHasher::hash(const SecretString& password) const {
  if (password.empty()) return std::string("the password is empty");
  if (password.size() > kMaxPasswordBytes) {
    return "the password is longer than " + std::to_string(kMaxPasswordBytes) + " bytes";
  }
  std::array<unsigned char, kSaltBytes> salt{};
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1)
    return std::string("no random bytes for the salt");

  std::string encoded(argon2_encodedlen(options_.iterations, options_.memory_kib, options_.lanes, kSaltBytes,
                                        kTagBytes, Argon2_id),
                      '\0');
  const SecretString* key = find_pepper(options_.pepper_id);
  if (key == nullptr && !options_.pepper_id.empty())
    return "there is no pepper \"" + options_.pepper_id + "\"";
  const SecretString phrase = key == nullptr ? password : pepper(*key, password.reveal());
  computations_.fetch_add(1, std::memory_order_relaxed);
  const int failure = argon2id_hash_encoded(options_.iterations, options_.memory_kib, options_.lanes,
                                            phrase.reveal().data(), phrase.size(), salt.data(), salt.size(),
                                            kTagBytes, encoded.data(), encoded.size());
  if (failure != ARGON2_OK) return std::string("Argon2: ") + argon2_error_message(failure);
  encoded.resize(std::strlen(encoded.c_str()));
  if (key != nullptr) encoded = std::string(kPepperPrefix) + options_.pepper_id + encoded;
  return SecretString(std::move(encoded));
}

PasswordMatch PasswordHasher::match(std::string_view hash, std::string_view password) const {
  if (!knows(hash)) {
    // An account whose hash is of no use must not answer faster than the others.
    spend_own_cost(password);
    return PasswordMatch::no;
  }
  if (password.empty() || password.size() > kMaxPasswordBytes) {
    const PasswordMatch ignored = compute(hash, "x");
    return ignored == PasswordMatch::not_computed ? ignored : PasswordMatch::no;
  }
  return compute(hash, password);
}

bool PasswordHasher::is_outdated(std::string_view hash) const {
  const auto peppered = parse_peppered(hash);
  if ((peppered ? peppered->id : std::string_view()) != options_.pepper_id) return true;
  if (peppered) hash = peppered->inner;
  if (!take_prefix(hash, "$argon2id$")) return true;
  const auto cost = parse_argon2_cost(hash);
  return !cost || cost->memory_kib < options_.memory_kib || cost->iterations < options_.iterations;
}

void PasswordHasher::spend_equal_time(std::string_view like, std::string_view password) const {
  if (!knows(like)) return spend_own_cost(password);
  static_cast<void>(match(like, password));
}

const SecretString* PasswordHasher::find_pepper(std::string_view id) const {
  const auto found = options_.peppers.find(id);
  return found == options_.peppers.end() ? nullptr : &found->second;
}

PasswordMatch PasswordHasher::compute(std::string_view hash, std::string_view password) const {
  if (const auto peppered = parse_peppered(hash)) {
    const SecretString* key = find_pepper(peppered->id);
    if (key != nullptr) return compute(peppered->inner, pepper(*key, password).reveal());
    // Nobody can tell whether the password is right: an operator removed a key that is still in use.
    log::error("a stored password hash names a pepper that the configuration lacks",
               {{"pepper", peppered->id}});
    spend_own_cost(password);
    return PasswordMatch::not_computed;
  }
  const auto known = recognise(hash);
  computations_.fetch_add(1, std::memory_order_relaxed);
  switch (known->kind) {
    case Kind::argon2id:
      return match_argon2(known->text, password, Argon2_id);
    case Kind::argon2i:
      return match_argon2(known->text, password, Argon2_i);
    case Kind::crypt:
      return match_crypt(known->text, password);
    case Kind::sha256_bcrypt:
      return match_crypt(known->text, sha256_of(password).reveal());
    case Kind::legacy:
      break;
  }
  bool failed = false;
  const bool equal = known->legacy->match(password, failed);
  return failed ? PasswordMatch::not_computed : equal ? PasswordMatch::yes : PasswordMatch::no;
}

void PasswordHasher::spend_own_cost(std::string_view password) const {
  constexpr std::array<unsigned char, kSaltBytes> kSalt{};
  std::array<unsigned char, kTagBytes> tag{};
  const std::string_view used = password.substr(0, kMaxPasswordBytes);
  computations_.fetch_add(1, std::memory_order_relaxed);
  static_cast<void>(argon2id_hash_raw(options_.iterations, options_.memory_kib, options_.lanes, used.data(),
                                      used.size(), kSalt.data(), kSalt.size(), tag.data(), tag.size()));
  wipe(tag.data(), tag.size());
}

}  // namespace gw::auth
