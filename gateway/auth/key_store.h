// SPDX-License-Identifier: Apache-2.0
// The gateway's own signing keys, kept in `state_dir`/keys: one file a key, named by its kid, 0600 in a 0700
// directory; files appear whole or not at all. A key signs from a moment that its file tells, and until then
// it is published already; the one before it goes on verifying until the last of its tokens has expired, and
// is removed then. Several processes may share the directory: each looks again at next_event().
// THREAD: opened at load time; const calls from any thread afterwards.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "jose/jws.h"
#include "jose/key.h"
#include "jose/options.h"

namespace gw::auth {

struct SigningKey {
  jose::Key key;
  jose::Algorithm algorithm;
  WallSeconds created_at = 0;
  WallSeconds signs_from = 0;
  WallSeconds longest_life = 0;  // of the tokens that it signs; 0: not known
  std::string path;              // empty when it is in no file
};

enum class WhenMissing : std::uint8_t {
  make,     // and keep it; also makes the next one and removes what has served
  pretend,  // make one for this process and write nothing: `check` may run as another user
};

// `state_dir`/keys.
std::string key_directory(const std::string& state_dir);

class KeyStore {
 public:
  // The error is a sentence that names the file. `options.secret`, when given, is the only HS* key.
  static Result<KeyStore, std::string> open(const std::string& state_dir, const jose::TokenOptions& options,
                                            WallSeconds now, WhenMissing when_missing = WhenMissing::make);

  const SigningKey& current() const { return keys_.front(); }
  // The current one first, then those to come, then the newest.
  const std::vector<SigningKey>& all() const { return keys_; }
  std::vector<jose::Key> verification_keys() const;
  std::string public_jwk_set() const;  // JSON; never a symmetric key
  const std::vector<std::string>& warnings() const { return warnings_; }

  // When open() would make something else of the files; nothing when it never would.
  std::optional<WallSeconds> next_event() const { return next_event_; }

  // The next key, or a new one, signs from `from` on. An error for a secret that the configuration gives.
  Result<void, std::string> rotate(WallSeconds now, WallSeconds from);
  // A token of the current key lives so long: longer than those of login. Before it is handed out.
  Result<void, std::string> note_life(WallSeconds life);

 private:
  KeyStore() = default;
  Result<void, std::string> load(WhenMissing when_missing);
  Result<void, std::string> add_new(WallSeconds now, WallSeconds signs_from, WhenMissing when_missing);
  Result<void, std::string> write(SigningKey& signing) const;
  Result<void, std::string> prepare_next(WallSeconds now);
  void remove_served(WallSeconds now, WhenMissing when_missing);
  void sort(WallSeconds now);
  void find_next_event(WallSeconds now);
  WallSeconds served_at(const SigningKey& key) const;

  std::string directory_;
  jose::Algorithm algorithm_ = jose::Algorithm::es256;
  WallSeconds access_life_ = 0;
  std::optional<WallSeconds> rotate_every_;
  SecretString passphrase_;
  bool has_configured_secret_ = false;
  std::vector<SigningKey> keys_;
  std::vector<std::string> warnings_;
  std::optional<WallSeconds> next_event_;
};

// Mints tokens with one key. THREAD: one.
class TokenSigner {
 public:
  explicit TokenSigner(const SigningKey& key);

  // `claims` is the whole payload. An error only when the library fails.
  Result<std::string> mint(const json::Value& claims, std::string_view type = "at+jwt");

 private:
  std::string algorithm_;
  std::string kid_;
  jose::Signer signer_;
};

}  // namespace gw::auth
