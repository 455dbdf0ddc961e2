// SPDX-License-Identifier: Apache-2.0
// What both sides of TLS share. Only for the files of net/ that speak OpenSSL.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/options.h"

namespace gw::net {

// What OpenSSL has to say of the last failure, and an empty queue.
std::string openssl_reason();
std::string lower_name(std::string_view name);
void set_common_options(SSL_CTX* context, TlsVersion min_version);
// The chain and its key; the error names the file and says what is wrong with it.
Result<void, std::string> use_certificate(SSL_CTX* context, const std::string& certificate,
                                          const std::string& key);

}  // namespace gw::net
