// SPDX-License-Identifier: Apache-2.0
#include "exchange/counters.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace gw::exchange {
namespace {

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

Fault fault_at(std::size_t index) {
  return static_cast<Fault>(index);
}

std::optional<Fault> find_fault(std::string_view code) {
  for (std::size_t i = 0; i < kFaults; ++i)
    if (info_of(fault_at(i)).code == code) return fault_at(i);
  return std::nullopt;
}

template <std::size_t N>
void add_each(std::array<std::uint64_t, N>& to, const std::array<std::uint64_t, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i];
}

// The shortest text without an exponent that reads back as the same number.
std::string number_text(double value) {
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  return {text, end};
}

std::string escaped_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Writer {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "gatewarden_" + std::string(name);
    out_ +=
        "# HELP " + name_ + ' ' + std::string(help) + "\n# TYPE " + name_ + ' ' + std::string(type) + '\n';
  }
  void sample(const Labels& labels, std::string_view value, std::string_view suffix = {}) {
    out_ += name_;
    out_ += suffix;
    char before = '{';
    for (const auto& [name, text] : labels) {
      out_ += std::exchange(before, ',');
      out_ += std::string(name) + "=\"" + escaped_label(text) + '"';
    }
    if (labels.size() != 0) out_ += '}';
    out_ += ' ' + std::string(value) + '\n';
  }
  void sample(const Labels& labels, std::uint64_t value, std::string_view suffix = {}) {
    sample(labels, std::to_string(value), suffix);
  }
  void single(std::string_view name, std::string_view type, std::uint64_t value, std::string_view help) {
    begin(name, type, help);
    sample({}, value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
  std::string name_;
};

void write_requests(Writer& writer, const Counters& counters) {
  writer.begin("requests_total", "counter",
               "Requests that are over, by class of status; none: the client left before an answer.");
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    writer.sample({{"code", kClasses[i]}}, counters.requests[i]);

  writer.begin("request_duration_seconds", "histogram", "From a request's head to the end of its answer.");
  const Histogram& durations = counters.durations;
  for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i)
    writer.sample({{"le", number_text(Histogram::kBounds[i])}}, durations.cumulative(i), "_bucket");
  writer.sample({{"le", "+Inf"}}, durations.count(), "_bucket");
  writer.sample({}, number_text(std::chrono::duration<double>(durations.sum()).count()), "_sum");
  writer.sample({}, durations.count(), "_count");
}

void write_refusals(Writer& writer, const Counters& counters) {
  writer.begin("refusals_total", "counter", "Answers with an error of the gateway's own, by problem code.");
  for (std::size_t i = 0; i < kFaults; ++i)  // two faults of one code are counted as the first
    if (find_fault(info_of(fault_at(i)).code) == fault_at(i))
      writer.sample({{"code", info_of(fault_at(i)).code}}, counters.refusals[i]);
  writer.single("unenforced_refusals_total", "counter", counters.unenforced_refusals,
                "Requests that a route with enforce: false let pass.");
  writer.single("shadow_refusals_total", "counter", counters.shadow_refusals,
                "Requests that passed and that the shadow of their route would have refused.");

  writer.begin("logins_total", "counter", "Attempts to log in: success, or the problem code.");
  writer.sample({{"result", "success"}}, counters.logins);
  for (std::size_t i = 0; i < kFaults; ++i)
    if (counters.failed_logins[i] != 0)
      writer.sample({{"result", info_of(fault_at(i)).code}}, counters.failed_logins[i]);

  writer.begin("upstream_failures_total", "counter", "Requests that failed because of the service.");
  for (const auto& [key, count] : counters.upstream_failures)
    writer.sample({{"upstream", key.first}, {"code", info_of(key.second).code}}, count);
}

void write_issuers(Writer& writer, const std::vector<IssuerHealth>& issuers) {
  if (issuers.empty()) return;
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    writer.begin(name, type, help);
    for (const IssuerHealth& issuer : issuers)
      writer.sample({{"issuer", issuer.name}}, static_cast<std::uint64_t>(value(issuer)));
  };
  each("issuer_keys", "gauge", "Keys in use of an issuer whose keys are fetched.",
       [](const IssuerHealth& issuer) { return issuer.keys; });
  each("issuer_keys_fetched_timestamp_seconds", "gauge", "When the keys in use were fetched; 0: never.",
       [](const IssuerHealth& issuer) { return issuer.fetched_at; });
  each("issuer_stale", "gauge", "1 while the last fetch of an issuer's keys has failed.",
       [](const IssuerHealth& issuer) { return issuer.problem.empty() ? 0 : 1; });
  each("issuer_fetches_total", "counter", "Fetches of an issuer's keys.",
       [](const IssuerHealth& issuer) { return issuer.fetches; });
  each("issuer_fetch_failures_total", "counter", "Fetches of an issuer's keys that failed.",
       [](const IssuerHealth& issuer) { return issuer.failures; });
}

void write_store(Writer& writer, const store::StoreHealth& store) {
  writer.single("store_up", "gauge", store.up ? 1 : 0, "0 when the last command had no answer in time.");
  writer.single("store_commands_total", "counter", store.commands, "Commands to the store.");
  writer.single("store_failures_total", "counter", store.failures, "Those without an answer in time.");
  writer.single("store_reconnects_total", "counter", store.reconnects, "Connections after the first.");
  writer.begin("store_command_duration_seconds", "summary", "From a command to its answer.");
  writer.sample({}, number_text(std::chrono::duration<double>(store.waited).count()), "_sum");
  writer.sample({}, store.answered, "_count");
  writer.begin("revocation_lag_seconds", "gauge",
               "Since when revocations of other replicas may be unknown here.");
  writer.sample({}, number_text(std::chrono::duration<double>(store.lag).count()));
}

void write_servers(Writer& writer, const Counters& counters) {
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    writer.begin(name, type, help);
    for (const auto& [key, state] : counters.servers)
      writer.sample({{"upstream", key.first}, {"server", key.second}}, std::uint64_t{value(state)});
  };
  each("upstream_server_up", "gauge", "0 while health checks have taken the server out.",
       [](const ServerState& state) { return state.up ? 1u : 0u; });
  each("upstream_server_ejected", "gauge",
       "Workers that send the server nothing for a while, after failures.",
       [](const ServerState& state) { return state.ejected; });
  each("upstream_ejections_total", "counter", "Times that a worker ejected the server.",
       [](const ServerState& state) { return state.ejections; });
  each("upstream_requests_active", "gauge", "Requests that the server has now.",
       [](const ServerState& state) { return state.active; });
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds spent) {
  const double seconds = std::chrono::duration<double>(spent).count();
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), seconds) - kBounds.begin();
  ++buckets_[static_cast<std::size_t>(bucket)];
  sum_ += spent;
}

Histogram& Histogram::operator+=(const Histogram& other) {
  add_each(buckets_, other.buckets_);
  sum_ += other.sum_;
  return *this;
}

std::uint64_t Histogram::cumulative(std::size_t i) const {
  std::uint64_t total = 0;
  for (std::size_t bucket = 0; bucket <= i; ++bucket) total += buckets_[bucket];
  return total;
}

void Counters::record(const Finished& finished) {
  ++requests[std::min<std::size_t>(finished.status / 100, requests.size() - 1)];
  durations.observe(finished.spent);
  if (finished.would_refuse) ++unenforced_refusals;
  if (finished.shadow_would_refuse) ++shadow_refusals;
  if (finished.is_login && finished.status != 0 && finished.code.empty()) ++logins;
  if (finished.code.empty()) return;
  const std::optional<Fault> fault = find_fault(finished.code);
  if (!fault) return;
  const auto index = static_cast<std::size_t>(*fault);
  ++refusals[index];
  if (finished.is_login) ++failed_logins[index];
  if (!finished.upstream.empty() && info_of(*fault).blame == Blame::upstream)
    ++upstream_failures[{std::string(finished.upstream), *fault}];
}

ServerState& ServerState::operator+=(const ServerState& other) {
  up = up && other.up;
  ejected += other.ejected;
  ejections += other.ejections;
  active += other.active;
  return *this;
}

Counters& Counters::operator+=(const Counters& other) {
  add_each(requests, other.requests);
  add_each(refusals, other.refusals);
  unenforced_refusals += other.unenforced_refusals;
  shadow_refusals += other.shadow_refusals;
  logins += other.logins;
  add_each(failed_logins, other.failed_logins);
  for (const auto& [key, count] : other.upstream_failures) upstream_failures[key] += count;
  durations += other.durations;
  token_cache_hits += other.token_cache_hits;
  token_cache_misses += other.token_cache_misses;
  for (const auto& [key, state] : other.servers) {
    const auto [mine, is_new] = servers.emplace(key, state);
    if (!is_new) mine->second += state;
  }
  connections += other.connections;
  token_cache_entries += other.token_cache_entries;
  return *this;
}

std::string format_metrics(const Counters& counters, const ProcessCounters& process,
                           std::string_view version) {
  Writer writer;
  writer.begin("build_info", "gauge", "Always 1; the version is its label.");
  writer.sample({{"version", version}}, 1);
  write_requests(writer, counters);
  write_refusals(writer, counters);
  write_servers(writer, counters);
  writer.single("connections", "gauge", counters.connections, "Open connections of clients.");
  writer.single("token_cache_entries", "gauge", counters.token_cache_entries,
                "Verified tokens that are kept.");
  writer.single("token_cache_hits_total", "counter", counters.token_cache_hits, "Tokens found in the cache.");
  writer.single("token_cache_misses_total", "counter", counters.token_cache_misses,
                "Tokens that had to be verified.");
  writer.single("config_reloads_total", "counter", process.config_reloads, "Reloads that took effect.");
  writer.single("config_reload_failures_total", "counter", process.config_reload_failures,
                "Reloads that were refused; the old configuration serves on.");
  writer.single("access_log_dropped_total", "counter", process.access_log_dropped,
                "Batches of lines that the access log had no room for.");
  if (process.audit_log_dropped)
    writer.single("audit_log_dropped_total", "counter", *process.audit_log_dropped,
                  "Events that could not be written to the audit log.");
  write_issuers(writer, process.issuers);
  if (process.store) write_store(writer, *process.store);
  return writer.take();
}

}  // namespace gw::exchange
