// SPDX-License-Identifier: Apache-2.0
#include "server/gateway.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>

#include "base/log.h"
#include "config/load.h"
#include "policy/route_diff.h"
#include "policy/shared_rate_limits.h"
#include "server/open_store.h"
#include "server/process.h"
#include "server/process_usage.h"

namespace gw::server {
namespace {

// A configuration is judged by people: its issues go to standard error as they are.
void print(const config::Issues& issues) {
  std::cerr << issues.format() << std::flush;
}

std::string endpoint_text(const net::ListenAddress& address, int fd) {
  if (!address.unix_path.empty()) return "unix:" + address.unix_path;
  const net::Address bound = net::bound_address(fd);
  const std::string ip = bound.family() == AF_INET6 ? '[' + bound.ip() + ']' : bound.ip();
  return ip + ':' + std::to_string(bound.port());
}

constexpr std::size_t kLoggedChanges = 100;  // the answer of POST /api/reload has all

std::string_view door_name(exchange::Door door) {
  switch (door) {
    case exchange::Door::proxy:
      return "proxy";
    case exchange::Door::redirect:
      return "redirect";
    case exchange::Door::admin:
      break;
  }
  return "admin";
}

// Clients beyond the limit of files wait in the kernel, where they cost nobody a connection to a server.
void fit_to_files(config::Config& config) {
  const std::size_t most = count_clients_for_files();
  if (config.limits.connections <= most) return;
  log::warn("the limit of open files allows fewer connections than limits.connections",
            {{"connections", config.limits.connections}, {"used", most}});
  config.limits.connections = most;
}

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

SipHash::Key random_seed() {
  std::random_device random;
  const auto word = [&] { return static_cast<std::uint64_t>(random()) << 32 | random(); };
  return {word(), word()};
}

// REQUIRES: 16 bytes or more.
SipHash::Key seed_of(const SecretString& secret) {
  SipHash::Key seed;
  std::memcpy(seed.data(), secret.reveal().data(), sizeof seed);
  return seed;
}

}  // namespace

Gateway::Gateway(std::string config_file)
    : file_(std::move(config_file)),
      control_(loop_, workers_,
               {[this](exchange::Census& census) { describe(census); }, [this] { return reload(); },
                [this] {
                  if (state_ == State::starting || state_ == State::serving) drain();
                }}) {}

Gateway::~Gateway() = default;

int Gateway::run() {
  prepare_process();
  if (!start()) return 1;
  loop_.run();
  // Threads first, then what they used.
  for (auto& worker : workers_) worker->join();
  refresher_.reset();
  pool_.reset();
  outbox_.reset();
  rotator_.stop_sharing();
  store_.reset();
  workers_.clear();
  socket_files_.clear();
  access_log_.reset();
  audit_.reset();
  log::info("stopped", {{"clean", status_ == 0}});
  return status_;
}

bool Gateway::start() {
  config::Loaded loaded = config::load(file_);
  config::Issues issues = std::move(loaded.issues);
  if (!loaded.config) {
    print(issues);
    return false;
  }
  config_ = std::move(*loaded.config);
  log::configure(config_.log);
  fit_to_files(config_);
  ListenerList listeners = build_listeners(config_, issues);
  if (!config_.login.backends.empty() || signs_anything(config_) || !config_.audit_path.empty() ||
      has_remote_issuers())
    if (auto made = make_state_dir(config_.server.state_dir, config_.server.user); !made)
      issues.error({file_, 1, 1}, std::move(made.error()));
  if (issues.has_errors()) {
    print(issues);
    return false;
  }
  auto doors = open_doors();
  if (!doors) {
    std::cerr << "gatewarden: " << doors.error() << '\n';
    return false;
  }
  if (auto dropped = drop_privileges(config_.server.user); !dropped) {
    std::cerr << "gatewarden: " << dropped.error() << '\n';
    return false;
  }
  refresher_ = std::make_unique<KeyRefresher>(
      KeyRefresher::Surroundings{loop_, deadlines_, config_.server.state_dir, [this](const KeyNews& news) {
                                   for (auto& worker : workers_) worker->hear(news);
                                 }});
  // Before the keys, which replicas share by it.
  if (!issues.has_errors() && config_.store.redis && !open_store()) return false;
  std::unique_ptr<SharedKeys> shared_keys;
  if (shared_store_ != nullptr && signs_anything(config_)) {
    shared_keys = std::make_unique<SharedKeys>(loop_, *shared_store_, config_.server.state_dir);
    if (auto joined = shared_keys->join(); !joined) issues.error({file_, 1, 1}, std::move(joined.error()));
  }
  auto snapshot = build_snapshot(config_, Purpose::serve, issues, refresher_.get(), shared_store_);
  if (snapshot != nullptr && shared_keys != nullptr)
    if (auto handed_out = shared_keys->hand_out(); !handed_out)
      issues.error({file_, 1, 1}, std::move(handed_out.error()));
  issues.sort();
  print(issues);
  if (snapshot == nullptr || issues.has_errors() || (store_ == nullptr && !open_store())) return false;
  signals_ = std::make_unique<net::Signals>(loop_, std::vector<int>{SIGHUP, SIGTERM, SIGINT, SIGUSR1},
                                            [this](int signal) { on_signal(signal); });
  if (!open_logs()) return false;
  pool_ = std::make_unique<net::BlockingPool>(
      net::BlockingPool::Options{config_.server.blocking_threads, 256}, "gw-block");
  if (!config_.login.backends.empty()) outbox_ = std::make_unique<mail::Outbox>();
  if (shared_store_ != nullptr)
    rate_limits_ = std::make_unique<policy::SharedRateLimits>(*shared_store_,
                                                              seed_of(shared_store_->derive("rate limits")));
  else
    rate_limits_ = std::make_unique<policy::LocalRateLimits>(random_seed());
  snapshot_ = snapshot;
  const auto keys = snapshot->keys;
  counters_.started_at = wall_now();
  note_configuration(listeners);
  open_workers(std::move(*doors), std::move(listeners), std::move(snapshot));
  rotator_.share(std::move(shared_keys));
  rotator_.adopt(config_.server.state_dir, config_.tokens, keys);
  refresher_->write_with(*pool_);
  refresher_->adopt(config_.issuers);
  watch_files(config_.files);
  return true;
}

bool Gateway::open_logs() {
  access_log_ = std::make_unique<exchange::LogWriter>(config_.access_log.path);
  if (config_.access_log.enabled && !access_log_->is_open()) return false;
  if (config_.audit_path.empty()) return true;
  auto audit = exchange::AuditWriter::open({config_.audit_path, config_.server.state_dir});
  if (!audit) {
    std::cerr << "gatewarden: " << audit.error() << '\n';
    return false;
  }
  audit_ = std::move(*audit);
  audit_->write(exchange::AuditEvent("started").add("version", GW_VERSION));
  return true;
}

bool Gateway::open_store() {
  // Others may revoke, and count, also where nobody logs in.
  if (config_.login.backends.empty() && !config_.store.redis) return true;
  auto opened = server::open_store(config_);
  if (!opened) {
    std::cerr << "gatewarden: " << opened.error().detail << '\n';
    return false;
  }
  store_ = std::move(opened->store);
  shared_store_ = opened->shared;
  return true;
}

// One set of sockets a worker. The first set decides the port where 0 was asked for.
Result<std::vector<std::vector<Door>>, std::string> Gateway::open_doors() {
  const unsigned workers = config_.server.workers != 0 ? config_.server.workers : count_cpus();
  std::vector<std::vector<Door>> all(workers);
  for (std::size_t i = 0; i <= config_.listeners.size(); ++i) {
    const bool admin = i == config_.listeners.size();
    if (admin && !config_.admin) break;
    net::ListenAddress address = admin ? *config_.admin : config_.listeners[i].address;
    for (std::size_t worker = 0; worker < (admin ? 1 : workers); ++worker) {
      Door door;
      door.listener = i;
      if (worker > 0 && !address.unix_path.empty()) {
        door.socket = UniqueFd(::dup(all[0].back().socket.get()));
      } else {
        auto socket = net::open_listening_socket(address);
        if (!socket) return std::move(socket.error());
        door.socket = std::move(*socket);
        if (!address.unix_path.empty())
          socket_files_.push_back(std::make_unique<net::SocketFile>(address.unix_path));
      }
      const net::Address bound = net::bound_address(door.socket.get());
      if (address.unix_path.empty()) address.port = bound.port();
      door.facts.port = bound.port();
      door.facts.port_text = std::to_string(bound.port());
      if (admin) {
        door.facts.door = exchange::Door::admin;
      } else {
        const config::Listener& listener = config_.listeners[i];
        door.facts.door = listener.redirect_to_https ? exchange::Door::redirect : exchange::Door::proxy;
        door.facts.tls = listener.tls.has_value();
      }
      if (worker == 0) {
        listening_.push_back(
            {endpoint_text(address, door.socket.get()), door.facts.tls, door_name(door.facts.door)});
        log::info("listening",
                  {{"address", listening_.back().address}, {"tls", door.facts.tls}, {"admin", admin}});
      }
      all[worker].push_back(std::move(door));
    }
  }
  return all;
}

void Gateway::open_workers(std::vector<std::vector<Door>> doors, ListenerList listeners,
                           std::shared_ptr<const exchange::Snapshot> snapshot) {
  const SharedServices shared{
      *pool_,
      store_.get(),
      *access_log_,
      *rate_limits_,
      static_cast<unsigned>(doors.size()),
      &control_,
      [this](const std::string& issuer) { loop_.post([this, issuer] { refresher_->demand(issuer); }); },
      audit_.get(),
      false,
      outbox_.get(),
      shared_store_};
  for (std::vector<Door>& each : doors) {
    SharedServices of_worker = shared;
    of_worker.checks_health = workers_.empty();
    Worker::Events events;
    events.on_ready = [this] { loop_.post([this] { on_worker_ready(); }); };
    events.on_failed = [this](std::string why) {
      loop_.post([this, why = std::move(why)]() mutable { on_worker_failed(std::move(why)); });
    };
    events.on_drained = [this] { loop_.post([this] { on_worker_drained(); }); };
    workers_.push_back(std::make_unique<Worker>(of_worker, tickets_.current(), std::move(each), snapshot,
                                                listeners, std::move(events)));
  }
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i]->start("gw-worker-" + std::to_string(i));
}

void Gateway::on_worker_ready() {
  if (++ready_ != workers_.size() || state_ != State::starting) return;
  state_ = State::serving;
  for (auto& worker : workers_) worker->announce_ready();
  log::info("ready", {{"workers", workers_.size()}, {"routes", config_.routes.size()}});
}

void Gateway::on_worker_failed(std::string why) {
  std::cerr << "gatewarden: " << why << '\n';
  end(1);
}

void Gateway::on_worker_drained() {
  if (++drained_ == workers_.size()) end(0);
}

void Gateway::on_signal(int signal) {
  if (signal == SIGHUP) {
    reload();
    return;
  }
  if (signal == SIGUSR1) {
    if (audit_) audit_->reopen();
    return access_log_->reopen();
  }
  if (state_ == State::draining) return stop_at_once(1);
  drain();
}

exchange::ReloadReport Gateway::reload() {
  exchange::ReloadReport report;
  report.at = wall_now();
  if (state_ != State::serving) {
    log::warn("no reload while starting or draining");
    report.outcome = exchange::ReloadReport::Outcome::busy;
    return report;
  }
  if (watch_ != nullptr) watch_->look();
  config::Loaded loaded = config::load(file_);
  config::Issues issues = std::move(loaded.issues);
  std::vector<std::string> files = loaded.files;
  const bool done = loaded.config && take_over(*loaded.config, issues, report);
  // What a refused configuration names may be what has to change.
  if (!done) files.insert(files.end(), config_.files.begin(), config_.files.end());
  watch_files(std::move(files));
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
  last_reload_ = report;
  return report;
}

// The sockets stay, so what is behind them must be the same kind.
bool Gateway::take_over(config::Config& config, config::Issues& issues, exchange::ReloadReport& report) {
  if (!serves_same_sockets(config_, config))
    issues.error({file_, 1, 1},
                 "listeners, admin, workers, state_dir and the store change only by a restart");
  if (config.audit_path != config_.audit_path)
    issues.error({file_, 1, 1}, "log.audit changes only by a restart");
  if (config.login.backends.empty() != config_.login.backends.empty())
    issues.error({file_, 1, 1}, "login is turned on or off only by a restart");
  ListenerList listeners = build_listeners(config, issues);
  if (issues.has_errors()) return false;
  fit_to_files(config);
  const auto snapshot = build_snapshot(config, Purpose::serve, issues, refresher_.get(), shared_store_);
  if (snapshot == nullptr || !judge_changes(*snapshot, issues, report)) return false;
  if (!follow_access_log(config, issues)) return false;
  snapshot_ = snapshot;
  config_ = std::move(config);
  log::configure(config_.log);
  note_configuration(listeners);
  for (auto& worker : workers_) worker->use(snapshot, listeners);
  refresher_->adopt(config_.issuers);
  rotator_.adopt(config_.server.state_dir, config_.tokens, snapshot->keys);
  return true;
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

bool Gateway::has_remote_issuers() const {
  return std::any_of(config_.issuers.begin(), config_.issuers.end(),
                     [](const jose::IssuerOptions& issuer) { return issuer.remote.has_value(); });
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

void Gateway::watch_files(std::vector<std::string> files) {
  // Never destroyed here: it may be what asked for this reload.
  if (!config_.server.watch) files.clear();
  if (watch_ == nullptr && files.empty()) return;
  if (watch_ == nullptr) watch_ = std::make_unique<FileWatch>(loop_, deadlines_, [this] { reload(); });
  watch_->follow(std::move(files));
}

void Gateway::drain() {
  log::info("draining");
  state_ = State::draining;
  deadlines_.set(*this, steady_now() + config_.server.drain_timeout);
  for (auto& worker : workers_) worker->drain();
}

void Gateway::note_configuration(const ListenerList& listeners) {
  counters_.configured_at = wall_now();
  std::map<std::string, WallSeconds> ends;
  for (const ListenerSettings& listener : listeners)
    if (listener.tls != nullptr)
      for (const auto& [file, at] : listener.tls->ends()) ends[file] = at;
  counters_.certificates.clear();
  for (const auto& [file, at] : ends) counters_.certificates.push_back({file, at});
}

void Gateway::describe(exchange::Census& census) {
  census.process = counters_;
  census.process.usage = measure_process();
  census.process.issuers = refresher_->health();
  census.process.access_log_dropped = access_log_->dropped();
  if (audit_) census.process.audit_log_dropped = audit_->dropped();
  if (shared_store_ != nullptr) census.process.shared_store = shared_store_->health();
  census.version = GW_VERSION;
  census.config_file = file_;
  census.started = started_;
  census.workers = workers_.size();
  census.listeners = listening_;
  census.last_reload = last_reload_;
}

void Gateway::on_deadline() {
  log::warn("the drain was cut short");
  stop_at_once(1);
}

void Gateway::end(int status) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  status_ = status;
  net::Deadlines::clear(*this);
  for (auto& worker : workers_) worker->stop();
  loop_.stop();
}

// Without waiting for anything that may hang, such as a plugin.
void Gateway::stop_at_once(int status) {
  log::warn("stopped at once");
  std::_Exit(status);
}

}  // namespace gw::server
