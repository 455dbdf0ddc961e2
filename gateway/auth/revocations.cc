// SPDX-License-Identifier: Apache-2.0
#include "auth/revocations.h"

#include <algorithm>

namespace gw::auth {

void Revocations::apply(const store::Revocation& revocation, WallSeconds now) {
  // Two go for each that comes, so nothing piles up however fast they come.
  purge(now, 2);
  if (revocation.until <= now || revocation.value.empty()) return;
  Entries& entries = entries_of(revocation.kind);
  const auto [place, is_new] = entries.try_emplace(Key{revocation.value, revocation.issuer});
  Entry& entry = place->second;
  entry.at = std::max(entry.at, revocation.at);
  entry.until = std::max(entry.until, revocation.until);
  if (is_new) expiries_.push({entry.until, &entries, place->first});
}

void Revocations::purge(WallSeconds now) {
  purge(now, 1000);
}

Revocations::Entries& Revocations::entries_of(store::RevokedKind kind) {
  switch (kind) {
    case store::RevokedKind::token:
      return tokens_;
    case store::RevokedKind::session:
      return sessions_;
    case store::RevokedKind::issuer:
      return issuers_;
    case store::RevokedKind::subject:
      break;
  }
  return subjects_;
}

void Revocations::purge(WallSeconds now, std::size_t limit) {
  for (; limit > 0 && !expiries_.empty() && expiries_.top().until <= now; --limit) {
    Expiry due = expiries_.top();
    expiries_.pop();
    const auto found = due.entries->find(due.name);
    due.until = found->second.until;
    if (due.until <= now)
      due.entries->erase(found);
    else
      expiries_.push(due);
  }
}

}  // namespace gw::auth
