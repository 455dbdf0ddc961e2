// SPDX-License-Identifier: Apache-2.0
#include "server/gateway.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <random>

#include "base/log.h"
#include "policy/route_diff.h"
#include "server/process.h"
#include "server/process_usage.h"
#include "store/sqlite_store.h"

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

constexpr Duration kLastSpans = 2s;  // for them the process stays longer

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

bool serves_same_sockets(const config::Config& a, const config::Config& b) {
  if (a.listeners.size() != b.listeners.size() || a.admin.has_value() != b.admin.has_value()) return false;
  for (std::size_t i = 0; i < a.listeners.size(); ++i)
    if (!is_same_address(a.listeners[i].address, b.listeners[i].address) ||
        a.listeners[i].tls.has_value() != b.listeners[i].tls.has_value() ||
        a.listeners[i].redirect_to_https != b.listeners[i].redirect_to_https)
      return false;
  return (!a.admin || is_same_address(*a.admin, *b.admin)) && a.server.workers == b.server.workers &&
         a.server.state_dir == b.server.state_dir && a.store.path == b.store.path;
}

SipHash::Key random_seed() {
  std::random_device random;
  const auto word = [&] { return static_cast<std::uint64_t>(random()) << 32 | random(); };
  return {word(), word()};
}

}  // namespace

Gateway::Gateway(std::string config_file)
    : file_(std::move(config_file)),
      exporter_(loop_, deadlines_, spans_, GW_VERSION),
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
  store_.reset();
  workers_.clear();
  exporter_.send_rest(kLastSpans);
  socket_files_.clear();
  access_log_.reset();
  audit_.reset();
  log::info("stopped", {{"clean", status_ == 0}});
  return status_;
}

bool Gateway::start() {
  const FileWatch::Moment read_since = FileWatch::moment();
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
  if (!read_tracing(config_, issues) || issues.has_errors()) {
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
  auto snapshot = build_snapshot(config_, Purpose::serve, issues, refresher_.get());
  issues.sort();
  print(issues);
  if (snapshot == nullptr || !open_store()) return false;
  signals_ = std::make_unique<net::Signals>(loop_, std::vector<int>{SIGHUP, SIGTERM, SIGINT, SIGUSR1},
                                            [this](int signal) { on_signal(signal); });
  if (!open_logs()) return false;
  pool_ = std::make_unique<net::BlockingPool>(
      net::BlockingPool::Options{config_.server.blocking_threads, 256}, "gw-block");
  if (!config_.login.backends.empty()) outbox_ = std::make_unique<mail::Outbox>();
  rate_limits_ = std::make_unique<policy::LocalRateLimits>(random_seed());
  snapshot = freed_by(background_, std::move(snapshot));
  snapshot_ = snapshot;
  const auto keys = snapshot->keys;
  counters_.started_at = wall_now();
  note_configuration(listeners);
  exporter_.adopt(config_.tracing);
  open_workers(std::move(*doors), std::move(listeners), std::move(snapshot));
  rotator_.adopt(config_.server.state_dir, config_.tokens, keys);
  refresher_->write_with(*pool_);
  refresher_->adopt(config_.issuers);
  watch_files(config_.files, read_since);
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
  if (config_.login.backends.empty()) return true;
  store::SqliteStore::Options options;
  options.path = (std::filesystem::path(config_.server.state_dir) / config_.store.path).string();
  auto opened = store::SqliteStore::open(std::move(options));
  if (!opened) {
    std::cerr << "gatewarden: " << opened.error().detail << '\n';
    return false;
  }
  store_ = std::move(*opened);
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
      &spans_};
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
  const FileWatch::Moment read_since = FileWatch::moment();
  if (watch_ != nullptr) watch_->look();
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
  last_reload_ = report;
  return report;
}

Gateway::Prepared Gateway::prepare(exchange::ReloadReport& report) {
  Prepared prepared;
  prepared.loaded = config::load(file_);
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
  auto snapshot = build_snapshot(config, Purpose::serve, issues, refresher_.get());
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

// Never the system's authorities instead of those that were named.
bool Gateway::read_tracing(config::Config& config, config::Issues& issues) const {
  if (!config.tracing || config.tracing->ca_file.empty()) return true;
  auto read = auth::read_ca_file(config.tracing->ca_file);
  if (read)
    config.tracing->ca = std::move(read->pem);
  else
    issues.error({file_, 1, 1}, "tracing.ca: " + read.error());
  return read.ok();
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

void Gateway::watch_files(std::vector<std::string> files, FileWatch::Moment read_since) {
  // Never destroyed here: it may be what asked for this reload.
  if (!config_.server.watch) files.clear();
  if (watch_ == nullptr && files.empty()) return;
  if (watch_ == nullptr) watch_ = std::make_unique<FileWatch>(loop_, deadlines_, [this] { reload(); });
  watch_->follow(std::move(files), read_since);
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
  if (config_.tracing) {
    const trace::Exporter::Counts& counts = exporter_.counts();
    census.process.spans = {counts.exported, spans_.dropped(), counts.failed, counts.failures};
  }
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
