// SPDX-License-Identifier: Apache-2.0
#include "cli/explain.h"

#include "base/json.h"
#include "base/log.h"
#include "cli/dry_runs.h"
#include "cli/token.h"
#include "policy/condition_trace.h"

namespace gw::cli {
namespace {

using server::Explanation;

std::string_view name_of(Explanation::Outcome outcome) {
  switch (outcome) {
    case Explanation::Outcome::forwarded:
      return "forwarded";
    case Explanation::Outcome::answered:
      return "answered";
    case Explanation::Outcome::refused:
      return "refused";
  }
  return "";
}

json::Value fields_of(const server::HeaderList& fields) {
  json::Array list;
  for (const auto& [name, value] : fields) list.push_back(json::Object{{"name", name}, {"value", value}});
  return list;
}

json::Value conditions_of(const Explanation& explanation) {
  json::Array list;
  for (const Explanation::Condition& condition : explanation.conditions) {
    json::Object one{{"condition", policy::name_of(condition.kind)}, {"met", condition.met}};
    if (!condition.name.empty()) one.emplace_back("name", condition.name);
    if (!condition.trouble.empty()) one.emplace_back("error", condition.trouble);
    list.push_back(std::move(one));
  }
  return list;
}

json::Value to_json(const Explanation& explanation) {
  json::Value all;
  all.set("decision", name_of(explanation.outcome));
  if (explanation.status != 0) all.set("status", std::int64_t{explanation.status});
  const auto add = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) all.set(name, text);
  };
  add("code", explanation.code);
  add("reason", explanation.reason);
  add("endpoint", explanation.endpoint);
  add("route", explanation.route);
  if (!explanation.route.empty()) all.set("route_line", std::int64_t{explanation.route_place.line});
  add("client_ip", explanation.client_ip);
  add("subject", explanation.subject);
  add("issuer", explanation.issuer);
  all.set("conditions", conditions_of(explanation));
  if (explanation.would_refuse) all.set("would_refuse", explanation.unenforced_code);
  if (!explanation.shadow_code.empty()) all.set("shadow", explanation.shadow_code);
  if (explanation.outcome == Explanation::Outcome::forwarded) {
    all.set("upstream", explanation.upstream);
    all.set("path", explanation.upstream_url);
    all.set("headers_added", fields_of(explanation.added));
    json::Array removed;
    for (const std::string& name : explanation.removed) removed.emplace_back(name);
    all.set("headers_removed", std::move(removed));
  } else {
    all.set("answer", fields_of(explanation.answer));
  }
  return all;
}

void print_conditions(const Explanation& explanation, std::ostream& out) {
  for (const Explanation::Condition& condition : explanation.conditions) {
    out << "  " << (condition.met ? "met      " : "not met  ") << policy::name_of(condition.kind);
    if (!condition.name.empty()) out << ' ' << condition.name;
    if (!condition.trouble.empty()) out << "  (cannot be evaluated: " << condition.trouble << ')';
    out << '\n';
  }
}

void print_route(const Explanation& explanation, std::ostream& out) {
  if (!explanation.endpoint.empty()) out << "endpoint  " << explanation.endpoint << " of the gateway\n";
  if (explanation.route.empty()) return;
  const Place& place = explanation.route_place;
  out << "route     " << explanation.route << "  (" << place.file << ':' << place.line << ':' << place.column
      << ")\n";
}

void print(const Explanation& explanation, std::ostream& out) {
  out << "decision  " << name_of(explanation.outcome);
  if (explanation.status != 0) out << ' ' << explanation.status;
  if (!explanation.code.empty()) out << ' ' << explanation.code;
  out << '\n';
  if (!explanation.reason.empty()) out << "because   " << explanation.reason << '\n';
  print_route(explanation, out);
  out << "client    " << explanation.client_ip << '\n';
  if (!explanation.subject.empty() || !explanation.issuer.empty())
    out << "caller    " << explanation.subject << "  (issuer " << explanation.issuer << ")\n";
  if (!explanation.conditions.empty()) out << "conditions\n";
  print_conditions(explanation, out);
  if (explanation.would_refuse)
    out << "not enforced: otherwise refused with " << explanation.unenforced_code << '\n';
  if (!explanation.shadow_code.empty())
    out << "shadow    would refuse with " << explanation.shadow_code << '\n';
  if (explanation.outcome != Explanation::Outcome::forwarded) {
    for (const auto& [name, value] : explanation.answer) out << "  " << name << ": " << value << '\n';
    return;
  }
  out << "upstream  " << explanation.upstream << '\n' << "path      " << explanation.upstream_url << '\n';
  if (!explanation.removed.empty()) out << "headers removed\n";
  for (const std::string& name : explanation.removed) out << "  " << name << '\n';
  out << "headers added\n";
  for (const auto& [name, value] : explanation.added) out << "  " << name << ": " << value << '\n';
}

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return kFailed;
}

// The request, or why there is none.
Result<server::DryRequest, std::string> read_request(const ExplainCommand& command) {
  server::DryRequest request{command.method, command.url};
  request.client_ip = command.client_ip;
  for (const std::string& header : command.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos) return "-H \"" + header + "\" has no colon (write 'Name: value')";
    const std::size_t value = header.find_first_not_of(" \t", colon + 1);
    request.headers.emplace_back(header.substr(0, colon),
                                 value == std::string::npos ? std::string() : header.substr(value));
  }
  if (!command.token.empty()) request.headers.emplace_back("Authorization", "Bearer " + command.token);
  if (command.claims.empty()) return request;
  if (!command.token.empty()) return std::string("--token and --claims exclude each other (leave one out)");
  auto claims = json::parse(command.claims);
  if (!claims) return "--claims is not JSON: " + claims.error();
  request.claims = std::move(*claims);
  return request;
}

}  // namespace

int run_explain(const config::Config& config, const ExplainCommand& command, std::ostream& out,
                std::ostream& err) {
  const auto request = read_request(command);
  if (!request) return fail(err, request.error());
  auto runs = make_dry_run(config, err);
  if (runs == nullptr) return kFailed;
  const auto explanation = runs->run(*request);
  if (!explanation) return fail(err, explanation.error());
  if (command.json)
    out << json::dump(to_json(*explanation)) << '\n';
  else
    print(*explanation, out);
  return explanation->outcome == Explanation::Outcome::refused ? kRefused : 0;
}

}  // namespace gw::cli
