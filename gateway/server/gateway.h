// SPDX-License-Identifier: Apache-2.0
// The running process: sockets, workers, shared services, signals. Loads, serves, reloads, drains.
// THREAD: the main thread, which does nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/load.h"
#include "exchange/audit_log.h"
#include "exchange/log_writer.h"
#include "jose/key_memory.h"
#include "mail/outbox.h"
#include "net/blocking_pool.h"
#include "net/signals.h"
#include "sandbox/file_rules.h"
#include "server/background.h"
#include "server/key_refresher.h"
#include "server/key_rotator.h"
#include "server/page_release.h"
#include "server/process_control.h"
#include "server/service_manager.h"
#include "server/successor.h"
#include "server/ticket_rotation.h"
#include "server/watch.h"
#include "server/watchdog.h"
#include "server/worker.h"
#include "store/shared_store.h"
#include "store/store.h"
#include "trace/exporter.h"

namespace gw::server {

class Gateway final : private net::Deadline {
 public:
  explicit Gateway(std::string config_file);
  ~Gateway();

  // Serves until a signal says otherwise. Returns the exit status of the contract: 0 after a clean drain, 1
  // on a start error or a drain that was cut short.
  int run();

 private:
  // starting -> serving -> draining -> ended; ended from any
  enum class State : std::uint8_t { starting, serving, draining, ended };

  bool start();
  bool open_store();
  bool open_logs();
  bool confine();
  Result<std::vector<std::vector<Door>>, std::string> open_doors();
  Result<std::vector<UniqueFd>, std::string> open_sockets(net::ListenAddress& address);
  bool refuse_to_start(const std::string& why);  // returns false
  void report_out_of_reach(const config::Loaded& loaded, config::Issues& issues) const;
  void open_workers(std::vector<std::vector<Door>> doors, ListenerList listeners,
                    std::shared_ptr<const exchange::Snapshot> snapshot);
  void on_worker_ready();
  void on_worker_failed(std::string why);
  void on_worker_drained();
  void on_signal(int signal);
  exchange::ReloadReport reload();
  // What a file would make of this gateway. It takes long with many routes, and stands back behind the
  // workers.
  struct Prepared {
    config::Loaded loaded;
    ListenerList listeners;
    std::shared_ptr<const exchange::Snapshot> snapshot;  // null: refused
  };
  Prepared prepare(exchange::ReloadReport& report);
  std::shared_ptr<const exchange::Snapshot> judge(config::Config& config, config::Issues& issues,
                                                  ListenerList& listeners, exchange::ReloadReport& report);
  void take_over(Prepared prepared);
  // What changed, into the report and the log. False when it lets more through and may not.
  bool judge_changes(const exchange::Snapshot& next, config::Issues& issues,
                     exchange::ReloadReport& report) const;
  static void fit_to_files(config::Config& config);
  bool read_tracing(config::Config& config, config::Issues& issues) const;
  bool follow_access_log(const config::Config& next, config::Issues& issues);
  void watch_files(std::vector<std::string> files, FileWatch::Moment read_since);
  void hand_over();
  void on_successor(const Successor::Answer& answer);
  void relieve_predecessor();
  void drain();
  bool has_remote_issuers() const;
  void describe(exchange::Census& census);
  void note_configuration(const ListenerList& listeners);
  void end(int status);
  void stop_at_once(int status);
  void on_deadline() override;  // of the drain

  const std::string file_;
  config::Config config_;
  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_};
  std::unique_ptr<net::Signals> signals_;
  std::unique_ptr<FileWatch> watch_;        // with server.watch
  std::shared_ptr<Background> background_;  // begun when the process is confined
  PageRelease page_release_{deadlines_, background_};
  std::shared_ptr<const exchange::Snapshot> snapshot_;
  std::unique_ptr<exchange::LogWriter> access_log_;
  trace::Queue spans_{[this] { loop_.post([this] { exporter_.on_spans(); }); }};
  trace::Exporter exporter_;
  std::unique_ptr<exchange::AuditWriter> audit_;  // null without log.audit
  std::unique_ptr<store::Store> store_;
  store::SharedStore* shared_store_ = nullptr;  // the same, when replicas share it
  std::unique_ptr<net::BlockingPool> pool_;
  std::unique_ptr<KeyRefresher> refresher_;
  KeyRotator rotator_{deadlines_, [this](const std::shared_ptr<const auth::KeyStore>& keys) {
                        for (auto& worker : workers_) worker->use_keys(keys);
                        if (audit_)
                          audit_->write(exchange::AuditEvent("keys").add("signs", keys->current().key.kid()));
                      }};
  std::unique_ptr<mail::Outbox> outbox_;
  std::unique_ptr<policy::RateLimits> rate_limits_;
  std::vector<std::unique_ptr<Worker>> workers_;
  TicketRotation tickets_{deadlines_, [this](const net::TicketKey& next) {
                            for (auto& worker : workers_) worker->rotate_tickets(next);
                          }};
  ProcessControl control_;
  const ServiceManager manager_;
  std::unique_ptr<Watchdog> watchdog_;  // where the service manager watches
  std::unique_ptr<Successor> successor_;
  InheritedSockets inherited_;
  struct Shared {
    UniqueFd socket;
    std::string name;
  };
  std::vector<Shared> shared_sockets_;  // all that we listen on, for a successor; until we drain
  bool succeeded_ = false;              // another process serves
  sandbox::FileRules rules_;
  jose::KeyMemory key_memory_;
  exchange::LeastPrivilege privileges_;
  const TimePoint started_ = steady_now();
  std::vector<exchange::Listening> listening_;
  std::vector<std::unique_ptr<net::SocketFile>> socket_files_;
  exchange::ProcessCounters counters_;
  std::optional<exchange::ReloadReport> last_reload_;
  State state_ = State::starting;
  std::size_t ready_ = 0;
  std::size_t drained_ = 0;
  int status_ = 0;
};

}  // namespace gw::server
