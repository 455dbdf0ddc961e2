// SPDX-License-Identifier: Apache-2.0
#include "exchange/audit_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "auth/key_file.h"
#include "auth/random_id.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

constexpr Duration kDelay = 50ms;
constexpr std::size_t kBatch = 256;
constexpr const char* kKeyFile = "audit.key";
constexpr const char* kHeadFile = "audit.head";
constexpr off_t kTail = 256 * 1024;  // longer than any line

std::string timestamp(WallSeconds at) {
  const std::time_t seconds = at;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// The last lines of a file.
std::string read_tail(int fd, off_t size) {
  const off_t from = std::max<off_t>(0, size - kTail);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got =
        ::pread(fd, text.data() + filled, text.size() - filled, from + static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  text.resize(filled);
  return text;
}

// Another process of ours may append meanwhile.
class FileLock {
 public:
  explicit FileLock(int fd) : fd_(fd) { held_ = ::flock(fd, LOCK_EX) == 0; }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() {
    if (held_) ::flock(fd_, LOCK_UN);
  }

 private:
  int fd_;
  bool held_;
};

}  // namespace

std::string audit_key_path(const std::string& state_dir) {
  return state_dir + "/" + kKeyFile;
}

std::string audit_head_path(const std::string& state_dir) {
  return state_dir + "/" + kHeadFile;
}

Result<SecretString, std::string> load_audit_key(const std::string& state_dir) {
  const std::string path = audit_key_path(state_dir);
  std::error_code ignored;
  std::vector<std::string> warnings;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored))) {
    const auto made =
        auth::write_private_file(state_dir, kKeyFile, SecretString(auth::make_random_id() + "\n"));
    if (!made) return made.error();
  }
  return auth::read_private_file(path, warnings);
}

AuditEvent::AuditEvent(std::string_view event) {
  members_ = "\"time\":\"" + timestamp(wall_now()) + "\",\"event\":";
  json::append_quoted(members_, event);
}

AuditEvent& AuditEvent::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  members_.append(",\"").append(name).append("\":");
  json::append_quoted(members_, value);
  return *this;
}

AuditEvent& AuditEvent::add(std::string_view name, std::uint64_t value) {
  members_.append(",\"").append(name).append("\":").append(std::to_string(value));
  return *this;
}

Result<std::unique_ptr<AuditWriter>, std::string> AuditWriter::open(AuditPlace place) {
  auto key = load_audit_key(place.state_dir);
  if (!key) return key.error();
  std::unique_ptr<AuditWriter> writer(new AuditWriter(std::move(place), std::move(*key)));
  if (auto opened = writer->open_file(); !opened) return opened.error();
  writer->thread_ = std::thread([self = writer.get()] { self->serve(); });
  return writer;
}

AuditWriter::~AuditWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_one();
  if (thread_.joinable()) thread_.join();
}

Result<void, std::string> AuditWriter::open_file() {
  UniqueFd opened(::open(place_.path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!opened) return place_.path + ": the audit log cannot be opened: " + std::strerror(errno);
  fd_ = std::move(opened);
  size_ = -1;
  return {};
}

void AuditWriter::write(std::vector<std::string>&& events) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + events.size() > kWaiting) {
      dropped_.fetch_add(events.size(), std::memory_order_relaxed);
      return;
    }
    std::move(events.begin(), events.end(), std::back_inserter(waiting_));
  }
  ready_.notify_one();
}

void AuditWriter::write(AuditEvent event) {
  std::vector<std::string> events;
  events.push_back(event.take());
  write(std::move(events));
}

void AuditWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  ready_.notify_one();
}

void AuditWriter::serve() {
  std::vector<std::string> batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closing_ || reopen_ || !waiting_.empty(); });
    batch.swap(waiting_);
    const bool reopens = std::exchange(reopen_, false);
    const bool ends = closing_;
    lock.unlock();
    if (reopens)
      if (auto opened = open_file(); !opened)
        log::error("the audit log goes on in the old file", {{"why", opened.error()}});
    if (!batch.empty() && !write_out(batch)) dropped_.fetch_add(batch.size(), std::memory_order_relaxed);
    batch.clear();
    if (ends) return;
    lock.lock();
  }
}

// True when the lines are on disk, whole.
bool AuditWriter::write_out(const std::vector<std::string>& events) {
  const FileLock held(fd_.get());
  bool done = catch_up();
  const ChainEnd before = chain_.end();
  if (done) {
    std::string lines;
    if (size_ == 0 && before.number != 0) lines += chain_.seal_first(AuditEvent("opened").take());
    const std::uint64_t dropped = dropped_.load(std::memory_order_relaxed);
    if (dropped != told_dropped_)
      lines += chain_.seal(AuditEvent("dropped").add("events", dropped - told_dropped_).take());
    for (const std::string& event : events) lines += chain_.seal(event);
    done = write_all(fd_.get(), lines) && ::fdatasync(fd_.get()) == 0;
    if (done) {
      size_ += static_cast<std::int64_t>(lines.size());
      told_dropped_ = dropped;
    } else {
      // What was written of them goes again: half a line would break the chain.
      if (::ftruncate(fd_.get(), size_) != 0) log::error("the audit log has a broken line at its end");
      chain_.go_on_from(before);
    }
  }
  if (!done && !std::exchange(failing_, true))
    log::error("the audit log cannot be written", {{"path", place_.path}, {"error", std::strerror(errno)}});
  if (!done) return false;
  if (std::exchange(failing_, false)) log::info("the audit log can be written again");
  keep_end();
  return true;
}

// The chain goes on from the last line of the file, whoever wrote it; in a new file from the end that was
// kept.
bool AuditWriter::catch_up() {
  struct stat info {};
  if (::fstat(fd_.get(), &info) != 0) return false;
  if (info.st_size == size_) return true;
  size_ = info.st_size;
  const std::string tail = read_tail(fd_.get(), size_);
  if (const auto end = AuditChain::end_of(tail)) {
    chain_.go_on_from(*end);
  } else if (size_ == 0) {
    std::vector<std::string> warnings;
    const auto kept = auth::read_private_file(audit_head_path(place_.state_dir), warnings);
    const auto known = kept ? parse_chain_end(kept->reveal()) : std::nullopt;
    if (known && known->number > chain_.end().number) chain_.go_on_from(*known);
  }
  // A line that a crash cut short is ended, so that the next one stands by itself.
  if (!tail.empty() && tail.back() != '\n') {
    if (!write_all(fd_.get(), "\n")) return false;
    ++size_;
  }
  return true;
}

void AuditWriter::keep_end() {
  const auto kept =
      auth::write_private_file(place_.state_dir, kHeadFile, SecretString(format_chain_end(chain_.end())));
  if (!kept) log::error("the end of the audit log cannot be kept", {{"why", kept.error()}});
}

void AuditLog::record(AuditEvent event) {
  if (writer_ == nullptr) return;
  if (events_.empty()) deadlines_.set_in(*this, kDelay);
  events_.push_back(event.take());
  if (events_.size() >= kBatch) flush();
}

// What was refused because of who asked, failed logins among it. Those that succeed are recorded where it is
// known whose they are.
void AuditLog::record(const Exchange& exchange) {
  if (writer_ == nullptr) return;
  const Exchange::Facts& facts = exchange.facts();
  const bool refused =
      !facts.code.empty() && (facts.status == 401 || facts.status == 403 || facts.status == 429);
  if (!refused) return;
  AuditEvent event(facts.is_login ? "login_failed" : "refused");
  event.add("request_id", exchange.request_id())
      .add("client", exchange.client_ip())
      .add("method", exchange.request().method_text)
      .add("host", exchange.host())
      .add("path", exchange.target().path)
      .add("status", facts.status)
      .add("code", facts.code);
  if (exchange.route() != nullptr) event.add("route", exchange.route()->name);
  if (exchange.identity() != nullptr)
    event.add("sub", exchange.identity()->subject).add("issuer", exchange.identity()->issuer_name);
  record(std::move(event));
}

void AuditLog::flush() {
  if (events_.empty()) return;
  net::Deadlines::clear(*this);
  writer_->write(std::move(events_));
  events_.clear();
}

}  // namespace gw::exchange
