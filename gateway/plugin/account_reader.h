// SPDX-License-Identifier: Apache-2.0
// Accounts as plugins tell them, checked: texts within their lengths, well-formed UTF-8 and without control
// characters (they become claims, headers and log lines), roles and attributes JSON of the right kind.
#pragma once

#include <string>
#include <vector>

#include "auth/credential_backend.h"
#include "base/result.h"
#include "gatewarden/plugin.h"

namespace gw::plugin {

inline constexpr std::size_t kMaxIdBytes = 255;
inline constexpr std::size_t kMaxTextBytes = 1024;  // user name, e-mail address, name

// 1 to kMaxTextBytes of text that may be a user name or an e-mail address.
bool is_login_name(std::string_view text);

// Without its subject. The error says what is wrong, for the log.
Result<auth::Account, std::string> read_account(const gatewarden_account& account);

// The sink of one call: keeps up to `most` accounts, and the first thing that was wrong.
class AccountReader {
 public:
  explicit AccountReader(std::size_t most);
  AccountReader(const AccountReader&) = delete;
  AccountReader& operator=(const AccountReader&) = delete;

  const gatewarden_sink* sink() const { return &sink_; }
  std::vector<auth::Account>& accounts() { return accounts_; }
  const std::string& problem() const { return problem_; }

 private:
  struct Sink : gatewarden_sink {
    AccountReader* reader;
  };
  static void on_account(const gatewarden_sink* sink, const gatewarden_account* account) noexcept;
  void add(const gatewarden_account* account);

  Sink sink_{};
  const std::size_t most_;
  std::vector<auth::Account> accounts_;
  std::string problem_;
};

}  // namespace gw::plugin
