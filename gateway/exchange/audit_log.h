// SPDX-License-Identifier: Apache-2.0
// The audit log: logins, refusals, revocations and what the admin address did, one sealed line each
// (audit_chain.h). A worker gathers its events and hands them over; one thread seals, writes and syncs them.
// No secret is in it: no token, password, cookie or query. Several processes may append to one file.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "exchange/audit_chain.h"
#include "net/deadlines.h"

namespace gw::exchange {

class Exchange;

struct AuditPlace {
  std::string path;       // of the log
  std::string state_dir;  // where the key and the end of the chain are kept
};

// The key of the chain; made when there is none. The error is a sentence that names the file.
Result<SecretString, std::string> load_audit_key(const std::string& state_dir);
std::string audit_key_path(const std::string& state_dir);
std::string audit_head_path(const std::string& state_dir);

// The inside of a JSON object: `"time":…,"event":…`, then what add() is given. Control bytes are escaped.
class AuditEvent {
 public:
  explicit AuditEvent(std::string_view event);
  // Empty values are left out.
  AuditEvent& add(std::string_view name, std::string_view value);
  AuditEvent& add(std::string_view name, std::uint64_t value);
  std::string take() { return std::move(members_); }

 private:
  std::string members_;
};

// THREAD: any. OWNERSHIP: outlives the workers.
class AuditWriter {
 public:
  static Result<std::unique_ptr<AuditWriter>, std::string> open(AuditPlace place);
  ~AuditWriter();  // writes what is left

  void write(std::vector<std::string>&& events);
  void write(AuditEvent event);
  void reopen();  // after a rotation
  // Events that were lost because the disk was full or too slow. The next line that can be written says so.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kWaiting = 100'000;  // events
  AuditWriter(AuditPlace place, SecretString key) : place_(std::move(place)), chain_(std::move(key)) {}
  Result<void, std::string> open_file();
  void serve();
  bool write_out(const std::vector<std::string>& events);
  bool catch_up();
  void keep_end();

  const AuditPlace place_;
  AuditChain chain_;
  UniqueFd fd_;
  std::int64_t size_ = -1;  // of the file after our last line
  std::uint64_t told_dropped_ = 0;
  bool failing_ = false;  // said in the log
  std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<std::string> waiting_;
  std::atomic<std::uint64_t> dropped_{0};
  bool reopen_ = false;
  bool closing_ = false;
  std::thread thread_;
};

// THREAD: one worker.
class AuditLog final : private net::Deadline {
 public:
  AuditLog(net::Deadlines& deadlines, AuditWriter* writer) : deadlines_(deadlines), writer_(writer) {}
  ~AuditLog() { flush(); }

  bool is_on() const { return writer_ != nullptr; }
  void record(AuditEvent event);
  // A request that has ended, when it is of those that are recorded.
  void record(const Exchange& exchange);

 private:
  void on_deadline() override { flush(); }
  void flush();

  net::Deadlines& deadlines_;
  AuditWriter* writer_;
  std::vector<std::string> events_;
};

}  // namespace gw::exchange
