// SPDX-License-Identifier: Apache-2.0
// What a person may register with. Nothing here proves that the e-mail address is theirs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/secret.h"
#include "exchange/exchange.h"

namespace gw::endpoints {

struct NewAccountForm {
  std::string username;  // the e-mail address when it is left out
  std::string email;
  std::string name;
  SecretString password;
};

// One '@', something sane on both sides of it, at most 254 bytes (RFC 5321 4.5.3.1.3).
bool is_email_address(std::string_view text);

// Without blanks around it, the domain in lower case; what stands before the @ is its server's to read.
std::string normalise_email(std::string_view text);
// The same for comparing: all of ASCII in lower case.
std::string fold_email(std::string_view text);

// What is wrong with a new password; empty when nothing is.
std::string check_password(const SecretString& password, std::size_t min_length);

// Step: refuses the `new_password` of the endpoint's FormState when `login.password.breached` has it.
exchange::Verdict check_breached(exchange::Exchange& exchange);

// A sentence for every field that will not do, by its name; null when all will. Lengths are counted in
// characters.
json::Value find_problems(const NewAccountForm& form, std::size_t min_password_length);

}  // namespace gw::endpoints
