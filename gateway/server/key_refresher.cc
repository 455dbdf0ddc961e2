// SPDX-License-Identifier: Apache-2.0
#include "server/key_refresher.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <utility>

#include "auth/issuer.h"
#include "auth/issuer_documents.h"
#include "auth/key_file.h"
#include "base/base64url.h"
#include "base/log.h"
#include "jose/digest.h"

namespace gw::server {
namespace {

using jose::IssuerOptions;

constexpr Duration kShortestRefresh = 30s;  // unless `refresh` itself is shorter
constexpr Duration kFirstRetry = 1s, kLongestRetry = 30s;
constexpr std::streamsize kMaxSnapshot = 2 * 1024 * 1024;

bool are_alike(const IssuerOptions& a, const IssuerOptions& b) {
  return a.name == b.name && a.issuer == b.issuer && a.remote == b.remote && a.algorithms == b.algorithms;
}

jose::AlgorithmSet set_of(const std::vector<jose::Algorithm>& algorithms) {
  jose::AlgorithmSet set;
  for (const jose::Algorithm algorithm : algorithms) set.add(algorithm);
  return set;
}

bool are_same(const std::vector<jose::Key>& a, const std::vector<jose::Key>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const jose::Key& x, const jose::Key& y) { return x.is_same_as(y); });
}

std::string folder_of(const std::string& state_dir) {
  return state_dir + "/issuers";
}
// By its `iss`, which may be no name of a file.
std::string file_of(const IssuerOptions& options) {
  return base64url_encode(jose::digest(jose::Hash::sha256, options.issuer).view()) + ".json";
}

struct Stored {
  auth::KeySnapshot snapshot;
  std::vector<jose::Key> keys;
};

std::optional<Stored> read_stored(const std::string& state_dir, const IssuerOptions& options) {
  std::ifstream file(folder_of(state_dir) + '/' + file_of(options), std::ios::binary);
  std::string text(static_cast<std::size_t>(kMaxSnapshot), '\0');
  if (!file || file.read(text.data(), kMaxSnapshot).bad()) return std::nullopt;
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto snapshot = auth::parse_key_snapshot(text);
  if (!snapshot || snapshot->issuer != options.issuer) return std::nullopt;
  // Keys from elsewhere than where they would be fetched now are not the issuer's any more.
  if (!options.remote->jwks_uri.empty() && snapshot->jwks_uri != options.remote->jwks_uri)
    return std::nullopt;
  const auto oldest =
      wall_now() - std::chrono::floor<std::chrono::seconds>(options.remote->stale_if_error).count();
  if (snapshot->fetched_at <= oldest || snapshot->fetched_at > wall_now() + 60) return std::nullopt;
  auto set = auth::read_remote_keys(snapshot->keys, set_of(options.algorithms));
  if (!set) return std::nullopt;
  return Stored{std::move(*snapshot), std::move(set->keys)};
}

// Keeps the fetches of many gateways apart.
Duration with_jitter(Duration about) {
  static std::minstd_rand random{std::random_device{}()};
  const auto tenth = static_cast<long>(about.count() / 10);
  return about - Duration(std::uniform_int_distribution<long>(0, std::max(0L, tenth))(random));
}

}  // namespace

// idle -> fetching -> idle, for as long as the issuer is configured.
class KeyRefresher::Source final : private net::Deadline {
 public:
  Source(KeyRefresher& owner, const IssuerOptions& options) : owner_(owner), options_(options) {
    health_.name = options.name;
    jwks_uri_ = options.remote->jwks_uri;
    if (auto stored = read_stored(owner.surroundings_.state_dir, options)) {
      jwks_uri_ = stored->snapshot.jwks_uri;
      use(std::move(stored->keys), stored->snapshot.fetched_at);
    }
  }

  const IssuerOptions& options() const { return options_; }
  const exchange::IssuerHealth& health() const { return health_; }
  const std::vector<jose::Key>& keys() const { return *keys_; }

  // Certificates may have changed in their file.
  void update(const IssuerOptions& options) {
    options_ = options;
    const auto ca = auth::read_ca_file(options.ca);
    if (ca || options.ca.empty()) ca_ = ca ? ca->pem : std::string();
  }

  void refresh() {
    if (is_fetching_) return;
    begin_fetch();
    // Asked anew each time: it is how an issuer moves its keys.
    if (options_.remote->jwks_uri.empty())
      discover(0);
    else
      fetch_keys();
  }

  void demand() {
    if (is_fetching_) return;  // its news answer this too
    if (started_at_ != TimePoint() && steady_now() < started_at_ + kCoolDown) return publish(nullptr);
    if (jwks_uri_.empty()) return refresh();
    begin_fetch();
    fetch_keys();
  }

 private:
  void on_deadline() override { refresh(); }

  void begin_fetch() {
    is_fetching_ = true;
    started_at_ = steady_now();
    ++health_.fetches;
    net::Deadlines::clear(*this);
  }

  void ask(const std::string& url, fetch::Fetcher::Done done) {
    fetch::Request request;
    request.url = url;
    request.accept = "application/json, application/jwk-set+json";
    request.ca = ca_;
    request.timeout = options_.timeout;
    operation_ = owner_.fetcher_.send(std::move(request), std::move(done));
  }

  void discover(std::size_t attempt) {
    const auto urls = auth::discovery_urls(options_.issuer);
    ask(urls[attempt], [this, attempt](Result<fetch::Response, std::string> answer) {
      if (answer && answer->status >= 400 && answer->status < 500 && attempt == 0) return discover(1);
      if (!answer) return fail("the discovery document cannot be had: " + answer.error());
      if (answer->status != 200)
        return fail("the discovery document cannot be had: status " + std::to_string(answer->status));
      auto uri = auth::read_discovery(answer->body, options_.issuer);
      if (!uri) return fail(std::move(uri.error()));
      jwks_uri_ = std::move(uri->text);
      fetch_keys();
    });
  }

  void fetch_keys() {
    ask(jwks_uri_, [this](Result<fetch::Response, std::string> answer) {
      if (!answer) return fail("the key set cannot be had: " + answer.error());
      if (answer->status != 200)
        return fail("the key set cannot be had: status " + std::to_string(answer->status));
      auto set = auth::read_remote_keys(answer->body, set_of(options_.algorithms));
      if (!set) return fail("the key set is of no use: " + set.error());
      succeed(*answer, std::move(*set));
    });
  }

  void succeed(const fetch::Response& answer, jose::KeySet set) {
    is_fetching_ = false;
    failures_in_a_row_ = 0;
    if (!std::exchange(health_.problem, {}).empty())
      log::info("the keys of an issuer can be had again", {{"issuer", options_.name}});
    const bool changed = !are_same(*keys_, set.keys);
    const bool same_warnings = std::exchange(warnings_, set.warnings) == set.warnings;
    if (!same_warnings)
      for (const std::string& warning : set.warnings)
        log::warn("a key of an issuer is left out", {{"issuer", options_.name}, {"why", warning}});
    if (changed) log::info("an issuer has new keys", {{"issuer", options_.name}, {"keys", set.keys.size()}});
    use(std::move(set.keys), wall_now());
    schedule_after(answer);
    store(answer.body);
    publish(changed ? keys_ : nullptr);
  }

  void fail(std::string why) {
    is_fetching_ = false;
    ++failures_in_a_row_;
    ++health_.failures;
    if (health_.problem != why)
      log::warn("the keys of an issuer cannot be refreshed",
                {{"issuer", options_.name}, {"why", why}, {"keys", keys_->size()}});
    health_.problem = std::move(why);
    Duration pause = kFirstRetry * (1 << std::min(failures_in_a_row_ - 1, 5u));
    pause = std::min({pause, kLongestRetry, std::max(options_.remote->refresh, kFirstRetry)});
    owner_.surroundings_.deadlines.set(*this, steady_now() + with_jitter(pause));
    const auto stale = std::chrono::floor<std::chrono::seconds>(options_.remote->stale_if_error).count();
    const bool too_old = !keys_->empty() && wall_now() - health_.fetched_at >= stale;
    if (too_old) {
      log::error("the last keys of an issuer are too old to be used", {{"issuer", options_.name}});
      use({}, health_.fetched_at);
    }
    publish(too_old ? keys_ : nullptr);
  }

  void use(std::vector<jose::Key> keys, WallSeconds fetched_at) {
    keys_ = std::make_shared<const std::vector<jose::Key>>(std::move(keys));
    health_.keys = keys_->size();
    health_.fetched_at = fetched_at;
  }

  void schedule_after(const fetch::Response& answer) {
    const Duration longest = options_.remote->refresh;
    const auto fresh = auth::read_freshness(answer.cache_control, answer.age);
    const Duration wanted = fresh ? std::max<Duration>(*fresh, kShortestRefresh) : longest;
    owner_.surroundings_.deadlines.set(*this, steady_now() + with_jitter(std::min(wanted, longest)));
  }

  void store(const std::string& body) {
    if (owner_.pool_ == nullptr) return;
    std::string text = auth::format_key_snapshot({options_.issuer, jwks_uri_, health_.fetched_at, body});
    owner_.pool_->enqueue([folder = folder_of(owner_.surroundings_.state_dir), name = file_of(options_),
                           text = std::move(text)]() mutable {
      std::vector<std::string> warnings;
      auto done = auth::make_private_directory(folder, warnings);
      if (done) done = auth::write_private_file(folder, name, SecretString(std::move(text)));
      if (!done) log::warn("the keys of an issuer cannot be kept for a restart", {{"why", done.error()}});
    });
  }

  void publish(const Keys& changed) {
    const TimePoint next = is_fetching_ ? TimePoint() : started_at_ + kCoolDown;
    owner_.surroundings_.publish({changed, next, health_});
  }

  KeyRefresher& owner_;
  IssuerOptions options_;
  std::string ca_;  // text
  std::string jwks_uri_;
  Keys keys_ = std::make_shared<const std::vector<jose::Key>>();
  exchange::IssuerHealth health_;
  std::vector<std::string> warnings_;
  bool is_fetching_ = false;
  TimePoint started_at_{};
  unsigned failures_in_a_row_ = 0;
  net::Operation operation_;
};

KeyRefresher::KeyRefresher(Surroundings surroundings)
    : surroundings_(std::move(surroundings)), fetcher_(surroundings_.loop) {}
KeyRefresher::~KeyRefresher() = default;

std::vector<jose::Key> KeyRefresher::known_keys(const IssuerOptions& options) const {
  const Source* source = find(options.name);
  if (source != nullptr && are_alike(source->options(), options)) return source->keys();
  return read_stored_keys(surroundings_.state_dir, options);
}

void KeyRefresher::adopt(const std::vector<IssuerOptions>& all) {
  std::vector<std::unique_ptr<Source>> kept;
  for (const IssuerOptions& options : all) {
    if (!options.remote) continue;
    const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const auto& source) {
      return source != nullptr && are_alike(source->options(), options);
    });
    kept.push_back(found == sources_.end() ? std::make_unique<Source>(*this, options) : std::move(*found));
    kept.back()->update(options);
  }
  sources_ = std::move(kept);
  for (const auto& source : sources_)
    if (source->health().fetches == 0) source->refresh();
}

void KeyRefresher::demand(const std::string& issuer) {
  if (Source* source = find(issuer)) return source->demand();
  KeyNews news;  // gone by a reload meanwhile
  news.health.name = issuer;
  news.next_ask = steady_now() + kCoolDown;
  surroundings_.publish(news);
}

std::vector<exchange::IssuerHealth> KeyRefresher::health() const {
  std::vector<exchange::IssuerHealth> all;
  for (const auto& source : sources_) all.push_back(source->health());
  return all;
}

KeyRefresher::Source* KeyRefresher::find(const std::string& name) const {
  for (const auto& source : sources_)
    if (source->options().name == name) return source.get();
  return nullptr;
}

std::vector<jose::Key> read_stored_keys(const std::string& state_dir, const IssuerOptions& options) {
  auto stored = read_stored(state_dir, options);
  return stored ? std::move(stored->keys) : std::vector<jose::Key>();
}

}  // namespace gw::server
