// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include <algorithm>
#include <charconv>

namespace http_users {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What `user.login` leads to, or null.
const Json* follow(const Json& body, std::string_view path) {
  const Json* at = &body;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    if (!at->is_object()) return nullptr;
    const auto member = at->find(std::string(path.substr(0, dot)));
    if (member == at->end()) return nullptr;
    at = &*member;
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return at;
}

std::string host_of(std::string_view url) {
  std::string_view host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.starts_with('[')) return std::string(host.substr(0, host.find(']') + 1));
  return std::string(host.substr(0, host.find(':')));
}

void check_url(common::Options& options, const std::string& url, bool plaintext) {
  const bool is_https = url.starts_with("https://");
  if (!is_https && !url.starts_with("http://")) {
    options.problem("url: expected https://HOST/PATH");
  } else if (!is_https && !plaintext && !common::is_loopback(host_of(url))) {
    options.problem("url: passwords would cross the network in the clear (use https://)");
  }
}

std::map<long, gatewarden_result> read_statuses(common::Options& options) {
  std::map<long, gatewarden_result> statuses{{200, GATEWARDEN_OK},
                                             {401, GATEWARDEN_WRONG_PASSWORD},
                                             {403, GATEWARDEN_DISABLED},
                                             {404, GATEWARDEN_UNKNOWN_USER}};
  const std::map<std::string, gatewarden_result> words{{"ok", GATEWARDEN_OK},
                                                       {"wrong_password", GATEWARDEN_WRONG_PASSWORD},
                                                       {"disabled", GATEWARDEN_DISABLED},
                                                       {"unknown_user", GATEWARDEN_UNKNOWN_USER},
                                                       {"unavailable", GATEWARDEN_UNAVAILABLE}};
  for (const auto& [text, word] : options.map("statuses")) {
    long status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error != std::errc{} || end != text.data() + text.size() || status < 200 || status > 599)
      options.problem("statuses: \"" + text + "\" is no status from 200 to 599");
    else if (!words.contains(word))
      options.problem("statuses." + text +
                      ": expected ok, wrong_password, disabled, unknown_user or unavailable");
    else
      statuses[status] = words.at(word);
  }
  return statuses;
}

bool is_header(const std::string& name, const std::string& value) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return name.find_first_of(": \t") == std::string::npos && std::none_of(name.begin(), name.end(), is_bad) &&
         std::none_of(value.begin(), value.end(), is_bad);
}

}  // namespace

std::unique_ptr<Users> Users::open(const gatewarden_host* host, common::Options& options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) options.problem("libcurl does not start");
  Settings settings;
  settings.hook.url = options.required("url", "https://HOST/PATH");
  if (!settings.hook.url.empty()) check_url(options, settings.hook.url, options.flag("plaintext", false));
  settings.hook.headers = options.map("headers");
  for (const auto& [name, value] : settings.hook.headers)
    if (!is_header(name, value)) options.problem("headers: \"" + name + "\" is no header field");
  settings.hook.ca_file = options.text("ca_file");
  settings.hook.timeout = options.duration("timeout", seconds(5), milliseconds(50), seconds(60));
  settings.fields = options.map("fields");
  settings.accept = options.values("accept");
  settings.statuses = read_statuses(options);
  settings.lookup = options.flag("lookup", true);
  const unsigned connections = options.number("connections", 8, 1, 1000);
  if (!options.problem().empty()) return nullptr;
  for (const char* name : {"id", "username", "email", "name", "roles", "disabled", "attributes"})
    settings.fields.try_emplace(name, name);
  return std::make_unique<Users>(host, std::move(settings), connections);
}

Users::Users(const gatewarden_host* host, Settings settings, unsigned connections)
    : host_(host), settings_(std::move(settings)), hooks_(connections) {}

gatewarden_result Users::verify(std::string_view username, std::string_view password,
                                const gatewarden_sink* sink) {
  Json body;
  const gatewarden_result result = ask({{"username", username}, {"password", password}}, body);
  if (result != GATEWARDEN_OK) return result;
  common::Account account;
  const gatewarden_result readable = read(body, username, account);
  if (readable != GATEWARDEN_OK) return readable;
  if (account.disabled) return GATEWARDEN_DISABLED;
  common::tell(sink, account);
  return GATEWARDEN_OK;
}

gatewarden_result Users::find(std::string_view username, const gatewarden_sink* sink) {
  Json body;
  common::Account account;
  gatewarden_result result = GATEWARDEN_WRONG_PASSWORD;
  if (settings_.lookup) result = ask({{"username", username}}, body);
  if (result == GATEWARDEN_OK || result == GATEWARDEN_DISABLED) {
    const gatewarden_result readable = read(body, username, account);
    if (readable == GATEWARDEN_WRONG_PASSWORD) return GATEWARDEN_UNKNOWN_USER;
    if (readable != GATEWARDEN_OK) return readable;
    account.disabled |= result == GATEWARDEN_DISABLED;
  } else if (result == GATEWARDEN_WRONG_PASSWORD) {
    // It looks nobody up, and answers only with a password: so it decides about every name that reaches it.
    account.id = account.username = username;
  } else {
    return result;
  }
  common::tell(sink, account);
  return GATEWARDEN_OK;
}

// Who cannot be looked up gets no new tokens: they might be disabled by now.
gatewarden_result Users::find_id(std::string_view id, const gatewarden_sink* sink) {
  if (!settings_.lookup) return GATEWARDEN_UNKNOWN_USER;
  Json body;
  common::Account account;
  const gatewarden_result result = ask({{"id", id}}, body);
  if (result == GATEWARDEN_WRONG_PASSWORD) return GATEWARDEN_UNKNOWN_USER;
  if (result != GATEWARDEN_OK && result != GATEWARDEN_DISABLED) return result;
  const gatewarden_result readable = read(body, id, account);
  if (readable != GATEWARDEN_OK)
    return readable == GATEWARDEN_WRONG_PASSWORD ? GATEWARDEN_UNKNOWN_USER : readable;
  account.disabled |= result == GATEWARDEN_DISABLED;
  common::tell(sink, account);
  return GATEWARDEN_OK;
}

gatewarden_result Users::ask(const Json& question, Json& body) {
  HookAnswer answer;
  std::string error;
  std::string text = question.dump();
  const bool answered = common::with_connection(
      hooks_, settings_.hook.timeout, [&] { return Hook::open(settings_.hook); },
      [&](Hook& hook) { return hook.post(text, answer, error); });
  volatile char* bytes = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) bytes[i] = 0;
  if (!answered) return away(error.empty() ? "all connections stayed in use" : error);

  const auto known = settings_.statuses.find(answer.status);
  // A hook that was made for passwords alone says so in one of these ways when it is asked without one.
  const bool is_lookup = !question.contains("password");
  if (is_lookup && (answer.status == 400 || answer.status == 405 || answer.status == 422) &&
      known == settings_.statuses.end())
    return GATEWARDEN_WRONG_PASSWORD;
  if (known == settings_.statuses.end()) return away("it answers " + std::to_string(answer.status));
  if (known->second == GATEWARDEN_UNAVAILABLE) return away("it says that it is unavailable");
  body = Json::parse(answer.body, nullptr, false);
  return known->second;
}

gatewarden_result Users::read(const Json& body, std::string_view username, common::Account& account) const {
  if (!settings_.accept.empty() && !body.is_object()) return away("its answer is no JSON object");
  for (const auto& [path, wanted] : settings_.accept) {
    const Json* value = follow(body, path);
    if (value == nullptr || *value != wanted) return GATEWARDEN_WRONG_PASSWORD;
  }
  for (const auto& [name, path] : settings_.fields) {
    const Json* value = body.is_object() ? follow(body, path) : nullptr;
    if (value == nullptr) continue;
    if (name == "attributes" && value->is_object()) {
      account.attributes.update(*value);
    } else if (!common::assign(account, name, *value)) {
      return away("field \"" + path + "\" of its answer is of the wrong kind");
    }
  }
  if (account.username.empty()) account.username = account.id.empty() ? std::string(username) : account.id;
  if (account.id.empty()) account.id = account.username;
  return GATEWARDEN_OK;
}

gatewarden_result Users::away(std::string_view what) const {
  const std::string line = "hook: " + std::string(what);
  host_->log(host_, GATEWARDEN_LOG_ERROR, common::text_of(line));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace http_users
