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
// After the handshake. Key shares have done their work then, and OpenSSL would keep them as long as the
// connection: secrets that nothing needs (RFC 8446 E.1.1), and half a KiB.
void forget_ephemeral_keys(SSL* ssl);
std::string lower_name(std::string_view name);
void set_common_options(SSL_CTX* context, TlsVersion min_version);
// The chain and its key; the error names the file and says what is wrong with it.
Result<void, std::string> use_certificate(SSL_CTX* context, const std::string& certificate,
                                          const std::string& key);

}  // namespace gw::net
