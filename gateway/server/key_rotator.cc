// SPDX-License-Identifier: Apache-2.0
#include "server/key_rotator.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace gw::server {
namespace {

// `keys rotate` leaves a new key unused for longer than that.
constexpr Duration kLookEvery = 500ms;

bool are_same(const auth::KeyStore& a, const auth::KeyStore& b) {
  const auto& left = a.all();
  const auto& right = b.all();
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const auth::SigningKey& x, const auth::SigningKey& y) {
                      return x.key.kid() == y.key.kid() && x.signs_from == y.signs_from;
                    });
}

}  // namespace

void KeyRotator::adopt(const std::string& state_dir, const jose::TokenOptions& options,
                       std::shared_ptr<const auth::KeyStore> keys) {
  state_dir_ = state_dir;
  options_ = options;
  keys_ = std::move(keys);
  seen_ = 0;  // looked at once more: it may have changed since they were read
  if (keys_ == nullptr) return net::Deadlines::clear(*this);
  deadlines_.set_in(*this, kLookEvery);
}

void KeyRotator::on_deadline() {
  if (shared_ == nullptr) {
    look(true);
    return deadlines_.set_in(*this, kLookEvery);
  }
  shared_->follow([this](bool leads) {
    look(leads);
    shared_->hand_out_later();
    deadlines_.set_in(*this, kLookEvery);
  });
}

void KeyRotator::look(bool leads) {
  const WallSeconds now = wall_now();
  const std::int64_t changed = folder_changed_at();
  const bool is_due = keys_->next_event() && now >= *keys_->next_event();
  if (changed == seen_ && !is_due && !failing_) return;
  auto opened = auth::KeyStore::open(state_dir_, options_, now,
                                     leads ? auth::WhenMissing::make : auth::WhenMissing::pretend);
  // Of a new algorithm nobody has made a key yet.
  if (opened && !leads && opened->current().path.empty() && options_.secret.empty())
    opened = auth::KeyStore::open(state_dir_, options_, now);
  if (!opened) {
    if (!std::exchange(failing_, true))
      log::error("the signing keys cannot be read; the old ones serve on", {{"why", opened.error()}});
    return;
  }
  failing_ = false;
  seen_ = changed;
  const bool same = are_same(*keys_, *opened);
  const std::string before = keys_->current().key.kid();
  keys_ = std::make_shared<const auth::KeyStore>(std::move(*opened));
  if (same) return;
  publish_(keys_);
  log::info("signing keys",
            {{"signs", keys_->current().key.kid()}, {"before", before}, {"keys", keys_->all().size()}});
}

std::int64_t KeyRotator::folder_changed_at() const {
  struct stat info {};
  if (::stat(auth::key_directory(state_dir_).c_str(), &info) != 0) return 0;
  return static_cast<std::int64_t>(info.st_mtim.tv_sec) * 1'000'000'000 + info.st_mtim.tv_nsec;
}

}  // namespace gw::server
