// SPDX-License-Identifier: Apache-2.0
#include "net/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <cstring>

#include "net/tls_stream.h"

namespace gw::net {
namespace {

constexpr int kFailed = -1, kUnknown = 0, kGood = 1, kRenew = 2;

void fill(unsigned char* bytes, std::size_t count) {
  if (RAND_bytes(bytes, static_cast<int>(count)) != 1) std::abort();
}

// Fetched once: looked up by name, it costs more than what it encrypts.
const EVP_CIPHER* ticket_cipher() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-CBC", nullptr);
  return cipher;
}

bool use_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  std::array<unsigned char, 32> bytes = key.mac;
  OSSL_PARAM params[] = {OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, bytes.data(), bytes.size()),
                         OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                         OSSL_PARAM_construct_end()};
  const bool used = EVP_MAC_CTX_set_params(mac, params) == 1;
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return used;
}

int seal(const TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  const TicketKey& key = keys.current();
  std::memcpy(name, key.name.data(), key.name.size());
  fill(iv, 16);
  if (EVP_EncryptInit_ex(cipher, ticket_cipher(), nullptr, key.cipher.data(), iv) != 1) return kFailed;
  return use_mac(mac, key) ? kGood : kFailed;
}

// In TLS 1.3 a ticket is used once (RFC 8446 C.4): without a new one every second handshake would be a full
// one.
int open(const SSL* ssl, const TicketKeys& keys, const unsigned char* name, const unsigned char* iv,
         EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const TicketKey* key = keys.find(name);
  if (key == nullptr) return kUnknown;
  if (EVP_DecryptInit_ex(cipher, ticket_cipher(), nullptr, key->cipher.data(), iv) != 1) return kFailed;
  if (!use_mac(mac, *key)) return kFailed;
  return key == &keys.current() && SSL_version(ssl) < TLS1_3_VERSION ? kGood : kRenew;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
              int seals) {
  const TicketKeys& keys = TlsStream::of(ssl).ticket_keys();
  return seals != 0 ? seal(keys, name, iv, cipher, mac) : open(ssl, keys, name, iv, cipher, mac);
}

}  // namespace

TicketKey::~TicketKey() {
  OPENSSL_cleanse(cipher.data(), cipher.size());
  OPENSSL_cleanse(mac.data(), mac.size());
}

TicketKey TicketKey::make() {
  TicketKey key;
  fill(key.name.data(), key.name.size());
  fill(key.cipher.data(), key.cipher.size());
  fill(key.mac.data(), key.mac.size());
  return key;
}

void TicketKeys::rotate(const TicketKey& next) {
  former_ = current_;
  current_ = next;
}

const TicketKey* TicketKeys::find(const unsigned char* name) const {
  if (std::memcmp(current_.name.data(), name, current_.name.size()) == 0) return &current_;
  if (former_ && std::memcmp(former_->name.data(), name, former_->name.size()) == 0) return &*former_;
  return nullptr;
}

void use_ticket_keys(ssl_ctx_st* context) {
  using namespace std::chrono;
  SSL_CTX_set_timeout(context, static_cast<long>(duration_cast<seconds>(TicketKeys::kPeriod).count()));
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &on_ticket);
}

}  // namespace gw::net
