// SPDX-License-Identifier: Apache-2.0
// One run through a PAM stack: answers the one question without echo with the password, and no other.
#pragma once

#include <security/pam_appl.h>

#include <string>

namespace pam_users {

class Conversation {
 public:
  Conversation(const std::string& service, const std::string& config_dir, const std::string& username,
               const std::string* password);
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // PAM_SUCCESS or a code of pam_authenticate and pam_acct_mgmt.
  int authenticate();
  int check_account();

 private:
  static int answer(int count, const pam_message** questions, pam_response** answers, void* self) noexcept;

  const std::string* const password_;
  pam_conv conversation_;
  pam_handle_t* handle_ = nullptr;
  int status_ = PAM_SUCCESS;
};

}  // namespace pam_users
