// SPDX-License-Identifier: Apache-2.0
// Accounts as people and scripts read them. No password hash is ever among it.
#pragma once

#include <ostream>
#include <vector>

#include "auth/credential_backend.h"

namespace gw::cli {

void print_table(const std::vector<auth::Account>& accounts, std::ostream& out);
void print_lines(const auth::Account& account, std::ostream& out);
void print_json(const std::vector<auth::Account>& accounts, std::ostream& out);
void print_json(const auth::Account& account, std::ostream& out);

}  // namespace gw::cli
