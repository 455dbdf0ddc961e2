// SPDX-License-Identifier: Apache-2.0
#include "plugin/plugin_backend.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <utility>

#include "base/log.h"
#include "plugin/account_reader.h"
#include "plugin/plugin_library.h"

namespace gw::plugin {
namespace {

using auth::Account;
using auth::BackendFault;

constexpr std::string_view kDefaultSubject = "{backend}:{id}";
constexpr std::size_t kMaxListed = 10'000'000;
constexpr std::size_t kErrorBytes = 1024;
constexpr int kListTakesLonger = 20;  // than one account, by this factor

// The sentence about a section that has what the plugin does not take, or empty.
std::string check_settings(const json::Value& section, const char* const* settings) {
  const json::Object* members = section.as_object();
  if (members == nullptr) return {};
  std::string known = "subject";
  for (const char* const* name = settings; *name != nullptr; ++name) known += std::string(", ") + *name;

  for (const auto& [name, value] : *members) {
    const std::string* text = value.as_string();
    if (text != nullptr && text->find('\0') != std::string::npos) return "\"" + name + "\" contains a NUL";
    if (name == "subject") continue;
    const char* const* taken = settings;
    while (*taken != nullptr && name != *taken) ++taken;
    if (*taken == nullptr) return "unknown key \"" + name + "\" (it takes: " + known + ")";
  }
  return {};
}

Result<SubjectTemplate, std::string> parse_subject(const auth::BackendOptions& options) {
  const json::Value* subject = options.section.find("subject");
  if (subject == nullptr || subject->is_null()) return SubjectTemplate::parse(kDefaultSubject, options.name);
  if (subject->as_string() == nullptr) return std::string("it is no text");
  return SubjectTemplate::parse(*subject->as_string(), options.name);
}

// Nothing that a plugin throws goes further than here.
template <class Call>
gatewarden_result guard(Call call) {
  try {
    return call();
  } catch (...) {
    return GATEWARDEN_UNAVAILABLE;
  }
}

// create, destroy and can_write of one plugin, one at a time.
std::shared_ptr<std::mutex> lifecycle_of(const gatewarden_plugin& table) {
  static std::mutex mutex;
  static std::map<void* (*)(const gatewarden_host*, gatewarden_text, char*, size_t),
                  std::shared_ptr<std::mutex>>
      mutexes;
  const std::lock_guard lock(mutex);
  auto& one = mutexes[table.create];
  if (one == nullptr) one = std::make_shared<std::mutex>();
  return one;
}

}  // namespace

struct PluginBackend::Instance {
  Instance(const gatewarden_plugin& functions, const auth::BackendOptions& options,
           std::shared_ptr<const auth::PasswordHasher> hasher)
      : table(functions),
        lifecycle(lifecycle_of(functions)),
        host(options.name, options.section, std::move(hasher)) {}
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    if (handle == nullptr) return;
    const std::lock_guard lock(*lifecycle);
    guard([&] { return table.destroy(handle), GATEWARDEN_OK; });
  }

  const gatewarden_plugin table;
  const std::shared_ptr<std::mutex> lifecycle;
  const PluginHost host;
  void* handle = nullptr;
  std::array<char, kErrorBytes> error{};  // of create
  bool threw = false;
  int writes = 0;
};

PluginBackend::PluginBackend(const auth::BackendOptions& options, std::shared_ptr<Instance> instance,
                             SubjectTemplate subject, std::shared_ptr<const auth::PasswordHasher> hasher)
    : name_(options.name),
      ask_next_when_away_(options.ask_next_when_away),
      upgrade_hashes_(options.upgrade_hashes),
      instance_(std::move(instance)),
      subject_(std::move(subject)),
      hasher_(std::move(hasher)),
      threads_(options.time_limit) {}

// destroy() may hang like any call. With calls still on the instance, the last of them destroys it.
PluginBackend::~PluginBackend() {
  run("destroy", [instance = std::move(instance_)]() mutable { instance.reset(); });
}

Result<std::unique_ptr<PluginBackend>, std::string> PluginBackend::create(
    const auth::BackendOptions& options, const std::string& plugin_dir,
    std::shared_ptr<const auth::PasswordHasher> hasher) {
  const auto table = load_library(plugin_dir, options.plugin);
  if (!table) return "backend \"" + options.name + "\": " + table.error();
  return create(options, *table, std::move(hasher));
}

Result<std::unique_ptr<PluginBackend>, std::string> PluginBackend::create(
    const auth::BackendOptions& options, const gatewarden_plugin& table,
    std::shared_ptr<const auth::PasswordHasher> hasher) {
  const std::string who = "backend \"" + options.name + "\": ";
  if (const std::string problem = check_settings(options.section, table.settings); !problem.empty()) {
    return who + problem;
  }
  auto subject = parse_subject(options);
  if (!subject) return who + "subject: " + subject.error();

  auto instance = std::make_shared<Instance>(table, options, hasher);
  std::unique_ptr<PluginBackend> backend(
      new PluginBackend(options, std::move(instance), std::move(*subject), std::move(hasher)));
  if (const std::string problem = backend->start(options.section); !problem.empty()) return who + problem;
  return backend;
}

std::string PluginBackend::start(const json::Value& section) {
  const bool in_time = run("create", [instance = instance_,
                                      config = SecretString(section.is_null() ? "{}" : json::dump(section))] {
    const gatewarden_plugin& table = instance->table;
    const std::lock_guard lock(*instance->lifecycle);
    try {
      instance->handle = table.create(instance->host.table(), text_of(config.reveal()),
                                      instance->error.data(), instance->error.size());
      if (instance->handle != nullptr && table.can_write != nullptr)
        instance->writes = table.can_write(instance->handle);
    } catch (...) {
      instance->threw = true;
    }
  });
  if (!in_time) return "its plugin did not start within its time limit";
  if (instance_->threw) return "its plugin threw an exception instead of starting";
  std::array<char, kErrorBytes>& error = instance_->error;
  error.back() = '\0';
  if (instance_->handle == nullptr)
    return error[0] != '\0' ? error.data() : "its plugin did not start, and gave no reason";

  const gatewarden_plugin& table = instance_->table;
  writes_ = instance_->writes;
  const bool has_all = table.list != nullptr && table.create_account != nullptr &&
                       table.set_password_hash != nullptr && table.set_disabled != nullptr &&
                       table.remove != nullptr;
  if ((writes_ == GATEWARDEN_WRITES_ALL && !has_all) || (writes_ != 0 && table.set_password_hash == nullptr))
    return "its plugin says that it can write, but lacks functions for it";
  if (writes_ != 0 && writes_ != GATEWARDEN_WRITES_ALL && writes_ != GATEWARDEN_WRITES_PASSWORDS)
    return "its plugin says that it can write in a way that does not exist";
  if (upgrade_hashes_ && (writes_ == 0 || table.replace_password_hash == nullptr))
    return "upgrade_to: it cannot store a new password hash (remove upgrade_to, or make the backend "
           "writable)";
  return {};
}

BackendFault PluginBackend::fault_of(gatewarden_result result) const {
  switch (result) {
    case GATEWARDEN_WRONG_PASSWORD:
      return BackendFault::wrong_password;
    case GATEWARDEN_UNKNOWN_USER:
      return BackendFault::unknown_user;
    case GATEWARDEN_DISABLED:
      return BackendFault::disabled;
    case GATEWARDEN_TAKEN:
      return BackendFault::taken;
    case GATEWARDEN_READ_ONLY:
      return BackendFault::read_only;
    case GATEWARDEN_UNAVAILABLE:
      return BackendFault::unavailable;
    default:
      return garbage("a result code that does not exist");
  }
}

BackendFault PluginBackend::garbage(std::string_view what) const {
  log::error("a plugin gave back what cannot be used", {{"backend", name_}, {"detail", what}});
  return BackendFault::unavailable;
}

bool PluginBackend::run(std::string_view what, std::function<void()> job, int times_limit) const {
  switch (threads_.run(std::move(job), times_limit)) {
    case PluginThreads::Outcome::done:
      return true;
    case PluginThreads::Outcome::late:
      log::error("a plugin took longer than its time limit: the call is given up, its thread replaced",
                 {{"backend", name_}, {"call", what}});
      return false;
    case PluginThreads::Outcome::refused:
      break;
  }
  log::error("a plugin is not called while so many of its calls hang", {{"backend", name_}, {"call", what}});
  return false;
}

template <class Call>
Result<Account, BackendFault> PluginBackend::one_account(std::string_view what, Call call,
                                                         SecretString* outdated) {
  struct Answer {
    AccountReader reader{1};
    gatewarden_result result = GATEWARDEN_UNAVAILABLE;
    SecretString outdated;
  };
  const auto answer = std::make_shared<Answer>();
  const bool in_time = run(what, [answer, instance = instance_, call = std::move(call)] {
    const OutdatedHash matched(answer->outdated);
    answer->result = guard([&] { return call(*instance, answer->reader.sink()); });
  });
  if (!in_time) return BackendFault::unavailable;
  if (answer->result != GATEWARDEN_OK) return fault_of(answer->result);
  if (!answer->reader.problem().empty()) return garbage(answer->reader.problem());
  if (answer->reader.accounts().empty()) return garbage("success without an account");

  Account account = std::move(answer->reader.accounts().front());
  account.subject = subject_.subject_of(account);
  if (account.subject.empty()) return garbage("an account without what the subject is made of");
  if (outdated != nullptr) *outdated = std::move(answer->outdated);
  return account;
}

Result<Account, BackendFault> PluginBackend::verify(std::string_view username, const SecretString& password) {
  if (!is_login_name(username)) {
    hasher_->spend_equal_time({}, password.reveal());
    return BackendFault::unknown_user;
  }
  if (password.empty() || password.size() > auth::kMaxPasswordBytes) {
    // Not shown to the plugin: a directory may take an empty password for an anonymous bind, and let it pass.
    hasher_->spend_equal_time({}, password.reveal());
    const auto known = find(username);
    return known ? BackendFault::wrong_password : known.error();
  }
  SecretString outdated;
  auto account = one_account(
      "verify",
      [username = std::string(username), password](const Instance& plugin, const gatewarden_sink* sink) {
        return plugin.table.verify(plugin.handle, text_of(username), text_of(password.reveal()), sink);
      },
      &outdated);
  if (account && account->disabled) return BackendFault::disabled;
  if (account && upgrade_hashes_ && !outdated.empty()) upgrade(*account, outdated, password);
  return account;
}

void PluginBackend::upgrade(const Account& account, const SecretString& old_hash,
                            const SecretString& password) {
  auto hash = hasher_->hash(password);
  if (!hash)
    return log::warn("a password hash stays as it is", {{"backend", name_}, {"detail", hash.error()}});
  const auto result = std::make_shared<gatewarden_result>(GATEWARDEN_UNAVAILABLE);
  run("replace_password_hash",
      [result, instance = instance_, id = account.id, old_hash, hash = std::move(*hash)] {
        *result = guard([&] {
          return instance->table.replace_password_hash(instance->handle, text_of(id),
                                                       text_of(old_hash.reveal()), text_of(hash.reveal()));
        });
      });
  // Unknown: somebody changed the password in this moment; theirs stands.
  if (*result == GATEWARDEN_OK)
    log::info("a password hash was upgraded", {{"backend", name_}, {"subject", account.subject}});
  else if (*result != GATEWARDEN_UNKNOWN_USER)
    log::warn("a password hash stays as it is: the backend did not take the new one", {{"backend", name_}});
}

Result<Account, BackendFault> PluginBackend::find(std::string_view username) {
  if (!is_login_name(username)) return BackendFault::unknown_user;
  return one_account("find",
                     [username = std::string(username)](const Instance& plugin, const gatewarden_sink* sink) {
                       return plugin.table.find(plugin.handle, text_of(username), sink);
                     });
}

Result<Account, BackendFault> PluginBackend::find_subject(std::string_view subject) {
  const auto key = subject_.find_key(subject);
  if (!key || !is_login_name(*key)) return BackendFault::unknown_user;
  const bool by_id = subject_.key() == SubjectTemplate::Key::id;
  auto account = one_account(
      "find_id", [by_id, key = std::string(*key)](const Instance& plugin, const gatewarden_sink* sink) {
        return by_id ? plugin.table.find_id(plugin.handle, text_of(key), sink)
                     : plugin.table.find(plugin.handle, text_of(key), sink);
      });
  // A user name may by now be another's e-mail address, or be spelt in another case.
  if (account && account->subject != subject) return BackendFault::unknown_user;
  return account;
}

Result<Account, BackendFault> PluginBackend::create(const auth::NewAccount& account) {
  if (!can_write()) return BackendFault::read_only;
  json::Array roles(account.roles.begin(), account.roles.end());
  const std::string roles_json = json::dump(std::move(roles));
  // What could not be read back is not written.
  const gatewarden_account same{text_of("new"),
                                text_of(account.username),
                                text_of(account.email),
                                text_of(account.name),
                                text_of(roles_json),
                                {},
                                0};
  if (const auto readable = read_account(same); !readable) {
    log::error("a new account cannot be used", {{"backend", name_}, {"detail", readable.error()}});
    return BackendFault::unavailable;
  }
  return one_account("create_account",
                     [account, roles_json](const Instance& plugin, const gatewarden_sink* sink) {
                       gatewarden_new_account added{};
                       added.username = text_of(account.username);
                       added.email = text_of(account.email);
                       added.name = text_of(account.name);
                       added.roles = text_of(roles_json);
                       added.password_hash = text_of(account.password_hash.reveal());
                       return plugin.table.create_account(plugin.handle, &added, sink);
                     });
}

template <class Call>
Result<void, BackendFault> PluginBackend::change(std::string_view what, std::string_view username,
                                                 Call call) {
  const auto account = find(username);
  if (!account) return account.error();
  const auto result = std::make_shared<gatewarden_result>(GATEWARDEN_UNAVAILABLE);
  const bool in_time = run(what, [result, instance = instance_, id = account->id, call = std::move(call)] {
    *result = guard([&] { return call(*instance, text_of(id)); });
  });
  if (!in_time) return BackendFault::unavailable;
  if (*result != GATEWARDEN_OK) return fault_of(*result);
  return {};
}

Result<void, BackendFault> PluginBackend::set_password(std::string_view username,
                                                       const SecretString& password_hash) {
  if (!can_set_passwords()) return BackendFault::read_only;
  return change("set_password_hash", username, [password_hash](const Instance& plugin, gatewarden_text id) {
    return plugin.table.set_password_hash(plugin.handle, id, text_of(password_hash.reveal()));
  });
}

Result<void, BackendFault> PluginBackend::set_disabled(std::string_view username, bool disabled) {
  if (!can_write()) return BackendFault::read_only;
  return change("set_disabled", username, [disabled](const Instance& plugin, gatewarden_text id) {
    return plugin.table.set_disabled(plugin.handle, id, disabled ? 1 : 0);
  });
}

Result<void, BackendFault> PluginBackend::remove(std::string_view username) {
  if (!can_write()) return BackendFault::read_only;
  return change("remove", username, [](const Instance& plugin, gatewarden_text id) {
    return plugin.table.remove(plugin.handle, id);
  });
}

Result<std::vector<Account>, BackendFault> PluginBackend::list() {
  if (instance_->table.list == nullptr) return BackendFault::read_only;
  struct Answer {
    AccountReader reader{kMaxListed};
    gatewarden_result result = GATEWARDEN_UNAVAILABLE;
  };
  const auto answer = std::make_shared<Answer>();
  const auto job = [answer, instance = instance_] {
    answer->result = guard([&] { return instance->table.list(instance->handle, answer->reader.sink()); });
  };
  if (!run("list", job, kListTakesLonger)) return BackendFault::unavailable;
  if (answer->result != GATEWARDEN_OK) return fault_of(answer->result);
  if (!answer->reader.problem().empty()) return garbage(answer->reader.problem());
  for (Account& account : answer->reader.accounts()) account.subject = subject_.subject_of(account);
  return std::move(answer->reader.accounts());
}

OpenedBackends open_backends(const std::vector<auth::BackendOptions>& options, const std::string& plugin_dir,
                             const std::shared_ptr<const auth::PasswordHasher>& hasher) {
  OpenedBackends opened;
  std::vector<std::pair<const auth::BackendOptions*, SubjectTemplate>> subjects;
  for (const auth::BackendOptions& section : options) {
    auto backend = PluginBackend::create(section, plugin_dir, hasher);
    if (!backend) {
      opened.problems.push_back({section.place, backend.error()});
      continue;
    }
    for (const auto& [other, subject] : subjects) {
      if (!subject.could_collide((*backend)->subject())) continue;
      opened.problems.push_back(
          {section.place, "backend \"" + section.name + "\": its subjects could be those of \"" +
                              other->name + "\" (leave `subject` out, or begin both with {backend}:)"});
    }
    subjects.emplace_back(&section, (*backend)->subject());
    opened.backends.push_back(std::move(*backend));
  }
  return opened;
}

}  // namespace gw::plugin
