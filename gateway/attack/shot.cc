// SPDX-License-Identifier: Apache-2.0
#include "attack/shot.h"

#include <algorithm>

#include "base/json.h"

namespace gw::attack {
namespace {

constexpr std::string_view kSmuggled = "/gw-smuggled";

std::string_view first_line(std::string_view message) {
  return message.substr(0, message.find("\r\n"));
}

bool has_field(const std::vector<std::string>& fields, std::string_view name) {
  return std::any_of(fields.begin(), fields.end(), [&](const std::string& field) {
    return lower_case(field.substr(0, field.find(':'))) == name;
  });
}

// The canary in a field of that name, or of one that a careless server reads as it.
bool shows(const std::string& request, const std::string& field, const std::string& canary) {
  for (std::size_t at = 0; at < request.size();) {
    const std::size_t end = std::min(request.find('\n', at), request.size());
    const std::string_view line = std::string_view(request).substr(at, end - at);
    const std::size_t colon = line.find(':');
    if (colon != std::string_view::npos && folded(line.substr(0, colon)) == folded(field) &&
        line.find(canary) != std::string_view::npos)
      return true;
    at = end + 1;
  }
  return false;
}

bool asks_for_smuggled(const std::string& request) {
  const std::string_view line = first_line(request);
  return line.substr(std::min(line.find(' '), line.size() - 1) + 1).starts_with(kSmuggled);
}

// Neither an error nor the way to the login page.
bool is_success(int status) {
  return status < 300 || status == 304;
}

std::string code_of(const Heard& heard) {
  const auto problem = json::parse(heard.body());
  const json::Value* code = problem ? problem->find("code") : nullptr;
  return code != nullptr && code->as_string() != nullptr ? ' ' + *code->as_string() : std::string();
}

}  // namespace

std::string compose(const Shot& shot) {
  const Attempt& attempt = shot.attempt;
  if (!attempt.raw.empty()) return expand(attempt.raw, shot.words);
  std::string path = expand(attempt.path, shot.words);
  if (path.find_first_of("?#") == std::string::npos) path += shot.target.query;
  std::string request = shot.target.method + ' ' + path + " HTTP/1.1\r\nHost: " + shot.target.host + "\r\n";
  for (const auto& [name, value] : shot.target.headers) request += name + ": " + value + "\r\n";
  for (const std::string& field : attempt.fields) request += expand(field, shot.words) + "\r\n";
  const auto credential = shot.words.find("credential");
  if (credential != shot.words.end() && !has_field(attempt.fields, "authorization"))
    request += "Authorization: Bearer " + credential->second + "\r\n";
  if (!has_field(attempt.fields, "connection")) request += "Connection: close\r\n";
  return request + "\r\n";
}

FramedRequest compose_framed(const Shot& shot) {
  const Attempt& attempt = shot.attempt;
  const auto expanded = [&](const FieldList& fields) {
    FieldList all;
    for (const auto& [name, value] : fields)
      all.emplace_back(expand(name, shot.words), expand(value, shot.words));
    return all;
  };
  FramedRequest request;
  if (attempt.framed) {
    request.fields = expanded(*attempt.framed);
  } else {
    std::string path = expand(attempt.path, shot.words);
    if (path.find_first_of("?#") == std::string::npos) path += shot.target.query;
    request.fields = {{":method", shot.target.method},
                      {":scheme", shot.words.at("scheme")},
                      {":path", std::move(path)},
                      {":authority", shot.target.host}};
    for (const std::string& text : attempt.fields) {
      const std::string field = expand(text, shot.words);
      const std::size_t colon = std::min(field.find(':'), field.size());
      const std::size_t value = std::min(field.find_first_not_of(' ', colon + 1), field.size());
      std::string name = lower_case(field.substr(0, colon));
      if (name != "connection") request.fields.emplace_back(std::move(name), field.substr(value));
    }
  }
  for (const auto& [name, value] : shot.target.headers) request.fields.emplace_back(lower_case(name), value);
  const auto credential = shot.words.find("credential");
  if (credential != shot.words.end())
    request.fields.emplace_back("authorization", "Bearer " + credential->second);
  if (attempt.body) request.body = expand(*attempt.body, shot.words);
  request.trailers = expanded(attempt.trailers);
  return request;
}

bool is_through(const Shot& shot, const Outcome& outcome) {
  const std::vector<int> statuses = outcome.heard.statuses();
  const auto& forwarded = outcome.forwarded;
  switch (shot.attempt.expect) {
    case Expect::refused:
      return !forwarded.empty() || (!statuses.empty() && is_success(statuses.front()));
    case Expect::smuggled:
      return statuses.size() > 1 || std::any_of(forwarded.begin(), forwarded.end(), asks_for_smuggled);
    case Expect::unseen:
      break;
  }
  const std::string canary = shot.words.at("canary"), field = expand(shot.attempt.field, shot.words);
  return outcome.heard.body().find(canary) != std::string::npos ||
         std::any_of(forwarded.begin(), forwarded.end(),
                     [&](const std::string& request) { return shows(request, field, canary); });
}

std::string describe(const Outcome& outcome) {
  const std::vector<int> statuses = outcome.heard.statuses();
  std::string text;
  for (const int status : statuses) text += (text.empty() ? "" : ", ") + std::to_string(status);
  if (statuses.size() == 1) text += code_of(outcome.heard);
  const auto reset = outcome.heard.framed ? read_frames(outcome.heard.bytes).reset : std::nullopt;
  if (reset) text += (text.empty() ? "" : ", ") + ("the stream is reset, error " + std::to_string(*reset));
  if (text.empty()) text = outcome.heard.bytes.empty() ? "no answer" : "an answer that is none";
  for (const std::string& request : outcome.forwarded)
    text += "; the upstream got " + std::string(first_line(request));
  return text;
}

bool is_rightful(const policy::RouteTable& table, const Shot& shot, const std::string& request) {
  const std::string_view line = first_line(request);
  const std::size_t blank = line.find(' '), last = line.rfind(' ');
  if (blank == std::string_view::npos || last <= blank) return false;
  Target asked = shot.target;
  asked.method = line.substr(0, blank);
  std::string_view path = line.substr(blank + 1, last - blank - 1);
  const std::size_t host = request.find("\r\nHost: ");
  if (host == std::string::npos) asked.host.clear();
  if (const std::size_t scheme = path.find("://"); scheme != std::string_view::npos) {
    const std::size_t slash = std::min(path.find('/', scheme + 3), path.size());
    asked.host = path.substr(scheme + 3, slash - scheme - 3);
    path.remove_prefix(slash);
  }
  return is_taken_by_open_route(table, asked, path);
}

}  // namespace gw::attack
