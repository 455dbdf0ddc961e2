// SPDX-License-Identifier: Apache-2.0
#include "cli/shadow.h"

#include <map>
#include <set>
#include <vector>

#include "cli/access_records.h"

namespace gw::cli {
namespace {

constexpr std::size_t kExamples = 3;         // of one rule
constexpr std::size_t kMostCallers = 10000;  // that are told apart

// What one rule of a route would have refused.
struct Refusals {
  std::map<std::string, std::int64_t> codes;
  std::set<std::string> callers;
  std::vector<std::string> examples;
  std::int64_t count = 0;

  void add(const AccessRecord& record, const std::string& code) {
    ++count;
    ++codes[code];
    if (callers.size() < kMostCallers)
      callers.insert(record.subject.empty() ? record.client : record.issuer + '\n' + record.subject);
    if (examples.size() < kExamples)
      examples.push_back(record.method + ' ' + record.host + record.path + " by " +
                         (record.subject.empty() ? record.client : record.subject));
  }
};

struct Seen {
  std::int64_t requests = 0;
  Refusals enforce, shadow;
};

std::string codes_text(const Refusals& refusals) {
  std::string text;
  for (const auto& [code, count] : refusals.codes)
    text += (text.empty() ? "" : ", ") + code + ' ' + std::to_string(count);
  return text;
}

void print(std::string_view rule, const Refusals& refusals, std::int64_t requests, std::ostream& out) {
  if (refusals.count == 0) return;
  out << "  " << rule << " would have refused " << refusals.count << " of " << requests << " ("
      << codes_text(refusals) << "), from " << refusals.callers.size() << " callers\n";
  for (const std::string& example : refusals.examples) out << "    " << example << '\n';
}

json::Value to_json(const Refusals& refusals) {
  json::Object codes;
  for (const auto& [code, count] : refusals.codes) codes.emplace_back(code, count);
  return json::Object{{"would_refuse", refusals.count},
                      {"codes", std::move(codes)},
                      {"callers", static_cast<std::int64_t>(refusals.callers.size())},
                      {"examples", json::Array(refusals.examples.begin(), refusals.examples.end())}};
}

json::Value to_json(const std::map<std::string, Seen>& routes, std::int64_t requests) {
  json::Array all;
  for (const auto& [name, seen] : routes)
    if (seen.enforce.count + seen.shadow.count != 0)
      all.push_back(json::Object{{"route", name},
                                 {"requests", seen.requests},
                                 {"enforce", to_json(seen.enforce)},
                                 {"shadow", to_json(seen.shadow)}});
  return json::Object{{"requests", requests}, {"routes", std::move(all)}};
}

void print(const std::map<std::string, Seen>& routes, std::int64_t requests, std::ostream& out) {
  std::int64_t refused = 0;
  for (const auto& [name, seen] : routes) {
    if (seen.enforce.count + seen.shadow.count == 0) continue;
    refused += seen.enforce.count + seen.shadow.count;
    out << name << '\n';
    print("enforce: true", seen.enforce, seen.requests, out);
    print("shadow", seen.shadow, seen.requests, out);
  }
  out << requests << " requests, " << refused << " would have been refused\n";
}

}  // namespace

int run_shadow_report(const ShadowReport& command, std::ostream& out, std::ostream& err) {
  std::map<std::string, Seen> routes;
  std::int64_t requests = 0;
  const auto read = read_access_log(command.log, [&](const AccessRecord& record) {
    if (record.route.empty()) return;
    ++requests;
    Seen& seen = routes[record.route];
    ++seen.requests;
    if (!record.unenforced.empty()) seen.enforce.add(record, record.unenforced);
    if (!record.shadow.empty()) seen.shadow.add(record, record.shadow);
  });
  if (!read) {
    err << "error: " << read.error() << '\n';
    return 1;
  }
  if (command.json)
    out << json::dump(to_json(routes, requests)) << '\n';
  else
    print(routes, requests, out);
  return 0;
}

}  // namespace gw::cli
