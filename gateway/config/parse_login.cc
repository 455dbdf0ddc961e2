// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>

#include "config/addresses.h"
#include "config/origins.h"
#include "config/sections.h"
#include "config/units.h"

namespace gw::config {
namespace {

constexpr std::array kLoginKeys{
    Key{"backends", "list of names", "required", "asked in order; the first that knows the user decides"},
    Key{"prefix", "path", "\"\"", "`/auth` moves every endpoint of the gateway below it"},
    Key{"register", "map, or `true` or `false`", "false", "whether `POST /register` makes accounts"},
    Key{"reset", "map", "none", "lets who has forgotten the password choose another, by a link in a message"},
    Key{"cookie", "map", "see below", "the session of browsers"},
    Key{"lockout", "map", "see below", "after too many failed logins"},
    Key{"password", "map", "see below", "what new passwords must be, and how they are hashed"},
    Key{"origins", "list of origins", "[]",
        "other sites whose scripts may log in, refresh and log out here: `https://app.example.com`"},
    Key{"page", "map, or `true` or `false`", "true",
        "the pages for browsers; without the cookie there are none"},
};
constexpr std::array kCookieKeys{
    Key{"enabled", "true or false", "true", "whether browsers get a cookie"},
    Key{"name", "text", "__Host-gatewarden", "its name"},
    Key{"same_site", "`lax`, `strict` or `none`", "lax", "its SameSite attribute"},
};
constexpr std::array kRegisterKeys{
    Key{"reveal", "true or false", "true",
        "whether who registers is told that a name or an address is taken; `false`: the answer is always the "
        "same, "
        "and gives no session"},
};
constexpr std::array kResetKeys{
    Key{"url", "URL", "required",
        "this site as its users open it, `https://api.example.com`: links begin with it"},
    Key{"ttl", "duration", "30m", "how long a link is good"},
    Key{"smtp", "map", "none", "sends the message by e-mail; a reset has this or `webhook`"},
    Key{"webhook", "map", "none", "hands the message to a service of yours"},
};
constexpr std::array kSmtpKeys{
    Key{"url", "URL", "required",
        "`smtp://mail.example.com:587` (STARTTLS, which only loopback may lack) or `smtps://`"},
    Key{"from", "e-mail address", "required", "of whom the message is"},
    Key{"username", "text", "none", "at the mail server"},
    Key{"password", "secret", "none", "at the mail server"},
    Key{"ca", "path", "the system's", "authorities of the mail server's certificate"},
};
constexpr std::array kWebhookKeys{
    Key{"url", "URL", "required",
        "gets a POST of JSON: `kind` `to` `link` `subject` `text` `language` `expires_at`"},
    Key{"token", "secret", "none", "sent as its Bearer token"},
    Key{"ca", "path", "the system's", "authorities of the service's certificate"},
};
constexpr std::array kPageKeys{
    Key{"title", "text", "the host that is visited", "what the site is called"},
    Key{"logo", "path", "none", "a picture: svg, png, jpg, gif or webp"},
    Key{"folder", "path", "none", "templates, style and languages that replace those built in"},
};
constexpr std::array kLockoutKeys{
    Key{"failures", "number", "5", "failed logins, per account and per address"},
    Key{"within", "duration", "15m", "the time in which they are counted"},
    Key{"lock", "duration", "15m", "how long no login is tried"},
};
constexpr std::array kPasswordKeys{
    Key{"min_length", "number", "12", "characters of a new password"},
    Key{"breached", "path", "none",
        "a folder of breached passwords in the range layout (`21BD1` or `21BD1.txt`, lines `SUFFIX:COUNT`): "
        "new passwords "
        "must not be there"},
    Key{"hash", "map", "see below", "the cost of Argon2id for new passwords"},
    Key{"pepper", "map", "none", "a secret that goes into new password hashes"},
};
constexpr std::array kPepperKeys{
    Key{"id", "name", "required", "the key that new hashes are made with; it stands in them"},
    Key{"keys", "map of secrets", "required",
        "by their ids, at least 32 bytes each; keep those of stored hashes"},
};
constexpr std::array kHashKeys{
    Key{"memory", "size", "64MiB", "memory of one hash"},
    Key{"iterations", "number", "3", "passes over it"},
    Key{"lanes", "number", "4", "parallel lanes"},
};

constexpr Choice<auth::SameSite> kSameSite[] = {
    {"lax", auth::SameSite::lax}, {"strict", auth::SameSite::strict}, {"none", auth::SameSite::none}};

std::vector<std::string> parse_backend_names(const NodeReader& node, const Names& names) {
  const auto item = node.find("backends");
  if (!node.require("backends") || !item) return {};
  Context& context = node.context();
  for (const Item& each : read_list(context, *item)) {
    const bool is_text = each.node->kind == Kind::text && !each.node->unknown && !each.node->text.empty();
    if (is_text && !names.backends.contains(each.node->text))
      report(context, each, in_quotes(each.node->text) + " is not in backends (add it there)");
  }
  if (item->node->kind == Kind::list && item->node->items.empty())
    report(context, *item, "is empty (name a backend, or remove login)");
  return read_texts(context, *item);
}

auth::CookieOptions parse_cookie(Context& context, const Item& item) {
  const NodeReader node(context, item, kCookieSection);
  auth::CookieOptions cookie;
  cookie.enabled = node.flag("enabled", cookie.enabled);
  cookie.name = node.text("name", cookie.name);
  if (!is_field_name(cookie.name))
    report(context, *node.find("name"),
           in_quotes(cookie.name) + " is no name for a cookie (letters, digits, - and _)");
  cookie.same_site = node.one_of("same_site", kSameSite, cookie.same_site);
  return cookie;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::any_of(starts.begin(), starts.end(), [&](std::string_view start) {
    return text.size() > start.size() && text.starts_with(start);
  });
}

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string read_url(const NodeReader& node, std::initializer_list<std::string_view> starts,
                     std::string_view example) {
  if (!node.require("url")) return {};
  std::string url = node.text("url");
  if (!starts_with_any(url, starts) || !is_printable(url))
    report(node.context(), *node.find("url"),
           in_quotes(url) + " is no URL that fits (write " + std::string(example) + ")");
  return url;
}

void parse_smtp(Context& context, const Item& item, auth::ResetOptions& reset) {
  const NodeReader node(context, item, kSmtpSection);
  reset.smtp = read_url(node, {"smtp://", "smtps://"}, "smtp://mail.example.com:587");
  reset.from = node.require("from") ? node.text("from") : std::string();
  const bool is_address = reset.from.find('@') != std::string::npos && is_printable(reset.from) &&
                          reset.from.find_first_of("<>") == std::string::npos;
  if (!reset.from.empty() && !is_address)
    report(context, *node.find("from"), in_quotes(reset.from) + " is no e-mail address");
  reset.smtp_user = node.text("username");
  reset.smtp_password = node.secret("password");
  reset.ca = node.readable_file("ca");
}

void parse_webhook(Context& context, const Item& item, auth::ResetOptions& reset) {
  const NodeReader node(context, item, kWebhookSection);
  reset.webhook = read_url(node, {"https://", "http://127.", "http://localhost:", "http://[::1]"},
                           "https://auth.internal/messages; http:// is taken for loopback alone");
  reset.webhook_token = node.secret("token");
  reset.ca = node.readable_file("ca");
}

auth::ResetOptions parse_reset(Context& context, const Item& item) {
  const NodeReader node(context, item, kResetSection);
  auth::ResetOptions reset;
  reset.url = read_url(node, {"https://", "http://"}, "https://api.example.com");
  while (reset.url.ends_with('/')) reset.url.pop_back();
  reset.ttl = node.duration("ttl", reset.ttl, {1min, 24h});
  const auto smtp = node.find("smtp"), webhook = node.find("webhook");
  if (smtp) parse_smtp(context, *smtp, reset);
  if (webhook) parse_webhook(context, *webhook, reset);
  if (node.is_map() && node.has("smtp") == node.has("webhook"))
    report(context, item, "needs smtp or webhook (one of them)");
  return reset;
}

// A flag, or how it answers.
void parse_register(Context& context, const Item& item, auth::LoginOptions& login) {
  if (item.node->kind != Kind::map) {
    login.register_enabled = read_flag(context, item).value_or(false);
    return;
  }
  const NodeReader node(context, item, kRegisterSection);
  login.register_enabled = true;
  login.register_reveals = node.flag("reveal", login.register_reveals);
}

// A flag, or what the pages look like.
auth::PageOptions parse_page(Context& context, const Item& item, const auth::CookieOptions& cookie) {
  auth::PageOptions page;
  page.place = context.place_of(*item.node);
  if (item.node->kind != Kind::map) {
    page.enabled = read_flag(context, item).value_or(true);
  } else {
    const NodeReader node(context, item, kPageSection);
    page.title = node.text("title");
    page.logo = node.readable_file("logo");
    page.folder = node.path("folder");
  }
  if (page.enabled && !cookie.enabled)
    report(context, item, "needs the cookie (remove cookie.enabled, or write page: false)");
  return page;
}

auth::LockoutOptions parse_lockout(Context& context, const Item& item) {
  const NodeReader node(context, item, kLockoutSection);
  auth::LockoutOptions lockout;
  lockout.failures = node.number("failures", lockout.failures, {1, 1000});
  lockout.within = node.duration("within", lockout.within, {1s, 30 * 24h});
  lockout.lock = node.duration("lock", lockout.lock, {1s, 30 * 24h});
  return lockout;
}

auth::HashOptions parse_hash(Context& context, const Item& item) {
  const NodeReader node(context, item, kHashSection);
  auth::HashOptions hash;
  constexpr std::uint64_t kMiB = 1024 * 1024;
  const std::uint64_t memory =
      node.size("memory", hash.memory_kib * std::uint64_t{1024}, {8 * kMiB, 4096 * kMiB});
  hash.memory_kib = static_cast<std::uint32_t>(memory / 1024);
  hash.iterations = node.number("iterations", hash.iterations, {1, 100});
  hash.lanes = node.number("lanes", hash.lanes, {1, 64});
  return hash;
}

bool is_pepper_id(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void parse_pepper(Context& context, const Item& item, auth::HashOptions& hash) {
  constexpr std::size_t kLeastBytes = 32;
  const NodeReader node(context, item, kPepperSection);
  if (!node.require("id") || !node.require("keys")) return;
  hash.pepper_id = node.text("id");
  for (const NamedItem& key : node.map("keys")) {
    if (!is_pepper_id(key.name))
      context.issues.error(key.place, key.value.path + ": " + in_quotes(key.name) +
                                          " is no id (letters, digits, - and _; at most 32)");
    auto secret = read_secret(context, key.value);
    if (!secret) continue;
    if (context.reads_files && secret->size() < kLeastBytes)
      report(context, key.value, "has fewer than 32 bytes (make one with `openssl rand -base64 32`)");
    hash.peppers.insert_or_assign(key.name, std::move(*secret));
  }
  if (!hash.pepper_id.empty() && !hash.peppers.contains(hash.pepper_id))
    report(context, *node.find("id"), in_quotes(hash.pepper_id) + " is not in keys (add it there)");
}

}  // namespace

const Section kLoginSection{"login", kLoginKeys};
const Section kCookieSection{"login.cookie", kCookieKeys};
const Section kRegisterSection{"login.register", kRegisterKeys};
const Section kResetSection{"login.reset", kResetKeys};
const Section kSmtpSection{"login.reset.smtp", kSmtpKeys};
const Section kWebhookSection{"login.reset.webhook", kWebhookKeys};
const Section kPageSection{"login.page", kPageKeys};
const Section kLockoutSection{"login.lockout", kLockoutKeys};
const Section kPasswordSection{"login.password", kPasswordKeys};
const Section kHashSection{"login.password.hash", kHashKeys};
const Section kPepperSection{"login.password.pepper", kPepperKeys};

auth::LoginOptions parse_login(Context& context, const Item& item, const Names& names,
                               auth::HashOptions& hash) {
  const NodeReader node(context, item, kLoginSection);
  auth::LoginOptions login;
  login.backends = parse_backend_names(node, names);
  login.prefix = node.text("prefix");
  if (!login.prefix.empty() && !is_path_prefix(login.prefix))
    report(context, *node.find("prefix"),
           in_quotes(login.prefix) + " is no prefix of paths (write \"\" or /auth)");
  if (const auto open = node.find("register")) parse_register(context, *open, login);
  if (const auto reset = node.find("reset")) login.reset = parse_reset(context, *reset);
  if (const auto cookie = node.find("cookie")) login.cookie = parse_cookie(context, *cookie);
  if (const auto lockout = node.find("lockout")) login.lockout = parse_lockout(context, *lockout);
  if (const auto password = node.find("password")) {
    const NodeReader reader(context, *password, kPasswordSection);
    login.password_min_length = reader.integer("min_length", login.password_min_length, {1, 1024});
    login.breached = reader.path("breached");
    std::error_code failed;
    if (!login.breached.empty() && context.reads_files &&
        !std::filesystem::is_directory(login.breached, failed))
      report(context, *reader.find("breached"),
             in_quotes(login.breached) + " is no folder (correct the path)");
    if (const auto cost = reader.find("hash")) hash = parse_hash(context, *cost);
    if (const auto pepper = reader.find("pepper")) parse_pepper(context, *pepper, hash);
  }
  login.origins = parse_origins(node, "origins", AnyOrigin::refused);
  if (const auto page = node.find("page")) login.page = parse_page(context, *page, login.cookie);
  return login;
}

}  // namespace gw::config
