// SPDX-License-Identifier: Apache-2.0
#include "exchange/metrics_text.h"

namespace gw::exchange {
namespace {

constexpr std::array<std::string_view, 6> kClasses{"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<std::string_view, 2> kTlsVersions{"1.2", "1.3"};

std::string_view code_of(std::size_t fault) {
  return info_of(static_cast<Fault>(fault)).code;
}

// Two faults of one code are counted as the first.
bool is_first_of_its_code(std::size_t fault) {
  for (std::size_t i = 0; i < fault; ++i)
    if (code_of(i) == code_of(fault)) return false;
  return true;
}

void write_requests(MetricsWriter& writer, const Counters& counters) {
  writer.begin("requests_total", "counter",
               "Requests that are over, by class of status; none: the client left before an answer.");
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    writer.sample({{"code", kClasses[i]}}, counters.requests[i]);
  writer.begin("request_duration_seconds", "histogram", "From a request's head to the end of its answer.");
  writer.histogram({}, counters.durations);
}

void write_refusals(MetricsWriter& writer, const Counters& counters) {
  writer.begin("refusals_total", "counter", "Answers with an error of the gateway's own, by problem code.");
  for (std::size_t i = 0; i < kFaults; ++i)
    if (is_first_of_its_code(i)) writer.sample({{"code", code_of(i)}}, counters.refusals[i]);
  writer.single("unenforced_refusals_total", "counter", counters.unenforced_refusals,
                "Requests that a route with enforce: false let pass.");
  writer.single("shadow_refusals_total", "counter", counters.shadow_refusals,
                "Requests that passed and that the shadow of their route would have refused.");
  writer.begin("decisions_total", "counter",
               "What became of the requests of a route: allowed, or the problem code of the refusal.");
  for (const auto& [route, decided] : std::map(counters.decisions.begin(), counters.decisions.end())) {
    writer.sample({{"route", route}, {"code", "allowed"}}, decided.allowed);
    for (const auto& [fault, count] : decided.refused)
      writer.sample({{"route", route}, {"code", info_of(fault).code}}, count);
  }
}

void write_logins(MetricsWriter& writer, const Counters& counters) {
  writer.begin("logins_total", "counter", "Attempts to log in: success, or the problem code.");
  writer.sample({{"result", "success"}}, counters.logins);
  for (std::size_t i = 0; i < kFaults; ++i)
    if (counters.failed_logins[i] != 0) writer.sample({{"result", code_of(i)}}, counters.failed_logins[i]);
  writer.begin("login_duration_seconds", "histogram", "From the head of an attempt to log in to its answer.");
  writer.histogram({}, counters.logins_spent);
}

void write_tls(MetricsWriter& writer, const TlsCounters& tls) {
  writer.begin("tls_handshakes_total", "counter", "Handshakes with clients, by version and kind.");
  for (std::size_t version = 0; version < kTlsVersions.size(); ++version)
    for (const bool resumed : {false, true})
      writer.sample({{"version", kTlsVersions[version]}, {"kind", resumed ? "resumed" : "full"}},
                    tls.done[version][resumed ? 1 : 0]);
  writer.single("tls_handshake_failures_total", "counter", tls.failed,
                "Handshakes with clients that failed or took too long.");
}

void write_shared_store(MetricsWriter& writer, const store::StoreHealth& store) {
  writer.single("store_reconnects_total", "counter", store.reconnects,
                "Connections to the shared store after the first.");
  writer.begin("revocation_lag_seconds", "gauge",
               "Since when revocations of other replicas may be unknown here.");
  writer.sample({}, std::chrono::duration<double>(store.lag).count());
}

void write_store(MetricsWriter& writer, const store::StoreMeter& meter) {
  writer.single("store_up", "gauge", meter.is_up() ? 1 : 0, "0 since a request to the store has failed.");
  writer.begin("store_errors_total", "counter", "Requests to the store that failed.");
  for (std::size_t i = 0; i < store::kOperations; ++i)
    writer.sample({{"operation", store::name_of(i)}}, meter.of(i).errors);
  writer.begin("store_request_duration_seconds", "histogram",
               "From asking the store to its answer, by what was asked.");
  for (std::size_t i = 0; i < store::kOperations; ++i)
    if (meter.of(i).spent.count() != 0)
      writer.histogram({{"operation", store::name_of(i)}}, meter.of(i).spent);
}

void write_upstreams(MetricsWriter& writer, const Counters& counters) {
  writer.begin("upstream_failures_total", "counter", "Requests that failed because of the service.");
  for (const auto& [key, count] : counters.upstream_failures)
    writer.sample({{"upstream", key.first}, {"code", info_of(key.second).code}}, count);
  writer.begin("upstream_response_seconds", "histogram",
               "From sending a request to a server to the head of its answer.");
  for (const auto& [upstream, times] : counters.upstream_times)
    writer.histogram({{"upstream", upstream}}, times);

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
  each("upstream_requests_waiting", "gauge", "Requests that wait for a connection to the server.",
       [](const ServerState& state) { return state.waiting; });
  each("upstream_connections", "gauge", "Connections to the server, also those that are being made.",
       [](const ServerState& state) { return state.open; });
  each("upstream_connections_idle", "gauge", "Connections to the server that carry no request.",
       [](const ServerState& state) { return state.idle; });
  each("upstream_connects_total", "counter", "Connections that were tried.",
       [](const ServerState& state) { return state.dials; });
  each("upstream_connect_failures_total", "counter", "Connections that could not be made.",
       [](const ServerState& state) { return state.failed_dials; });
}

void write_issuers(MetricsWriter& writer, const std::vector<IssuerHealth>& issuers) {
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

void write_configuration(MetricsWriter& writer, const ProcessCounters& process) {
  writer.single("config_reloads_total", "counter", process.config_reloads, "Reloads that took effect.");
  writer.single("config_reload_failures_total", "counter", process.config_reload_failures,
                "Reloads that were refused; the old configuration serves on.");
  writer.single("config_last_reload_successful", "gauge", process.last_reload_failed ? 0 : 1,
                "0 when the last reload was refused.");
  writer.single("config_timestamp_seconds", "gauge", static_cast<std::uint64_t>(process.configured_at),
                "When the configuration that serves was loaded.");
  writer.begin("certificate_expiry_timestamp_seconds", "gauge", "When a certificate of a listener runs out.");
  for (const CertificateEnd& end : process.certificates)
    writer.sample({{"certificate", end.file}}, static_cast<double>(end.at));
}

void write_spans(MetricsWriter& writer, const ProcessCounters::Spans& spans) {
  writer.single("trace_spans_exported_total", "counter", spans.exported, "Spans that the collector took.");
  writer.single("trace_spans_dropped_total", "counter", spans.dropped, "Spans for which there was no room.");
  writer.single("trace_spans_failed_total", "counter", spans.failed,
                "Spans that the collector did not take.");
  writer.single("trace_export_failures_total", "counter", spans.failures,
                "Requests to the collector that failed.");
}

void write_process(MetricsWriter& writer, const ProcessCounters& process) {
  writer.single("process_start_time_seconds", "gauge", static_cast<std::uint64_t>(process.started_at),
                "When the process started.");
  const ProcessUsage& usage = process.usage;
  if (usage.cpu_seconds) {
    writer.begin("process_cpu_seconds_total", "counter", "Time of the processors that the process took.");
    writer.sample({}, *usage.cpu_seconds);
  }
  if (usage.resident_bytes)
    writer.single("process_resident_memory_bytes", "gauge", *usage.resident_bytes, "Memory of the process.");
  if (usage.open_files)
    writer.single("process_open_fds", "gauge", *usage.open_files, "Descriptors that are open.");
  if (usage.most_files)
    writer.single("process_max_fds", "gauge", *usage.most_files, "Descriptors that may be open.");
}

}  // namespace

std::string format_metrics(const Counters& counters, const ProcessCounters& process, std::string_view version,
                           MetricsFormat format) {
  MetricsWriter writer(format);
  writer.begin("build_info", "info", "Always 1; the version is its label.");
  writer.sample({{"version", version}}, std::uint64_t{1});
  writer.single("ready", "gauge", process.ready ? 1 : 0, "1 while /readyz answers 200.");
  write_requests(writer, counters);
  write_refusals(writer, counters);
  write_logins(writer, counters);
  write_upstreams(writer, counters);
  writer.single("connections", "gauge", counters.connections, "Open connections of clients.");
  write_tls(writer, counters.tls);
  writer.single("token_cache_entries", "gauge", counters.token_cache_entries,
                "Verified tokens that are kept.");
  writer.single("token_cache_hits_total", "counter", counters.token_cache_hits, "Tokens found in the cache.");
  writer.single("token_cache_misses_total", "counter", counters.token_cache_misses,
                "Tokens that had to be verified.");
  if (counters.store) write_store(writer, *counters.store);
  if (process.shared_store) write_shared_store(writer, *process.shared_store);
  writer.begin("loop_lag_seconds", "histogram",
               "How long one round of an event loop took: what came meanwhile had to wait.");
  writer.histogram({}, counters.rounds);
  write_configuration(writer, process);
  writer.single("access_log_dropped_total", "counter", process.access_log_dropped,
                "Lines of the access log that could not be written, or not in time.");
  if (process.audit_log_dropped)
    writer.single("audit_log_dropped_total", "counter", *process.audit_log_dropped,
                  "Events that could not be written to the audit log.");
  write_issuers(writer, process.issuers);
  if (process.spans) write_spans(writer, *process.spans);
  write_process(writer, process);
  return writer.finish();
}

}  // namespace gw::exchange
