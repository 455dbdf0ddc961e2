// SPDX-License-Identifier: Apache-2.0
#include "attack/range.h"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <stdexcept>

#include "net/address.h"
#include "net/listener.h"
#include "policy/rate_limit.h"
#include "server/snapshot_builder.h"
#include "server/worker.h"
#include "store/sqlite_store.h"

namespace gw::attack {
namespace {

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "gatewarden-attack-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make a folder for the attack");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void lead_to(std::uint16_t port, upstream::ClusterOptions& options) {
  upstream::ServerUrl echo;
  echo.host = "127.0.0.1";
  echo.port = port;
  echo.text = "http://127.0.0.1:" + std::to_string(port);
  options.servers = {echo};
  options.balance = upstream::Balance::round_robin;
  options.http2 = false;
  options.tls = {};
  options.health_check.reset();
  options.outlier.reset();
}

void prepare(config::Config& config, const std::string& folder, std::uint16_t echo) {
  for (upstream::ClusterOptions& options : config.upstreams) lead_to(echo, options);
  for (policy::Route& route : config.routes) route.rate_limit.reset();
  config.server.state_dir = folder;
  config.server.user.clear();
  config.store.path = "store.db";
  config.access_log.enabled = false;
  if (!config.server.forward_auth.empty()) config.server.forward_auth = {*net::parse_cidr("192.0.2.1")};
}

}  // namespace

struct Range::Gateway {
  Folder folder;
  std::unique_ptr<store::Store> store;
  exchange::LogWriter log{"/dev/null"};
  net::BlockingPool pool{{1, 16}, "attack-block"};
  policy::LocalRateLimits limits{{1, 2}, 1024};
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  std::string failure;
  std::uint16_t port = 0;
  std::unique_ptr<server::Worker> worker;

  ~Gateway() {
    if (worker == nullptr) return;
    worker->stop();
    worker->join();
  }

  void tell(std::string why) {
    const std::lock_guard lock(mutex);
    failure = std::move(why);
    ready = true;
    changed.notify_all();
  }

  std::vector<server::Door> open_door() {
    auto socket = net::open_listening_socket({"127.0.0.1", 0, "", "127.0.0.1:0"});
    if (!socket) throw std::runtime_error(socket.error());
    server::Door door;
    door.socket = std::move(*socket);
    port = net::bound_address(door.socket.get()).port();
    door.facts.port = port;
    door.facts.port_text = std::to_string(port);
    door.facts.http2 = true;
    std::vector<server::Door> doors;
    doors.push_back(std::move(door));
    return doors;
  }

  void serve(const std::shared_ptr<const exchange::Snapshot>& snapshot) {
    const server::SharedServices shared{pool, store.get(), log, limits, 1};
    server::Worker::Events events;
    events.on_ready = [this] { tell({}); };
    events.on_failed = [this](std::string why) { tell(std::move(why)); };
    events.on_drained = [] {};
    worker =
        std::make_unique<server::Worker>(shared, net::TicketKey::make(), open_door(), snapshot,
                                         server::ListenerList{{nullptr, {}, false, true}}, std::move(events));
    worker->start("attack");
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return ready; });
    if (!failure.empty()) throw std::runtime_error(failure);
    worker->announce_ready();
  }
};

Range::Range() : gateway_(std::make_unique<Gateway>()) {}
Range::~Range() = default;

Result<std::unique_ptr<Range>, std::string> Range::open(config::Config config) {
  std::unique_ptr<Range> range(new Range());
  Gateway& gateway = *range->gateway_;
  prepare(config, gateway.folder.path(), range->echo_.port());
  config::Issues issues;
  (void)server::build_listeners(config, issues);
  range->snapshot_ = server::build_snapshot(config, server::Purpose::serve, issues);
  if (range->snapshot_ == nullptr || issues.has_errors()) {
    issues.sort();
    return issues.format();
  }
  if (!config.login.backends.empty()) {
    store::SqliteStore::Options options;
    options.path = gateway.folder.path() + "/store.db";
    auto opened = store::SqliteStore::open(std::move(options));
    if (!opened) return opened.error().detail + '\n';
    gateway.store = std::move(*opened);
  }
  gateway.serve(range->snapshot_);
  return range;
}

Server Range::server() const {
  return {"127.0.0.1", gateway_->port, nullptr, nullptr};
}

}  // namespace gw::attack
