// SPDX-License-Identifier: Apache-2.0
// Notices that files have changed: those of a configuration, and what it names. Directories are watched, not
// files, since editors and Kubernetes put new files in the place of old ones; a ConfigMap's are reached by
// symbolic links that are swapped as a whole. An event only makes it look; what counts is what it then finds.
// THREAD: one loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/callback.h"
#include "base/unique_fd.h"
#include "net/deadlines.h"
#include "net/fd_watch.h"

namespace gw::server {

class FileWatch final : private net::Deadline, private net::FdWatch::Events {
 public:
  // `changed` is called some time after the last change, when writing seems to be over.
  FileWatch(net::EventLoop& loop, net::Deadlines& deadlines, Callback<void()> changed);
  ~FileWatch();

  // Nanoseconds of the clock that the kernel dates files by.
  using Moment = std::int64_t;
  static Moment moment();

  // Before the files are read: what changes from now on is a change.
  void look();
  // After it: these are the files, read since that moment. Folders too: then the names in them count.
  void follow(std::vector<std::string> files, Moment read_since);

 private:
  // By path: what is there, as text that differs when it does.
  using Prints = std::map<std::string, std::string>;
  static Prints prints_of(const std::vector<std::string>& files);
  void on_deadline() override;
  void on_readable() override;
  void on_writable() override {}
  void watch_folders();

  net::EventLoop& loop_;
  net::Deadlines& deadlines_;
  Callback<void()> changed_;
  std::vector<std::string> files_;
  Prints looked_;
  Prints prints_;
  UniqueFd fd_;
  std::unique_ptr<net::FdWatch> events_;
};

}  // namespace gw::server
