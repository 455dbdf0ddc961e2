// SPDX-License-Identifier: Apache-2.0
#include "endpoints/new_account.h"

#include <algorithm>
#include <utility>

#include "auth/breached_passwords.h"
#include "auth/password_hash.h"
#include "endpoints/browser.h"
#include "endpoints/waiting.h"

namespace gw::endpoints {
namespace {

constexpr std::size_t kMaxNameCharacters = 200;
constexpr std::size_t kMaxEmailBytes = 254;
constexpr std::size_t kMaxLocalPartBytes = 64;

// Of well-formed UTF-8.
std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

bool has_outer_blank(std::string_view text) {
  return text.starts_with(' ') || text.ends_with(' ');
}

bool is_dotted(std::string_view text) {
  return !text.empty() && !text.starts_with('.') && !text.ends_with('.') &&
         text.find("..") == std::string_view::npos;
}

bool is_domain_byte(char c) {
  const char lower = static_cast<char>(c | 0x20);
  return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string check_username(const NewAccountForm& form) {
  const std::string& name = form.username;
  if (name == form.email) return {};  // judged there
  if (count_characters(name) > kMaxNameCharacters) return "is too long";
  if (has_control(name) || has_outer_blank(name)) return "has control characters, or blanks around it";
  // Users sign in by either: nobody may be called what is another's address.
  if (name.find('@') != std::string::npos) return "may have an @ only when it is the e-mail address";
  return {};
}

std::string check_name(std::string_view name) {
  if (std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; })) return "is missing";
  if (count_characters(name) > kMaxNameCharacters) return "is too long";
  return has_control(name) ? "has control characters" : "";
}

}  // namespace

bool is_email_address(std::string_view text) {
  const std::size_t at = text.find('@');
  if (text.size() > kMaxEmailBytes || at == std::string_view::npos || at > kMaxLocalPartBytes) return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  if (!is_dotted(local) || !is_dotted(domain) || has_control(local)) return false;
  if (local.find_first_of(" \"(),:;<>[\\]") != std::string_view::npos) return false;
  return !domain.starts_with('-') && std::all_of(domain.begin(), domain.end(), is_domain_byte);
}

std::string check_password(const SecretString& password, std::size_t min_length) {
  if (password.empty()) return "is missing";
  if (count_characters(password.reveal()) < min_length)
    return "is too short: it needs at least " + std::to_string(min_length) + " characters";
  if (password.size() > auth::kMaxPasswordBytes)
    return "is too long: at most " + std::to_string(auth::kMaxPasswordBytes) + " bytes";
  return {};
}

exchange::Verdict check_breached(exchange::Exchange& exchange) {
  auto& state = *exchange.find_endpoint_state<FormState>();
  const std::string& folder = exchange.snapshot().login.breached;
  SecretString password = std::exchange(state.new_password, {});
  if (folder.empty() || password.empty()) return exchange::Verdict::proceed;
  auto job = [folder, password = std::move(password)]() -> Result<bool> {
    return auth::is_breached(folder, password);
  };
  return wait_for_job(exchange, std::move(job), [&exchange](bool breached) {
    if (!breached) return exchange::Verdict::proceed;
    return exchange.refuse(Fault::unprocessable_content, {},
                           json::Object{{"password", "has been seen in a leak of passwords"}});
  });
}

std::string normalise_email(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const std::size_t at = std::min(text.find('@'), text.size());
  return std::string(text.substr(0, at)) + fold_email(text.substr(at));
}

std::string fold_email(std::string_view text) {
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return folded;
}

json::Value find_problems(const NewAccountForm& form, std::size_t min_password_length) {
  json::Value problems;
  const auto note = [&](std::string_view field, std::string problem) {
    if (!problem.empty()) problems.set(field, std::move(problem));
  };
  note("username", check_username(form));
  if (form.email.empty())
    note("email", "is missing");
  else if (!is_email_address(form.email))
    note("email", "is no e-mail address");
  note("name", check_name(form.name));
  note("password", check_password(form.password, min_password_length));
  return problems;
}

}  // namespace gw::endpoints
