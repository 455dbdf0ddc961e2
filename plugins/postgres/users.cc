// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include <algorithm>

namespace postgres {
namespace {

using common::Found;

// pg_type.dat
constexpr Oid kBool = 16, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kJson = 114, kUnknown = 705,
              kBpchar = 1042, kVarchar = 1043, kJsonb = 3802;

bool is_json(Oid type) {
  return type == kJson || type == kJsonb;
}
bool is_text(Oid type) {
  return type == kText || type == kUnknown || type == kBpchar || type == kVarchar;
}

// False when the column cannot be what its name says.
bool read_column(const PGresult* rows, int column, common::Account& account) {
  if (PQgetisnull(rows, 0, column) != 0) return true;
  const std::string name = PQfname(rows, column);
  const Oid type = PQftype(rows, column);
  const std::string_view text(PQgetvalue(rows, 0, column),
                              static_cast<std::size_t>(PQgetlength(rows, 0, column)));
  if (is_json(type)) {
    const auto value = nlohmann::json::parse(text, nullptr, false);
    return !value.is_discarded() && common::assign(account, name, value);
  }
  if (name == "roles" && !is_text(type)) return false;  // text[] has a form of its own
  if (type == kBool) return common::assign(account, name, nlohmann::json(text == "t"));
  if ((type == kInt2 || type == kInt4 || type == kInt8) && name != "disabled")
    return common::assign(account, name, nlohmann::json::parse(text, nullptr, false));
  return common::assign(account, name, text);
}

bool has_nul(const std::vector<std::string_view>& parameters) {
  return std::any_of(parameters.begin(), parameters.end(),
                     [](std::string_view text) { return text.find('\0') != std::string_view::npos; });
}

}  // namespace

std::unique_ptr<Users> Users::open(const gatewarden_host* host, common::Options& options) {
  Server server;
  server.url = options.required("url", "postgresql://USER@HOST/DATABASE");
  server.password = options.text("password");
  server.timeout = options.duration("timeout", std::chrono::seconds(5), std::chrono::milliseconds(50),
                                    std::chrono::seconds(60));
  const unsigned connections = options.number("connections", 8, 1, 1000);
  common::Queries queries = common::Queries::read(options);

  char* error = nullptr;
  PQconninfoOption* parsed = PQconninfoParse(server.url.c_str(), &error);
  if (parsed == nullptr) options.problem("url: " + std::string(error == nullptr ? "out of memory" : error));
  PQconninfoFree(parsed);
  PQfreemem(error);
  if (!options.problem().empty()) return nullptr;
  return std::make_unique<Users>(host, std::move(queries), std::move(server), connections);
}

Users::Users(const gatewarden_host* host, common::Queries queries, Server server, unsigned connections)
    : QueryBackend(host, std::move(queries)), server_(std::move(server)), pool_(connections) {}

Found Users::select(const std::string& query, const Parameters& parameters) {
  if (has_nul(parameters)) return {GATEWARDEN_UNKNOWN_USER};
  const Rows rows = run(query, parameters);
  if (rows == nullptr) return {};
  if (PQresultStatus(rows.get()) != PGRES_TUPLES_OK) return {failure(rows.get())};
  const int count = PQntuples(rows.get());
  if (count == 0) return {GATEWARDEN_UNKNOWN_USER};
  if (count > 1) return {away("a query gives several rows for one user: it must name exactly one account")};

  Found found{GATEWARDEN_OK};
  for (int column = 0; column < PQnfields(rows.get()); ++column) {
    if (read_column(rows.get(), column, found.account)) continue;
    return {away("column \"" + std::string(PQfname(rows.get(), column)) +
                 "\" is of a type that it cannot have (for roles: text with commas, or to_json(...))")};
  }
  return found;
}

gatewarden_result Users::update(const std::string& query, const Parameters& parameters) {
  if (has_nul(parameters)) return GATEWARDEN_UNKNOWN_USER;
  const Rows rows = run(query, parameters);
  if (rows == nullptr) return GATEWARDEN_UNAVAILABLE;
  if (PQresultStatus(rows.get()) != PGRES_COMMAND_OK) return failure(rows.get());
  return std::string_view(PQcmdTuples(rows.get())) != "0" ? GATEWARDEN_OK : GATEWARDEN_UNKNOWN_USER;
}

Rows Users::run(const std::string& query, const Parameters& parameters) {
  Rows rows;
  std::string error;
  const bool answered = common::with_connection(
      pool_, server_.timeout, [&] { return Connection::open(server_, error); },
      [&](Connection& connection) {
        rows = connection.run(query, parameters);
        if (rows == nullptr) error = connection.problem();
        return rows != nullptr;
      });
  if (!answered) static_cast<void>(away(error.empty() ? "all connections stayed in use" : error));
  return answered ? std::move(rows) : nullptr;
}

gatewarden_result Users::failure(const PGresult* rows) const {
  const char* state = PQresultErrorField(rows, PG_DIAG_SQLSTATE);
  // Class 22: the name as typed is no value of the column's type, such as `x' or '1` for a number.
  if (state != nullptr && std::string_view(state).starts_with("22")) return GATEWARDEN_UNKNOWN_USER;
  const char* message = PQresultErrorField(rows, PG_DIAG_MESSAGE_PRIMARY);
  return away(message == nullptr ? "a query gives no rows" : message);
}

gatewarden_result Users::away(std::string_view what) const {
  log(GATEWARDEN_LOG_ERROR, "postgres: " + std::string(what));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace postgres
