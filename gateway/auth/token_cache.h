// SPDX-License-Identifier: Apache-2.0
// Tokens that have been verified, so that the next request with one costs a hash and a look-up. A token is
// known by a keyed hash of 128 bits, and its text is not kept. Facts only: what they allow, and whether the
// token has been revoked meanwhile, is asked on every request elsewhere.
// Memory is bounded by bytes and by slots, and shared fairly. Only genuine tokens go in, so forged ones push
// nothing out; once it is full, a token must come twice to be kept, so that a flood of tokens that come once
// pushes nothing out; and who has more than his share of the slots makes room with his own entries first, so
// that one client with many tokens does not push out the others.
// THREAD: one worker's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "auth/identity.h"
#include "auth/token_hash.h"
#include "base/clock.h"
#include "base/zeroed_array.h"

namespace gw::auth {

struct TokenCacheOptions {
  std::size_t bytes = std::size_t{16} * 1024 * 1024;
  std::size_t slots = 8192;  // rounded up to a power of two, at least 8
};

// So many slots as entries of 1 KiB would fill.
TokenCacheOptions cache_of(std::size_t bytes);

class TokenCache {
 public:
  struct Verified {
    IdentityRef identity;
    WallSeconds valid_from = 0;   // leeway included
    WallSeconds valid_until = 0;  // exclusive, leeway included
  };

  explicit TokenCache(const TokenCacheOptions& options = {});
  TokenCache(const TokenCache&) = delete;
  TokenCache& operator=(const TokenCache&) = delete;
  ~TokenCache() { flush(); }

  // Null when unknown; valid until the next call. The times are the caller's to judge.
  const Verified* find(const TokenHash& token, WallSeconds now);
  // REQUIRES: neither the token nor the identity is in the cache, and the identity is in no other. Keeps
  // nothing of a token that alone is too large, or when there is no free room and the token has not been
  // offered before.
  void insert(const TokenHash& token, Verified verified, WallSeconds now);
  void erase(const TokenHash& token);
  void flush();

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return bytes_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t misses() const { return misses_; }

 private:
  static constexpr std::size_t kWays = 8;
  // How soon an entry goes: 0 after a hit, one more each time that a place was looked for, gone at 3
  // (re-reference interval prediction). A new one starts at 2, so that a flood of new ones evicts itself.
  static constexpr std::uint8_t kFresh = 0, kNew = 2, kStale = 3;

  struct Slot {
    std::uint64_t second = 0;  // half of the token's hash; the first is its tag
    std::uint32_t owner = 0;   // index in owned_
    std::uint8_t age = 0;
    Verified verified;
  };
  static constexpr std::size_t kOwners = 4096;  // counters; those who share one share its share

  std::uint32_t owner_of(const Identity& identity) const;
  bool has_more_than_its_share(std::uint32_t owner) const { return owned_[owner] > share_; }
  std::size_t first_of_set(const TokenHash& hash) const {
    return hash[0] & (slots_.size() - 1) & ~(kWays - 1);
  }
  std::optional<std::size_t> find_slot(const TokenHash& hash) const;
  std::optional<std::size_t> find_free(std::size_t first) const;
  bool was_offered_before(const TokenHash& hash);
  std::size_t find_victim(std::size_t first, std::uint32_t newcomer, WallSeconds now) const;
  std::size_t make_place(std::size_t first, std::uint32_t newcomer, WallSeconds now);
  void shrink_to(std::size_t bytes, WallSeconds now);
  void clear(std::size_t index);

  TokenHasher hasher_;  // of owners
  // Of each slot: half of its token's hash, or 0 when it is free; one cache line a set.
  ZeroedArray<std::uint64_t> tags_;
  ZeroedArray<Slot> slots_;
  ZeroedArray<std::uint32_t> offered_;  // hashes of tokens that were turned away lately
  ZeroedArray<std::uint32_t> owned_;    // slots of each owner
  std::uint32_t share_;                 // slots that one owner may have and yet push others out
  std::size_t excess_ = 0;              // entries beyond the shares of their owners
  std::size_t max_bytes_;               // for what the slots refer to
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::size_t hand_ = 0;  // where shrink_to goes on
};

}  // namespace gw::auth
