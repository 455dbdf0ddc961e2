// SPDX-License-Identifier: Apache-2.0
#include "exchange/log_writer.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace gw::exchange {
namespace {

std::uint64_t count_lines(std::string_view lines) {
  return static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
}

}  // namespace

// Nobody waits here for the reader of a named pipe.
Result<UniqueFd, std::string> LogWriter::open(const std::string& path) {
  UniqueFd opened(path == "-"
                      ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                      : ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640));
  if (!opened) return path + " cannot be opened: " + std::strerror(errno);
  return opened;
}

LogWriter::LogWriter(std::string path) : path_(std::move(path)) {
  if (auto opened = open(path_))
    fd_ = std::move(*opened);
  else
    log::error("cannot open the access log", {{"why", opened.error()}});
  is_open_ = static_cast<bool>(fd_);
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

void LogWriter::write(std::string&& lines) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() + lines.size() > kWaiting) {
      dropped_ += count_lines(lines);
      return;
    }
    waiting_ += lines;
  }
  ready_.notify_one();
}

void LogWriter::reopen() {
  std::string path;
  {
    const std::lock_guard lock(mutex_);
    path = path_;
  }
  if (path == "-") return;
  if (auto opened = open(path))
    move_to(std::move(path), std::move(*opened));
  else
    log::error("cannot open the access log; the old one is written on", {{"why", opened.error()}});
}

void LogWriter::move_to(std::string path, UniqueFd file) {
  {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    path_ = std::move(path);
    next_ = std::move(file);
  }
  ready_.notify_one();
}

std::uint64_t LogWriter::dropped() {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void LogWriter::serve() {
  std::string batch;
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_.wait(lock, [this] { return closing_ || next_ || !waiting_.empty(); });
    if (next_) {
      fd_ = std::move(*next_);
      next_.reset();
      torn_ = failing_ = false;
    }
    if (waiting_.empty() && closing_) return;
    batch.swap(waiting_);
    lock.unlock();
    write_out(batch);
    batch.clear();
    lock.lock();
  }
}

void LogWriter::write_out(std::string_view lines) {
  // The rest of a line that broke off must not become part of the next.
  if (torn_ && !lines.empty()) {
    std::string_view end = "\n";
    if (!write_piece(end)) return drop(lines, "the last line is not whole");
  }
  while (!lines.empty())
    if (!write_piece(lines)) return drop(lines, std::strerror(errno));
  failing_ = false;
}

// In pieces that a pipe takes whole, so that a reader that is stuck holds up nothing but the log, and not for
// ever when the gateway ends or another file is to be written.
bool LogWriter::write_piece(std::string_view& lines) {
  for (;;) {
    pollfd ready{fd_.get(), POLLOUT, 0};
    const int count = fd_ ? ::poll(&ready, 1, 1000) : (errno = EBADF, -1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) {
      errno = ETIMEDOUT;
      const std::lock_guard lock(mutex_);
      if (closing_ || next_) return false;
      continue;
    }
    const ssize_t wrote = ::write(fd_.get(), lines.data(), std::min<std::size_t>(lines.size(), PIPE_BUF));
    if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (wrote <= 0) return false;
    torn_ = lines[static_cast<std::size_t>(wrote) - 1] != '\n';
    lines.remove_prefix(static_cast<std::size_t>(wrote));
    return true;
  }
}

void LogWriter::drop(std::string_view lines, const char* why) {
  if (!std::exchange(failing_, true)) log::error("cannot write the access log", {{"why", why}});
  const std::lock_guard lock(mutex_);
  dropped_ += count_lines(lines);
}

}  // namespace gw::exchange
