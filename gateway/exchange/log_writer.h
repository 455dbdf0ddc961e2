// SPDX-License-Identifier: Apache-2.0
// Writes lines to a file on a thread of its own, so that a slow disk or a terminal that nobody reads never
// holds up a request. What does not fit, or cannot be written, is dropped and its lines are counted.
// THREAD: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace gw::exchange {

class LogWriter {
 public:
  // "-" is standard output.
  explicit LogWriter(std::string path);
  ~LogWriter();  // writes what is left
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // The error is a sentence.
  static Result<UniqueFd, std::string> open(const std::string& path);

  void write(std::string&& lines);
  // After a rotation: the new file is there when this returns. When it cannot be made, the old one goes on
  // being written.
  void reopen();
  // Another file from now on: `file` is what open(path) gave.
  void move_to(std::string path, UniqueFd file);
  bool is_open() const { return is_open_; }
  std::uint64_t dropped();  // lines

 private:
  static constexpr std::size_t kWaiting = 8 * 1024 * 1024;
  void serve();
  void write_out(std::string_view lines);
  bool write_piece(std::string_view& lines);
  void drop(std::string_view lines, const char* why);

  bool is_open_ = false;
  std::mutex mutex_;  // of what follows
  std::condition_variable ready_;
  std::string path_;
  std::string waiting_;
  std::optional<UniqueFd> next_;  // to be written from now on
  std::uint64_t dropped_ = 0;
  bool closing_ = false;
  // Of the thread.
  UniqueFd fd_;
  bool torn_ = false;     // the last line in the file is not whole
  bool failing_ = false;  // and that has been told
  std::thread thread_;
};

}  // namespace gw::exchange
