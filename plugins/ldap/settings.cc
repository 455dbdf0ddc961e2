// SPDX-License-Identifier: Apache-2.0
#include "settings.h"

#include <sstream>

namespace ldap_users {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// ldap:// of another machine, without StartTLS: every password could be read on the way.
bool is_in_the_clear(const std::string& urls) {
  std::istringstream words(urls);
  for (std::string url; words >> url;) {
    if (!url.starts_with("ldap://")) continue;
    const std::string rest = url.substr(7);
    const std::string host =
        rest.starts_with('[') ? rest.substr(0, rest.find(']') + 1) : rest.substr(0, rest.find_first_of(":/"));
    if (!common::is_loopback(host)) return true;
  }
  return false;
}

bool are_urls(const std::string& urls) {
  std::istringstream words(urls);
  for (std::string url; words >> url;)
    if (ldap_is_ldap_url(url.c_str()) == 0) return false;
  return true;
}

void read_groups(common::Options& options, Settings& settings) {
  auto groups = options.map("groups", {"base_dn", "filter", "name"});
  settings.group_base_dn = groups["base_dn"];
  settings.group_filter = groups["filter"].empty() ? "(member={dn})" : groups["filter"];
  settings.group_name = groups["name"].empty() ? "cn" : groups["name"];
  if (options.has("groups") && settings.group_base_dn.empty())
    options.problem("groups.base_dn is missing (where the groups are)");
  if (!common::names_placeholder(settings.group_filter, "dn") &&
      !common::names_placeholder(settings.group_filter, "username"))
    options.problem(
        "groups.filter: it names neither {dn} nor {username}, so all users would be in all groups");
}

}  // namespace

Settings read_settings(common::Options& options) {
  Settings settings;
  Server& server = settings.server;
  server.url = options.required("url", "ldaps://HOST");
  server.start_tls = options.flag("start_tls", false);
  server.ca_file = options.text("ca_file");
  server.timeout = options.duration("timeout", seconds(5), milliseconds(50), seconds(60));
  if (!are_urls(server.url)) options.problem("url: expected ldaps://HOST, ldap://HOST or ldapi:///");
  if (!options.flag("plaintext", false) && !server.start_tls && is_in_the_clear(server.url))
    options.problem("url: passwords would cross the network in the clear (use ldaps://, or start_tls: true)");

  settings.base_dn = options.required("base_dn", "where the users are");
  settings.user_filter = options.text("user_filter", "(uid={username})");
  settings.user_dn = options.text("user_dn");
  if (!common::names_placeholder(settings.user_filter, "username"))
    options.problem("user_filter: it names no {username}");
  if (!settings.user_dn.empty() && !common::names_placeholder(settings.user_dn, "username"))
    options.problem("user_dn: it names no {username}");
  if (!settings.user_dn.empty() && options.has("user_filter"))
    options.problem("user_dn and user_filter exclude each other (remove one)");
  settings.disabled_filter = options.text("disabled_filter");
  settings.bind_dn = options.text("bind_dn");
  settings.bind_password = options.text("bind_password");
  if (settings.bind_dn.empty() != settings.bind_password.empty())
    options.problem("bind_dn and bind_password belong together (leave both out to search anonymously)");
  settings.attributes = {{"id", "entryUUID"}, {"username", "uid"}, {"email", "mail"}, {"name", "cn"}};
  for (const auto& [name, attribute] : options.map("attributes")) settings.attributes[name] = attribute;
  read_groups(options, settings);
  return settings;
}

}  // namespace ldap_users
