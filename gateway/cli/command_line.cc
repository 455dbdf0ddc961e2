// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "auth/session_service.h"
#include "cli/api_key.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/hash_password.h"
#include "cli/keys.h"
#include "cli/migrate.h"
#include "cli/plugin_check.h"
#include "cli/ready.h"
#include "cli/run.h"
#include "cli/state_store.h"
#include "cli/store_access.h"
#include "cli/token.h"
#include "cli/user.h"

namespace gw::cli {
namespace {

std::string default_file() {
  const char* named = std::getenv("GATEWARDEN_CONFIG");
  return named != nullptr && *named != '\0' ? named : "/etc/gatewarden/gatewarden.yaml";
}

void add_serving(CLI::App& app, std::string& file, Chosen& chosen) {
  CLI::App* run = app.add_subcommand("run", "serve until SIGTERM or SIGINT, then drain");
  add_config_option(*run, file);
  run->callback([&] { chosen.act = [&file] { return run_gateway(file); }; });
  CLI::App* check = app.add_subcommand("check", "load everything that run would load, and say what is wrong");
  add_config_option(*check, file);
  check->callback([&] { chosen.act = [&file] { return run_check(file); }; });
}

int run_user_command(const std::string& file, const UserCommand& command) {
  return with_config(file, [&](const config::Config& config) {
    UserSettings settings{
        config.backends,  config.server.plugin_dir, config.hash, config.login.password_min_length, {},
        opener_of(config)};
    if (!config.login.backends.empty())
      settings.end_sessions =
          [&config, open = settings.open_store](const std::string& subject) -> Result<void, std::string> {
        auto ended =
            record_revocation(config, auth::revocation_of_account(subject, config.tokens.issuer, wall_now()));
        if (!ended) return ended;
        const Status links = end_reset_links(open, subject);
        return links ? ended : Result<void, std::string>(links.error().detail);
      };
    return run_user(command, settings, prompt_on_terminal, std::cin, std::cout, std::cerr);
  });
}

void add_users(CLI::App& app, std::string& file, Chosen& chosen) {
  static UserCommand command;
  CLI::App* user = app.add_subcommand("user", "the accounts of a backend that can be written");
  user->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, UserAction action) {
    CLI::App* sub = user->add_subcommand(name, about);
    add_config_option(*sub, file);
    sub->add_option("--backend", command.backend, "which, when several can be written")->type_name("NAME");
    if (action != UserAction::list)
      sub->add_option("NAME", command.username, "user name or e-mail address")->required();
    if (action == UserAction::list || action == UserAction::show)
      sub->add_flag("--json", command.json, "as JSON");
    sub->callback([&file, &chosen, action] {
      command.action = action;
      chosen.act = [&file] { return run_user_command(file, command); };
    });
    return sub;
  };
  const auto add_password = [](CLI::App* sub) {
    CLI::Option* from_stdin = sub->add_flag("--password-stdin", command.password_stdin,
                                            "the password is the first line of standard input");
    sub->add_option("--password-hash", command.password_hash, "a hash made elsewhere")
        ->type_name("HASH")
        ->excludes(from_stdin);
  };
  CLI::App* create = add("add", "make an account; asks for its password", UserAction::add);
  create->add_option("--email", command.email, "e-mail address");
  create->add_option("--name", command.name, "full name");
  create->add_option("--role", command.roles, "a role; may be given several times");
  add_password(create);
  add_password(add("passwd", "set a password", UserAction::passwd));
  add("list", "all accounts", UserAction::list);
  add("show", "one account", UserAction::show);
  add("disable", "no more logins and refreshes", UserAction::disable);
  add("enable", "undo disable", UserAction::enable);
  add("remove", "delete an account", UserAction::remove);
  add("unlock", "forget its failed logins and open its locks", UserAction::unlock);
}

void add_revoke(CLI::App& token, std::string& file, Chosen& chosen) {
  static RevokeRequest request;
  CLI::App* revoke = token.add_subcommand("revoke", "refuse a token, a session or all of a user from now on");
  add_config_option(*revoke, file);
  auto* named = revoke->add_option_group("what");
  named->add_option("TOKEN", request.token, "the token; - takes the first line of standard input");
  named->add_option("--jti", request.token_id, "the token with this id");
  named->add_option("--sid", request.session_id, "this session");
  named->add_option("--sub", request.subject, "all that this subject has had until now");
  named->require_option(0, 1);
  revoke->add_option("--iss", request.issuer, "of this issuer; alone: all of it until now");
  revoke->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        RevokeRequest what = request;
        if (!what.token.empty()) what.token = read_token(what.token, std::cin);
        return run_token_revoke(config, what, std::cout, std::cerr);
      });
    };
  });
}

void add_tokens(CLI::App& app, std::string& file, Chosen& chosen) {
  static TokenRequest request;
  static std::string text;
  CLI::App* token = app.add_subcommand("token", "mint, verify or decode a token");
  token->require_subcommand(1);
  CLI::App* issue = token->add_subcommand("issue", "mint with the gateway's key");
  add_config_option(*issue, file);
  issue->add_option("--sub", request.subject, "whom it is about")->required();
  issue->add_option("--claims", request.claims, "further claims, as a JSON object")->type_name("JSON");
  issue->add_option("--ttl", request.ttl, "its life, such as 15m; default tokens.access_ttl")
      ->type_name("DURATION");
  issue->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_token_issue(config, request, std::cout, std::cerr);
      });
    };
  });
  CLI::App* verify = token->add_subcommand("verify", "verify as the gateway would; 3 when it would refuse");
  add_config_option(*verify, file);
  verify->add_option("TOKEN", text, "the token; - takes the first line of standard input")->required();
  verify->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_token_verify(config, read_token(text, std::cin), std::cout, std::cerr);
      });
    };
  });
  add_revoke(*token, file, chosen);
  CLI::App* inspect = token->add_subcommand("inspect", "decode without verifying");
  inspect->add_option("TOKEN", text, "the token; - takes the first line of standard input")->required();
  inspect->callback([&] {
    chosen.act = [] { return run_token_inspect(read_token(text, std::cin), std::cout, std::cerr); };
  });
}

void add_keys(CLI::App& app, std::string& file, Chosen& chosen) {
  CLI::App* keys = app.add_subcommand("keys", "the keys that sign this gateway's tokens");
  keys->require_subcommand(1);
  CLI::App* list = keys->add_subcommand("list", "all keys, the one that signs first");
  add_config_option(*list, file);
  list->callback([&] {
    chosen.act = [&file] {
      return with_config(
          file, [](const config::Config& config) { return run_keys_list(config, std::cout, std::cerr); });
    };
  });
  static std::string delay;
  CLI::App* rotate = keys->add_subcommand("rotate", "sign with a new key; the old ones go on verifying");
  add_config_option(*rotate, file);
  rotate->add_option("--in", delay, "publish it now and sign with it after this time, such as 1h")
      ->type_name("DURATION");
  rotate->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_keys_rotate(config, delay, std::cout, std::cerr);
      });
    };
  });
}

void add_audit(CLI::App& app, std::string& file, Chosen& chosen) {
  static std::vector<std::string> files;
  CLI::App* audit = app.add_subcommand("audit", "the audit log");
  audit->require_subcommand(1);
  CLI::App* verify =
      audit->add_subcommand("verify", "whether it is whole; 3 when a line is changed or missing");
  add_config_option(*verify, file);
  verify->add_option("FILE", files, "its files, the oldest first; default log.audit.path");
  verify->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_audit_verify(config, files, std::cout, std::cerr);
      });
    };
  });
}

void add_plugins(CLI::App& app, Chosen& chosen) {
  static PluginCheck check;
  static bool password_stdin = false;
  CLI::App* plugin = app.add_subcommand("plugin", "credential plugins, for those who write one");
  plugin->require_subcommand(1);
  CLI::App* sub = plugin->add_subcommand("check", "run a plugin through what the gateway asks of it");
  sub->add_option("FILE", check.file, "the shared library, gatewarden_NAME.so")->required();
  sub->add_option("--set", check.settings, "a setting of its section; may be given several times")
      ->type_name("KEY=VALUE");
  CLI::Option* user =
      sub->add_option("--user", check.username, "an account that is there")->type_name("NAME");
  sub->add_flag("--password-stdin", password_stdin, "its password is the first line of standard input")
      ->needs(user);
  sub->add_flag("--write", check.write, "make, change and remove an account too");
  sub->callback([&] {
    chosen.act = [] {
      if (!check.username.empty()) {
        std::string line;
        std::getline(std::cin, line);
        check.password = SecretString(std::move(line));
      }
      return run_plugin_check(check, std::cout, std::cerr);
    };
  });
}

void add_api_keys(CLI::App& app, std::string& file, Chosen& chosen) {
  static ApiKeyRequest request;
  CLI::App* key = app.add_subcommand("key", "API keys, for clients that cannot log in");
  key->require_subcommand(1);
  const auto add = [&](const char* name, const char* about, auto run) {
    CLI::App* sub = key->add_subcommand(name, about);
    add_config_option(*sub, file);
    sub->callback([&file, &chosen, run] { chosen.act = [&file, run] { return with_config(file, run); }; });
    return sub;
  };
  CLI::App* issue = add("issue", "make a key and print it, this once", [](const config::Config& config) {
    return run_key_issue(config, request, std::cout, std::cerr);
  });
  issue->add_option("--name", request.name, "what it is for")->required();
  issue->add_option("--sub", request.subject, "whom it stands for; default key:ID");
  issue->add_option("--scope", request.scopes, "a scope; may be given several times");
  issue->add_option("--role", request.roles, "a role; may be given several times");
  issue->add_option("--ttl", request.ttl, "its life, such as 90d; default a year")->type_name("DURATION");
  add("list", "all keys that are good",
      [](const config::Config& config) { return run_key_list(config, std::cout, std::cerr); });
  add("revoke", "end a key",
      [](const config::Config& config) { return run_key_revoke(config, request, std::cout, std::cerr); })
      ->add_option("ID", request.id, "as `key list` shows it")
      ->required();
}

void add_store(CLI::App& app, Chosen& chosen) {
  static std::string from, to;
  CLI::App* store = app.add_subcommand("store", "where sessions and revocations are kept");
  store->require_subcommand(1);
  CLI::App* migrate = store->add_subcommand("migrate", "move live sessions from one store to another");
  migrate->add_option("FROM", from, "a configuration with the store that is left")->required();
  migrate->add_option("TO", to, "a configuration with the store that is moved to")->required();
  migrate->callback([&] {
    chosen.act = [] {
      return with_config(from, [](const config::Config& old) {
        return with_config(to, [&](const config::Config& next) {
          return run_store_migrate(old, next, std::cout, std::cerr);
        });
      });
    };
  });
}

void add_ready(CLI::App& app, std::string& file, Chosen& chosen) {
  static ReadyRequest request;
  CLI::App* ready =
      app.add_subcommand("ready", "ask the admin address whether it is ready; 3 when it is not");
  add_config_option(*ready, file);
  ready->add_option("--admin", request.admin, "its address, instead of that of the configuration")
      ->type_name("ADDRESS");
  ready->add_flag("--live", request.alive, "only whether it serves at all");
  ready->callback([&file, &chosen] {
    chosen.act = [&file] {
      if (!request.admin.empty()) return run_ready(request, std::cout, std::cerr);
      return with_config(file, [](const config::Config& config) {
        if (config.admin) request.admin = config.admin->text;
        return run_ready(request, std::cout, std::cerr);
      });
    };
  });
}

void add_tools(CLI::App& app, Chosen& chosen) {
  CLI::App* hash =
      app.add_subcommand("hash-password", "print an Argon2id hash of the password on standard input");
  hash->callback([&] {
    chosen.act = [] {
      const PasswordPrompt prompt =
          ::isatty(STDIN_FILENO) != 0 ? PasswordPrompt(prompt_on_terminal) : PasswordPrompt();
      return run_hash_password({}, prompt, std::cin, std::cout, std::cerr);
    };
  });
  CLI::App* version = app.add_subcommand("version", "print the version");
  version->callback([&] {
    chosen.act = [] {
      std::cout << "gatewarden " GW_VERSION "\n";
      return 0;
    };
  });
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Gatewarden, a reverse-proxy authentication gateway", "gatewarden");
  app.require_subcommand(1);
  app.set_version_flag("--version", "gatewarden " GW_VERSION);
  std::string file = default_file();
  Chosen chosen;
  add_serving(app, file, chosen);
  add_policy_commands(app, file, chosen);
  add_users(app, file, chosen);
  add_tokens(app, file, chosen);
  add_keys(app, file, chosen);
  add_plugins(app, chosen);
  add_audit(app, file, chosen);
  add_api_keys(app, file, chosen);
  add_store(app, chosen);
  add_ready(app, file, chosen);
  add_tools(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Of these two, 1 is an answer.
    const std::string_view command = argc > 1 ? argv[1] : "";
    const int failed = command == "attack" || command == "diff" ? 2 : 1;
    return app.exit(error) == 0 ? 0 : failed;
  }
  return chosen.act();
}

}  // namespace gw::cli
