// SPDX-License-Identifier: Apache-2.0
// A number of 44 bits for each of very many keys, in memory that is fixed: sets of eight words, each word a
// tag of 20 bits and its number, changed by compare-and-swap. When a set is full, the word that its owner
// says is worth least makes room. THREAD: any number at once; nobody ever waits for another. Two keys share a
// word when 35 bits of their hashes are equal; so the hash must be keyed and good.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>

#include "base/zeroed_array.h"

namespace gw::policy {

class KeyedWords {
 public:
  static constexpr unsigned kBits = 44;
  static constexpr std::uint64_t kMask = (std::uint64_t{1} << kBits) - 1;
  static constexpr std::uint64_t kNever = UINT64_MAX;  // a rank: this one makes no room

  // At least `keys` of them, rounded up to a power of two.
  explicit KeyedWords(std::size_t keys)
      : count_(std::bit_ceil(keys < kWays ? std::size_t{1} : keys / kWays)), sets_(count_) {}

  // `change` gets the number of the key, or nothing when the key is new, and says the new number, or nothing
  // to leave it; it may be called again when another thread was faster. `rank` says what a number is worth.
  // False when the key is new and there is no room: `change` then had no effect.
  template <class Change, class Rank>
  bool update(std::uint64_t hash, const Change& change, const Rank& rank) {
    Set& set = sets_[hash & (count_ - 1)];
    const std::uint64_t tag = tag_of(hash);
    for (;;) {
      const Found found = find(set, tag, rank);
      if (found.word == nullptr) return false;
      const bool is_new = (found.value >> kBits) != tag;
      const std::optional<std::uint64_t> next =
          change(is_new ? std::nullopt : std::optional(found.value & kMask));
      if (!next) return true;
      std::uint64_t expected = found.value;
      if (found.word->compare_exchange_strong(expected, tag << kBits | (*next & kMask),
                                              std::memory_order_relaxed))
        return true;
    }
  }

 private:
  static constexpr std::size_t kWays = 8;
  struct alignas(64) Set {
    std::array<std::atomic<std::uint64_t>, kWays> words{};
  };
  struct Found {
    std::atomic<std::uint64_t>* word = nullptr;
    std::uint64_t value = 0;
  };

  // Never 0, which is a free word.
  static std::uint64_t tag_of(std::uint64_t hash) {
    const std::uint64_t tag = hash >> kBits;
    return tag == 0 ? 1 : tag;
  }

  // The word of the tag, else the one that is worth least; the first of several, so that two threads which
  // bring the same new key want the same word and one of them sees the other.
  template <class Rank>
  static Found find(Set& set, std::uint64_t tag, const Rank& rank) {
    Found least;
    std::uint64_t lowest = kNever;
    for (auto& word : set.words) {
      const std::uint64_t value = word.load(std::memory_order_relaxed);
      if ((value >> kBits) == tag) return {&word, value};
      const std::uint64_t worth = value == 0 ? 0 : rank(value & kMask);
      if (worth >= lowest) continue;
      lowest = worth;
      least = {&word, value};
    }
    return least;
  }

  const std::size_t count_;
  ZeroedArray<Set> sets_;
};

}  // namespace gw::policy
