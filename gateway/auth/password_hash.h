// SPDX-License-Identifier: Apache-2.0
// Password hashes: Argon2id in PHC format for what we make, with a pepper if there is one; for what others
// made also Argon2i, bcrypt, sha512-crypt, sha256-crypt, md5-crypt and those of legacy_hash.h. Anything else
// never matches: plain text, DES, unsalted. A stored hash is not trusted: one whose cost is beyond the limits
// here is not computed, so it cannot hang us. THREAD: any; every call but knows() takes a CPU for tens of
// milliseconds, so call from the blocking pool.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "auth/options.h"
#include "base/result.h"
#include "base/secret.h"

namespace gw::auth {

// Longer passwords match nothing, in the time of a wrong one.
inline constexpr std::size_t kMaxPasswordBytes = 1024;

// What a stored hash may ask for.
inline constexpr std::uint32_t kMaxArgon2MemoryKib = 1024 * 1024;
inline constexpr std::uint32_t kMaxArgon2Iterations = 64;
inline constexpr std::uint64_t kMaxArgon2Work = 4ull * 1024 * 1024;  // KiB times iterations
inline constexpr std::uint32_t kMaxArgon2Lanes = 16;
inline constexpr std::uint32_t kMaxBcryptCost = 16;
inline constexpr std::uint32_t kMaxShaCryptRounds = 1'000'000;

enum class PasswordMatch : std::uint8_t {
  yes,
  no,
  not_computed,  // out of memory or threads: says nothing about the password
};

class PasswordHasher {
 public:
  explicit PasswordHasher(const HashOptions& options) : options_(options) {}

  // The kind is one of the above and its cost within the limits.
  static bool knows(std::string_view hash);

  // An Argon2id PHC string with a fresh salt. The error is a sentence for the operator.
  Result<SecretString, std::string> hash(const SecretString& password) const;

  PasswordMatch match(std::string_view hash, std::string_view password) const;

  // We would not make it today: another kind, or cheaper than ours.
  bool is_outdated(std::string_view hash) const;

  // Takes as long as match(like, password); with a hash that is not known, as one of our own.
  void spend_equal_time(std::string_view like, std::string_view password) const;

  // How many hashes were computed, for whatever reason: equal times are tested by counting, not by the clock.
  std::uint64_t computations() const { return computations_.load(std::memory_order_relaxed); }

 private:
  const SecretString* find_pepper(std::string_view id) const;
  PasswordMatch compute(std::string_view hash, std::string_view password) const;
  void spend_own_cost(std::string_view password) const;

  const HashOptions options_;
  mutable std::atomic<std::uint64_t> computations_{0};
};

}  // namespace gw::auth
