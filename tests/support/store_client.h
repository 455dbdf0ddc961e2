// SPDX-License-Identifier: Apache-2.0
// The calls of a store, waited for.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "store/store.h"
#include "support/loop_thread.h"

namespace gw::test {

class StoreClient {
 public:
  explicit StoreClient(store::Store& store) : store_(store) {}

  Result<std::monostate> open_family(const store::Family& family, const std::string& hash) {
    return thread_.await<std::monostate>([&](auto done) {
      return store_.open_family(thread_.loop(), family, hash, family.created_at, std::move(done));
    });
  }
  Result<store::Rotation> rotate(const store::Presented& token, WallSeconds now) {
    return thread_.await<store::Rotation>(
        [&](auto done) { return store_.rotate(thread_.loop(), token, now, std::move(done)); });
  }
  Result<store::Rotation> find_family(const std::string& hash, WallSeconds now) {
    return thread_.await<store::Rotation>(
        [&](auto done) { return store_.find_family(thread_.loop(), hash, now, std::move(done)); });
  }
  Result<std::monostate> revoke(const store::Revocation& revocation) {
    return thread_.await<std::monostate>(
        [&](auto done) { return store_.revoke(thread_.loop(), revocation, std::move(done)); });
  }
  Result<std::vector<store::Revocation>> load_revocations(WallSeconds now) {
    return thread_.await<std::vector<store::Revocation>>(
        [&](auto done) { return store_.load_revocations(thread_.loop(), now, std::move(done)); });
  }
  Result<store::Attempt> reserve(const std::vector<std::string>& keys, store::LockoutPolicy policy,
                                 WallSeconds now) {
    return thread_.await<store::Attempt>([&](auto done) {
      return store_.reserve_attempt(thread_.loop(), keys, policy, now, std::move(done));
    });
  }
  Result<std::monostate> clear(const std::vector<std::string>& keys) {
    return thread_.await<std::monostate>(
        [&](auto done) { return store_.clear_attempts(thread_.loop(), keys, std::move(done)); });
  }
  Result<std::monostate> remember_address(const std::string& subject, const std::string& address,
                                          WallSeconds now) {
    return thread_.await<std::monostate>([&](auto done) {
      return store_.remember_address(thread_.loop(), subject, address, now, std::move(done));
    });
  }
  Result<bool> knows_address(const std::string& subject, const std::string& address, WallSeconds now) {
    return thread_.await<bool>([&](auto done) {
      return store_.knows_address(thread_.loop(), subject, address, now, std::move(done));
    });
  }

  Result<std::vector<store::Family>> list_families(const std::string& subject, WallSeconds now) {
    return thread_.await<std::vector<store::Family>>(
        [&](auto done) { return store_.list_families(thread_.loop(), subject, now, std::move(done)); });
  }
  Result<std::monostate> unlock(const std::string& subject) {
    return thread_.await<std::monostate>(
        [&](auto done) { return store_.unlock(thread_.loop(), subject, std::move(done)); });
  }
  Result<std::monostate> put_record(const store::Record& record, WallSeconds now) {
    return thread_.await<std::monostate>(
        [&](auto done) { return store_.put_record(thread_.loop(), record, now, std::move(done)); });
  }
  Result<std::optional<store::Record>> find_record(store::RecordKind kind, const std::string& key,
                                                   WallSeconds now) {
    return thread_.await<std::optional<store::Record>>(
        [&](auto done) { return store_.find_record(thread_.loop(), kind, key, now, std::move(done)); });
  }
  Result<std::optional<store::Record>> take_record(store::RecordKind kind, const std::string& key,
                                                   WallSeconds now) {
    return thread_.await<std::optional<store::Record>>(
        [&](auto done) { return store_.take_record(thread_.loop(), kind, key, now, std::move(done)); });
  }
  Result<std::vector<store::Record>> list_records(store::RecordKind kind, const std::string& owner,
                                                  WallSeconds now) {
    return thread_.await<std::vector<store::Record>>(
        [&](auto done) { return store_.list_records(thread_.loop(), kind, owner, now, std::move(done)); });
  }

  Result<store::StoreDump> dump(WallSeconds now) {
    return thread_.await<store::StoreDump>(
        [&](auto done) { return store_.dump(thread_.loop(), now, std::move(done)); });
  }
  Result<std::monostate> restore(const store::StoreDump& dump, WallSeconds now) {
    return thread_.await<std::monostate>(
        [&](auto done) { return store_.restore(thread_.loop(), dump, now, std::move(done)); });
  }

  LoopThread& thread() { return thread_; }

 private:
  store::Store& store_;
  LoopThread thread_;
};

}  // namespace gw::test
