// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "conversation.h"

namespace pam_users {
namespace {

constexpr std::size_t kMaxUserBytes = 256;
constexpr std::size_t kMaxPasswordBytes = PAM_MAX_RESP_SIZE - 1;

gatewarden_result result_of(int status) {
  switch (status) {
    case PAM_SUCCESS:
      return GATEWARDEN_OK;
    case PAM_USER_UNKNOWN:
      return GATEWARDEN_UNKNOWN_USER;
    case PAM_AUTH_ERR:
    case PAM_MAXTRIES:
    case PAM_CRED_INSUFFICIENT:
    case PAM_CONV_ERR:
    case PAM_AUTHTOK_ERR:
      return GATEWARDEN_WRONG_PASSWORD;
    case PAM_ACCT_EXPIRED:
    case PAM_PERM_DENIED:
    case PAM_NEW_AUTHTOK_REQD:
    case PAM_CRED_EXPIRED:
    case PAM_AUTHTOK_EXPIRED:
      return GATEWARDEN_DISABLED;
    default:
      return GATEWARDEN_UNAVAILABLE;
  }
}

// A slash would let pam_listfile and its like read other files; a colon or a line break, other lines.
bool is_name(std::string_view name) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == ':' || c == '/' || c == 0x7F;
  };
  return !name.empty() && name.size() <= kMaxUserBytes && name.front() != '-' &&
         std::none_of(name.begin(), name.end(), is_bad);
}

std::vector<std::string> groups_of(const passwd& user) {
  int count = 64;
  std::vector<gid_t> ids(static_cast<std::size_t>(count));
  if (getgrouplist(user.pw_name, user.pw_gid, ids.data(), &count) < 0) {
    ids.resize(static_cast<std::size_t>(count));
    if (getgrouplist(user.pw_name, user.pw_gid, ids.data(), &count) < 0) count = 0;
  }
  ids.resize(static_cast<std::size_t>(count));
  std::vector<std::string> names;
  std::vector<char> buffer(64 * 1024);
  for (const gid_t id : ids) {
    group entry{};
    group* found = nullptr;
    if (getgrgid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
      names.emplace_back(found->gr_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::unique_ptr<Users> Users::open(const gatewarden_host* host, common::Options& options) {
  Settings settings;
  settings.service = options.text("service", "gatewarden");
  settings.config_dir = options.text("config_path");
  settings.min_uid = options.number("min_uid", 1000, 0, 4'000'000'000u);
  settings.groups = options.flag("groups", false);
  const std::string accounts = options.text("accounts", "system");
  settings.system_accounts = accounts == "system";
  if (accounts != "system" && accounts != "pam") options.problem("accounts: expected system or pam");
  if (settings.groups && !settings.system_accounts) options.problem("groups: only with accounts: system");
  if (!is_name(settings.service)) options.problem("service: expected the name of a file in /etc/pam.d");
  const std::string file =
      (settings.config_dir.empty() ? "/etc/pam.d" : settings.config_dir) + "/" + settings.service;
  // PAM would fall back to its service "other", which may be anything.
  if (access(file.c_str(), R_OK) != 0)
    options.problem("service: " + file +
                    " cannot be read (make it, such as `auth required pam_unix.so` and "
                    "`account required pam_unix.so`)");
  if (!options.problem().empty()) return nullptr;
  return std::make_unique<Users>(host, std::move(settings));
}

gatewarden_result Users::verify(std::string_view username, std::string_view password,
                                const gatewarden_sink* sink) {
  common::Account account;
  const std::string name(username);
  const gatewarden_result known = look_up(name, account);
  if (known == GATEWARDEN_UNAVAILABLE) return known;

  // Strangers go through PAM as well, which takes its time for them.
  const bool fits = password.size() <= kMaxPasswordBytes && password.find('\0') == std::string_view::npos;
  std::string copy(fits && !password.empty() ? password : "x");
  const gatewarden_result checked = is_name(name) ? ask(name, &copy) : GATEWARDEN_UNKNOWN_USER;
  explicit_bzero(copy.data(), copy.size());
  if (known != GATEWARDEN_OK) return known;
  if (checked == GATEWARDEN_OK && (!fits || password.empty())) return GATEWARDEN_WRONG_PASSWORD;
  if (checked == GATEWARDEN_UNKNOWN_USER) return GATEWARDEN_WRONG_PASSWORD;  // known, but not to this service
  if (checked == GATEWARDEN_OK) common::tell(sink, account);
  return checked;
}

gatewarden_result Users::find(std::string_view username, const gatewarden_sink* sink) {
  common::Account account;
  const gatewarden_result known = look_up(std::string(username), account);
  if (known == GATEWARDEN_OK) common::tell(sink, account);
  return known;
}

gatewarden_result Users::look_up(const std::string& username, common::Account& account) const {
  if (!is_name(username)) return GATEWARDEN_UNKNOWN_USER;
  account.id = account.username = username;
  if (settings_.system_accounts) {
    const gatewarden_result known = look_up_system(username, account);
    if (known != GATEWARDEN_OK) return known;
  }
  const gatewarden_result usable = ask(username, nullptr);
  account.disabled = usable == GATEWARDEN_DISABLED;
  if (usable == GATEWARDEN_WRONG_PASSWORD) return GATEWARDEN_UNKNOWN_USER;
  return usable == GATEWARDEN_DISABLED ? GATEWARDEN_OK : usable;
}

gatewarden_result Users::look_up_system(const std::string& username, common::Account& account) const {
  std::vector<char> buffer(64 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  const int failure = getpwnam_r(username.c_str(), &entry, buffer.data(), buffer.size(), &found);
  // What getpwnam(3) lists as "not found" on this system or that.
  const bool is_absent =
      failure == 0 || failure == ENOENT || failure == ESRCH || failure == EBADF || failure == EPERM;
  if (found == nullptr) return is_absent ? GATEWARDEN_UNKNOWN_USER : away("the name service does not answer");
  if (found->pw_uid < settings_.min_uid) return GATEWARDEN_UNKNOWN_USER;
  if (username != found->pw_name)
    return GATEWARDEN_UNKNOWN_USER;  // a name service without case: one account, one name
  const std::string_view gecos = found->pw_gecos == nullptr ? "" : found->pw_gecos;
  account.name = gecos.substr(0, gecos.find(','));
  if (settings_.groups) account.roles = groups_of(*found);
  return GATEWARDEN_OK;
}

gatewarden_result Users::ask(const std::string& username, const std::string* password) const {
  Conversation conversation(settings_.service, settings_.config_dir, username, password);
  int status = password == nullptr ? PAM_SUCCESS : conversation.authenticate();
  if (status == PAM_SUCCESS) status = conversation.check_account();
  const gatewarden_result result = result_of(status);
  return result == GATEWARDEN_UNAVAILABLE ? away(pam_strerror(nullptr, status)) : result;
}

gatewarden_result Users::away(std::string_view what) const {
  const std::string line = "pam: " + std::string(what);
  host_->log(host_, GATEWARDEN_LOG_ERROR, common::text_of(line));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace pam_users
