// SPDX-License-Identifier: Apache-2.0
// What has been revoked, as one worker sees it: exact, in memory, asked on every request. Fed by
// Store::watch_revocations() and, at the start, load_revocations().
// THREAD: one worker's.
#pragma once

#include <cstddef>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/identity.h"
#include "base/clock.h"
#include "store/store.h"

namespace gw::auth {

class Revocations {
 public:
  // Without allocation, and next to nothing while nothing is revoked. A token without `iat` counts as old.
  bool is_revoked(const Identity& identity) const {
    if (expiries_.empty()) return false;
    return contains(tokens_, identity.token_id, identity.issuer) ||
           contains(sessions_, identity.session_id, identity.issuer) ||
           is_outdated(subjects_, identity.subject, identity.issuer, identity.issued_at) ||
           is_outdated(issuers_, identity.issuer, {}, identity.issued_at);
  }

  // Whether everything of that `sub` has been revoked that is as old as `since`, or older.
  bool covers(std::string_view subject, std::string_view issuer, WallSeconds since) const {
    return is_outdated(subjects_, subject, issuer, since);
  }

  // Again is no harm: what is wider counts. Removes a little of what has served.
  void apply(const store::Revocation& revocation, WallSeconds now);
  // Now and then, so that what has served goes while nothing new comes.
  void purge(WallSeconds now);

  std::size_t size() const { return tokens_.size() + sessions_.size() + subjects_.size() + issuers_.size(); }

 private:
  struct Name {
    std::string_view value;
    std::string_view issuer;  // empty: of any
    bool operator==(const Name&) const = default;
  };
  struct Key {
    std::string value;
    std::string issuer;
    operator Name() const { return {value, issuer}; }
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(const Name& name) const {
      const std::hash<std::string_view> hash;
      return hash(name.value) ^ (name.issuer.empty() ? 0 : hash(name.issuer) * 0x9e3779b97f4a7c15u);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Name& a, const Name& b) const { return a == b; }
  };
  struct Entry {
    WallSeconds at = 0;
    WallSeconds until = 0;
  };
  using Entries = std::unordered_map<Key, Entry, Hash, Equal>;

  // One for each entry; its time may have become later meanwhile. Keys of the maps stay where they are.
  struct Expiry {
    WallSeconds until;
    Entries* entries;
    Name name;
    bool operator>(const Expiry& other) const { return until > other.until; }
  };

  static bool contains(const Entries& entries, std::string_view value, std::string_view issuer) {
    if (entries.empty() || value.empty()) return false;
    return entries.find(Name{value, issuer}) != entries.end() ||
           entries.find(Name{value, {}}) != entries.end();
  }
  static bool is_outdated(const Entries& entries, std::string_view value, std::string_view issuer,
                          WallSeconds issued_at) {
    if (entries.empty()) return false;
    const auto covers = [&](std::string_view of) {
      const auto found = entries.find(Name{value, of});
      return found != entries.end() && issued_at <= found->second.at;
    };
    return covers(issuer) || covers({});
  }
  Entries& entries_of(store::RevokedKind kind);
  void purge(WallSeconds now, std::size_t limit);

  Entries tokens_;
  Entries sessions_;
  Entries subjects_;
  Entries issuers_;
  std::priority_queue<Expiry, std::vector<Expiry>, std::greater<>> expiries_;
};

}  // namespace gw::auth
