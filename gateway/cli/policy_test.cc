// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>

#include "cli/dry_runs.h"
#include "cli/explain.h"
#include "config/cases.h"

namespace gw::cli {
namespace {

using server::Explanation;

// Which routes were decided by, and which conditions were seen met and not met.
struct Coverage {
  struct Seen {
    bool met = false, unmet = false;
  };
  std::set<std::string> routes;
  std::map<std::string, Seen> conditions;

  void note(const Explanation& explanation) {
    if (explanation.route.empty()) return;
    routes.insert(explanation.route);
    std::size_t number = 0;
    for (const Explanation::Condition& condition : explanation.conditions) {
      Seen& seen = conditions[explanation.route + " #" + std::to_string(++number) + " " + condition.name];
      (condition.met ? seen.met : seen.unmet) = true;
    }
  }
};

void print(const Coverage& coverage, const config::Config& config, std::ostream& out) {
  std::string unreached;
  for (const policy::Route& route : config.routes)
    if (!coverage.routes.contains(route.name)) unreached += "\n  not reached: " + route.name;
  out << "routes: " << coverage.routes.size() << " of " << config.routes.size() << " reached" << unreached
      << '\n';
  std::size_t both = 0;
  std::string one_way;
  for (const auto& [name, seen] : coverage.conditions) {
    if (seen.met && seen.unmet)
      ++both;
    else
      one_way += "\n  only " + std::string(seen.met ? "met: " : "not met: ") + name;
  }
  out << "conditions: " << both << " of " << coverage.conditions.size() << " seen met and not met" << one_way
      << '\n';
}

// One line for each thing that is not as expected.
std::vector<std::string> compare(const config::Case& one, const Explanation& got) {
  std::vector<std::string> wrong;
  const auto expect = [&](std::string_view what, const std::string& wanted, const std::string& found) {
    if (wanted != found)
      wrong.push_back(std::string(what) + " " + (found.empty() ? "none" : found) + " (expected " + wanted +
                      ")");
  };
  const bool passes = got.outcome != Explanation::Outcome::refused;
  if (one.forwards) expect("decision", *one.forwards ? "forward" : "refuse", passes ? "forward" : "refuse");
  if (one.route) expect("route", *one.route, got.route);
  if (one.upstream) expect("upstream", *one.upstream, got.upstream);
  if (one.path) expect("path", *one.path, got.upstream_url);
  if (one.status)
    expect("status", std::to_string(*one.status), got.status == 0 ? "" : std::to_string(got.status));
  if (one.code) expect("code", *one.code, got.code);
  return wrong;
}

}  // namespace

int run_policy_test(const config::Config& config, const std::string& cases, std::ostream& out,
                    std::ostream& err) {
  const config::LoadedCases loaded = config::load_cases(cases);
  err << loaded.issues.format();
  if (loaded.issues.has_errors()) return kFailed;
  auto runs = make_dry_run(config, err);
  if (runs == nullptr) return kFailed;
  Coverage coverage;
  std::size_t failed = 0;
  for (const config::Case& one : loaded.cases) {
    const auto got = runs->run({one.method, one.url, one.headers, one.claims, one.client_ip});
    if (got) coverage.note(*got);
    const std::vector<std::string> wrong = got ? compare(one, *got) : std::vector<std::string>{got.error()};
    if (wrong.empty()) continue;
    ++failed;
    for (const std::string& what : wrong)
      out << one.place.file << ':' << one.place.line << ':' << one.place.column << ": failed: " << one.name
          << ": " << what << '\n';
  }
  out << loaded.cases.size() << " cases, " << failed << " failed\n";
  print(coverage, config, out);
  return failed == 0 ? 0 : kRefused;
}

}  // namespace gw::cli
