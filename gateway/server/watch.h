// SPDX-License-Identifier: Apache-2.0
// Notices that files have changed: those of a configuration, and what it names. Directories are watched, not
// files, since editors and Kubernetes put new files in the place of old ones; a ConfigMap's are reached by
// symbolic links that are swapped as a whole. An event only makes it look; what counts is what it then finds.
// THREAD: one loop.
#pragma once

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

  // Before the files are read: what changes from now on is a change.
  void look() { looked_ = print_of(files_); }
  // After it: these are the files. Folders too: then the names in them count.
  void follow(std::vector<std::string> files);

 private:
  // What is now at these paths, as text that differs when they do.
  static std::string print_of(const std::vector<std::string>& files);
  void on_deadline() override;
  void on_readable() override;
  void on_writable() override {}
  void watch_folders();

  net::EventLoop& loop_;
  net::Deadlines& deadlines_;
  Callback<void()> changed_;
  std::vector<std::string> files_;
  std::string looked_;
  std::string print_;
  UniqueFd fd_;
  std::unique_ptr<net::FdWatch> events_;
};

}  // namespace gw::server
