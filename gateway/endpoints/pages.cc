// SPDX-License-Identifier: Apache-2.0
#include "endpoints/pages.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "base/base64url.h"
#include "base/utf8.h"
#include "endpoints/built_in_files.h"
#include "endpoints/session_cookies.h"
#include "jose/digest.h"

namespace gw::endpoints {
namespace {

using exchange::Exchange;
using exchange::Reply;
using exchange::Verdict;
namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = 512 * 1024;
constexpr std::size_t kMaxNextBytes = 2048;
constexpr std::string_view kEnglish = "en";

struct LogoType {
  std::string_view extension, media_type;
};
constexpr std::array kLogoTypes{LogoType{".svg", "image/svg+xml"}, LogoType{".png", "image/png"},
                                LogoType{".jpg", "image/jpeg"},    LogoType{".jpeg", "image/jpeg"},
                                LogoType{".gif", "image/gif"},     LogoType{".webp", "image/webp"}};

std::string base64_encode(std::string_view bytes) {
  std::string text = base64url_encode(bytes);
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::optional<std::string> read_file(const fs::path& path, std::vector<std::string>& problems) {
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), {}};
  if (file.bad() || !file.is_open() || content.size() > kMaxFileBytes) {
    problems.push_back("login.page: " + path.string() + " cannot be read, or is larger than 512 KiB");
    return std::nullopt;
  }
  return content;
}

bool names(std::string_view language, std::string_view wanted) {
  return language.size() <= wanted.size() &&
         http::equal_without_case(language, wanted.substr(0, language.size())) &&
         (language.size() == wanted.size() || wanted[language.size()] == '-');
}

// The weight of a range in thousandths; 1000 without one, 0 when it makes no sense.
int weight_of(std::string_view parameters) {
  const std::size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return 1000;
  std::string_view text = parameters.substr(at + 2);
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int weight = (text[0] - '0') * 1000;
  int unit = 100;
  for (std::size_t i = 2; i < text.size() && i < 5 && text[1] == '.' && text[i] >= '0' && text[i] <= '9';
       ++i) {
    weight += (text[i] - '0') * unit;
    unit /= 10;
  }
  return std::min(weight, 1000);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_over(Fault fault) {
  switch (fault) {
    case Fault::token_malformed:
    case Fault::token_signature:
    case Fault::token_expired:
    case Fault::token_revoked:
    case Fault::token_algorithm:
    case Fault::token_type:
      return true;
    default:
      return false;
  }
}

// Also by way of others.
bool includes_itself(const Templates& templates, const std::string& name) {
  std::set<std::string> reached;
  std::vector<std::string> open{name};
  while (!open.empty()) {
    const auto page = templates.find(open.back());
    open.pop_back();
    if (page == templates.end()) continue;
    std::vector<std::string> included;
    page->second.list_includes(included);
    for (std::string& other : included)
      if (reached.insert(other).second) open.push_back(std::move(other));
  }
  return reached.contains(name);
}

}  // namespace

void Pages::add_file(std::string_view name, std::string_view text, std::vector<std::string>& problems) {
  if (!is_utf8(text)) {
    problems.push_back("login.page: " + std::string(name) + " is not UTF-8");
    return;
  }
  if (name.ends_with(".json"))
    return add_phrases(std::string(name.substr(0, name.size() - 5)), text, problems);
  if (!name.ends_with(".html") && !name.ends_with(".css")) return;
  auto parsed = Template::parse(text);
  if (!parsed) {
    problems.push_back("login.page: " + std::string(name) + ": " + parsed.error());
    return;
  }
  templates_.insert_or_assign(std::string(name), std::move(*parsed));
}

void Pages::add_phrases(std::string language, std::string_view text, std::vector<std::string>& problems) {
  const auto parsed = json::parse(text);
  const json::Object* object = parsed ? parsed->as_object() : nullptr;
  if (object == nullptr) {
    problems.push_back("login.page: " + language + ".json is no JSON object" +
                       (parsed ? std::string() : ": " + parsed.error()));
    return;
  }
  std::map<std::string, std::string, std::less<>> texts;
  for (const auto& [key, value] : *object) {
    if (value.as_string() == nullptr)
      problems.push_back("login.page: " + language + ".json: \"" + key + "\" is no text");
    else
      texts.emplace(key, *value.as_string());
  }
  phrases_.insert_or_assign(language, Phrases(language, std::move(texts)));
}

void Pages::add_folder(const std::string& folder, std::vector<std::string>& problems) {
  std::error_code failed;
  for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end; entry.increment(failed)) {
    const std::string name = entry->path().filename().string();
    if (!name.ends_with(".html") && !name.ends_with(".css") && !name.ends_with(".json")) continue;
    if (const auto text = read_file(entry->path(), problems)) add_file(name, *text, problems);
  }
  if (failed) problems.push_back("login.page.folder: " + folder + " cannot be read: " + failed.message());
}

void Pages::add_logo(const std::string& file, std::vector<std::string>& problems) {
  std::string extension = fs::path(file).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  const auto type = std::find_if(kLogoTypes.begin(), kLogoTypes.end(),
                                 [&](const LogoType& known) { return known.extension == extension; });
  if (type == kLogoTypes.end()) {
    problems.push_back("login.page.logo: " + file +
                       " is no picture that is known (svg, png, jpg, gif or webp)");
    return;
  }
  if (const auto content = read_file(file, problems))
    logo_ = "data:" + std::string(type->media_type) + ";base64," + base64_encode(*content);
}

// What a template includes must be there and must come to an end: a page must not come out half.
void Pages::check(std::vector<std::string>& problems) {
  for (const auto& [name, page] : templates_) {
    std::vector<std::string> included;
    page.list_includes(included);
    for (const std::string& other : included)
      if (!templates_.contains(other))
        problems.push_back("login.page: " + name + " includes " + other + ", which is not there");
    if (includes_itself(templates_, name)) problems.push_back("login.page: " + name + " includes itself");
  }
  for (auto& [language, phrases] : phrases_)
    if (language != kEnglish) phrases.fall_back_on(phrases_.find(kEnglish)->second);
  const std::string style = templates_.find("style.css")->second.render(templates_, {}, json::Object{});
  policy_ = "default-src 'none'; style-src 'sha256-" +
            base64_encode(jose::digest(jose::Hash::sha256, style).view()) +
            "'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
}

Result<std::shared_ptr<const Pages>, std::vector<std::string>> Pages::load(const auth::PageOptions& options) {
  const std::shared_ptr<Pages> pages(new Pages());
  std::vector<std::string> problems;
  for (const BuiltInFile& file : page_files()) pages->add_file(file.name, file.text, problems);
  if (!options.folder.empty()) pages->add_folder(options.folder, problems);
  if (!options.logo.empty()) pages->add_logo(options.logo, problems);
  pages->title_ = options.title;
  pages->check(problems);
  if (!problems.empty()) return problems;
  return std::shared_ptr<const Pages>(pages);
}

const Phrases& Pages::choose_phrases(std::string_view accepted) const {
  const Phrases* best = &phrases_.find(kEnglish)->second;
  int best_weight = 0;
  for (unsigned ranges = 0; !accepted.empty() && ranges < 32; ++ranges) {
    const std::string_view range = accepted.substr(0, accepted.find(','));
    accepted.remove_prefix(range.size() + (range.size() < accepted.size()));
    const std::string_view tag = trim(range.substr(0, range.find(';')));
    const int weight = weight_of(range.substr(std::min(range.size(), range.find(';'))));
    if (weight <= best_weight) continue;
    for (const auto& [language, phrases] : phrases_) {
      if (!names(language, tag)) continue;
      best = &phrases;
      best_weight = weight;
    }
  }
  return *best;
}

const Phrases& Pages::phrases_for(const Exchange& exchange) const {
  const http::Field* accepted = exchange.request().fields.find("Accept-Language");
  return choose_phrases(accepted == nullptr ? std::string_view() : accepted->value);
}

std::string Pages::title_for(const Exchange& exchange) const {
  return title_.empty() ? std::string(exchange.host()) : title_;
}

Reply Pages::render(const Exchange& exchange, std::string_view name, json::Value model) const {
  const Phrases& phrases = phrases_for(exchange);
  const auth::LoginOptions& login = exchange.snapshot().login;
  model.set("lang", phrases.language());
  model.set("title", title_for(exchange));
  model.set("logo", logo_);
  model.set("base", login.prefix);
  model.set("min_length", static_cast<std::int64_t>(login.password_min_length));
  if (model.find("heading") == nullptr) model.set("heading", phrases.say(std::string(name) + ".title"));
  Reply reply;
  reply.content_type = "text/html; charset=utf-8";
  const auto page = templates_.find(std::string(name) + ".html");
  if (page != templates_.end()) reply.body = page->second.render(templates_, phrases, model);
  reply.fields.emplace_back("Content-Security-Policy", policy_);
  reply.fields.emplace_back("X-Frame-Options", "DENY");
  // Not "no-referrer": the browser would send its forms with `Origin: null`.
  reply.fields.emplace_back("Referrer-Policy", "same-origin");
  reply.fields.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  reply.fields.emplace_back("Content-Language", phrases.language());
  reply.fields.emplace_back("Vary", "Accept, Accept-Language");
  return reply;
}

Verdict Pages::refuse_visit(Exchange& exchange, Fault fault) const {
  std::string next(exchange.target().path);
  if (exchange.target().has_query) next.append("?").append(exchange.target().query);
  if (fault == Fault::token_missing) {
    Reply reply;
    reply.status = 303;
    reply.fields.emplace_back("Location", login_location(exchange, next));
    reply.fields.emplace_back("Vary", "Accept, Cookie");
    return exchange.answer(std::move(reply));
  }
  if (!is_over(fault) || exchange.credential_source() != exchange::CredentialSource::cookie)
    return Verdict::proceed;
  const Phrases& phrases = phrases_for(exchange);
  json::Value model = json::Object{{"heading", phrases.say("message.over_title")},
                                   {"about", phrases.say("message.over")},
                                   {"next_query", escape_query(next)}};
  Reply refusal = exchange::reply_for(fault, exchange.request_id());
  Reply page = render(exchange, "message", std::move(model));
  page.status = refusal.status;
  page.code = refusal.code;
  page.challenge = std::move(refusal.challenge);
  // The access cookie is of no use to anybody; the refresh cookie may still be.
  const auth::CookieOptions& cookie = exchange.snapshot().login.cookie;
  page.fields.emplace_back("Set-Cookie", format_cookie(cookie, cookie.name, "", 0));
  return exchange.answer(std::move(page));
}

const Pages& pages_of(const Exchange& exchange) {
  return static_cast<const Pages&>(*exchange.snapshot().pages);
}

void add_links(const Exchange& exchange, json::Value& model) {
  const auth::LoginOptions& login = exchange.snapshot().login;
  model.set("register", login.register_enabled);
  model.set("reset", login.reset.has_value());
  model.set("links", login.register_enabled || login.reset.has_value());
}

std::string escape_query(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      escaped += c;
      continue;
    }
    escaped += '%';
    escaped += kHex[static_cast<unsigned char>(c) >> 4];
    escaped += kHex[static_cast<unsigned char>(c) & 15];
  }
  return escaped;
}

std::string login_location(const Exchange& exchange, std::string_view next) {
  std::string location = exchange.snapshot().login.prefix + "/login";
  if (next != "/" && next.size() <= kMaxNextBytes) location += "?next=" + escape_query(next);
  return location;
}

}  // namespace gw::endpoints
