// SPDX-License-Identifier: Apache-2.0
#include "cli/user.h"

#include <algorithm>
#include <memory>

#include "auth/password_hash.h"
#include "base/json.h"
#include "cli/store_access.h"
#include "cli/user_table.h"
#include "plugin/account_reader.h"
#include "plugin/plugin_backend.h"

namespace gw::cli {
namespace {

using auth::BackendFault;
using Outcome = Result<void, std::string>;  // the error is a sentence
using BackendPointer = std::shared_ptr<auth::CredentialBackend>;

std::string quote(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string list_names(const std::vector<BackendPointer>& backends) {
  std::string names;
  for (const BackendPointer& backend : backends) names += (names.empty() ? "" : ", ") + backend->name();
  return names;
}

bool only_reads(UserAction action) {
  return action == UserAction::list || action == UserAction::show || action == UserAction::unlock;
}

std::string explain(BackendFault fault, const UserCommand& command, const std::string& backend) {
  switch (fault) {
    case BackendFault::unknown_user:
      return "backend " + quote(backend) + " has no user " + quote(command.username) +
             " (`gatewarden user list` shows those it has)";
    case BackendFault::taken:
      return quote(command.username) + (command.email.empty() ? "" : " or " + quote(command.email)) +
             " belongs to another account of backend " + quote(backend) +
             " (names and addresses are unique without case)";
    case BackendFault::read_only:
      return "backend " + quote(backend) + " cannot be written (change its users where they are kept)";
    case BackendFault::wrong_password:
    case BackendFault::disabled:
    case BackendFault::unavailable:
      break;
  }
  return "backend " + quote(backend) + " is not available (the log line above says why)";
}

// The backend that was named, else the only one that can be written; one that can only be read will do for
// reading.
Result<BackendPointer, std::string> choose_backend(const UserCommand& command, const UserSettings& settings,
                                                   const std::shared_ptr<const auth::PasswordHasher>& hasher,
                                                   std::ostream& err) {
  std::vector<auth::BackendOptions> wanted;
  for (const auth::BackendOptions& section : settings.backends) {
    if (command.backend.empty() || section.name == command.backend) wanted.push_back(section);
  }
  if (settings.backends.empty())
    return std::string("the configuration has no backends (add one under `backends:`)");
  if (wanted.empty()) return "the configuration has no backend " + quote(command.backend);

  plugin::OpenedBackends opened = plugin::open_backends(wanted, settings.plugin_dir, hasher);
  if (opened.backends.empty()) return opened.problems.front().what;
  for (const plugin::BackendProblem& problem : opened.problems) err << "warning: " << problem.what << "\n";
  if (!command.backend.empty()) return opened.backends.front();

  std::vector<BackendPointer> writable;
  for (const BackendPointer& backend : opened.backends) {
    const bool is_enough =
        command.action == UserAction::passwd ? backend->can_set_passwords() : backend->can_write();
    if (is_enough) writable.push_back(backend);
  }
  if (writable.size() == 1) return writable.front();
  if (writable.size() > 1)
    return "there are several backends: choose one with --backend (" + list_names(writable) + ")";
  if (only_reads(command.action) && opened.backends.size() == 1) return opened.backends.front();
  return "no backend can be written (" + list_names(opened.backends) + "); a `plugin: sqlite` one can";
}

PasswordResult hash_new_password(const UserCommand& command, const UserSettings& settings,
                                 const auth::PasswordHasher& hasher, const PasswordPrompt& prompt,
                                 std::istream& in) {
  if (!command.password_hash.empty()) {
    if (command.password_stdin) return std::string("--password-stdin and --password-hash exclude each other");
    if (auth::PasswordHasher::knows(command.password_hash)) return SecretString(command.password_hash);
    return std::string(
        "--password-hash is of no kind that logs in: argon2id, bcrypt, sha512-crypt or another of "
        "docs/plugins.md "
        "(`gatewarden hash-password` makes one)");
  }
  const PasswordResult password =
      command.password_stdin ? read_password_line(in) : prompt_new_password(prompt);
  if (!password) return password;
  if (const std::string problem = check_new_password(*password, settings.password_min_length);
      !problem.empty()) {
    return problem;
  }
  return hasher.hash(*password);
}

bool has_outer_blank(std::string_view text) {
  return text.starts_with(' ') || text.ends_with(' ');
}

std::string check_new_account(const UserCommand& command) {
  if (!plugin::is_login_name(command.username) || has_outer_blank(command.username)) {
    return "the user name must be 1 to 1024 bytes of UTF-8, without control characters and outer blanks";
  }
  const std::string& email = command.email;
  const std::size_t at = email.rfind('@');
  const bool has_address =
      plugin::is_login_name(email) && at != std::string::npos && at != 0 && at + 1 != email.size();
  if (!email.empty() && (!has_address || email.find(' ') != std::string::npos)) {
    return quote(email) + " is no e-mail address";
  }
  if (!command.name.empty() && !plugin::is_login_name(command.name)) {
    return "the name must be at most 1024 bytes of UTF-8, without control characters";
  }
  const bool roles_fine = std::all_of(command.roles.begin(), command.roles.end(), plugin::is_login_name);
  return roles_fine ? std::string() : "a role must be 1 to 1024 bytes of UTF-8, without control characters";
}

// One command on one backend.
class UserRun {
 public:
  UserRun(const UserCommand& command, const UserSettings& settings, auth::CredentialBackend& backend,
          const auth::PasswordHasher& hasher, const PasswordPrompt& prompt, std::istream& in,
          std::ostream& out)
      : command_(command),
        settings_(settings),
        backend_(backend),
        hasher_(hasher),
        prompt_(prompt),
        in_(in),
        out_(out) {}

  Outcome run() {
    switch (command_.action) {
      case UserAction::add:
        return add();
      case UserAction::list:
        return list();
      case UserAction::show:
        return show();
      case UserAction::passwd:
        return set_password();
      case UserAction::disable:
        return changed_for_good([this] { return backend_.set_disabled(command_.username, true); },
                                "disabled");
      case UserAction::enable:
        return changed(backend_.set_disabled(command_.username, false), "enabled");
      case UserAction::unlock:
        return unlock();
      case UserAction::remove:
        break;
    }
    return changed_for_good([this] { return backend_.remove(command_.username); }, "removed");
  }

 private:
  std::string explain(BackendFault fault) const { return cli::explain(fault, command_, backend_.name()); }

  Outcome add() {
    if (!backend_.can_write()) return explain(BackendFault::read_only);
    if (std::string problem = check_new_account(command_); !problem.empty()) return problem;
    auto hash = hash_new_password(command_, settings_, hasher_, prompt_, in_);
    if (!hash) return hash.error();
    const auto created =
        backend_.create({command_.username, command_.email, command_.name, command_.roles, std::move(*hash)});
    if (!created) return explain(created.error());
    out_ << "added " << quote(created->username) << " to backend " << quote(backend_.name()) << " (sub "
         << created->subject << ")\n";
    return {};
  }

  Outcome list() {
    const auto accounts = backend_.list();
    if (!accounts) {
      if (accounts.error() != BackendFault::read_only) return explain(accounts.error());
      return "backend " + quote(backend_.name()) + " cannot list its users";
    }
    command_.json ? print_json(*accounts, out_) : print_table(*accounts, out_);
    return {};
  }

  Outcome show() {
    const auto account = backend_.find(command_.username);
    if (!account) return explain(account.error());
    command_.json ? print_json(*account, out_) : print_lines(*account, out_);
    return {};
  }

  // Whether the user is there is asked first: nobody types a password twice for a misspelt name.
  Outcome set_password() {
    if (!backend_.can_set_passwords()) return explain(BackendFault::read_only);
    if (const auto known = backend_.find(command_.username); !known) return explain(known.error());
    const auto hash = hash_new_password(command_, settings_, hasher_, prompt_, in_);
    if (!hash) return hash.error();
    return changed_for_good([&] { return backend_.set_password(command_.username, *hash); },
                            "changed the password of");
  }

  // A change after which nothing that the account has had before may be of use.
  template <class Change>
  Outcome changed_for_good(Change change, std::string_view what) {
    const auto account = backend_.find(command_.username);
    auto outcome = changed(change(), what);
    if (!outcome || !account || !settings_.end_sessions) return outcome;
    if (auto ended = settings_.end_sessions(account->subject); !ended)
      return "this is done, but the sessions go on: " + ended.error() + " (`gatewarden token revoke --sub " +
             account->subject + "` ends them)";
    return outcome;
  }

  // Whatever the account was called, and from wherever it was tried.
  Outcome unlock() {
    const auto account = backend_.find(command_.username);
    if (!account) return explain(account.error());
    if (const Status unlocked = unlock_account(settings_.open_store, account->subject); !unlocked)
      return unlocked.error().detail;
    out_ << "unlocked " << quote(command_.username) << "\n";
    return {};
  }

  Outcome changed(const Result<void, BackendFault>& result, std::string_view what) {
    if (!result) return explain(result.error());
    out_ << what << " " << quote(command_.username) << "\n";
    return {};
  }

  const UserCommand& command_;
  const UserSettings& settings_;
  auth::CredentialBackend& backend_;
  const auth::PasswordHasher& hasher_;
  const PasswordPrompt& prompt_;
  std::istream& in_;
  std::ostream& out_;
};

}  // namespace

int run_user(const UserCommand& command, const UserSettings& settings, const PasswordPrompt& prompt,
             std::istream& in, std::ostream& out, std::ostream& err) {
  const auto hasher = std::make_shared<const auth::PasswordHasher>(settings.hash);
  const auto backend = choose_backend(command, settings, hasher, err);
  if (!backend) {
    err << "error: " << backend.error() << "\n";
    return 1;
  }
  const Outcome outcome = UserRun(command, settings, **backend, *hasher, prompt, in, out).run();
  if (outcome) return 0;
  err << "error: " << outcome.error() << "\n";
  return 1;
}

}  // namespace gw::cli
