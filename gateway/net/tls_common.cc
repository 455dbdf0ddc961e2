// SPDX-License-Identifier: Apache-2.0
#include "net/tls_common.h"

#include <openssl/err.h>

#include <cstring>

namespace gw::net {

std::string openssl_reason() {
  const unsigned long first = ERR_peek_error();  // of a file that cannot be opened: the system's own
  const char* reason = ERR_SYSTEM_ERROR(first) ? std::strerror(ERR_GET_REASON(first))
                                               : ERR_reason_error_string(ERR_peek_last_error());
  std::string text = reason != nullptr ? reason : "unknown error";
  ERR_clear_error();
  return text;
}

// There is no call that empties a key; to make it one of any kind frees what it was made of.
void forget_ephemeral_keys(SSL* ssl) {
  for (const int which : {SSL_CTRL_GET_TMP_KEY, SSL_CTRL_GET_PEER_TMP_KEY}) {
    EVP_PKEY* key = nullptr;
    if (SSL_ctrl(ssl, which, 0, &key) != 1) continue;
    EVP_PKEY_set_type(key, EVP_PKEY_X25519);
    EVP_PKEY_free(key);
  }
}

std::string lower_name(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

void set_common_options(SSL_CTX* context, TlsVersion min_version) {
  SSL_CTX_set_min_proto_version(context, min_version == TlsVersion::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_options(context,
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Partial writes and moving buffers: what is unsent stays in our own buffer. Idle connections keep none.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);  // one read a record instead of two
  // Ephemeral keys of more than 64 bytes would not fit into the memory that is locked for keys
  // (jose/key_memory.h).
  SSL_CTX_set1_groups_list(context, "X25519:P-256:P-384");
  // AES-128 first: strong enough by far, and SHA-256 costs a third of SHA-384. Whoever has no AES in hardware
  // names ChaCha20 first, and gets it.
  SSL_CTX_set_options(context, SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_ciphersuites(context,
                           "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
  SSL_CTX_set_cipher_list(  // TLS 1.2: forward secret AEAD only
      context, "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE+AESGCM:ECDHE+CHACHA20");
}

Result<void, std::string> use_certificate(SSL_CTX* context, const std::string& certificate,
                                          const std::string& key) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    return certificate + ": not a PEM certificate chain: " + openssl_reason();
  // No passphrase prompt: a daemon has nobody to ask.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1)
    return key + ": not the PEM private key of " + certificate + ": " + openssl_reason();
  if (SSL_CTX_check_private_key(context) != 1)
    return key + ": does not belong to " + certificate + ": " + openssl_reason();
  return {};
}

}  // namespace gw::net
