// SPDX-License-Identifier: Apache-2.0
#include "table_users.h"

namespace accounts {
namespace {

constexpr int kBusyMilliseconds = 5000;  // the program whose file it is is writing

// The row that a statement is at. Numbers stay numbers among the attributes.
bool read_row(sqlite3_stmt* row, common::Account& account) {
  for (int column = 0; column < sqlite3_column_count(row); ++column) {
    const int type = sqlite3_column_type(row, column);
    if (type == SQLITE_NULL) continue;
    const std::string name = sqlite3_column_name(row, column);
    if (type == SQLITE_INTEGER && name != "disabled") {
      if (!common::assign(account, name, nlohmann::json(sqlite3_column_int64(row, column)))) return false;
      continue;
    }
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
    if (!common::assign(account, name, std::string_view(text == nullptr ? "" : text, size))) return false;
  }
  return true;
}

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Prepared = std::unique_ptr<sqlite3_stmt, Finalize>;

Prepared prepare(sqlite3* database, const std::string& query) {
  sqlite3_stmt* statement = nullptr;
  sqlite3_prepare_v2(database, query.data(), static_cast<int>(query.size()), &statement, nullptr);
  return Prepared(statement);
}

bool bind(sqlite3_stmt* statement, const std::vector<std::string_view>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (sqlite3_bind_text(statement, static_cast<int>(i + 1), parameters[i].data(),
                          static_cast<int>(parameters[i].size()), SQLITE_STATIC) != SQLITE_OK)
      return false;
  }
  return true;
}

std::string check_query(sqlite3* database, const std::string& query, int parameters) {
  if (query.empty()) return {};
  const Prepared statement = prepare(database, query);
  if (statement == nullptr) return sqlite3_errmsg(database);
  const int wanted = sqlite3_bind_parameter_count(statement.get());
  return wanted == parameters ? std::string()
                              : "it names ?1 to ?" + std::to_string(wanted) + ", and gets " +
                                    std::to_string(parameters) + " (name each of them, by its number)";
}

}  // namespace

std::unique_ptr<TableUsers> TableUsers::open(const gatewarden_host* host, const char* path,
                                             common::Options& options) {
  common::Queries queries = common::Queries::read(options);
  if (!options.problem().empty()) return nullptr;
  sqlite3* opened = nullptr;
  const int writes = queries.set_password.empty() ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  const int status = sqlite3_open_v2(path, &opened, writes | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened);
  if (status != SQLITE_OK) {
    options.problem(std::string(path) + ": " + sqlite3_errstr(status));
    return nullptr;
  }
  sqlite3_busy_timeout(opened, kBusyMilliseconds);
  sqlite3_exec(opened, "PRAGMA temp_store = MEMORY", nullptr, nullptr, nullptr);  // as in database.cc
  const std::pair<const char*, std::pair<const std::string*, int>> all[] = {
      {"find", {&queries.find, 1}},
      {"find_id", {&queries.find_id, 1}},
      {"set_password", {&queries.set_password, 2}},
      {"upgrade_password", {&queries.upgrade_password, 3}}};
  for (const auto& [name, query] : all) {
    const std::string problem = check_query(opened, *query.first, query.second);
    if (!problem.empty()) options.problem("queries." + std::string(name) + ": " + problem);
  }
  if (!options.problem().empty()) return nullptr;
  return std::make_unique<TableUsers>(host, std::move(queries), std::move(database));
}

common::Found TableUsers::select(const std::string& query, const Parameters& parameters) {
  const std::lock_guard lock(mutex_);
  const Prepared statement = prepare(database_.get(), query);
  if (statement == nullptr || !bind(statement.get(), parameters)) return {unavailable()};
  const int first = sqlite3_step(statement.get());
  if (first == SQLITE_DONE) return {GATEWARDEN_UNKNOWN_USER};
  if (first != SQLITE_ROW) return {unavailable()};
  common::Found found{GATEWARDEN_OK};
  if (!read_row(statement.get(), found.account)) {
    log(GATEWARDEN_LOG_ERROR, "a column is of a type that it cannot have (roles: text with commas, or JSON)");
    return {};
  }
  const int second = sqlite3_step(statement.get());
  if (second == SQLITE_DONE) return found;
  if (second != SQLITE_ROW) return {unavailable()};
  log(GATEWARDEN_LOG_ERROR, "a query gives several rows for one user: it must name exactly one account");
  return {};
}

gatewarden_result TableUsers::update(const std::string& query, const Parameters& parameters) {
  const std::lock_guard lock(mutex_);
  const Prepared statement = prepare(database_.get(), query);
  if (statement == nullptr || !bind(statement.get(), parameters)) return unavailable();
  int status = sqlite3_step(statement.get());
  while (status == SQLITE_ROW) status = sqlite3_step(statement.get());  // RETURNING
  if (status != SQLITE_DONE) return unavailable();
  return sqlite3_changes(database_.get()) != 0 ? GATEWARDEN_OK : GATEWARDEN_UNKNOWN_USER;
}

gatewarden_result TableUsers::unavailable() const {
  log(GATEWARDEN_LOG_ERROR, std::string("sqlite: ") + sqlite3_errmsg(database_.get()));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace accounts
