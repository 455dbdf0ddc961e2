// SPDX-License-Identifier: Apache-2.0
#include "auth/credential_cache.h"

#include "auth/random_id.h"

namespace gw::auth {
namespace {

constexpr std::size_t kKeyBytes = 32;

}  // namespace

CredentialCache::CredentialCache() : key_(jose::Hash::sha256, make_random_bytes(kKeyBytes)) {}

IdentityRef CredentialCache::find(std::string_view credential, WallSeconds now) {
  if (entries_.empty()) return {};
  const auto found = entries_.find(std::string(key_.compute(credential).view()));
  if (found == entries_.end()) return {};
  if (found->second.until > now) return found->second.identity;
  entries_.erase(found);
  return {};
}

void CredentialCache::add(std::string_view credential, IdentityRef identity, WallSeconds until,
                          WallSeconds now) {
  if (entries_.size() >= kEntries)
    std::erase_if(entries_, [&](const auto& entry) { return entry.second.until <= now; });
  // Full of what is fresh: any may go, it is only asked for again.
  if (entries_.size() >= kEntries) entries_.erase(entries_.begin());
  entries_.insert_or_assign(std::string(key_.compute(credential).view()), Entry{std::move(identity), until});
}

}  // namespace gw::auth
