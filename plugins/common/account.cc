// SPDX-License-Identifier: Apache-2.0
#include "account.h"

#include <algorithm>
#include <cctype>

namespace common {
namespace {

using Json = nlohmann::json;

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool assign_roles(Account& account, std::string_view text) {
  if (text.empty()) return true;
  if (text.front() == '[') {
    const Json roles = Json::parse(text, nullptr, false);
    return roles.is_array() && assign(account, "roles", roles);
  }
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view role = trim(text.substr(0, comma));
    if (!role.empty()) account.roles.emplace_back(role);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return true;
}

// The member of the account that is a text, or null.
std::string* find_text(Account& account, const std::string& name) {
  if (name == "id") return &account.id;
  if (name == "username") return &account.username;
  if (name == "email") return &account.email;
  if (name == "name") return &account.name;
  if (name == "password") return &account.password_hash;
  return nullptr;
}

}  // namespace

bool is_yes(std::string_view text) {
  const std::string word = lower_case(text);
  return word == "1" || word == "t" || word == "true" || word == "yes" || word == "y" || word == "on";
}

bool is_no(std::string_view text) {
  const std::string word = lower_case(text);
  return word.empty() || word == "0" || word == "f" || word == "false" || word == "no" || word == "n" ||
         word == "off";
}

bool assign(Account& account, const std::string& name, std::string_view value) {
  if (std::string* text = find_text(account, name)) {
    *text = value;
    return true;
  }
  if (name == "roles") return assign_roles(account, value);
  if (name == "disabled") {
    account.disabled = !is_no(value);  // what is neither yes nor no lets nobody in
    return true;
  }
  account.attributes[name] = value;
  return true;
}

bool assign(Account& account, const std::string& name, const Json& value) {
  if (value.is_null()) return true;
  if (name == "disabled" && value.is_boolean()) {
    account.disabled = value.get<bool>();
    return true;
  }
  if (name == "roles" && value.is_array()) {
    for (const Json& role : value) {
      if (!role.is_string()) return false;
      account.roles.push_back(role.get<std::string>());
    }
    return true;
  }
  const bool is_known = find_text(account, name) != nullptr || name == "roles" || name == "disabled";
  if (is_known) {
    if (value.is_string())
      return assign(account, name, std::string_view(value.get_ref<const std::string&>()));
    return value.is_number_integer() && assign(account, name, std::string_view(value.dump()));
  }
  account.attributes[name] = value;
  return true;
}

void tell(const gatewarden_sink* sink, const Account& account) {
  constexpr auto kReplace = Json::error_handler_t::replace;
  const std::string roles = Json(account.roles).dump(-1, ' ', false, kReplace);
  const std::string attributes = account.attributes.dump(-1, ' ', false, kReplace);
  gatewarden_account told{};
  told.id = text_of(account.id);
  told.username = text_of(account.username);
  told.email = text_of(account.email);
  told.name = text_of(account.name);
  told.roles = text_of(roles);
  told.attributes = text_of(attributes);
  told.disabled = account.disabled ? 1 : 0;
  sink->account(sink, &told);
}

}  // namespace common
