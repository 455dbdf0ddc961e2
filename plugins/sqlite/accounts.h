// SPDX-License-Identifier: Apache-2.0
// The accounts of one database, and the C functions of the ABI on them.
// THREAD: any, several at once. One connection behind one mutex: a look-up takes microseconds, and passwords
// are hashed outside of it.
#pragma once

#include <gatewarden/plugin.h>

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "database.h"

namespace accounts {

struct Record {
  std::string id, username, email, name, password_hash, roles, attributes;
  bool disabled = false;
};

class Accounts {
 public:
  Accounts(const gatewarden_host* host, Database database);

  gatewarden_result verify(std::string_view username, std::string_view password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink);
  gatewarden_result list(const gatewarden_sink* sink);
  gatewarden_result create(const gatewarden_new_account& account, const gatewarden_sink* sink);
  gatewarden_result set_password_hash(std::string_view id, std::string_view password_hash);
  gatewarden_result replace_password_hash(std::string_view id, std::string_view old_hash,
                                          std::string_view new_hash);
  gatewarden_result set_disabled(std::string_view id, bool disabled);
  gatewarden_result remove(std::string_view id);

 private:
  // GATEWARDEN_OK and the record, GATEWARDEN_UNKNOWN_USER or GATEWARDEN_UNAVAILABLE.
  gatewarden_result look_up(std::string_view username, Record& record);
  gatewarden_result insert(const Record& record);
  gatewarden_result update(Statement& statement);
  gatewarden_result unavailable();  // logs SQLite's reason; under the mutex
  std::string some_hash(std::string_view username);

  const gatewarden_host* const host_;
  const std::size_t seed_;
  std::mutex mutex_;
  const Database database_;
};

}  // namespace accounts
