// SPDX-License-Identifier: Apache-2.0
#include "store/sealer.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdlib>
#include <memory>

#include "base/log.h"

namespace gw::store {
namespace {

// A value is: this, the key's id, the nonce, the text, the tag.
constexpr char kVersion = 1;
constexpr std::size_t kNonceBytes = 12, kTagBytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
int size_of(std::string_view text) {
  return static_cast<int>(text.size());
}

[[noreturn]] void fail(std::string_view what) {
  log::error(what);
  std::abort();
}

}  // namespace

std::string make_random_bytes(std::size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(bytes_of(bytes), static_cast<int>(size)) != 1) fail("the system has no random bytes");
  return bytes;
}

std::string keyed_hash(std::string_view key, std::string_view text) {
  std::string mac(32, '\0');
  unsigned length = 0;
  if (HMAC(EVP_sha256(), key.data(), size_of(key), bytes_of(text), text.size(), bytes_of(mac), &length) ==
          nullptr ||
      length != mac.size())
    fail("the library does not hash");
  return mac;
}

Sealer::Sealer(const std::vector<SecretString>& secrets) {
  for (const SecretString& secret : secrets)
    keys_.push_back({keyed_hash(secret.reveal(), "gatewarden store key id").substr(0, kIdBytes),
                     SecretString(keyed_hash(secret.reveal(), "gatewarden store encryption"))});
}

std::string Sealer::seal(std::string_view text, std::string_view place) const {
  const Key& key = keys_.front();
  const std::string nonce = make_random_bytes(kNonceBytes);
  std::string body(text.size(), '\0'), tag(kTagBytes, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const c = context.get();
  int length = 0;
  const bool done = c != nullptr &&
                    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), nullptr, bytes_of(key.secret.reveal()),
                                       bytes_of(nonce)) == 1 &&
                    EVP_EncryptUpdate(c, nullptr, &length, bytes_of(place), size_of(place)) == 1 &&
                    EVP_EncryptUpdate(c, bytes_of(body), &length, bytes_of(text), size_of(text)) == 1 &&
                    EVP_EncryptFinal_ex(c, bytes_of(tag), &length) == 1 &&
                    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, kTagBytes, tag.data()) == 1;
  if (!done) fail("the library does not encrypt");
  return kVersion + key.id + nonce + body + tag;
}

std::optional<std::string> Sealer::open(std::string_view sealed, std::string_view place) const {
  constexpr std::size_t kHead = 1 + kIdBytes;
  if (sealed.size() < kHead + kNonceBytes + kTagBytes || sealed[0] != kVersion) return std::nullopt;
  const std::string_view id = sealed.substr(1, kIdBytes), nonce = sealed.substr(kHead, kNonceBytes);
  const std::string_view body =
      sealed.substr(kHead + kNonceBytes, sealed.size() - kHead - kNonceBytes - kTagBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  for (const Key& key : keys_) {
    if (key.id != id) continue;
    std::string text(body.size(), '\0');
    const Context context(EVP_CIPHER_CTX_new());
    EVP_CIPHER_CTX* const c = context.get();
    int length = 0;
    std::array<unsigned char, 16> rest;
    const bool done = c != nullptr &&
                      EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), nullptr, bytes_of(key.secret.reveal()),
                                         bytes_of(nonce)) == 1 &&
                      EVP_DecryptUpdate(c, nullptr, &length, bytes_of(place), size_of(place)) == 1 &&
                      EVP_DecryptUpdate(c, bytes_of(text), &length, bytes_of(body), size_of(body)) == 1 &&
                      EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
                      EVP_DecryptFinal_ex(c, rest.data(), &length) == 1;
    if (done) return text;
    wipe(text);
  }
  ERR_clear_error();
  return std::nullopt;
}

bool Sealer::is_of_old_key(std::string_view sealed) const {
  return sealed.size() > kIdBytes && sealed.substr(1, kIdBytes) != keys_.front().id;
}

}  // namespace gw::store
