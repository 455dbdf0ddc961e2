// SPDX-License-Identifier: Apache-2.0
#include "server/gateway.h"

#include <fcntl.h>
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
#include "base/program_pages.h"
#include "base/secret_memory.h"
#include "policy/shared_rate_limits.h"
#include "sandbox/syscall_filter.h"
#include "server/open_store.h"
#include "server/process.h"
#include "server/process_usage.h"
#include "server/sandbox_plan.h"

namespace gw::server {
namespace {

std::string endpoint_text(const net::ListenAddress& address, int fd) {
  if (!address.unix_path.empty()) return "unix:" + address.unix_path;
  const net::Address bound = net::bound_address(fd);
  const std::string ip = bound.family() == AF_INET6 ? '[' + bound.ip() + ']' : bound.ip();
  return ip + ':' + std::to_string(bound.port());
}

constexpr Duration kLastSpans = 2s;  // for them the process stays longer

constexpr Duration kDrainPatience = 1s;  // with an idle client whose next request may be on its way

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
      exporter_(loop_, deadlines_, spans_, GW_VERSION),
      control_(loop_, workers_,
               {[this](exchange::Census& census) { describe(census); }, [this] { return reload(); },
                [this] {
                  if (state_ == State::starting || state_ == State::serving) drain();
                }}) {}

Gateway::~Gateway() = default;

// Clients beyond the limit of files wait in the kernel, where they cost nobody a connection to a server.
void Gateway::fit_to_files(config::Config& config) {
  const std::size_t most = count_clients_for_files();
  if (config.limits.connections <= most) return;
  log::warn("the limit of open files allows fewer connections than limits.connections",
            {{"connections", config.limits.connections}, {"used", most}});
  config.limits.connections = most;
}

int Gateway::run() {
  prepare_process();
  auto inherited = take_inherited_sockets();
  if (!inherited) {
    refuse_to_start("gatewarden: " + inherited.error() + '\n');
    return 1;
  }
  inherited_ = std::move(*inherited);
  successor_ = Successor::fork_helper();
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
  if (!loaded.config) return refuse_to_start(issues.format());
  config_ = std::move(*loaded.config);
  log::configure(config_.log);
  fit_to_files(config_);
  key_memory_ = jose::reserve_key_memory(config_.limits.connections);
  ListenerList listeners = build_listeners(config_, issues);
  if (!config_.login.backends.empty() || signs_anything(config_) || !config_.audit_path.empty() ||
      has_remote_issuers())
    if (auto made = make_state_dir(config_.server.state_dir, config_.server.user); !made)
      issues.error({file_, 1, 1}, std::move(made.error()));
  if (!read_tracing(config_, issues) || issues.has_errors()) return refuse_to_start(issues.format());
  auto doors = open_doors();
  if (!doors) return refuse_to_start("gatewarden: " + doors.error() + '\n');
  if (auto dropped = drop_privileges(config_.server.user); !dropped)
    return refuse_to_start("gatewarden: " + dropped.error() + '\n');
  if (successor_ != nullptr)
    if (auto became = successor_->become(config_.server.user); !became)
      return refuse_to_start("gatewarden: " + became.error() + '\n');
  if (!confine()) return false;
  background_ = std::make_shared<Background>();
  refresher_ = std::make_unique<KeyRefresher>(
      KeyRefresher::Surroundings{loop_, deadlines_, config_.server.state_dir, [this](const KeyNews& news) {
                                   for (auto& worker : workers_) worker->hear(news);
                                   loop_.post([this] {
                                     relieve_predecessor();
                                     background_->enqueue(release_program_pages);
                                   });
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
  if (snapshot == nullptr || issues.has_errors()) return refuse_to_start(issues.format());
  std::cerr << issues.format() << std::flush;
  if (store_ == nullptr && !open_store()) return false;
  signals_ =
      std::make_unique<net::Signals>(loop_, std::vector<int>{SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2},
                                     [this](int signal) { on_signal(signal); });
  if (successor_ != nullptr)
    successor_->listen(loop_, [this](const Successor::Answer& answer) { on_successor(answer); });
  if (!open_logs()) return false;
  pool_ = std::make_unique<net::BlockingPool>(
      net::BlockingPool::Options{config_.server.blocking_threads, 256}, "gw-block");
  if (!config_.login.backends.empty()) outbox_ = std::make_unique<mail::Outbox>();
  if (shared_store_ != nullptr)
    rate_limits_ = std::make_unique<policy::SharedRateLimits>(*shared_store_,
                                                              seed_of(shared_store_->derive("rate limits")));
  else
    rate_limits_ = std::make_unique<policy::LocalRateLimits>(random_seed());
  snapshot = freed_by(background_, std::move(snapshot));
  snapshot_ = snapshot;
  const auto keys = snapshot->keys;
  counters_.started_at = wall_now();
  note_configuration(listeners);
  exporter_.adopt(config_.tracing);
  open_workers(std::move(*doors), std::move(listeners), std::move(snapshot));
  rotator_.share(std::move(shared_keys));
  rotator_.adopt(config_.server.state_dir, config_.tokens, keys);
  refresher_->write_with(*pool_);
  refresher_->adopt(config_.issuers);
  watch_files(config_.files, read_since);
  return true;
}

bool Gateway::open_logs() {
  access_log_ = std::make_unique<exchange::LogWriter>(config_.access_log.path);
  if (config_.access_log.enabled && !access_log_->is_open())
    return refuse_to_start("gatewarden: the access log cannot be opened\n");
  if (config_.audit_path.empty()) return true;
  auto audit = exchange::AuditWriter::open({config_.audit_path, config_.server.state_dir});
  if (!audit) return refuse_to_start("gatewarden: " + audit.error() + '\n');
  audit_ = std::move(*audit);
  audit_->write(exchange::AuditEvent("started").add("version", GW_VERSION));
  return true;
}

bool Gateway::open_store() {
  // Others may revoke, and count, also where nobody logs in.
  if (config_.login.backends.empty() && !config_.store.redis) return true;
  auto opened = server::open_store(config_);
  if (!opened) return refuse_to_start("gatewarden: " + opened.error().detail + '\n');
  store_ = std::move(opened->store);
  shared_store_ = opened->shared;
  return true;
}

// For people, and for the process that waits to be relieved.
bool Gateway::refuse_to_start(const std::string& why) {
  std::cerr << why << std::flush;
  report_failure(inherited_.report, why);
  inherited_.report.reset();
  return false;
}

// What is not on the lists can be had no more. Threads that are started from here on inherit it.
bool Gateway::confine() {
  if (config_.server.sandbox && sandbox::filters_in_this_build()) {
    rules_ = files_of(config_);
    const auto landlock = sandbox::restrict_files(rules_);
    if (!landlock)
      return refuse_to_start("gatewarden: server.sandbox: " + landlock.error() + " (off serves without)\n");
    if (auto filtered = sandbox::filter_system_calls(); !filtered)
      return refuse_to_start("gatewarden: server.sandbox: " + filtered.error() + " (off serves without)\n");
    privileges_.landlock = *landlock;
  }
  return true;
}

// Those that were inherited, or new ones.
Result<std::vector<UniqueFd>, std::string> Gateway::open_sockets(net::ListenAddress& address) {
  std::vector<UniqueFd> sockets;
  for (InheritedSockets::Socket& each : inherited_.sockets) {
    if (each.used || !net::is_bound_to(each.fd.get(), address)) continue;
    each.used = true;
    sockets.push_back(std::move(each.fd));
  }
  if (!sockets.empty()) return sockets;
  const unsigned workers = config_.server.workers != 0 ? config_.server.workers : count_cpus();
  // A unix socket is one that all share; a port has one for each worker.
  const bool is_shared = !address.unix_path.empty() || (config_.admin && &address == &*config_.admin);
  for (unsigned i = 0; i < (is_shared ? 1 : workers); ++i) {
    auto socket = net::open_listening_socket(address);
    if (!socket) return std::move(socket.error());
    sockets.push_back(std::move(*socket));
    // The first decides the port where 0 was asked for.
    if (address.unix_path.empty()) address.port = net::bound_address(sockets[0].get()).port();
  }
  return sockets;
}

// One set of sockets a worker. All that there are must be accepted from: of more sockets than workers some
// have two, of fewer some are shared.
Result<std::vector<std::vector<Door>>, std::string> Gateway::open_doors() {
  const unsigned workers = config_.server.workers != 0 ? config_.server.workers : count_cpus();
  std::vector<std::vector<Door>> all(workers);
  for (std::size_t i = 0; i <= config_.listeners.size(); ++i) {
    const bool admin = i == config_.listeners.size();
    if (admin && !config_.admin) break;
    net::ListenAddress& address = admin ? *config_.admin : config_.listeners[i].address;
    const net::ListenAddress asked = address;  // a port 0 stays one, for reloads
    auto sockets = open_sockets(address);
    if (!sockets) return std::move(sockets.error());
    const net::Address bound = net::bound_address(sockets->front().get());
    exchange::ListenerFacts facts;
    facts.port = bound.port();
    facts.port_text = std::to_string(bound.port());
    facts.door = exchange::Door::admin;
    if (!admin) {
      const config::Listener& listener = config_.listeners[i];
      facts.door = listener.redirect_to_https ? exchange::Door::redirect : exchange::Door::proxy;
      facts.tls = listener.tls.has_value();
    }
    listening_.push_back({endpoint_text(address, sockets->front().get()), facts.tls, door_name(facts.door)});
    log::info("listening", {{"address", listening_.back().address}, {"tls", facts.tls}, {"admin", admin}});
    if (!address.unix_path.empty())
      socket_files_.push_back(std::make_unique<net::SocketFile>(address.unix_path));
    address = asked;
    const std::size_t users = admin ? 1 : workers;
    for (std::size_t n = 0; n < std::max(users, sockets->size()); ++n) {
      Door door;
      door.listener = i;
      door.facts = facts;
      door.socket = UniqueFd(::fcntl((*sockets)[n % sockets->size()].get(), F_DUPFD_CLOEXEC, 0));
      if (!door.socket) return std::string("too many listening sockets for the limit of open files");
      all[n % users].push_back(std::move(door));
    }
    for (UniqueFd& socket : *sockets)
      shared_sockets_.push_back({std::move(socket), admin ? "admin" : "listener-" + std::to_string(i)});
  }
  for (const InheritedSockets::Socket& each : inherited_.sockets) {
    if (each.used) continue;
    const net::Address bound = net::bound_address(each.fd.get());
    const std::string where = bound.ip() + " port " + std::to_string(bound.port());
    if (!inherited_.report)
      return "the inherited socket " + each.name + " (" + where +
             ") is no listener's of the configuration (give both the same address)";
    log::info("no longer listening", {{"socket", each.name}, {"address", where}});
  }
  inherited_.sockets.clear();
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
      &spans_,
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
  const int landlock = privileges_.landlock;
  privileges_ = least_privilege();
  privileges_.landlock = landlock;
  privileges_.keys_locked = key_memory_.locked && !secret_memory::state().failed;
  log::info("privileges", {{"user", privileges_.user},
                           {"no_new_privileges", privileges_.no_new_privileges},
                           {"capabilities", privileges_.capabilities != 0},
                           {"system_calls_filtered", privileges_.system_calls_filtered},
                           {"landlock", privileges_.landlock},
                           {"core_dumps", privileges_.core_dumps},
                           {"keys_locked", privileges_.keys_locked}});
  log::info("ready", {{"workers", workers_.size()}, {"routes", config_.routes.size()}});
  manager_.tell("READY=1\nMAINPID=" + std::to_string(::getpid()));
  if (manager_.watchdog() != Duration::zero())
    watchdog_ = std::make_unique<Watchdog>(manager_, loop_, deadlines_, workers_);
  relieve_predecessor();
  release_program_pages();
}

// A process that hands its sockets over waits until this one can do what it did: with the keys of all
// issuers, as far as they can be had.
void Gateway::relieve_predecessor() {
  if (!inherited_.report || state_ != State::serving) return;
  for (const exchange::IssuerHealth& issuer : refresher_->health())
    if (issuer.keys == 0 && issuer.problem.empty()) return;
  report_ready(inherited_.report);
  inherited_.report.reset();
}

void Gateway::on_worker_failed(std::string why) {
  refuse_to_start("gatewarden: " + why + '\n');
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
  if (signal == SIGUSR2) return hand_over();
  if (state_ == State::draining) return stop_at_once(1);
  drain();
}

void Gateway::hand_over() {
  if (state_ != State::serving) return log::warn("no takeover while starting or draining");
  std::vector<int> sockets;
  std::vector<std::string> names;
  for (const Shared& each : shared_sockets_) {
    sockets.push_back(each.socket.get());
    names.push_back(each.name);
  }
  const auto started = successor_ != nullptr ? successor_->start(sockets, names)
                                             : Result<void, std::string>("there is no helper to start it");
  if (!started) return log::error("no takeover", {{"why", started.error()}});
  log::info("starting a new process that takes over");
}

void Gateway::on_successor(const Successor::Answer& answer) {
  if (answer.pid == 0)
    return log::error("the takeover failed; this process serves on", {{"why", answer.why}});
  log::info("a new process has taken over", {{"pid", answer.pid}});
  manager_.tell("MAINPID=" + std::to_string(answer.pid));
  for (auto& file : socket_files_) file->leave();
  succeeded_ = true;
  if (state_ == State::serving) drain();
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

bool Gateway::has_remote_issuers() const {
  return std::any_of(config_.issuers.begin(), config_.issuers.end(),
                     [](const jose::IssuerOptions& issuer) { return issuer.remote.has_value(); });
}

void Gateway::drain() {
  log::info("draining");
  state_ = State::draining;
  if (!succeeded_) manager_.tell("STOPPING=1");
  if (successor_ != nullptr) successor_->stop();
  shared_sockets_.clear();
  deadlines_.set(*this, steady_now() + config_.server.drain_timeout);
  const Duration patience = std::min(kDrainPatience, config_.server.drain_timeout / 4);
  for (auto& worker : workers_) worker->drain(patience, succeeded_);
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
  if (shared_store_ != nullptr) census.process.shared_store = shared_store_->health();
  census.version = GW_VERSION;
  census.config_file = file_;
  census.started = started_;
  census.workers = workers_.size();
  census.listeners = listening_;
  census.last_reload = last_reload_;
  census.privileges = privileges_;
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
