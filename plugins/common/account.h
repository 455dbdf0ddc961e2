// SPDX-License-Identifier: Apache-2.0
// An account as a plugin finds it, and how attributes of a store become it. The names are those that every
// mapping uses: id, username, email, name, roles, disabled, password; whatever else there is goes to the
// attributes, which `tokens.claims` can name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "options.h"

namespace common {

struct Account {
  std::string id, username, email, name, password_hash;
  std::vector<std::string> roles;
  nlohmann::json attributes = nlohmann::json::object();
  bool disabled = false;
};

void tell(const gatewarden_sink* sink, const Account& account);

// A column, field or attribute by its name in the mapping. Roles may be a JSON array, or words with commas.
// False when the value cannot be what it should be: the account must not be used then.
[[nodiscard]] bool assign(Account& account, const std::string& name, std::string_view value);
[[nodiscard]] bool assign(Account& account, const std::string& name, const nlohmann::json& value);

// What a legacy store calls yes and no; anything else is neither. Empty is no.
bool is_yes(std::string_view text);
bool is_no(std::string_view text);

}  // namespace common
