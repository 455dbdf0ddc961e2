// SPDX-License-Identifier: Apache-2.0
// Files that hold secrets: read only when nobody else can read them, written so that a crash leaves the old
// state or the new one.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace gw::auth {

// Makes `path` (and its parents) with mode 0700. Takes the rights of others away when it exists, with a
// warning; an error when that is not possible, or it is no directory.
Result<void, std::string> make_private_directory(const std::string& path, std::vector<std::string>& warnings);

// Refuses symbolic links, what is no regular file and what another user owns; takes the rights of others
// away, with a warning.
Result<SecretString, std::string> read_private_file(const std::string& path,
                                                    std::vector<std::string>& warnings);

// Mode 0600; synced, and so is the directory.
Result<void, std::string> write_private_file(const std::string& directory, const std::string& name,
                                             const SecretString& text);

}  // namespace gw::auth
