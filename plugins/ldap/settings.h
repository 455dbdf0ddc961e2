// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "users.h"

namespace ldap_users {

// What is wrong goes to `options`: templates that would make all users one, and passwords in the clear.
Settings read_settings(common::Options& options);

}  // namespace ldap_users
