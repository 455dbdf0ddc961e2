// SPDX-License-Identifier: Apache-2.0
// A new configuration for a gateway that serves: prepared beside the loop, judged, taken over or refused.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "policy/route_diff.h"
#include "server/gateway.h"
#include "server/sandbox_plan.h"

namespace gw::server {
namespace {

constexpr std::size_t kLoggedChanges = 100;  // the answer of POST /api/reload has all

bool is_same_address(const net::ListenAddress& a, const net::ListenAddress& b) {
  return a.text == b.text;
}

bool is_same_redis(const config::StoreOptions& a, const config::StoreOptions& b) {
  if (a.redis.has_value() != b.redis.has_value() || a.timeout != b.timeout) return !a.redis && !b.redis;
  return !a.redis || (a.redis->host == b.redis->host && a.redis->port == b.redis->port &&
                      a.redis->user == b.redis->user && a.redis->password == b.redis->password &&
                      a.redis->db == b.redis->db && a.redis->tls == b.redis->tls && a.tls == b.tls &&
                      a.encryption_keys == b.encryption_keys);
}

bool serves_same_sockets(const config::Config& a, const config::Config& b) {
  if (a.listeners.size() != b.listeners.size() || a.admin.has_value() != b.admin.has_value()) return false;
  for (std::size_t i = 0; i < a.listeners.size(); ++i)
    if (!is_same_address(a.listeners[i].address, b.listeners[i].address) ||
        a.listeners[i].tls.has_value() != b.listeners[i].tls.has_value() ||
        a.listeners[i].redirect_to_https != b.listeners[i].redirect_to_https)
      return false;
  return (!a.admin || is_same_address(*a.admin, *b.admin)) && a.server.workers == b.server.workers &&
         a.server.state_dir == b.server.state_dir && a.store.path == b.store.path &&
         is_same_redis(a.store, b.store);
}

}  // namespace

exchange::ReloadReport Gateway::reload() {
  exchange::ReloadReport report;
  report.at = wall_now();
  if (state_ != State::serving) {
    log::warn("no reload while starting or draining");
    report.outcome = exchange::ReloadReport::Outcome::busy;
    return report;
  }
  const FileWatch::Moment read_since = FileWatch::moment();
  if (watch_ != nullptr) watch_->look();
  manager_.tell_reloading();
  Prepared prepared;
  background_->run([&] { prepared = prepare(report); });
  const bool done = prepared.snapshot != nullptr;
  config::Issues issues = std::move(prepared.loaded.issues);
  std::vector<std::string> files = prepared.loaded.files;
  if (done) take_over(std::move(prepared));
  // What a refused configuration names may be what has to change.
  if (!done) files.insert(files.end(), config_.files.begin(), config_.files.end());
  watch_files(std::move(files), read_since);
  issues.sort();
  for (const config::Issue& issue : issues.list()) {
    report.issues.push_back(config::format_issue(issue));
    log::write(issue.severity == config::Severity::error ? log::Level::error : log::Level::warn,
               "configuration", {{"issue", report.issues.back()}});
  }
  if (done) {
    ++counters_.config_reloads;
    log::info("reloaded", {{"routes", config_.routes.size()},
                           {"changes", report.changes.size()},
                           {"widenings", report.widenings.size()}});
  } else {
    report.outcome = exchange::ReloadReport::Outcome::refused;
    ++counters_.config_reload_failures;
    log::error("reload refused; the old configuration serves on");
  }
  counters_.last_reload_failed = !done;
  manager_.tell("READY=1");
  last_reload_ = report;
  page_release_.put_off();
  return report;
}

Gateway::Prepared Gateway::prepare(exchange::ReloadReport& report) {
  Prepared prepared;
  prepared.loaded = config::load(file_);
  report_out_of_reach(prepared.loaded, prepared.loaded.issues);
  if (prepared.loaded.config)
    prepared.snapshot = judge(*prepared.loaded.config, prepared.loaded.issues, prepared.listeners, report);
  return prepared;
}

// The sockets stay, so what is behind them must be the same kind.
std::shared_ptr<const exchange::Snapshot> Gateway::judge(config::Config& config, config::Issues& issues,
                                                         ListenerList& listeners,
                                                         exchange::ReloadReport& report) {
  if (!serves_same_sockets(config_, config))
    issues.error({file_, 1, 1},
                 "listeners, admin, workers, state_dir and the store change only by a restart");
  if (config.audit_path != config_.audit_path)
    issues.error({file_, 1, 1}, "log.audit changes only by a restart");
  if (config.login.backends.empty() != config_.login.backends.empty())
    issues.error({file_, 1, 1}, "login is turned on or off only by a restart");
  listeners = build_listeners(config, issues);
  if (!read_tracing(config, issues) || issues.has_errors()) return nullptr;
  fit_to_files(config);
  auto snapshot = build_snapshot(config, Purpose::serve, issues, refresher_.get(), shared_store_);
  if (snapshot == nullptr || !judge_changes(*snapshot, issues, report)) return nullptr;
  if (!follow_access_log(config, issues)) return nullptr;
  return freed_by(background_, std::move(snapshot));
}

void Gateway::take_over(Prepared prepared) {
  snapshot_ = prepared.snapshot;
  background_->drop(
      std::make_shared<config::Config>(std::exchange(config_, std::move(*prepared.loaded.config))));
  log::configure(config_.log);
  note_configuration(prepared.listeners);
  exporter_.adopt(config_.tracing);
  for (auto& worker : workers_) worker->use(snapshot_, prepared.listeners);
  refresher_->adopt(config_.issuers);
  rotator_.adopt(config_.server.state_dir, config_.tokens, snapshot_->keys);
}

// Landlock's rules are for good: what the new configuration names elsewhere is for a new process.
void Gateway::report_out_of_reach(const config::Loaded& loaded, config::Issues& issues) const {
  if (privileges_.landlock == 0) return;
  sandbox::FileRules wanted;
  for (const std::string& file : loaded.files) wanted.readable.push_back(file);
  if (loaded.config) wanted = files_of(*loaded.config);
  for (const std::string& path : rules_.out_of_reach(wanted))
    issues.error({file_, 1, 1},
                 path +
                     " is out of reach since this process has started (SIGUSR2 starts a new one that takes "
                     "over, or restart; server.readable and server.writable name folders ahead of need)");
}

// Nothing changes when the new file cannot be written.
bool Gateway::follow_access_log(const config::Config& next, config::Issues& issues) {
  const bool is_new = next.access_log.path != config_.access_log.path || !access_log_->is_open();
  if (!next.access_log.enabled || !is_new) return true;
  auto opened = exchange::LogWriter::open(next.access_log.path);
  if (!opened) {
    issues.error({file_, 1, 1}, "log.access.path: " + opened.error());
    return false;
  }
  access_log_->move_to(next.access_log.path, std::move(*opened));
  return true;
}

// What is running decides whether it may be widened: a mistake in the new file cannot allow itself.
bool Gateway::judge_changes(const exchange::Snapshot& next, config::Issues& issues,
                            exchange::ReloadReport& report) const {
  policy::RouteDiff diff = policy::compare(snapshot_->routes, next.routes);
  for (const policy::Widening& widening : diff.widenings) {
    if (!config_.server.allow_widening)
      issues.error(widening.place, widening.what +
                                       " (server.allow_widening is false: set it to true and reload, then "
                                       "change the route; or restart)");
    report.widenings.push_back(widening.what);
    log::warn("the reload lets more through", {{"what", widening.what}});
  }
  for (std::size_t i = 0; i < std::min(diff.changes.size(), kLoggedChanges); ++i)
    log::info("route", {{"change", diff.changes[i]}});
  report.changes = std::move(diff.changes);
  return config_.server.allow_widening || diff.widenings.empty();
}

void Gateway::watch_files(std::vector<std::string> files, FileWatch::Moment read_since) {
  // Never destroyed here: it may be what asked for this reload.
  if (!config_.server.watch) files.clear();
  if (watch_ == nullptr && files.empty()) return;
  if (watch_ == nullptr) watch_ = std::make_unique<FileWatch>(loop_, deadlines_, [this] { reload(); });
  watch_->follow(std::move(files), read_since);
}

}  // namespace gw::server
