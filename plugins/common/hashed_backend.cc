// SPDX-License-Identifier: Apache-2.0
#include "hashed_backend.h"

#include <sys/random.h>

#include <algorithm>
#include <functional>

namespace common {
namespace {

std::size_t make_seed() {
  std::size_t seed = 0;
  return getrandom(&seed, sizeof(seed), 0) == static_cast<ssize_t>(sizeof(seed)) ? seed : 0;
}

}  // namespace

SeenHashes::SeenHashes() : seed_(make_seed()) {}

void SeenHashes::remember(std::string_view hash) {
  const std::lock_guard lock(mutex_);
  if (std::find(hashes_.begin(), hashes_.end(), hash) != hashes_.end()) return;
  hashes_[next_++ % hashes_.size()] = hash;
}

std::string SeenHashes::one_for(std::string_view username) const {
  const std::lock_guard lock(mutex_);
  const std::size_t count = std::min(next_, hashes_.size());
  if (count == 0) return {};
  return hashes_[std::hash<std::string>()(std::to_string(seed_) + std::string(username)) % count];
}

gatewarden_result HashedBackend::verify(std::string_view username, std::string_view password,
                                        const gatewarden_sink* sink) {
  const Found found = look_up(username);
  if (found.result == GATEWARDEN_UNKNOWN_USER)
    host_->spend_equal_time(host_, text_of(seen_.one_for(username)), text_of(password));
  if (found.result != GATEWARDEN_OK) return found.result;

  const std::string& hash = found.account.password_hash;
  if (host_->knows_hash(host_, text_of(hash)) != 0) seen_.remember(hash);
  const gatewarden_result checked = host_->check_password(host_, text_of(hash), text_of(password));
  if (checked != GATEWARDEN_OK) return checked;
  if (found.account.disabled) return GATEWARDEN_DISABLED;
  tell(sink, found.account);
  return GATEWARDEN_OK;
}

gatewarden_result HashedBackend::find(std::string_view username, const gatewarden_sink* sink) {
  const Found found = look_up(username);
  if (found.result == GATEWARDEN_OK) tell(sink, found.account);
  return found.result;
}

gatewarden_result HashedBackend::find_id(std::string_view id, const gatewarden_sink* sink) {
  const Found found = look_up_id(id);
  if (found.result == GATEWARDEN_OK) tell(sink, found.account);
  return found.result;
}

}  // namespace common
