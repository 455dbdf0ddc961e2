// SPDX-License-Identifier: Apache-2.0
#include "auth/refresh_token.h"

#include <filesystem>
#include <system_error>

#include "auth/key_file.h"
#include "auth/random_id.h"
#include "base/base64url.h"

namespace gw::auth {
namespace {

constexpr const char* kFileName = "refresh.key";
constexpr std::string_view kPrefix = "gwr_";
constexpr std::size_t kBytes = 32;
constexpr std::size_t kLength = kPrefix.size() + 43;

}  // namespace

RefreshToken RefreshToken::make() {
  return RefreshToken(make_random_bytes(kBytes));
}

Result<RefreshToken> RefreshToken::parse(std::string_view text) {
  if (text.size() != kLength || text.substr(0, kPrefix.size()) != kPrefix)
    return Error(Fault::token_malformed, "not a refresh token");
  const auto bytes = base64url_decode(text.substr(kPrefix.size()));
  if (!bytes) return Error(Fault::token_malformed, "not a refresh token");
  return RefreshToken(*bytes);
}

std::string RefreshToken::hash() const {
  return std::string(jose::digest(jose::Hash::sha256, text_.reveal()).view());
}

RefreshToken::RefreshToken(std::string_view bytes) : text_(std::string(kPrefix) + base64url_encode(bytes)) {}

Result<RefreshKey, std::string> RefreshKey::load_or_make(const std::string& state_dir,
                                                         std::vector<std::string>& warnings) {
  const std::string path = state_dir + "/" + kFileName;
  std::error_code ignored;
  // A link that leads nowhere exists too: it is refused, not replaced.
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    const auto made = write_private_file(state_dir, kFileName, SecretString(make_random_bytes(kBytes)));
    if (!made) return made.error();
  }
  auto key = read_private_file(path, warnings);
  if (!key) return key.error();
  if (key->size() != kBytes) return path + ": is not a key of " + std::to_string(kBytes) + " bytes";
  return RefreshKey(std::move(*key));
}

RefreshToken RefreshKey::successor_of(const RefreshToken& token) const {
  const jose::Hmac hmac(jose::Hash::sha256, key_.reveal());
  return RefreshToken(hmac.compute(token.reveal()).view());
}

SecretString RefreshKey::derive(std::string_view purpose) const {
  const jose::Hmac hmac(jose::Hash::sha256, key_.reveal());
  return SecretString(std::string(hmac.compute(purpose).view()));
}

}  // namespace gw::auth
