// SPDX-License-Identifier: Apache-2.0
#include "cli/attack.h"

#include <map>

#include "attack/run.h"
#include "base/json.h"
#include "base/log.h"
#include "config/load.h"

namespace gw::cli {
namespace {

using attack::Finding;
using attack::Verdict;

constexpr int kThrough = 1;
constexpr int kNotRun = 2;
constexpr std::size_t kShownBytes = 2000;  // of a request

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::held:
      return "held";
    case Verdict::through:
      return "got through";
    case Verdict::skipped:
      break;
  }
  return "skipped";
}

json::Value to_json(const attack::Report& report) {
  json::Array all;
  for (const Finding& finding : report.findings) {
    const attack::Attempt& attempt = *finding.attempt;
    all.push_back(json::Object{{"name", attempt.name},
                               {"kind", attempt.kind},
                               {"source", attempt.source},
                               {"route", finding.route},
                               {"request", finding.request.substr(0, kShownBytes)},
                               {"expected", attack::name_of(attempt.expect)},
                               {"happened", finding.happened},
                               {"verdict", name_of(finding.verdict)}});
  }
  const auto count = [&](Verdict verdict) { return static_cast<std::int64_t>(report.count(verdict)); };
  return json::Object{{"attempts", static_cast<std::int64_t>(report.findings.size())},
                      {"held", count(Verdict::held)},
                      {"got_through", count(Verdict::through)},
                      {"skipped", count(Verdict::skipped)},
                      {"results", std::move(all)}};
}

// On a terminal, no byte of a request does what it says.
std::string shown(const std::string& request) {
  std::string out;
  for (const char c : request.substr(0, kShownBytes)) {
    if (c == '\n')
      out += "\\n\n      ";
    else if (c == '\r')
      out += "\\r";
    else if (c < 0x20 || c > 0x7E)
      out += '?';
    else
      out += c;
  }
  return out;
}

void print(const attack::Report& report, std::ostream& out) {
  std::map<std::string, std::map<Verdict, int>> kinds;
  for (const Finding& finding : report.findings) {
    ++kinds[finding.attempt->kind][finding.verdict];
    if (finding.verdict != Verdict::through) continue;
    const attack::Attempt& attempt = *finding.attempt;
    out << "got through: " << attempt.kind << ": " << attempt.name << "  (" << attempt.source << ")\n"
        << "  route     " << finding.route << "\n  expected  " << attack::name_of(attempt.expect)
        << "\n  happened  " << finding.happened << "\n  request\n      " << shown(finding.request) << '\n';
  }
  for (auto& [kind, counts] : kinds)
    out << kind << ": " << counts[Verdict::held] << " held, " << counts[Verdict::through] << " got through, "
        << counts[Verdict::skipped] << " skipped\n";
  out << report.findings.size() << " attempts, " << report.count(Verdict::through) << " got through\n";
  if (report.routes_left_out != 0)
    out << report.routes_left_out << " more routes were not tried one by one\n";
}

int fail(std::ostream& err, std::string_view problem) {
  err << "error: " << problem << '\n';
  return kNotRun;
}

// The server of a URL; its path plays no part.
Result<attack::Server, std::string> server_of(const AttackCommand& command) {
  const std::string& url = command.url;
  const bool is_tls = url.starts_with("https://");
  if (!is_tls && !url.starts_with("http://")) return std::string("--url is no http:// or https:// URL");
  const std::size_t begin = url.find("://") + 3;
  std::string authority = url.substr(begin, url.find('/', begin) - begin);
  attack::Server server;
  server.port = is_tls ? 443 : 80;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string::npos && authority.back() != ']') {
    const std::string digits = authority.substr(colon + 1);
    if (digits.empty() || digits.size() > 5 || digits.find_first_not_of("0123456789") != std::string::npos)
      return std::string("--url has no port that is one");
    server.port = static_cast<std::uint16_t>(std::stoul(digits));
    authority.erase(colon);
  }
  std::erase_if(authority, [](char c) { return c == '[' || c == ']'; });
  if (authority.empty()) return std::string("--url names no host");
  server.host = authority;
  if (!is_tls) return server;
  net::ClientTlsOptions options;
  options.ca = command.ca;
  auto tls = net::ClientTls::make(options);
  if (!tls) return tls.error();
  server.tls = std::move(*tls);
  auto h2_tls = net::ClientTls::make(options, "h2");
  if (!h2_tls) return h2_tls.error();
  server.h2_tls = std::move(*h2_tls);
  return server;
}

}  // namespace

int run_attack(const std::string& file, const AttackCommand& command, std::ostream& out, std::ostream& err) {
  config::Loaded loaded = config::load(file);
  if (!loaded.config) {
    err << loaded.issues.format();
    return kNotRun;
  }
  log::configure({log::Level::error, log::Format::text});
  attack::Plan plan{std::move(*loaded.config), std::nullopt, "localhost"};
  if (!command.url.empty()) {
    auto server = server_of(command);
    if (!server) return fail(err, server.error());
    const bool is_v6 = server->host.find(':') != std::string::npos;
    plan.host = is_v6 ? '[' + server->host + ']' : server->host;
    plan.server = std::move(*server);
  }
  try {
    const auto report = attack::run(std::move(plan));
    if (!report) {
      err << report.error();
      return kNotRun;
    }
    if (command.json)
      out << json::dump(to_json(*report)) << '\n';
    else
      print(*report, out);
    return report->count(Verdict::through) == 0 ? 0 : kThrough;
  } catch (const std::exception& error) {
    return fail(err, error.what());
  }
}

}  // namespace gw::cli
