// SPDX-License-Identifier: Apache-2.0
// A list of passwords that are in the hands of strangers, as a folder in the range layout: a file for every
// first five hex digits of a SHA-1 ("21BD1" or "21BD1.txt"), with a line "SUFFIX:COUNT" for each hash.
// Nothing is asked of anybody else. THREAD: any; reads a file, so call from the blocking pool.
#pragma once

#include <string>

#include "base/secret.h"

namespace gw::auth {

// False when the list has no file for it.
bool is_breached(const std::string& folder, const SecretString& password);

}  // namespace gw::auth
