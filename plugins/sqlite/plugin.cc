// SPDX-License-Identifier: Apache-2.0
// The C face of the plugin: each function finds its Accounts and lets no exception out.
#include <gatewarden/plugin.h>

#include <cstdio>
#include <exception>
#include <memory>

#include "accounts.h"
#include "table_users.h"

namespace {

using accounts::Accounts;
using accounts::TableUsers;
using common::view_of;

const char* const kSettings[] = {"path", "queries", nullptr};

// One of the two: a database of our own, or another program's.
struct Instance {
  std::unique_ptr<Accounts> accounts;
  std::unique_ptr<TableUsers> table;
};

template <class Call>
gatewarden_result guard(Call call) noexcept {
  try {
    return call();
  } catch (const std::exception&) {  // out of memory
    return GATEWARDEN_UNAVAILABLE;
  }
}

template <class Call>
gatewarden_result on_either(void* instance, Call call) noexcept {
  const auto& made = *static_cast<Instance*>(instance);
  return guard([&] { return made.table != nullptr ? call(*made.table) : call(*made.accounts); });
}

template <class Call>
gatewarden_result on_accounts(void* instance, Call call) noexcept {
  const auto& made = *static_cast<Instance*>(instance);
  return guard([&] { return made.accounts != nullptr ? call(*made.accounts) : GATEWARDEN_READ_ONLY; });
}

std::unique_ptr<Instance> open(const gatewarden_host* host, common::Options& options) {
  auto instance = std::make_unique<Instance>();
  const std::string path = options.required("path", "name the database file; it is made if it is not there");
  if (path.empty()) return nullptr;
  if (options.has("queries")) {
    instance->table = TableUsers::open(host, path.c_str(), options);
    return instance;
  }
  std::string problem;
  accounts::Database database = accounts::open_database(path.c_str(), problem);
  if (database == nullptr)
    options.problem(problem);
  else
    instance->accounts = std::make_unique<Accounts>(host, std::move(database));
  return instance;
}

void* create(const gatewarden_host* host, gatewarden_text config, char* error, size_t error_size) noexcept {
  try {
    common::Options options(config);
    std::unique_ptr<Instance> instance = open(host, options);
    if (options.problem().empty()) return instance.release();
    std::snprintf(error, error_size, "%s", options.problem().c_str());
  } catch (const std::exception& e) {
    std::snprintf(error, error_size, "%s", e.what());
  }
  return nullptr;
}

void destroy(void* instance) noexcept {
  delete static_cast<Instance*>(instance);
}

int can_write(void* instance) noexcept {
  const auto& made = *static_cast<Instance*>(instance);
  return made.table != nullptr ? made.table->writes() : GATEWARDEN_WRITES_ALL;
}

gatewarden_result verify(void* instance, gatewarden_text username, gatewarden_text password,
                         const gatewarden_sink* sink) noexcept {
  return on_either(instance,
                   [&](auto& users) { return users.verify(view_of(username), view_of(password), sink); });
}

gatewarden_result find(void* instance, gatewarden_text username, const gatewarden_sink* sink) noexcept {
  return on_either(instance, [&](auto& users) { return users.find(view_of(username), sink); });
}

gatewarden_result find_id(void* instance, gatewarden_text id, const gatewarden_sink* sink) noexcept {
  return on_either(instance, [&](auto& users) { return users.find_id(view_of(id), sink); });
}

gatewarden_result list(void* instance, const gatewarden_sink* sink) noexcept {
  return on_accounts(instance, [&](Accounts& accounts) { return accounts.list(sink); });
}

gatewarden_result create_account(void* instance, const gatewarden_new_account* account,
                                 const gatewarden_sink* sink) noexcept {
  return on_accounts(instance, [&](Accounts& accounts) { return accounts.create(*account, sink); });
}

gatewarden_result set_password_hash(void* instance, gatewarden_text id, gatewarden_text hash) noexcept {
  return on_either(instance,
                   [&](auto& users) { return users.set_password_hash(view_of(id), view_of(hash)); });
}

gatewarden_result replace_password_hash(void* instance, gatewarden_text id, gatewarden_text old_hash,
                                        gatewarden_text new_hash) noexcept {
  return on_either(instance, [&](auto& users) {
    return users.replace_password_hash(view_of(id), view_of(old_hash), view_of(new_hash));
  });
}

gatewarden_result set_disabled(void* instance, gatewarden_text id, int disabled) noexcept {
  return on_accounts(instance,
                     [&](Accounts& accounts) { return accounts.set_disabled(view_of(id), disabled != 0); });
}

gatewarden_result remove(void* instance, gatewarden_text id) noexcept {
  return on_accounts(instance, [&](Accounts& accounts) { return accounts.remove(view_of(id)); });
}

constexpr gatewarden_plugin kPlugin = {
    .abi_version = GATEWARDEN_ABI_VERSION,
    .size = sizeof(gatewarden_plugin),
    .settings = kSettings,
    .create = create,
    .destroy = destroy,
    .can_write = can_write,
    .verify = verify,
    .find = find,
    .find_id = find_id,
    .list = list,
    .create_account = create_account,
    .set_password_hash = set_password_hash,
    .set_disabled = set_disabled,
    .remove = remove,
    .replace_password_hash = replace_password_hash,
};

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
