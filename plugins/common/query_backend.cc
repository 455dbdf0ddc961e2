// SPDX-License-Identifier: Apache-2.0
#include "query_backend.h"

namespace common {

Queries Queries::read(Options& options) {
  auto texts = options.map("queries", {"find", "find_id", "set_password", "upgrade_password"});
  for (const char* needed : {"find", "find_id"}) {
    if (texts[needed].empty())
      options.problem("queries." + std::string(needed) +
                      " is missing (the SQL that selects one account: id, username, password ...)");
  }
  if (!texts["upgrade_password"].empty() && texts["set_password"].empty())
    options.problem("queries.set_password is missing (upgrade_password needs it)");
  return {texts["find"], texts["find_id"], texts["set_password"], texts["upgrade_password"]};
}

gatewarden_result QueryBackend::set_password_hash(std::string_view id, std::string_view hash) {
  if (queries_.set_password.empty()) return GATEWARDEN_READ_ONLY;
  return update(queries_.set_password, {id, hash});
}

gatewarden_result QueryBackend::replace_password_hash(std::string_view id, std::string_view old_hash,
                                                      std::string_view new_hash) {
  if (queries_.upgrade_password.empty()) return GATEWARDEN_READ_ONLY;
  return update(queries_.upgrade_password, {id, new_hash, old_hash});
}

Found QueryBackend::checked(Found found) const {
  if (found.result != GATEWARDEN_OK) return found;
  if (found.account.id.empty()) {
    log(GATEWARDEN_LOG_ERROR, "a query gives no id: select a column that never changes AS id");
    return {};
  }
  if (found.account.username.empty()) found.account.username = found.account.id;
  return found;
}

}  // namespace common
