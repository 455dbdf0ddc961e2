// SPDX-License-Identifier: Apache-2.0
#include "conversation.h"

#include <cstdlib>
#include <cstring>

namespace pam_users {
namespace {

// PAM would hold the thread for seconds after a wrong password; the gateway's lockout slows guesses down.
void no_delay(int, unsigned, void*) {}

}  // namespace

Conversation::Conversation(const std::string& service, const std::string& config_dir,
                           const std::string& username, const std::string* password)
    : password_(password), conversation_{answer, this} {
  status_ = pam_start_confdir(service.c_str(), username.c_str(), &conversation_,
                              config_dir.empty() ? nullptr : config_dir.c_str(), &handle_);
  if (status_ == PAM_SUCCESS)
    status_ = pam_set_item(handle_, PAM_FAIL_DELAY, reinterpret_cast<const void*>(no_delay));
}

Conversation::~Conversation() {
  if (handle_ != nullptr) pam_end(handle_, status_);
}

int Conversation::authenticate() {
  if (status_ == PAM_SUCCESS) status_ = pam_authenticate(handle_, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  return status_;
}

int Conversation::check_account() {
  if (status_ == PAM_SUCCESS) status_ = pam_acct_mgmt(handle_, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
  return status_;
}

// A second question, such as a new password or a one-time code, has no answer here: the login fails.
int Conversation::answer(int count, const pam_message** questions, pam_response** answers,
                         void* self) noexcept {
  const auto& conversation = *static_cast<const Conversation*>(self);
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  auto* made = static_cast<pam_response*>(calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (made == nullptr) return PAM_BUF_ERR;
  int passwords = 0;
  bool understood = true;
  for (int i = 0; i < count; ++i) {
    const int style = questions[i]->msg_style;
    if (style == PAM_TEXT_INFO || style == PAM_ERROR_MSG) continue;
    understood =
        understood && style == PAM_PROMPT_ECHO_OFF && conversation.password_ != nullptr && ++passwords == 1;
    if (understood) made[i].resp = strdup(conversation.password_->c_str());
  }
  if (understood) {
    *answers = made;
    return PAM_SUCCESS;
  }
  for (int i = 0; i < count; ++i) {
    if (made[i].resp != nullptr) explicit_bzero(made[i].resp, strlen(made[i].resp));
    free(made[i].resp);
  }
  free(made);
  return PAM_CONV_ERR;
}

}  // namespace pam_users
