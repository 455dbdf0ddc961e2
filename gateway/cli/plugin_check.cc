// SPDX-License-Identifier: Apache-2.0
#include "cli/plugin_check.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <set>
#include <thread>

#include "auth/password_hash.h"
#include "auth/random_id.h"
#include "plugin/plugin_backend.h"
#include "plugin/plugin_library.h"

namespace gw::cli {
namespace {

using auth::BackendFault;
using plugin::PluginBackend;

// What the child shows its parent.
struct Progress {
  char title[256];
  bool finished;
};
constexpr Duration kTimeLimit = 10s;

// What people type to reach what is not theirs: none of it may be an account, an error or a crash.
const std::vector<std::string>& hostile_names() {
  static const std::vector<std::string> names{"*",
                                              "*)(uid=*",
                                              "x)(|(objectClass=*)",
                                              "' OR '1'='1",
                                              "'; DROP TABLE users; --",
                                              "\\",
                                              "\"",
                                              "%",
                                              "_",
                                              "$1",
                                              "{username}",
                                              "../../etc/passwd",
                                              "user:*",
                                              " ",
                                              "-",
                                              "\xC2\xA0",
                                              "\xE2\x80\xAE",
                                              "x\\2a",
                                              "x,dc=example",
                                              std::string(auth::kMaxPasswordBytes, 'x'),
                                              std::string(auth::kMaxPasswordBytes, '*')};
  return names;
}

class Checks {
 public:
  Checks(std::ostream& out, Progress& progress) : out_(out), progress_(progress) {}

  // Says what is done, before it is done: whoever crashes is found by it.
  template <class Call>
  bool check(const std::string& title, Call call) {
    const std::size_t size = std::min(title.size(), sizeof(progress_.title) - 1);
    std::memcpy(progress_.title, title.data(), size);
    progress_.title[size] = '\0';
    const std::string problem = call();
    out_ << (problem.empty() ? "ok      " : "FAILED  ") << title << (problem.empty() ? "" : ": ") << problem
         << '\n'
         << std::flush;
    problem.empty() ? ++passed_ : ++failed_;
    return problem.empty();
  }
  void skip(const std::string& what) {
    out_ << "not run " << what << '\n';
    ++skipped_;
  }
  int end() {
    out_ << passed_ << " passed, " << failed_ << " failed, " << skipped_ << " not run\n" << std::flush;
    progress_.finished = true;
    return failed_ == 0 ? 0 : 1;
  }

 private:
  std::ostream& out_;
  Progress& progress_;
  int passed_ = 0, failed_ = 0, skipped_ = 0;
};

std::string name_of(BackendFault fault) {
  switch (fault) {
    case BackendFault::wrong_password:
      return "wrong password";
    case BackendFault::unknown_user:
      return "unknown user";
    case BackendFault::disabled:
      return "disabled";
    case BackendFault::taken:
      return "taken";
    case BackendFault::read_only:
      return "read-only";
    case BackendFault::unavailable:
      return "unavailable (see the log above)";
  }
  return "?";
}

template <class T>
std::string expect(const Result<T, BackendFault>& result, std::optional<BackendFault> wanted,
                   std::string_view what) {
  const std::string got = result ? "success" : name_of(result.error());
  const std::string asked = wanted ? name_of(*wanted) : "success";
  return got == asked ? "" : std::string(what) + ": expected " + asked + ", got " + got;
}

std::string check_settings(const gatewarden_plugin& table) {
  std::set<std::string> seen;
  for (const char* const* name = table.settings; *name != nullptr; ++name) {
    const std::string text = *name;
    for (const char* own : {"plugin", "subject", "when_away", "time_limit", "upgrade_to"})
      if (text == own) return "\"" + text + "\" is the gateway's own key";
    if (text.empty() || text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
      return "\"" + text + "\" is no name of a setting (a-z, 0-9 and _)";
    if (!seen.insert(text).second) return "\"" + text + "\" is there twice";
  }
  return {};
}

class Kit {
 public:
  Kit(const PluginCheck& check, const gatewarden_plugin& table, Checks& checks)
      : check_(check),
        table_(table),
        checks_(checks),
        hasher_(std::make_shared<auth::PasswordHasher>(auth::HashOptions{8 * 1024, 1, 1})) {
    options_.name = "check";
    options_.time_limit = kTimeLimit;
    json::Object section;
    for (const std::string& setting : check.settings) {
      const std::size_t equals = setting.find('=');
      const std::string value = equals == std::string::npos ? "true" : setting.substr(equals + 1);
      auto parsed = json::parse(value);
      section.emplace_back(setting.substr(0, equals), parsed ? std::move(*parsed) : json::Value(value));
    }
    options_.section = std::move(section);
  }

  void run() {
    std::string refusal;
    checks_.check("starts, or says in a sentence why not", [&] {
      auto backend = PluginBackend::create(options_, table_, hasher_);
      if (backend) backend_ = std::move(*backend);
      if (!backend) refusal = backend.error();
      return refusal.find("gave no reason") != std::string::npos ||
                     refusal.find("exception") != std::string::npos ||
                     refusal.find("time limit") != std::string::npos ||
                     refusal.find("lacks functions") != std::string::npos ||
                     refusal.find("does not exist") != std::string::npos
                 ? refusal
                 : std::string();
    });
    if (backend_ == nullptr) return checks_.skip("all that needs an instance (--set KEY=VALUE): " + refusal);
    checks_.check("starts and ends ten times more", [&] { return start_again(); });
    checks_.check("does not know a stranger", [&] { return ask_for_strangers(); });
    checks_.check("takes hostile names and passwords for nobody's", [&] { return ask_for_hostile_names(); });
    checks_.check("answers eight threads at once", [&] { return ask_in_parallel(); });
    if (check_.username.empty()) {
      checks_.skip("all that needs an account (--user NAME --password-stdin)");
    } else {
      checks_.check("logs the user in, always as the same account", [&] { return log_in(); });
      checks_.check("refuses the user's wrong passwords", [&] { return refuse(); });
      checks_.check("finds the user by name and by id", [&] { return find(); });
    }
    if (backend_->can_write() && check_.write) {
      checks_.check("makes, changes and removes an account", [&] { return write(); });
    } else {
      checks_.skip(backend_->can_write() ? "all that writes (--write: an account is made and removed)"
                                         : "all that writes (it says that it cannot)");
    }
    checks_.check("ends", [&] { return backend_.reset(), std::string(); });
  }

 private:
  static SecretString wrong() { return SecretString("wrong-" + auth::make_random_id()); }

  std::string start_again() {
    for (int i = 0; i < 10; ++i) {
      const auto another = PluginBackend::create(options_, table_, hasher_);  // beside the first
      if (!another) return another.error();
    }
    return {};
  }

  std::string ask_for_strangers() {
    const std::string stranger = "stranger-" + auth::make_random_id();
    std::string problem = expect(backend_->find(stranger), BackendFault::unknown_user, "find");
    if (problem.empty())
      problem = expect(backend_->verify(stranger, wrong()), BackendFault::unknown_user, "verify");
    if (problem.empty())
      problem = expect(backend_->find_subject("check:" + stranger), BackendFault::unknown_user, "find_id");
    return problem;
  }

  std::string ask_for_hostile_names() {
    for (const std::string& name : hostile_names()) {
      const auto found = backend_->find(name);
      if (!found && found.error() != BackendFault::unknown_user)
        return "find \"" + name.substr(0, 40) + "\": " + name_of(found.error());
      const auto verified = backend_->verify(name, wrong());
      if (verified) return "verify \"" + name.substr(0, 40) + "\" with a password made up: success";
      if (verified.error() == BackendFault::unavailable)
        return "verify \"" + name.substr(0, 40) + "\": unavailable";
      if (!check_.username.empty() && backend_->verify(check_.username, SecretString(name)))
        return "the user's password is said to be \"" + name.substr(0, 40) + "\"";
    }
    return {};
  }

  std::string ask_in_parallel() {
    std::atomic<int> bad{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) {
          const bool known = !check_.username.empty() && (t + i) % 2 == 0;
          const auto found = backend_->find(known ? check_.username : "stranger-" + std::to_string(t));
          if (found.ok() != known || (!found && found.error() != BackendFault::unknown_user)) ++bad;
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return bad == 0 ? "" : std::to_string(bad) + " of 200 answers are wrong";
  }

  std::string log_in() {
    for (int i = 0; i < 3; ++i) {
      const auto account = backend_->verify(check_.username, check_.password);
      if (!account) return name_of(account.error());
      if (!subject_.empty() && subject_ != account->subject) return "its id changes from call to call";
      subject_ = account->subject;
    }
    return {};
  }

  std::string refuse() {
    const std::string_view right = check_.password.reveal();
    for (const std::string& password :
         {std::string(right) + "x", std::string(right.substr(0, right.size() - 1)), " " + std::string(right),
          std::string(), std::string(1'000'000, 'x')}) {
      std::string problem = expect(backend_->verify(check_.username, SecretString(password)),
                                   BackendFault::wrong_password, "verify");
      if (!problem.empty()) return problem;
    }
    return expect(backend_->verify(check_.username, wrong()), BackendFault::wrong_password, "verify");
  }

  std::string find() {
    const auto by_name = backend_->find(check_.username);
    if (!by_name) return "find: " + name_of(by_name.error());
    if (by_name->subject != subject_) return "find gives another id than verify";
    const auto by_id = backend_->find_subject(subject_);
    if (!by_id) return "find_id: " + name_of(by_id.error());
    if (by_id->roles != by_name->roles || by_id->email != by_name->email)
      return "find_id gives another account";
    return {};
  }

  std::string write() {
    const std::string name = "check-" + auth::make_random_id();
    auth::NewAccount account{
        name, name + "@example.com", "Check", {"checker"}, *hasher_->hash(SecretString("first"))};
    std::string problem = expect(backend_->create(account), {}, "create_account");
    if (!problem.empty()) return problem;
    const auto then = [&](const auto& result, std::optional<BackendFault> wanted, const char* what) {
      if (problem.empty()) problem = expect(result, wanted, what);
    };
    then(backend_->create(account), BackendFault::taken, "create_account again");
    then(backend_->verify(name, SecretString("first")), {}, "verify");
    then(backend_->find(name + "@example.com"), {}, "find by e-mail address");
    then(backend_->set_password(name, *hasher_->hash(SecretString("second"))), {}, "set_password_hash");
    then(backend_->verify(name, SecretString("first")), BackendFault::wrong_password,
         "verify the old password");
    then(backend_->verify(name, SecretString("second")), {}, "verify the new password");
    then(backend_->set_disabled(name, true), {}, "set_disabled");
    then(backend_->verify(name, SecretString("second")), BackendFault::disabled, "verify while disabled");
    then(backend_->set_disabled(name, false), {}, "set_disabled back");
    then(backend_->verify(name, SecretString("second")), {}, "verify when enabled");
    then(backend_->list(), {}, "list");
    then(backend_->remove(name), {}, "remove");
    then(backend_->find(name), BackendFault::unknown_user, "find after remove");
    return problem;
  }

  const PluginCheck& check_;
  const gatewarden_plugin& table_;
  Checks& checks_;
  const std::shared_ptr<const auth::PasswordHasher> hasher_;
  auth::BackendOptions options_;
  std::unique_ptr<PluginBackend> backend_;
  std::string subject_;
};

int run_checks(const PluginCheck& check, std::ostream& out, Progress& progress) {
  Checks checks(out, progress);
  gatewarden_plugin table{};
  const bool loaded = checks.check("loads, and its table fits", [&] {
    auto library = plugin::load_library_file(check.file);
    if (library) table = *library;
    return library ? std::string() : library.error();
  });
  if (!loaded) return checks.end();
  if (checks.check("names its settings", [&] { return check_settings(table); }))
    Kit(check, table, checks).run();
  return checks.end();
}

}  // namespace

int run_plugin_check(const PluginCheck& check, std::ostream& out, std::ostream& err) {
  void* shared = mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) {
    err << "gatewarden: out of memory\n";
    return 1;
  }
  auto& progress = *static_cast<Progress*>(shared);
  out << std::flush;
  const pid_t child = fork();
  if (child == 0) {
    const int status = run_checks(check, out, progress);
    out << std::flush;
    _exit(status);  // not through the destructors of a plugin whose calls may hang
  }
  int status = 0;
  const bool ended = child > 0 && waitpid(child, &status, 0) == child;
  const bool passed = ended && progress.finished && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!ended)
    err << "gatewarden: there is no process for the checks\n";
  else if (WIFSIGNALED(status))
    out << "FAILED  " << progress.title << ": the plugin crashed (signal " << WTERMSIG(status) << ")\n";
  else if (!progress.finished)
    out << "FAILED  " << progress.title << ": the plugin ended the process\n";
  munmap(shared, sizeof(Progress));
  return passed ? 0 : 1;
}

}  // namespace gw::cli
