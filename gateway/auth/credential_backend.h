// SPDX-License-Identifier: Apache-2.0
// Where users come from. Implemented by plugin/plugin_backend over the C ABI, and by test doubles.
// THREAD: every call blocks and is made on the blocking pool, from several threads at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"

namespace gw::auth {

struct Account {
  std::string
      subject;     // canonical and stable; the `sub` of tokens: "{backend}:{id}" or the backend's template
  std::string id;  // the backend's own id
  std::string username;
  std::string email;
  std::string name;
  std::vector<std::string> roles;
  json::Value attributes;  // an object or null
  bool disabled = false;
};

struct NewAccount {
  std::string username;
  std::string email;
  std::string name;
  std::vector<std::string> roles;
  SecretString password_hash;  // PHC string; the caller hashes
};

enum class BackendFault : std::uint8_t {
  wrong_password,
  unknown_user,
  disabled,   // the password was right
  taken,      // create
  read_only,  // the backend cannot be written
  unavailable,
};

class CredentialBackend {
 public:
  virtual ~CredentialBackend() = default;
  virtual const std::string& name() const = 0;                    // the key in `backends:`
  virtual bool can_write() const = 0;                             // everything below
  virtual bool can_set_passwords() const { return can_write(); }  // set_password, if nothing else
  // While this one cannot answer, the next may decide.
  virtual bool asks_next_when_away() const { return false; }

  // `username` is as typed; it may be the registered e-mail address. Takes the same time for an unknown user
  // as for a wrong password.
  virtual Result<Account, BackendFault> verify(std::string_view username, const SecretString& password) = 0;
  // By user name or e-mail address; also disabled accounts.
  virtual Result<Account, BackendFault> find(std::string_view username) = 0;
  // By the `subject` that verify() gave.
  virtual Result<Account, BackendFault> find_subject(std::string_view subject) = 0;

  // Only when can_write(); set_password() when can_set_passwords().
  virtual Result<Account, BackendFault> create(const NewAccount& account) = 0;
  virtual Result<void, BackendFault> set_password(std::string_view username,
                                                  const SecretString& password_hash) = 0;
  virtual Result<void, BackendFault> set_disabled(std::string_view username, bool disabled) = 0;
  virtual Result<void, BackendFault> remove(std::string_view username) = 0;
  virtual Result<std::vector<Account>, BackendFault> list() = 0;
};

}  // namespace gw::auth
