// SPDX-License-Identifier: Apache-2.0
// Bytes that nobody can guess, from OpenSSL's generator. Ends the process when there is no entropy.
#pragma once

#include <cstddef>
#include <string>

namespace gw::auth {

std::string make_random_bytes(std::size_t size);
// 128 bits as base64url: the name of a session or a token.
std::string make_random_id();

}  // namespace gw::auth
