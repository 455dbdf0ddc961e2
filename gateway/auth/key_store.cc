// SPDX-License-Identifier: Apache-2.0
#include "auth/key_store.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <optional>

#include "auth/key_file.h"
#include "base/base64url.h"
#include "base/unique_fd.h"
#include "jose/digest.h"
#include "jose/jwk.h"
#include "jose/pem.h"

namespace gw::auth {
namespace {

using jose::Algorithm;
using jose::Key;

constexpr std::string_view kPem = ".pem", kSecret = ".secret";

// A key file is `algorithm: ES256`, `created: SECONDS`, `signs-from: SECONDS` and `longest-life: SECONDS`,
// then PEM (PKCS#8), or `secret: ` in base64url. What is before a PEM block is a comment to every reader of
// PEM.
constexpr std::string_view kAlgorithmField = "algorithm: ", kCreatedField = "created: ",
                           kSignsFromField = "signs-from: ", kLifeField = "longest-life: ",
                           kSecretField = "secret: ";

// Tokens whose life nobody wrote down; `token issue` makes none that live longer.
constexpr WallSeconds kLongestLife = WallSeconds{366} * 24 * 60 * 60;
// After its last token has expired: for clocks that differ, and assertions.
constexpr WallSeconds kGrace = 15 * 60;

// The rest of the line that begins with `field`.
std::string_view field_of(std::string_view text, std::string_view field) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(field)) return line.substr(field.size());
    at = end + 1;
  }
  return {};
}

WallSeconds number_of(std::string_view text, std::string_view field, WallSeconds missing) {
  const std::string_view digits = field_of(text, field);
  WallSeconds number = missing;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

Result<Key, std::string> parse_key_text(std::string_view text, Algorithm algorithm,
                                        const SecretString& passphrase) {
  if (!jose::is_symmetric(algorithm)) return jose::parse_private_pem(text, {algorithm}, passphrase);
  auto secret = base64url_decode(field_of(text, kSecretField));
  if (!secret) return std::string("its secret is not base64url");
  return Key::from_secret(SecretString(std::move(*secret)), {algorithm});
}

Result<SigningKey, std::string> read_key(const std::filesystem::path& path, const SecretString& passphrase,
                                         std::vector<std::string>& warnings) {
  const auto file = read_private_file(path.string(), warnings);
  if (!file) return file.error();
  const std::string_view text = file->reveal();
  const auto algorithm = jose::parse_algorithm(field_of(text, kAlgorithmField));
  if (!algorithm) return path.string() + ": is no key file of this gateway: it names no algorithm";
  const WallSeconds created_at = number_of(text, kCreatedField, 0);
  auto key = parse_key_text(text, *algorithm, passphrase);
  if (!key) return path.string() + ": " + key.error();
  if (!key->can_sign()) return path.string() + ": has no private part";
  key->rename(path.stem().string());
  return SigningKey{std::move(*key),
                    *algorithm,
                    created_at,
                    number_of(text, kSignsFromField, created_at),
                    number_of(text, kLifeField, 0),
                    path.string()};
}

Result<SecretString, std::string> format_key(const SigningKey& signing, const SecretString& passphrase) {
  std::string text(kAlgorithmField);
  text.append(name_of(signing.algorithm)).append("\n");
  text.append(kCreatedField).append(std::to_string(signing.created_at)).append("\n");
  text.append(kSignsFromField).append(std::to_string(signing.signs_from)).append("\n");
  text.append(kLifeField).append(std::to_string(signing.longest_life)).append("\n");
  if (signing.key.is_symmetric()) {
    SecretString encoded(base64url_encode(signing.key.secret().reveal()));
    text.append(kSecretField).append(encoded.reveal()).append("\n");
    return SecretString(std::move(text));
  }
  const auto pem = jose::format_private_pem(signing.key, passphrase);
  if (!pem) return pem.error();
  text.append(pem->reveal());
  return SecretString(std::move(text));
}

// A name for a secret that says nothing about it to those who do not have it.
std::string kid_of_secret(const SecretString& secret) {
  const jose::Digest mac = jose::Hmac(jose::Hash::sha256, secret.reveal()).compute("gatewarden kid");
  return base64url_encode(mac.view().substr(0, 12));
}

std::string kid_of(const Key& key) {
  return key.is_symmetric() ? kid_of_secret(key.secret()) : thumbprint(key);
}

bool is_plain_file(const std::string& path, std::vector<std::string>& warnings) {
  const auto text = read_private_file(path, warnings);
  return text && text->reveal().find("-----BEGIN PRIVATE KEY-----") != std::string_view::npos;
}

// One process at a time makes keys in a directory; dropped with the descriptor.
UniqueFd lock(const std::string& directory) {
  UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd && flock(fd.get(), LOCK_EX) != 0) fd.reset();
  return fd;
}

}  // namespace

std::string key_directory(const std::string& state_dir) {
  return state_dir + "/keys";
}

Result<KeyStore, std::string> KeyStore::open(const std::string& state_dir, const jose::TokenOptions& options,
                                             WallSeconds now, WhenMissing when_missing) {
  KeyStore store;
  store.directory_ = key_directory(state_dir);
  store.algorithm_ = options.algorithm;
  store.access_life_ = std::chrono::ceil<std::chrono::seconds>(options.access_ttl).count();
  if (options.rotate_every)
    store.rotate_every_ = std::chrono::ceil<std::chrono::seconds>(*options.rotate_every).count();
  store.passphrase_ = options.key_passphrase;
  store.has_configured_secret_ = jose::is_symmetric(options.algorithm) && !options.secret.empty();
  if (when_missing == WhenMissing::make) {
    if (auto made = make_private_directory(store.directory_, store.warnings_); !made) return made.error();
  }
  const UniqueFd locked = lock(store.directory_);
  if (!locked && when_missing == WhenMissing::make) return store.directory_ + ": cannot be locked";
  if (auto loaded = store.load(when_missing); !loaded) return loaded.error();

  if (store.has_configured_secret_) {
    auto key = Key::from_secret(options.secret, {options.algorithm}, kid_of_secret(options.secret));
    if (!key) return key.error();
    store.keys_.push_back({std::move(*key), options.algorithm, now, now, 0, {}});
  }
  const auto may_sign = [&](const SigningKey& key) {
    return key.algorithm == options.algorithm && key.signs_from <= now;
  };
  if (std::none_of(store.keys_.begin(), store.keys_.end(), may_sign)) {
    if (auto added = store.add_new(now, now, when_missing); !added) return added.error();
  }
  store.sort(now);
  if (when_missing == WhenMissing::make) {
    if (auto prepared = store.prepare_next(now); !prepared) return prepared.error();
  }
  store.remove_served(now, when_missing);
  store.sort(now);
  store.find_next_event(now);
  return store;
}

Result<void, std::string> KeyStore::load(WhenMissing when_missing) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory_, error)) {
    const auto& path = entry.path();
    const std::string extension = path.extension().string();
    if (path.filename().string().starts_with('.') || (extension != kPem && extension != kSecret)) continue;
    if (extension == kSecret && has_configured_secret_) continue;
    auto key = read_key(path, passphrase_, warnings_);
    if (!key) return key.error();
    keys_.push_back(std::move(*key));
  }
  if (error && when_missing == WhenMissing::make)
    return directory_ + ": cannot be listed: " + error.message();
  return {};
}

Result<void, std::string> KeyStore::add_new(WallSeconds now, WallSeconds signs_from,
                                            WhenMissing when_missing) {
  auto key = Key::generate(algorithm_);
  if (!key) return key.error();
  key->rename(kid_of(*key));
  for (const SigningKey& other : keys_)
    now = std::max(now, other.created_at + 1);  // the newest, whatever the clock
  SigningKey signing{std::move(*key), algorithm_, now, signs_from, access_life_, {}};
  if (when_missing == WhenMissing::make) {
    const std::string name = signing.key.kid() + std::string(signing.key.is_symmetric() ? kSecret : kPem);
    signing.path = directory_ + "/" + name;
    if (auto written = write(signing); !written) return written.error();
  }
  keys_.push_back(std::move(signing));
  return {};
}

Result<void, std::string> KeyStore::write(SigningKey& signing) const {
  const auto text = format_key(signing, passphrase_);
  if (!text) return text.error();
  return write_private_file(directory_, std::filesystem::path(signing.path).filename().string(), *text);
}

// What the files must say before the current key signs: how long its tokens live, and which key comes next.
Result<void, std::string> KeyStore::prepare_next(WallSeconds now) {
  for (SigningKey& key : keys_) {
    if (key.path.empty()) continue;
    const bool signs_now = &key == &keys_.front();
    const bool lives_longer = signs_now && key.longest_life < access_life_;
    if (lives_longer) key.longest_life = access_life_;
    const bool must_be_closed = !passphrase_.empty() && is_plain_file(key.path, warnings_);
    if (!lives_longer && !must_be_closed) continue;
    if (auto written = write(key); !written) return written.error();
  }
  if (!rotate_every_ || has_configured_secret_) return {};
  const bool has_next = std::any_of(keys_.begin(), keys_.end(), [&](const SigningKey& key) {
    return key.algorithm == algorithm_ && key.signs_from > now;
  });
  if (has_next) return {};
  // After a long rest it is due at once, but verifiers elsewhere must have time to read it.
  const WallSeconds lead = std::min(*rotate_every_ / 2, WallSeconds{60 * 60});
  return add_new(now, std::max(keys_.front().signs_from + *rotate_every_, now + lead), WhenMissing::make);
}

// When the last token of a key that no longer signs has expired; the end of time for one that does or will.
WallSeconds KeyStore::served_at(const SigningKey& key) const {
  constexpr WallSeconds kNever = std::numeric_limits<WallSeconds>::max();
  if (key.path.empty() || &key == &keys_.front()) return kNever;
  WallSeconds last_signed = keys_.front().signs_from;
  for (const SigningKey& other : keys_) {
    if (other.algorithm != key.algorithm || other.path.empty()) continue;
    const bool follows = other.signs_from > key.signs_from ||
                         (other.signs_from == key.signs_from && other.created_at > key.created_at);
    if (follows) last_signed = std::min(last_signed, other.signs_from);
  }
  if (key.signs_from > keys_.front().signs_from && key.algorithm == algorithm_) return kNever;
  return last_signed + (key.longest_life == 0 ? kLongestLife : key.longest_life) + kGrace;
}

void KeyStore::remove_served(WallSeconds now, WhenMissing when_missing) {
  const auto has_served = [&](const SigningKey& key) { return served_at(key) <= now; };
  std::vector<SigningKey> kept;
  for (const SigningKey& key : keys_) {
    if (!has_served(key))
      kept.push_back(key);
    else if (when_missing == WhenMissing::make)
      std::remove(key.path.c_str());
  }
  keys_ = std::move(kept);
}

// The one that signs: of the algorithm, and the latest whose time has come.
void KeyStore::sort(WallSeconds now) {
  std::sort(keys_.begin(), keys_.end(), [&](const SigningKey& a, const SigningKey& b) {
    const auto rank = [&](const SigningKey& key) {
      return key.algorithm != algorithm_ ? 2 : key.signs_from > now ? 1 : 0;
    };
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    if (a.signs_from != b.signs_from) return a.signs_from > b.signs_from;
    return a.created_at != b.created_at ? a.created_at > b.created_at : a.key.kid() < b.key.kid();
  });
  // Those to come stand behind the one that signs.
  const auto to_come = std::stable_partition(keys_.begin() + 1, keys_.end(), [&](const SigningKey& key) {
    return key.algorithm == algorithm_ && key.signs_from > now;
  });
  (void)to_come;
}

void KeyStore::find_next_event(WallSeconds now) {
  next_event_.reset();
  const auto consider = [&](WallSeconds at) {
    if (at > now && at != std::numeric_limits<WallSeconds>::max())
      next_event_ = std::min(next_event_.value_or(at), at);
  };
  for (const SigningKey& key : keys_) {
    consider(key.signs_from);
    consider(served_at(key));
  }
}

std::vector<Key> KeyStore::verification_keys() const {
  std::vector<Key> keys;
  for (const SigningKey& signing : keys_) keys.push_back(signing.key);
  return keys;
}

std::string KeyStore::public_jwk_set() const {
  json::Array list;
  for (const SigningKey& signing : keys_)
    if (!signing.key.is_symmetric()) list.push_back(jose::format_public_jwk(signing.key));
  return json::dump(json::Value(json::Object{{"keys", json::Value(std::move(list))}}));
}

Result<void, std::string> KeyStore::rotate(WallSeconds now, WallSeconds from) {
  if (has_configured_secret_) return std::string("the secret stands in the configuration; change it there");
  const UniqueFd locked = lock(directory_);
  if (!locked) return directory_ + ": cannot be locked";
  const auto next = std::find_if(keys_.begin(), keys_.end(), [&](const SigningKey& key) {
    return key.algorithm == algorithm_ && key.signs_from > now && !key.path.empty();
  });
  if (next != keys_.end()) {
    next->signs_from = from;
    if (auto written = write(*next); !written) return written.error();
  } else if (auto added = add_new(now, from, WhenMissing::make); !added) {
    return added.error();
  }
  sort(std::max(now, from));
  if (auto prepared = prepare_next(std::max(now, from)); !prepared) return prepared.error();
  sort(std::max(now, from));
  return {};
}

Result<void, std::string> KeyStore::note_life(WallSeconds life) {
  SigningKey& key = keys_.front();
  if (key.path.empty() || key.longest_life >= life) return {};
  const UniqueFd locked = lock(directory_);
  if (!locked) return directory_ + ": cannot be locked";
  key.longest_life = life;
  return write(key);
}

TokenSigner::TokenSigner(const SigningKey& key)
    : algorithm_(name_of(key.algorithm)), kid_(key.key.kid()), signer_(key.key, key.algorithm) {}

Result<std::string> TokenSigner::mint(const json::Value& claims, std::string_view type) {
  const json::Value header(json::Object{{"alg", algorithm_}, {"typ", type}, {"kid", kid_}});
  auto token = signer_.sign_compact(json::dump(header), json::dump(claims));
  if (!token) return Error(Fault::overloaded, "the library did not sign");
  return std::move(*token);
}

}  // namespace gw::auth
