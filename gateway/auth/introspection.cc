// SPDX-License-Identifier: Apache-2.0
#include "auth/introspection.h"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "auth/token_rules.h"
#include "base/log.h"
#include "jose/digest.h"

namespace gw::auth {
namespace {

constexpr std::size_t kPlaces = 8192;  // of good answers, and as many of others
constexpr std::size_t kFlights = 256;  // of one endpoint at a time
constexpr unsigned kFailuresToPause = 3;
constexpr Duration kPause = 1s;          // of an endpoint that fails again and again
constexpr Duration kBadForAtMost = 10s;  // "not active" is kept
constexpr Duration kLongestStale = 1h;   // beyond `cache`, with on_failure: allow

std::string digest_of(std::string_view token) {
  return std::string(jose::digest(jose::Hash::sha256, token).view());
}

// application/x-www-form-urlencoded, as RFC 6749 appendix B.
void append_encoded(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain)
      out += c;
    else
      out.append({'%', kHex[byte >> 4], kHex[byte & 15]});
  }
}

// RFC 6749 section 2.3.1.
SecretString basic_credentials(const jose::IntrospectionOptions& options) {
  std::string both;
  append_encoded(both, options.client_id);
  both += ':';
  append_encoded(both, options.client_secret.reveal());
  std::string encoded(4 * ((both.size() + 2) / 3) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(both.data()), static_cast<int>(both.size()));
  encoded.resize(static_cast<std::size_t>(size));
  SecretString value("Basic " + encoded);
  wipe(both);
  wipe(encoded);
  return value;
}

SecretString form_for(const jose::IntrospectionOptions& options, std::string_view token) {
  std::string form = "token=";
  append_encoded(form, token);
  form += "&token_type_hint=access_token";
  if (options.method == jose::ClientAuth::post) {
    form += "&client_id=";
    append_encoded(form, options.client_id);
    form += "&client_secret=";
    append_encoded(form, options.client_secret.reveal());
  }
  return SecretString(std::move(form));
}

}  // namespace

struct Introspector::Flight {
  struct Waiter {
    std::uint64_t id;
    bool takes_stale;
  };
  std::vector<Waiter> waiting;
  net::Operation operation;
};

struct Introspector::Endpoint {
  explicit Endpoint(const Issuer& one) : issuer(one), cache(kPlaces) {}

  const Issuer& issuer;
  IntrospectionCache cache;
  std::unordered_map<std::string, Flight> flights;  // by the token's digest
  unsigned failures = 0;                            // in a row
  TimePoint paused_until{};
};

Introspector::Introspector(net::EventLoop& loop, std::shared_ptr<const Issuers> issuers)
    : loop_(loop), issuers_(std::move(issuers)) {
  for (const Issuer& issuer : *issuers_) {
    if (!issuer.introspection) continue;
    names_.push_back(issuer.name);
    endpoints_.push_back(std::make_unique<Endpoint>(issuer));
    if (!fetcher_) fetcher_.emplace(loop);
  }
}

Introspector::~Introspector() = default;

std::optional<Result<IdentityRef>> Introspector::find(std::string_view issuer, std::string_view token) {
  Endpoint* endpoint = endpoint_of(issuer);
  const IntrospectionCache::Entry* entry = endpoint->cache.find(digest_of(token));
  if (entry == nullptr || loop_.now() >= entry->fresh_until) return std::nullopt;
  return answer_of(entry->answer);
}

net::Operation Introspector::ask(std::string_view issuer, std::string_view token,
                                 std::optional<bool> serve_stale, Done done) {
  Endpoint& endpoint = *endpoint_of(issuer);
  const std::string digest = digest_of(token);
  const auto id = waiters_.insert(std::move(done));
  const auto [flight, is_new] = endpoint.flights.try_emplace(digest);
  flight->second.waiting.push_back(
      {id, serve_stale.value_or(endpoint.issuer.introspection->serve_stale.value_or(false))});
  if (is_new) start(endpoint, digest, token);
  return {&Introspector::cancel, this, id};
}

void Introspector::start(Endpoint& endpoint, const std::string& digest, std::string_view token) {
  const jose::IntrospectionOptions& options = *endpoint.issuer.introspection;
  fetch::Request request;
  const bool rests = loop_.now() < endpoint.paused_until || endpoint.flights.size() > kFlights;
  request.url = rests ? std::string() : options.url;  // an empty one fails, later
  request.ca = endpoint.issuer.ca;
  request.timeout = endpoint.issuer.timeout;
  request.max_bytes = std::size_t{64} * 1024;
  request.form = form_for(options, token);
  if (options.method == jose::ClientAuth::basic) request.authorization = basic_credentials(options);
  endpoint.flights[digest].operation = fetcher_->send(
      std::move(request), [this, &endpoint, digest](Result<fetch::Response, std::string> response) {
        land(endpoint, digest, std::move(response));
      });
}

void Introspector::land(Endpoint& endpoint, const std::string& digest,
                        Result<fetch::Response, std::string> response) {
  Result<Introspected> answer = judge(endpoint, std::move(response));
  const bool failed = !answer && answer.error().fault == Fault::backend_unavailable;
  std::optional<Result<Introspected>> stale;
  const jose::IntrospectionOptions& options = *endpoint.issuer.introspection;
  if (!failed) {
    const Duration kept = std::chrono::seconds(options.cache);
    endpoint.cache.put(digest, {answer, loop_.now() + (answer ? kept : std::min(kept, kBadForAtMost))});
  } else if (const auto* former = endpoint.cache.find(digest);
             former != nullptr && former->answer && loop_.now() < former->fresh_until + kLongestStale) {
    stale = former->answer;  // what it said last, until the token's own end
  }
  Flight flight = std::move(endpoint.flights[digest]);
  endpoint.flights.erase(digest);
  for (const Flight::Waiter& waiter : flight.waiting)
    if (auto done = waiters_.take(waiter.id))
      (*done)(answer_of(stale && waiter.takes_stale ? *stale : answer));
}

Result<Introspected> Introspector::judge(Endpoint& endpoint, Result<fetch::Response, std::string> response) {
  const bool was_resting = loop_.now() < endpoint.paused_until;
  Result<Introspected> answer = Error(Fault::backend_unavailable, "the introspection endpoint is away");
  if (response && response->status == 200)
    answer = read_introspection(response->body, endpoint.issuer, loop_.wall());
  if (answer || answer.error().fault != Fault::backend_unavailable) {
    endpoint.failures = 0;
    return answer;
  }
  if (was_resting) return answer;
  if (++endpoint.failures == 1 || endpoint.failures % 100 == 0) {
    const std::string why = !response                 ? response.error()
                            : response->status != 200 ? "status " + std::to_string(response->status)
                                                      : answer.error().detail;
    log::warn("introspection fails", {{"issuer", endpoint.issuer.name}, {"why", why}});
  }
  if (endpoint.failures >= kFailuresToPause) endpoint.paused_until = loop_.now() + kPause;
  return answer;
}

// An answer that is kept may have outlived its token.
Result<IdentityRef> Introspector::answer_of(const Result<Introspected>& answer) const {
  if (!answer) return answer.error();
  if (auto timely = check_times({answer->valid_from, answer->valid_until}, loop_.wall()); !timely)
    return timely.error();
  return answer->identity;
}

void Introspector::cancel(void* self, std::uint64_t id) {
  (void)static_cast<Introspector*>(self)->waiters_.take(id);
}

Introspector::Endpoint* Introspector::endpoint_of(std::string_view name) {
  const auto found = std::find_if(endpoints_.begin(), endpoints_.end(),
                                  [&](const auto& endpoint) { return endpoint->issuer.name == name; });
  return found == endpoints_.end() ? nullptr : found->get();
}

}  // namespace gw::auth
