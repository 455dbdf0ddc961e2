// SPDX-License-Identifier: Apache-2.0
// A section of `backends:` at work: one instance of a plugin behind auth::CredentialBackend. What the plugin
// gives back is checked before anyone believes it (lengths, UTF-8, JSON, exactly one account, an account that
// the subject leads back to); garbage is a log line and BackendFault::unavailable. So is a call that takes
// longer than the section's time limit.
// THREAD: any, several at once; every call blocks. OWNERSHIP: shares the instance with the calls that hang in
// it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "auth/credential_backend.h"
#include "auth/options.h"
#include "auth/password_hash.h"
#include "base/place.h"
#include "gatewarden/plugin.h"
#include "plugin/plugin_host.h"
#include "plugin/plugin_threads.h"
#include "plugin/subject_template.h"

namespace gw::plugin {

class PluginBackend final : public auth::CredentialBackend {
 public:
  // Loads the plugin and makes the instance. The error is a sentence for the person who wrote the section.
  // The second takes the plugin's table as load_library_file() gave it.
  static Result<std::unique_ptr<PluginBackend>, std::string> create(
      const auth::BackendOptions& options, const std::string& plugin_dir,
      std::shared_ptr<const auth::PasswordHasher> hasher);
  static Result<std::unique_ptr<PluginBackend>, std::string> create(
      const auth::BackendOptions& options, const gatewarden_plugin& table,
      std::shared_ptr<const auth::PasswordHasher> hasher);
  ~PluginBackend() override;

  const std::string& name() const override { return name_; }
  bool can_write() const override { return writes_ == GATEWARDEN_WRITES_ALL; }
  bool can_set_passwords() const override { return writes_ != 0; }
  bool asks_next_when_away() const override { return ask_next_when_away_; }
  const SubjectTemplate& subject() const { return subject_; }

  Result<auth::Account, auth::BackendFault> verify(std::string_view username,
                                                   const SecretString& password) override;
  Result<auth::Account, auth::BackendFault> find(std::string_view username) override;
  Result<auth::Account, auth::BackendFault> find_subject(std::string_view subject) override;

  Result<auth::Account, auth::BackendFault> create(const auth::NewAccount& account) override;
  Result<void, auth::BackendFault> set_password(std::string_view username,
                                                const SecretString& password_hash) override;
  Result<void, auth::BackendFault> set_disabled(std::string_view username, bool disabled) override;
  Result<void, auth::BackendFault> remove(std::string_view username) override;
  Result<std::vector<auth::Account>, auth::BackendFault> list() override;

 private:
  // The instance and all that it refers to, shared with the calls that are on it.
  struct Instance;

  PluginBackend(const auth::BackendOptions& options, std::shared_ptr<Instance> instance,
                SubjectTemplate subject, std::shared_ptr<const auth::PasswordHasher> hasher);
  std::string start(const json::Value& section);

  auth::BackendFault fault_of(gatewarden_result result) const;
  auth::BackendFault garbage(std::string_view what) const;
  // Whether `job` ended within the limit; logs when not.
  bool run(std::string_view what, std::function<void()> job, int times_limit = 1) const;
  // `call` takes the Instance and a sink, and owns what else it needs. An outdated hash that matched goes to
  // `outdated`.
  template <class Call>
  Result<auth::Account, auth::BackendFault> one_account(std::string_view what, Call call,
                                                        SecretString* outdated = nullptr);
  // `call` takes the Instance and the account's id.
  template <class Call>
  Result<void, auth::BackendFault> change(std::string_view what, std::string_view username, Call call);
  // Never a reason to refuse the login.
  void upgrade(const auth::Account& account, const SecretString& old_hash, const SecretString& password);

  const std::string name_;
  const bool ask_next_when_away_;
  const bool upgrade_hashes_;
  std::shared_ptr<Instance> instance_;
  const SubjectTemplate subject_;
  const std::shared_ptr<const auth::PasswordHasher> hasher_;
  mutable PluginThreads threads_;
  int writes_ = 0;
};

struct BackendProblem {
  Place place;  // of the section
  std::string what;
};

// All of `backends:`, or all that is wrong with it: plugins that do not load or start, and backends whose
// subjects could be the same.
struct OpenedBackends {
  std::vector<std::shared_ptr<auth::CredentialBackend>> backends;  // in the order of `options`
  std::vector<BackendProblem> problems;
};
OpenedBackends open_backends(const std::vector<auth::BackendOptions>& options, const std::string& plugin_dir,
                             const std::shared_ptr<const auth::PasswordHasher>& hasher);

}  // namespace gw::plugin
