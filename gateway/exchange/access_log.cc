// SPDX-License-Identifier: Apache-2.0
#include "exchange/access_log.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/json.h"
#include "base/log.h"
#include "exchange/exchange.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kBatch = 64 * 1024;
constexpr Duration kDelay = 200ms;

// Anywhere in a name: "X-Amz-Security-Token", "new_password".
constexpr std::string_view kSecretParts[] = {
    "token", "passw", "pwd", "secret", "jwt", "auth", "apikey", "api_key", "api-key", "session", "signature",
};
constexpr std::string_view kSecretNames[] = {"code", "key", "sig"};

bool contains_without_case(std::string_view text, std::string_view part) {
  for (std::size_t at = 0; at + part.size() <= text.size(); ++at)
    if (http::equal_without_case(text.substr(at, part.size()), part)) return true;
  return false;
}

bool is_secret_name(std::string_view name) {
  for (const std::string_view part : kSecretParts)
    if (contains_without_case(name, part)) return true;
  for (const std::string_view secret : kSecretNames)
    if (http::equal_without_case(name, secret)) return true;
  // An escaped name could hide any of them.
  return name.find('%') != std::string_view::npos;
}

// Where the first secret value of `pair` begins; some servers part pairs with ';', so that may be in the
// middle.
std::size_t find_secret(std::string_view pair) {
  for (std::size_t at = 0; at < pair.size();) {
    const std::size_t end = std::min(pair.find(';', at), pair.size());
    const std::size_t equals = pair.find('=', at);
    if (equals < end && is_secret_name(pair.substr(at, equals - at))) return equals + 1;
    at = end + 1;
  }
  return std::string_view::npos;
}

std::string timestamp(WallSeconds at) {
  const std::time_t seconds = at;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ",\"";
  out += name;
  out += "\":";
  json::append_quoted(out, value);
}

void append_member(std::string& out, std::string_view name, std::uint64_t value) {
  out += ",\"";
  out += name;
  out += "\":";
  out += std::to_string(value);
}

std::uint64_t microseconds(const Exchange& exchange) {
  const auto spent = steady_now() - exchange.started();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
}

}  // namespace

std::string mask_query(std::string_view query) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::size_t secret = find_secret(query.substr(0, end));
    out += query.substr(0, std::min(secret, end));
    if (secret != std::string_view::npos) out += "***";
    if (end != query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return out;
}

LogWriter::LogWriter(std::string path) : path_(std::move(path)) {
  open();
  thread_ = std::thread([this] { serve(); });
}

LogWriter::~LogWriter() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  ready_.notify_one();
  thread_.join();
}

void LogWriter::open() {
  if (path_ == "-") return;
  UniqueFd opened(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (opened)
    fd_ = std::move(opened);
  else  // the old file goes on being written
    log::error("cannot open the access log", {{"path", path_}, {"error", std::strerror(errno)}});
}

void LogWriter::write(std::string&& lines) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + lines.size() > kWaiting) {
      ++dropped_;
      return;
    }
    waiting_ += lines;
  }
  ready_.notify_one();
}

void LogWriter::reopen() {
  const std::lock_guard lock(mutex_);
  reopen_ = true;
}

std::uint64_t LogWriter::dropped() {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void LogWriter::serve() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    batch.swap(waiting_);
    const bool reopens = std::exchange(reopen_, false);
    lock.unlock();
    if (reopens) open();
    write_out(batch);
    batch.clear();
    lock.lock();
  }
}

// In pieces that a pipe takes whole, so that a reader that is stuck holds up nothing but the log, and not for
// ever when the gateway ends.
void LogWriter::write_out(std::string_view lines) {
  const int fd = path_ == "-" ? STDOUT_FILENO : fd_.get();
  while (!lines.empty()) {
    pollfd ready{fd, POLLOUT, 0};
    const int count = ::poll(&ready, 1, 1000);
    if (count < 0 && errno == EINTR) continue;
    if (count == 0) {
      const std::lock_guard lock(mutex_);
      if (!closing_) continue;
      ++dropped_;
      return;
    }
    const ssize_t wrote = ::write(fd, lines.data(), std::min<std::size_t>(lines.size(), PIPE_BUF));
    if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (wrote <= 0) return;
    lines.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void AccessLog::record(const Exchange& exchange) {
  if (!is_sampled(exchange.snapshot().access_sample)) return;
  if (lines_.empty()) deadlines_.set_in(*this, kDelay);
  if (json_)
    append_json(exchange);
  else
    append_text(exchange);
  if (lines_.size() >= kBatch) flush();
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  net::Deadlines::clear(*this);
  writer_.write(std::move(lines_));
  lines_.clear();
}

bool AccessLog::is_sampled(double share) {
  share_ += share;
  if (share_ < 1.0) return false;
  share_ -= 1.0;
  return true;
}

void AccessLog::append_json(const Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const Exchange::Facts& facts = exchange.facts();
  lines_ += "{\"time\":\"" + timestamp(wall_now()) + "\"";
  append_member(lines_, "request_id", exchange.request_id());
  append_member(lines_, "client", exchange.client_ip());
  append_member(lines_, "method", request.method_text);
  append_member(lines_, "host", exchange.host());
  append_member(lines_, "path", exchange.target().path);
  if (exchange.target().has_query) append_member(lines_, "query", mask_query(exchange.target().query));
  append_member(lines_, "status", facts.status);
  append_member(lines_, "code", facts.code);
  if (exchange.route() != nullptr) append_member(lines_, "route", exchange.route()->name);
  if (exchange.identity() != nullptr) {
    append_member(lines_, "sub", exchange.identity()->subject);
    append_member(lines_, "issuer", exchange.identity()->issuer_name);
  }
  append_claims(exchange);
  append_member(lines_, "received", facts.received);
  append_member(lines_, "sent", facts.sent);
  append_member(lines_, "us", microseconds(exchange));
  if (!facts.complete) lines_ += ",\"complete\":false";
  if (!facts.unenforced.empty()) {
    lines_ += ",\"would_refuse\":true";
    append_member(lines_, "would_refuse_code", facts.unenforced);
  }
  append_member(lines_, "shadow", facts.shadow);
  lines_ += "}\n";
}

void AccessLog::append_claims(const Exchange& exchange) {
  const std::vector<std::string>& names = exchange.snapshot().access_claims;
  if (names.empty() || exchange.identity() == nullptr) return;
  json::Object claims;
  for (const std::string& name : names)
    if (const json::Value* claim = exchange.identity()->find_claim(name)) claims.emplace_back(name, *claim);
  lines_ += ",\"claims\":" + json::dump(claims);
}

void AccessLog::append_text(const Exchange& exchange) {
  const Exchange::Facts& facts = exchange.facts();
  std::string target(exchange.target().path);
  if (exchange.target().has_query) target += "?" + mask_query(exchange.target().query);
  lines_ += timestamp(wall_now());
  lines_ += ' ';
  lines_ += exchange.client_ip();
  lines_ += ' ';
  lines_ += exchange.request().method_text;
  lines_ += ' ';
  json::append_quoted(lines_, target);
  lines_ += ' ' + std::to_string(facts.status) + ' ' + std::to_string(facts.sent) + ' ' +
            std::to_string(microseconds(exchange)) + "us ";
  lines_ += exchange.request_id();
  if (!facts.code.empty()) lines_ += " code=" + std::string(facts.code);
  if (!facts.unenforced.empty()) lines_ += " would_refuse=" + std::string(facts.unenforced);
  if (!facts.shadow.empty()) lines_ += " shadow=" + std::string(facts.shadow);
  if (exchange.identity() != nullptr) {
    lines_ += " sub=";
    json::append_quoted(lines_, exchange.identity()->subject);
  }
  lines_ += '\n';
}

}  // namespace gw::exchange
