// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "cli/attack.h"
#include "cli/commands.h"
#include "cli/diff.h"
#include "cli/explain.h"
#include "cli/schema.h"
#include "cli/shadow.h"
#include "config/load.h"

namespace gw::cli {
namespace {

void add_schema(CLI::App& app, Chosen& chosen) {
  CLI::App* schema = app.add_subcommand("schema", "print the JSON Schema of the configuration, for editors");
  schema->callback([&] { chosen.act = [] { return run_schema(std::cout); }; });
}

void add_attack(CLI::App& app, std::string& file, Chosen& chosen) {
  static AttackCommand command;
  CLI::App* attack = app.add_subcommand(
      "attack", "try known ways around the gateway; 0 when none gets through, 1 when one does, 2 if not run");
  add_config_option(*attack, file);
  attack->add_option("--url", command.url, "a deployed gateway; else one of the configuration, in here")
      ->type_name("URL");
  attack->add_option("--ca", command.ca, "the authorities of its certificate")->type_name("FILE");
  attack->add_flag("--json", command.json, "as JSON");
  attack->callback([&] { chosen.act = [&file] { return run_attack(file, command, std::cout, std::cerr); }; });
}

void add_shadow(CLI::App& app, Chosen& chosen) {
  static ShadowReport command;
  CLI::App* shadow = app.add_subcommand("shadow", "rules that refuse nobody yet");
  shadow->require_subcommand(1);
  CLI::App* report = shadow->add_subcommand("report", "what they would have refused, by route");
  report->add_option("--log", command.log, "the access log, in JSON; - is standard input")
      ->type_name("FILE")
      ->required();
  report->add_flag("--json", command.json, "as JSON");
  report->callback([&] { chosen.act = [] { return run_shadow_report(command, std::cout, std::cerr); }; });
}

void add_policy(CLI::App& app, std::string& file, Chosen& chosen) {
  static ExplainCommand command;
  static std::string cases;
  CLI::App* explain = app.add_subcommand(
      "explain", "what the gateway would do with a request, and why; 0 forwarded, 3 refused");
  add_config_option(*explain, file);
  explain->add_option("METHOD", command.method, "such as GET")->required();
  explain->add_option("URL", command.url, "/path, or http(s)://host/path")->required();
  explain->add_option("-H,--header", command.headers, "'Name: value'; may be given several times")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  explain->add_option("--token", command.token, "the caller's token, verified as ever")->type_name("JWT");
  explain->add_option("--claims", command.claims, "take these for the claims of a verified token")
      ->type_name("JSON");
  explain->add_option("--client-ip", command.client_ip, "whom the connection comes from")->type_name("IP");
  explain->add_flag("--json", command.json, "as JSON");
  explain->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_explain(config, command, std::cout, std::cerr);
      });
    };
  });
  CLI::App* test = app.add_subcommand("test", "run a file of policy cases; 3 when one comes out differently");
  add_config_option(*test, file);
  test->add_option("CASES", cases, "the file: cases: [{request, claims, expect}]")->required();
  test->callback([&] {
    chosen.act = [&file] {
      return with_config(file, [](const config::Config& config) {
        return run_policy_test(config, cases, std::cout, std::cerr);
      });
    };
  });
}

void add_diff(CLI::App& app, Chosen& chosen) {
  static DiffCommand command;
  CLI::App* diff = app.add_subcommand(
      "diff", "what a new configuration decides otherwise; 0 nothing, 1 something, 2 if not compared");
  diff->add_option("OLD", command.before, "the configuration that serves")->required();
  diff->add_option("NEW", command.after, "the one that shall")->required();
  diff->add_option("--log", command.log, "an access log in JSON: which of its requests are decided otherwise")
      ->type_name("FILE");
  diff->add_flag("--json", command.json, "as JSON");
  diff->callback([&] { chosen.act = [] { return run_diff(command, std::cout, std::cerr); }; });
}

}  // namespace

void add_config_option(CLI::App& command, std::string& file) {
  command.add_option("-c,--config", file, "configuration file; default $GATEWARDEN_CONFIG or " + file)
      ->type_name("FILE");
}

int with_config(const std::string& file, const std::function<int(const config::Config&)>& act) {
  const config::Loaded loaded = config::load(file);
  if (!loaded.config) {
    std::cerr << loaded.issues.format();
    return 1;
  }
  return act(*loaded.config);
}

void add_policy_commands(CLI::App& app, std::string& file, Chosen& chosen) {
  add_policy(app, file, chosen);
  add_schema(app, chosen);
  add_shadow(app, chosen);
  add_attack(app, file, chosen);
  add_diff(app, chosen);
}

}  // namespace gw::cli
