// SPDX-License-Identifier: Apache-2.0
#include "accounts.h"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <functional>

#include "fold.h"

namespace accounts {
namespace {

constexpr std::string_view kByLoginName =
    "SELECT id, username, email, name, password_hash, roles, attributes, disabled FROM accounts "
    "WHERE id = (SELECT account FROM login_names WHERE folded = ?1)";
constexpr std::string_view kById =
    "SELECT id, username, email, name, password_hash, roles, attributes, disabled FROM accounts WHERE id = "
    "?1";
constexpr std::string_view kAll =
    "SELECT id, username, email, name, password_hash, roles, attributes, disabled FROM accounts ORDER BY "
    "username";

std::string_view view_of(gatewarden_text text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}
gatewarden_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

Record read(const Statement& row) {
  Record record;
  record.id = row.text(0);
  record.username = row.text(1);
  record.email = row.text(2);
  record.name = row.text(3);
  record.password_hash = row.text(4);
  record.roles = row.text(5);
  record.attributes = row.text(6);
  record.disabled = row.flag(7);
  return record;
}

void tell(const gatewarden_sink* sink, const Record& record) {
  gatewarden_account account{};
  account.id = text_of(record.id);
  account.username = text_of(record.username);
  account.email = text_of(record.email);
  account.name = text_of(record.name);
  account.roles = text_of(record.roles);
  account.attributes = text_of(record.attributes);
  account.disabled = record.disabled ? 1 : 0;
  sink->account(sink, &account);
}

template <class T>
bool fill_randomly(T& bytes) {
  return getrandom(&bytes, sizeof(bytes), 0) == static_cast<ssize_t>(sizeof(bytes));
}

// RFC 9562, version 4; empty without random bytes.
std::string make_uuid() {
  std::array<unsigned char, 16> bytes{};
  if (!fill_randomly(bytes)) return {};
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0Fu) | 0x40u);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3Fu) | 0x80u);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string uuid;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
    uuid += kHex[bytes[i] >> 4];
    uuid += kHex[bytes[i] & 15];
  }
  return uuid;
}

std::size_t make_seed() {
  std::size_t seed = 0;
  return fill_randomly(seed) ? seed : 0;
}

}  // namespace

Accounts::Accounts(const gatewarden_host* host, Database database)
    : host_(host), seed_(make_seed()), database_(std::move(database)) {}

gatewarden_result Accounts::verify(std::string_view username, std::string_view password,
                                   const gatewarden_sink* sink) {
  Record record;
  const gatewarden_result known = look_up(username, record);
  if (known == GATEWARDEN_UNKNOWN_USER) {
    host_->spend_equal_time(host_, text_of(some_hash(username)), text_of(password));
  }
  if (known != GATEWARDEN_OK) return known;

  const gatewarden_result checked =
      host_->check_password(host_, text_of(record.password_hash), text_of(password));
  if (checked != GATEWARDEN_OK) return checked;
  if (record.disabled) return GATEWARDEN_DISABLED;
  tell(sink, record);
  return GATEWARDEN_OK;
}

gatewarden_result Accounts::find(std::string_view username, const gatewarden_sink* sink) {
  Record record;
  const gatewarden_result known = look_up(username, record);
  if (known == GATEWARDEN_OK) tell(sink, record);
  return known;
}

gatewarden_result Accounts::find_id(std::string_view id, const gatewarden_sink* sink) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), kById);
  const int status = statement.bind(1, id).step();
  if (status == SQLITE_DONE) return GATEWARDEN_UNKNOWN_USER;
  if (status != SQLITE_ROW) return unavailable();
  tell(sink, read(statement));
  return GATEWARDEN_OK;
}

gatewarden_result Accounts::list(const gatewarden_sink* sink) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), kAll);
  int status = statement.step();
  for (; status == SQLITE_ROW; status = statement.step()) tell(sink, read(statement));
  return status == SQLITE_DONE ? GATEWARDEN_OK : unavailable();
}

gatewarden_result Accounts::create(const gatewarden_new_account& account, const gatewarden_sink* sink) {
  Record record;
  record.id = make_uuid();
  record.username = view_of(account.username);
  record.email = view_of(account.email);
  record.name = view_of(account.name);
  record.password_hash = view_of(account.password_hash);
  record.roles = account.roles.size == 0 ? "[]" : view_of(account.roles);
  record.attributes = "{}";
  if (record.id.empty() || record.username.empty()) return GATEWARDEN_UNAVAILABLE;

  const std::lock_guard lock(mutex_);
  const gatewarden_result inserted = insert(record);
  if (inserted == GATEWARDEN_OK) tell(sink, record);
  return inserted;
}

gatewarden_result Accounts::set_password_hash(std::string_view id, std::string_view password_hash) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), "UPDATE accounts SET password_hash = ?2 WHERE id = ?1");
  return update(statement.bind(1, id).bind(2, password_hash));
}

gatewarden_result Accounts::replace_password_hash(std::string_view id, std::string_view old_hash,
                                                  std::string_view new_hash) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(),
                      "UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash = ?2");
  return update(statement.bind(1, id).bind(2, old_hash).bind(3, new_hash));
}

gatewarden_result Accounts::set_disabled(std::string_view id, bool disabled) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), "UPDATE accounts SET disabled = ?2 WHERE id = ?1");
  return update(statement.bind(1, id).bind(2, disabled ? 1 : 0));
}

gatewarden_result Accounts::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), "DELETE FROM accounts WHERE id = ?1");
  return update(statement.bind(1, id));
}

gatewarden_result Accounts::look_up(std::string_view username, Record& record) {
  const std::string folded = fold(username);
  const std::lock_guard lock(mutex_);
  Statement statement(database_.get(), kByLoginName);
  const int status = statement.bind(1, folded).step();
  if (status == SQLITE_DONE) return GATEWARDEN_UNKNOWN_USER;
  if (status != SQLITE_ROW) return unavailable();
  record = read(statement);
  return GATEWARDEN_OK;
}

gatewarden_result Accounts::insert(const Record& record) {
  Transaction transaction(database_.get());
  if (!transaction.begun()) return unavailable();

  Statement account(database_.get(),
                    "INSERT INTO accounts (id, username, email, name, password_hash, roles) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
  account.bind(1, record.id).bind(2, record.username).bind(3, record.email).bind(4, record.name);
  if (account.bind(5, record.password_hash).bind(6, record.roles).step() != SQLITE_DONE) return unavailable();

  const std::string names[] = {fold(record.username), fold(record.email)};
  const bool has_two_names = !names[1].empty() && names[1] != names[0];
  for (int i = 0; i < (has_two_names ? 2 : 1); ++i) {
    Statement name(database_.get(), "INSERT INTO login_names (folded, account) VALUES (?1, ?2)");
    const int status = name.bind(1, names[i]).bind(2, record.id).step();
    if (status == SQLITE_CONSTRAINT_PRIMARYKEY) return GATEWARDEN_TAKEN;
    if (status != SQLITE_DONE) return unavailable();
  }
  return transaction.commit() ? GATEWARDEN_OK : unavailable();
}

gatewarden_result Accounts::update(Statement& statement) {
  if (statement.step() != SQLITE_DONE) return unavailable();
  return sqlite3_changes(database_.get()) != 0 ? GATEWARDEN_OK : GATEWARDEN_UNKNOWN_USER;
}

gatewarden_result Accounts::unavailable() {
  host_->log(host_, GATEWARDEN_LOG_ERROR, text_of(sqlite3_errmsg(database_.get())));
  return GATEWARDEN_UNAVAILABLE;
}

// The hash that an unknown user's password is compared with: one of the table, always the same for a name, so
// that strangers' names take the times that members' names take, whatever mixture of hashes is stored.
std::string Accounts::some_hash(std::string_view username) {
  std::array<char, 9> start{};
  const std::size_t mixed = std::hash<std::string>()(std::to_string(seed_) + fold(username));
  std::snprintf(start.data(), start.size(), "%08x", static_cast<unsigned>(mixed & 0xFFFFFFFFu));

  const std::lock_guard lock(mutex_);
  for (const std::string_view from : {std::string_view(start.data()), std::string_view("")}) {
    Statement statement(database_.get(),
                        "SELECT password_hash FROM accounts WHERE id >= ?1 ORDER BY id LIMIT 1");
    if (statement.bind(1, from).step() == SQLITE_ROW) return std::string(statement.text(0));
  }
  return {};
}

}  // namespace accounts
