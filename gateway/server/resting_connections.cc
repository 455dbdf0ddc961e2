// SPDX-License-Identifier: Apache-2.0
#include "server/resting_connections.h"

namespace gw::server {

void RestingConnections::add(Member& member) {
  remove(member);
  member.older_ = newest_;
  (newest_ != nullptr ? newest_->newer_ : oldest_) = &member;
  newest_ = &member;
  if (++size_ <= kWithCodec) return;
  Member& longest = *oldest_;
  remove(longest);
  longest.give_up_codec();
}

void RestingConnections::remove(Member& member) {
  if (!contains(member)) return;
  (member.older_ != nullptr ? member.older_->newer_ : oldest_) = member.newer_;
  (member.newer_ != nullptr ? member.newer_->older_ : newest_) = member.older_;
  member.older_ = member.newer_ = nullptr;
  --size_;
}

}  // namespace gw::server
