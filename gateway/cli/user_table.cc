// SPDX-License-Identifier: Apache-2.0
#include "cli/user_table.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace gw::cli {
namespace {

constexpr std::size_t kColumns = 5;
using Row = std::array<std::string, kColumns>;

std::string join(const std::vector<std::string>& parts) {
  std::string joined;
  for (const std::string& part : parts) joined += (joined.empty() ? "" : ",") + part;
  return joined;
}

std::string_view state_of(const auth::Account& account) {
  return account.disabled ? "disabled" : "active";
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

json::Value json_of(const auth::Account& account) {
  json::Value object;
  object.set("username", account.username);
  object.set("email", account.email);
  object.set("name", account.name);
  object.set("roles", json::Array(account.roles.begin(), account.roles.end()));
  object.set("disabled", account.disabled);
  object.set("sub", account.subject);
  object.set("id", account.id);
  object.set("attributes", account.attributes.is_null() ? json::Value(json::Object{}) : account.attributes);
  return object;
}

}  // namespace

void print_table(const std::vector<auth::Account>& accounts, std::ostream& out) {
  std::vector<Row> rows{{"USER", "EMAIL", "NAME", "ROLES", "STATE"}};
  for (const auth::Account& account : accounts) {
    rows.push_back(
        {account.username, account.email, account.name, join(account.roles), std::string(state_of(account))});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < kColumns; ++i)
      out << row[i] << std::string(widths[i] - width_of(row[i]) + 2, ' ');
    out << row.back() << "\n";
  }
}

void print_lines(const auth::Account& account, std::ostream& out) {
  out << "user:   " << account.username << "\nemail:  " << account.email << "\nname:   " << account.name
      << "\nroles:  " << join(account.roles) << "\nstate:  " << state_of(account)
      << "\nsub:    " << account.subject << "\n";
}

void print_json(const std::vector<auth::Account>& accounts, std::ostream& out) {
  json::Array list;
  for (const auth::Account& account : accounts) list.push_back(json_of(account));
  out << json::dump(std::move(list)) << "\n";
}

void print_json(const auth::Account& account, std::ostream& out) {
  out << json::dump(json_of(account)) << "\n";
}

}  // namespace gw::cli
