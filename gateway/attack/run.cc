// SPDX-License-Identifier: Apache-2.0
#include "attack/run.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "attack/forger.h"
#include "attack/range.h"
#include "attack/shot.h"

namespace gw::attack {
namespace {

constexpr Patience kHere{700ms, 100ms, false};
constexpr Patience kElsewhere{3s, 500ms, false};
constexpr std::size_t kMostRoutes = 200;  // that are tried one by one
constexpr std::string_view kCanary = "gw-canary-7f3a";
constexpr std::string_view kNumber = "x-gw-attempt";  // whose attempt a request was that comes late
constexpr std::string_view kSmuggledLine = "GET /gw-smuggled HTTP/1.1\r\nHost: \r\n\r\n";

std::string in_hex(std::size_t number) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  do text.insert(text.begin(), kHex[number % 16]);
  while ((number /= 16) != 0);
  return text;
}

std::string header_of(const policy::IdentityOptions& identity, std::string_view claim) {
  for (const policy::IdentityHeader& header : identity.headers)
    if (header.claim == claim) return header.header;
  return identity.headers.empty() ? "X-Auth-Subject" : identity.headers.front().header;
}

std::string many_fields(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i <= count; ++i)
    text += (i == 0 ? "X-Gw-" : "\r\nX-Gw-") + std::to_string(i) + ": 1";
  return text;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : " ") + text;
  return all;
}

class Runner {
 public:
  Runner(const config::Config& config, const policy::RouteTable& table, Targets targets, Server server,
         Range* range)
      : config_(config),
        table_(table),
        targets_(std::move(targets)),
        server_(std::move(server)),
        range_(range) {}

  Result<Report, std::string> run();

 private:
  const Target* choose(const Attempt& attempt) const;
  std::string why_skipped(const Attempt& attempt, const Target* target) const;
  Words words_for(const Target& target) const;
  bool is_own_issuer() const { return !config_.login.backends.empty() || config_.issuers.empty(); }
  Pattern pattern() const;
  std::optional<auth::SigningKey> signing_key() const;
  bool shoot(const Attempt& attempt, const Target& target);
  std::vector<std::string> take_forwarded();
  void judge_late(std::size_t finding, const std::string& request);
  void try_good_token();
  Heard ask_again(const Attempt& attempt, const std::string& request) const;
  bool is_http2_offered() const;

  const config::Config& config_;
  const policy::RouteTable& table_;
  const Targets targets_;
  const Server server_;
  Range* const range_;  // null against a deployed gateway
  const Patience patience_ = range_ != nullptr ? kHere : kElsewhere;
  std::optional<Forger> forger_;
  bool has_good_token_ = false;
  bool has_http2_ = false;
  Report report_;
};

Heard Runner::ask_again(const Attempt& attempt, const std::string& request) const {
  Patience patience = patience_;
  patience.is_for_one = attempt.http2 || attempt.expect != Expect::smuggled;
  patience.http2 = attempt.http2;
  Heard heard = ask(server_, request, patience);
  if (heard.connected) return heard;
  std::this_thread::sleep_for(200ms);
  return ask(server_, request, patience);
}

// By ALPN, or, without TLS, with prior knowledge.
bool Runner::is_http2_offered() const {
  if (server_.tls != nullptr && server_.h2_tls == nullptr) return false;
  Patience patience = patience_;
  patience.is_for_one = true;
  patience.http2 = true;
  const FramedRequest request{
      {{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "gw"}}, {}, {}};
  return is_http2(ask(server_, format_frames(request), patience).bytes);
}

Pattern Runner::pattern() const {
  Pattern pattern;
  const bool is_own = is_own_issuer();
  pattern.issuer = is_own ? config_.tokens.issuer : config_.issuers.front().issuer;
  const auto& audiences = is_own ? config_.tokens.audience : config_.issuers.front().audiences;
  pattern.audience = audiences.empty() ? "api" : audiences.front();
  if (!targets_.guarded.empty()) {
    const policy::Requirement& require = targets_.guarded.front().route->require;
    for (const std::string& role : require.roles) pattern.roles.emplace_back(role);
    pattern.scopes = joined(require.scopes);
    for (const policy::ClaimRule& rule : require.claims)
      if (rule.name.find('.') == std::string::npos) pattern.demanded.emplace_back(rule.name, rule.value);
  }
  const std::string request = "GET " + config_.login.prefix + "/.well-known/jwks.json HTTP/1.1\r\nHost: " +
                              (targets_.guarded.empty() ? "gw" : targets_.guarded.front().host) +
                              "\r\nConnection: close\r\n\r\n";
  const Heard heard = ask(server_, request, patience_);
  const auto set = json::parse(heard.body());
  const json::Value* keys = set ? set->find("keys") : nullptr;
  if (keys == nullptr || keys->as_array() == nullptr || keys->as_array()->empty()) return pattern;
  pattern.jwks = heard.body();
  pattern.jwk = json::dump(keys->as_array()->front());
  return pattern;
}

const Target* Runner::choose(const Attempt& attempt) const {
  const Target* guarded = targets_.guarded.empty() ? nullptr : &targets_.guarded.front();
  if (attempt.aim == Aim::guarded) return guarded;
  const auto fits = [&](const Target& target) {
    return !target.route->respond && (attempt.aim != Aim::methods || !target.route->methods.empty());
  };
  const auto open = std::find_if(targets_.open.begin(), targets_.open.end(), fits);
  if (open != targets_.open.end()) return &*open;
  if (guarded != nullptr && fits(*guarded) && (has_good_token_ || range_ == nullptr)) return guarded;
  return attempt.aim == Aim::methods || targets_.open.empty() ? nullptr : &targets_.open.front();
}

std::string Runner::why_skipped(const Attempt& attempt, const Target* target) const {
  if (attempt.http2 && !has_http2_) return "the server does not speak HTTP/2";
  if (target == nullptr && attempt.aim == Aim::guarded) return "no route demands a token";
  if (target == nullptr && attempt.aim == Aim::methods) return "no route with `methods` can be reached";
  if (target == nullptr) return "no route can be reached without a token";
  if (attempt.needs == "own" && (!has_good_token_ || !is_own_issuer()))
    return "needs a key of the gateway, and tokens that it issues";  // another issuer's rules are its own
  if (attempt.needs == "login" && config_.login.backends.empty())
    return "there is no session to have a cookie";
  if (attempt.needs == "demands" && (!has_good_token_ || !has_demands(*target->route)))
    return "needs a key of the gateway, and a route that demands scopes, roles or claims";
  return {};
}

Words Runner::words_for(const Target& target) const {
  Words words;
  const std::string open = targets_.open.empty() ? "/gw-open" : targets_.open.front().path;
  add_paths(words, target.path, open);
  const policy::IdentityOptions& identity =
      target.route->identity ? *target.route->identity : config_.identity;
  const std::size_t smuggled = kSmuggledLine.size() + target.host.size();
  const bool takes_post = target.route->methods.empty() ||
                          std::find(target.route->methods.begin(), target.route->methods.end(), "POST") !=
                              target.route->methods.end();
  words["host"] = target.host;
  words["method"] = target.method;
  words["scheme"] = server_.tls != nullptr ? "https" : "http";
  words["post"] = takes_post ? "POST" : target.method;
  words["canary"] = kCanary;
  words["cookie"] = config_.login.cookie.name;
  words["id"] = header_of(identity, "sub");
  words["role"] = header_of(identity, "roles");
  words["inlen"] = std::to_string(smuggled);
  words["inlen+5"] = std::to_string(smuggled + 5);
  words["inhex"] = in_hex(smuggled);
  words["long:header"] = std::string(config_.limits.header_bytes + 1, 'a');
  words["long:uri"] = std::string(config_.limits.uri_bytes + 1, 'a');
  words["many:fields"] = many_fields(config_.limits.headers);
  words["over:body"] = std::to_string(target.route->max_body.value_or(config_.limits.body) + 1);
  return words;
}

// Of this attempt. A stream may be reset when its head is on its way upstream already: what comes from it
// later is judged as its own.
std::vector<std::string> Runner::take_forwarded() {
  if (range_ == nullptr) return {};
  std::vector<std::string> mine;
  for (std::string& request : range_->take_forwarded()) {
    const std::string name = "\r\n" + std::string(kNumber) + ": ";
    const std::size_t at = lower_case(request).find(name);
    std::size_t number = report_.findings.size();
    if (at != std::string::npos)
      std::from_chars(request.data() + at + name.size(), request.data() + request.size(), number);
    if (number < report_.findings.size())
      judge_late(number, request);
    else
      mine.push_back(std::move(request));
  }
  return mine;
}

void Runner::judge_late(std::size_t number, const std::string& request) {
  Finding& finding = report_.findings[number];
  const Target target;
  Words words{{"canary", std::string(kCanary)},
              {"id", header_of(config_.identity, "sub")},
              {"role", header_of(config_.identity, "roles")}};
  const Heard nothing;
  const std::vector<std::string> forwarded{request};
  if (!is_through({*finding.attempt, target, std::move(words)}, {nothing, forwarded})) return;
  finding.verdict = Verdict::through;
  finding.happened += "; the upstream got " + request.substr(0, request.find("\r\n"));
}

// False when the server cannot be reached any more.
bool Runner::shoot(const Attempt& attempt, const Target& target) {
  Shot shot{attempt, target, words_for(target)};
  if (attempt.token) shot.words["jwt"] = forger_->forge(*attempt.token);
  if (attempt.aim != Aim::guarded && !target.is_open && has_good_token_)
    shot.words["credential"] = forger_->make_good();
  std::string request = compose(shot);
  if (attempt.ambiguous && is_rightful(table_, shot, request)) {
    report_.findings.push_back(
        {&attempt, Verdict::skipped, target.route->name, request, "an open route rightly takes this path"});
    return true;
  }
  std::string bytes = request;
  if (attempt.http2) {
    FramedRequest framed = compose_framed(shot);
    framed.fields.emplace_back(kNumber, std::to_string(report_.findings.size()));
    bytes = format_frames(framed);
    request = shown(framed);
  }
  const Heard heard = ask_again(attempt, bytes);
  if (!heard.connected) return false;
  const std::vector<std::string> forwarded = take_forwarded();
  const Outcome outcome{heard, forwarded};
  const std::vector<int> statuses = heard.statuses();
  const bool is_limited = !statuses.empty() && statuses.front() == 429;  // nothing is known of what is behind
  const Verdict verdict = is_through(shot, outcome) ? Verdict::through
                          : is_limited              ? Verdict::skipped
                                                    : Verdict::held;
  report_.findings.push_back({&attempt, verdict, target.route->name, request, describe(outcome)});
  return true;
}

// Whether what Forger takes for a good token is one: then flaws of otherwise good tokens are tried too.
void Runner::try_good_token() {
  if (!forger_->has_key() || targets_.guarded.empty()) return;
  const Target& target = targets_.guarded.front();
  const Attempt plain{"", "",    "",    Aim::guarded, Expect::refused,
                      "", false, false, "{path}",     {"Authorization: Bearer " + forger_->make_good()},
                      {}, "",    "",    false,        {},
                      {}, {}};
  const Shot shot{plain, target, words_for(target)};
  const Heard heard = ask_again(plain, compose(shot));
  const std::vector<std::string> forwarded = range_->take_forwarded();
  has_good_token_ = is_through(shot, {heard, forwarded});
}

// A key that makes good tokens: only ever of the gateway in this process.
std::optional<auth::SigningKey> Runner::signing_key() const {
  if (range_ == nullptr) return std::nullopt;
  if (range_->snapshot().keys != nullptr && !config_.login.backends.empty())
    return range_->snapshot().keys->current();
  if (config_.issuers.empty() || config_.issuers.front().secret.empty()) return std::nullopt;
  for (const jose::Algorithm algorithm : config_.issuers.front().algorithms) {
    auto key = jose::Key::from_secret(config_.issuers.front().secret, {algorithm});
    if (key) return auth::SigningKey{std::move(*key), algorithm, 0, 0, 0, {}};
  }
  return std::nullopt;
}

Result<Report, std::string> Runner::run() {
  const std::optional<auth::SigningKey> signing = signing_key();
  forger_.emplace(pattern(), signing ? &*signing : nullptr);
  try_good_token();
  has_http2_ = is_http2_offered();
  if (range_ != nullptr) (void)range_->take_forwarded();
  for (const Attempt& attempt : all_attempts()) {
    const Target* target = choose(attempt);
    if (std::string why = why_skipped(attempt, target); !why.empty()) {
      report_.findings.push_back({&attempt, Verdict::skipped, {}, {}, std::move(why)});
      continue;
    }
    if (!shoot(attempt, *target)) return "the server cannot be reached (at \"" + attempt.name + "\")\n";
  }
  for (std::size_t i = 1; i < targets_.guarded.size(); ++i) {
    if (i > kMostRoutes) {
      report_.routes_left_out = targets_.guarded.size() - i;
      break;
    }
    for (const Attempt& attempt : all_attempts())
      if (attempt.each && !shoot(attempt, targets_.guarded[i]))
        return "the server cannot be reached (at \"" + attempt.name + "\")\n";
  }
  if (range_ != nullptr) (void)take_forwarded();
  return std::move(report_);
}

}  // namespace

std::size_t Report::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [&](const Finding& finding) { return finding.verdict == verdict; }));
}

Result<Report, std::string> run(Plan plan) {
  std::unique_ptr<Range> range;
  auto table = policy::RouteTable::build(plan.config.routes);
  if (!table) return std::string("the routes cannot stand together\n");
  if (!plan.server) {
    auto opened = Range::open(plan.config);
    if (!opened) return std::move(opened.error());
    range = std::move(*opened);
  }
  Targets targets = find_targets(*table, plan.host);
  if (targets.guarded.empty() && targets.open.empty())
    return std::string("no route can be reached from the loopback: there is nothing to attack\n");
  const Server server = range != nullptr ? range->server() : *plan.server;
  return Runner(plan.config, *table, std::move(targets), server, range.get()).run();
}

}  // namespace gw::attack
