// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include <algorithm>
#include <charconv>

#include "escape.h"
#include "settings.h"

namespace ldap_users {
namespace {

// Bytes that are no text, such as Active Directory's objectGUID, are told in hexadecimal.
bool is_text(std::string_view value) {
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
}

std::string hex_of(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex;
  for (const char c : bytes) {
    hex += kHex[static_cast<unsigned char>(c) >> 4];
    hex += kHex[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

bool is_binary(std::string_view attribute) {
  return lower_case(attribute) == "objectguid" || lower_case(attribute) == "objectsid";
}

// `0a1b` as `\0a\1b`, a filter's spelling of those bytes; nothing when it is no such text.
std::optional<std::string> filter_of_hex(std::string_view hex) {
  std::string filter;
  if (hex.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) return std::nullopt;
    filter += '\\';
    filter += hex.substr(i, 2);
  }
  return filter;
}

}  // namespace

std::unique_ptr<Users> Users::open(const gatewarden_host* host, common::Options& options) {
  const unsigned connections = options.number("connections", 8, 1, 1000);
  Settings settings = read_settings(options);
  if (!options.problem().empty()) return nullptr;
  // libldap sets itself up at its first call, and two threads may not be first at once.
  int version = 0;
  ldap_get_option(nullptr, LDAP_OPT_PROTOCOL_VERSION, &version);
  return std::make_unique<Users>(host, std::move(settings), connections);
}

Users::Users(const gatewarden_host* host, Settings settings, unsigned connections)
    : host_(host), settings_(std::move(settings)), service_(connections), users_(connections) {
  for (const auto& [name, attribute] : settings_.attributes) wanted_.push_back(attribute);
}

gatewarden_result Users::verify(std::string_view username, std::string_view password,
                                const gatewarden_sink* sink) {
  Found found = look_up(by_name(username));
  if (found.result == GATEWARDEN_UNKNOWN_USER) {
    // A bind that fails, so that the directory is asked as often as for a user that it knows.
    const std::string nobody = "cn=" + escape_dn(username) + ",cn=nobody," + settings_.base_dn;
    return check(nobody, password) == GATEWARDEN_UNAVAILABLE ? GATEWARDEN_UNAVAILABLE
                                                             : GATEWARDEN_UNKNOWN_USER;
  }
  if (found.result != GATEWARDEN_OK) return found.result;
  const gatewarden_result checked = check(found.dn, password);
  if (checked != GATEWARDEN_OK) return checked;
  if (found.account.disabled) return GATEWARDEN_DISABLED;
  common::tell(sink, found.account);
  return GATEWARDEN_OK;
}

gatewarden_result Users::find(std::string_view username, const gatewarden_sink* sink) {
  const Found found = look_up(by_name(username));
  if (found.result == GATEWARDEN_OK) common::tell(sink, found.account);
  return found.result;
}

gatewarden_result Users::find_id(std::string_view id, const gatewarden_sink* sink) {
  const auto who = by_id(id);
  if (!who) return GATEWARDEN_UNKNOWN_USER;
  const Found found = look_up(*who);
  if (found.result == GATEWARDEN_OK) common::tell(sink, found.account);
  return found.result;
}

Users::Who Users::by_name(std::string_view username) const {
  const auto with = [&](const std::string& pattern, auto escape) {
    return common::fill_template(pattern, [&](std::string_view) { return escape(username); });
  };
  if (!settings_.user_dn.empty())
    return {with(settings_.user_dn, escape_dn), LDAP_SCOPE_BASE, "(objectClass=*)"};
  return {settings_.base_dn, LDAP_SCOPE_SUBTREE, with(settings_.user_filter, escape_filter)};
}

std::optional<Users::Who> Users::by_id(std::string_view id) const {
  const std::string& attribute = settings_.attributes.at("id");
  const auto value = is_binary(attribute) ? filter_of_hex(id) : std::optional(escape_filter(id));
  if (!value) return std::nullopt;
  return Who{settings_.base_dn, LDAP_SCOPE_SUBTREE, "(" + attribute + "=" + *value + ")"};
}

Users::Found Users::look_up(const Who& who) {
  Found found;
  std::string error;
  const bool answered = common::with_connection(
      service_, settings_.server.timeout, [&] { return connect_service(error); },
      [&](Connection& connection) {
        found = Found{};
        return look_up_on(connection, who, found);
      });
  if (!answered) found.result = away(error.empty() ? "the directory does not answer" : error);
  return found;
}

bool Users::look_up_on(Connection& connection, const Who& who, Found& found) {
  std::vector<Entry> entries;
  const Answer answer = connection.search(who.base, who.scope, who.filter, wanted_, 2, entries);
  if (answer.broken) return false;
  const bool is_absent = answer.code == LDAP_NO_SUCH_OBJECT || answer.code == LDAP_INVALID_DN_SYNTAX ||
                         (answer.code == LDAP_SUCCESS && entries.empty());
  if (is_absent) return found.result = GATEWARDEN_UNKNOWN_USER, true;
  if (answer.code != LDAP_SUCCESS && answer.code != LDAP_SIZELIMIT_EXCEEDED)
    return found.result = away(std::string("search: ") + ldap_err2string(answer.code)), true;
  if (entries.size() != 1)
    return found.result = away("a name leads to several entries: user_filter must find exactly one"), true;

  found.dn = entries.front().dn;
  if (!read_account(entries.front(), found.account))
    return found.result = away("an entry lacks the attribute of its id or user name"), true;
  found.result = GATEWARDEN_OK;
  return add_groups(connection, found, found.account.username) && find_disabled(connection, found);
}

bool Users::read_account(const Entry& entry, common::Account& account) const {
  for (const auto& [name, attribute] : settings_.attributes) {
    const auto found = entry.values.find(lower_case(attribute));
    if (found == entry.values.end() || found->second.empty()) continue;
    std::vector<std::string> values = found->second;
    for (std::string& value : values)
      if (is_binary(attribute) || !is_text(value)) value = hex_of(value);
    const bool is_list =
        values.size() > 1 && name != "id" && name != "username" && name != "email" && name != "name";
    const nlohmann::json value =
        is_list || name == "roles" ? nlohmann::json(values) : nlohmann::json(values.front());
    if (!common::assign(account, name, value)) return false;
  }
  return !account.id.empty() && !account.username.empty();
}

bool Users::add_groups(Connection& connection, Found& found, std::string_view username) {
  if (settings_.group_base_dn.empty()) return true;
  const std::string filter = common::fill_template(settings_.group_filter, [&](std::string_view name) {
    return escape_filter(name == "dn" ? std::string_view(found.dn) : username);
  });
  std::vector<Entry> groups;
  const Answer answer = connection.search(settings_.group_base_dn, LDAP_SCOPE_SUBTREE, filter,
                                          {settings_.group_name}, 0, groups);
  if (answer.broken) return false;
  // Without all of the groups, an account could lack the one that forbids something.
  if (answer.code != LDAP_SUCCESS)
    return found.result = away(std::string("groups: ") + ldap_err2string(answer.code)), true;
  for (const Entry& group : groups) {
    const auto names = group.values.find(lower_case(settings_.group_name));
    if (names != group.values.end() && !names->second.empty())
      found.account.roles.push_back(names->second.front());
  }
  std::sort(found.account.roles.begin(), found.account.roles.end());
  return true;
}

bool Users::find_disabled(Connection& connection, Found& found) {
  if (settings_.disabled_filter.empty() || found.result != GATEWARDEN_OK) return true;
  std::vector<Entry> entries;
  const Answer answer =
      connection.search(found.dn, LDAP_SCOPE_BASE, settings_.disabled_filter, {"1.1"}, 1, entries);
  if (answer.broken) return false;
  if (answer.code != LDAP_SUCCESS)
    found.result = away(std::string("disabled_filter: ") + ldap_err2string(answer.code));
  found.account.disabled = !entries.empty();
  return true;
}

gatewarden_result Users::check(const std::string& dn, std::string_view password) {
  if (password.empty()) return GATEWARDEN_WRONG_PASSWORD;
  Answer answer;
  std::string error;
  const bool answered = common::with_connection(
      users_, settings_.server.timeout, [&] { return Connection::open(settings_.server, error); },
      [&](Connection& connection) {
        answer = connection.bind(dn, password);
        return !answer.broken;
      });
  if (!answered) return away(error.empty() ? "the directory does not answer" : error);
  if (answer.code == LDAP_SUCCESS) return GATEWARDEN_OK;
  // Active Directory's words for a right password of a disabled or expired account.
  for (const char* data : {"data 533", "data 701"})
    if (answer.diagnostic.find(data) != std::string::npos) return GATEWARDEN_DISABLED;
  return GATEWARDEN_WRONG_PASSWORD;
}

std::unique_ptr<Connection> Users::connect_service(std::string& error) const {
  auto connection = Connection::open(settings_.server, error);
  if (connection == nullptr) return nullptr;
  const Answer answer = connection->bind(settings_.bind_dn, settings_.bind_password);
  if (answer.code == LDAP_SUCCESS) return connection;
  error = "bind_dn: " + std::string(ldap_err2string(answer.code)) +
          (answer.diagnostic.empty() ? "" : ": " + answer.diagnostic);
  return nullptr;
}

gatewarden_result Users::away(std::string_view what) const {
  const std::string line = "ldap: " + std::string(what);
  host_->log(host_, GATEWARDEN_LOG_ERROR, common::text_of(line));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace ldap_users
