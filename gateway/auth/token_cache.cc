// SPDX-License-Identifier: Apache-2.0
#include "auth/token_cache.h"

#include <algorithm>
#include <bit>

namespace gw::auth {
namespace {

// One token takes at most this share of the memory.
constexpr std::size_t kLargestShare = 16;

constexpr std::size_t kToCome = 512;  // headers that are made of it later

}  // namespace

TokenCacheOptions cache_of(std::size_t bytes) {
  return {.bytes = bytes, .slots = bytes / 1024};
}

TokenCache::TokenCache(const TokenCacheOptions& options)
    : tags_(std::bit_ceil(std::max(options.slots, kWays))),
      slots_(tags_.size()),
      offered_(tags_.size()),
      owned_(kOwners),
      share_(static_cast<std::uint32_t>(std::max<std::size_t>(kWays, slots_.size() / 64))) {
  const std::size_t tables = slots_.size() * (sizeof(Slot) + sizeof tags_[0] + sizeof offered_[0]) +
                             owned_.size() * sizeof owned_[0];
  max_bytes_ = options.bytes - std::min(options.bytes / 2, tables);
}

std::uint32_t TokenCache::owner_of(const Identity& identity) const {
  const std::uint64_t mixed = hasher_.mix(identity.issuer) ^ std::rotl(hasher_.mix(identity.subject), 1);
  return static_cast<std::uint32_t>(mixed % kOwners);
}

std::optional<std::size_t> TokenCache::find_slot(const TokenHash& hash) const {
  const std::size_t first = first_of_set(hash);
  for (std::size_t i = first; i < first + kWays; ++i)
    if (tags_[i] == hash[0] && slots_[i].second == hash[1]) return i;
  return std::nullopt;
}

const TokenCache::Verified* TokenCache::find(const TokenHash& token, WallSeconds now) {
  if (bytes_ > max_bytes_) shrink_to(max_bytes_, now);  // the last one found has grown
  const auto index = find_slot(token);
  ++(index ? hits_ : misses_);
  if (!index) return nullptr;
  slots_[*index].age = kFresh;
  return &slots_[*index].verified;
}

void TokenCache::insert(const TokenHash& hash, Verified verified, WallSeconds now) {
  const std::size_t bytes = verified.identity->bytes() + kToCome;
  if (bytes > max_bytes_ / kLargestShare) return;
  const std::size_t first = first_of_set(hash);
  const bool has_room = bytes_ + bytes <= max_bytes_ && find_free(first).has_value();
  if (!has_room && !was_offered_before(hash)) return;
  const std::uint32_t owner = owner_of(*verified.identity);
  shrink_to(max_bytes_ - bytes, now);
  const std::size_t index = make_place(first, owner, now);
  if (tags_[index] != 0) return;  // all others in use: the newcomer has enough already
  tags_[index] = hash[0];
  bytes_ += verified.identity->bytes();
  verified.identity->charge_to(&bytes_);
  slots_[index] = {.second = hash[1], .owner = owner, .age = kNew, .verified = std::move(verified)};
  if (++owned_[owner] > share_) ++excess_;
  ++size_;
}

void TokenCache::erase(const TokenHash& token) {
  if (const auto index = find_slot(token)) clear(*index);
}

void TokenCache::flush() {
  for (std::size_t i = 0; i < slots_.size() && size_ != 0; ++i) clear(i);
}

std::optional<std::size_t> TokenCache::find_free(std::size_t first) const {
  for (std::size_t i = first; i < first + kWays; ++i)
    if (tags_[i] == 0) return i;
  return std::nullopt;
}

bool TokenCache::was_offered_before(const TokenHash& hash) {
  const auto mark = static_cast<std::uint32_t>(hash[1] >> 32);
  std::uint32_t& last = offered_[hash[1] & (offered_.size() - 1)];
  if (last == mark) return true;
  last = mark;
  return false;
}

// An expired entry, else the oldest of those who have more than their share, else the oldest of all; but who
// has more than his share takes nobody's place but such a one's. The end of the set when there is none.
std::size_t TokenCache::find_victim(std::size_t first, std::uint32_t newcomer, WallSeconds now) const {
  std::optional<std::size_t> oldest, oldest_of_many;
  for (std::size_t i = first; i < first + kWays; ++i) {
    const Slot& slot = slots_[i];
    if (slot.verified.valid_until <= now) return i;
    if (!oldest || slot.age > slots_[*oldest].age) oldest = i;
    if (has_more_than_its_share(slot.owner) && (!oldest_of_many || slot.age > slots_[*oldest_of_many].age))
      oldest_of_many = i;
  }
  if (oldest_of_many) return *oldest_of_many;
  return has_more_than_its_share(newcomer) ? first + kWays : *oldest;
}

// A slot of the set that is free now; one that is not when the newcomer has to wait.
std::size_t TokenCache::make_place(std::size_t first, std::uint32_t newcomer, WallSeconds now) {
  if (const auto unused = find_free(first)) return *unused;
  const std::size_t victim = find_victim(first, newcomer, now);
  if (victim == first + kWays) return first;
  if (slots_[victim].verified.valid_until > now && !has_more_than_its_share(slots_[victim].owner)) {
    const auto years = static_cast<std::uint8_t>(kStale - slots_[victim].age);
    for (std::size_t i = first; i < first + kWays; ++i)
      slots_[i].age = static_cast<std::uint8_t>(slots_[i].age + years);
  }
  clear(victim);
  return victim;
}

// The hand goes round all slots: what has expired or is of one who has too many goes. Only where nobody has
// too many, what is stale goes and the rest grows older.
void TokenCache::shrink_to(std::size_t bytes, WallSeconds now) {
  while (bytes_ > bytes) {
    const std::size_t index = hand_;
    hand_ = (hand_ + 1) & (slots_.size() - 1);
    if (tags_[index] == 0) continue;
    const Slot& slot = slots_[index];
    if (slot.verified.valid_until <= now || has_more_than_its_share(slot.owner))
      clear(index);
    else if (excess_ > 0)
      continue;
    else if (slot.age >= kStale)
      clear(index);
    else
      ++slots_[index].age;
  }
}

void TokenCache::clear(std::size_t index) {
  if (tags_[index] == 0) return;
  const Identity& identity = *slots_[index].verified.identity;
  bytes_ -= identity.bytes();
  identity.charge_to(nullptr);
  if (owned_[slots_[index].owner]-- > share_) --excess_;
  --size_;
  tags_[index] = 0;
  slots_[index] = Slot();
}

}  // namespace gw::auth
