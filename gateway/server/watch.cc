// SPDX-License-Identifier: Apache-2.0
#include "server/watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <set>

#include "base/log.h"

namespace gw::server {
namespace {

namespace fs = std::filesystem;

// Long enough for an editor that writes, syncs and renames.
constexpr Duration kQuiet = 200ms;
constexpr int kMostLinks = 16;

// The folders in which something must change for the file at `path` to be another one: that of the path, and
// of every symbolic link on the way.
void add_folders(fs::path path, std::set<std::string>& folders) {
  std::error_code failure;
  for (int links = 0; links < kMostLinks; ++links) {
    folders.insert(path.parent_path().string());
    // A link in the middle of the path: of ..data/file the folder holds ..data.
    for (fs::path part = path.parent_path(); part.has_relative_path(); part = part.parent_path())
      if (fs::is_symlink(part, failure)) folders.insert(part.parent_path().string());
    if (!fs::is_symlink(path, failure)) return;
    const fs::path target = fs::read_symlink(path, failure);
    if (failure) return;
    path = (target.is_absolute() ? target : path.parent_path() / target).lexically_normal();
  }
}

FileWatch::Moment nanoseconds(const timespec& at) {
  return FileWatch::Moment{at.tv_sec} * 1'000'000'000 + at.tv_nsec;
}

std::string print_of(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return "-";
  std::string print = std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) + ' ';
  // A folder's size and time also change when something else lies in it.
  if (!S_ISDIR(status.st_mode))
    return print + std::to_string(status.st_size) + ' ' + std::to_string(nanoseconds(status.st_mtim));
  std::error_code failure;
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(file, failure)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"))) names.insert(name);
  }
  for (const std::string& name : names) print += name + '/';
  return print;
}

}  // namespace

FileWatch::FileWatch(net::EventLoop& loop, net::Deadlines& deadlines, Callback<void()> changed)
    : loop_(loop), deadlines_(deadlines), changed_(std::move(changed)) {}

FileWatch::~FileWatch() = default;

FileWatch::Moment FileWatch::moment() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return nanoseconds(now);
}

void FileWatch::look() {
  looked_ = prints_of(files_);
}

void FileWatch::follow(std::vector<std::string> files, Moment read_since) {
  prints_ = prints_of(files);
  for (auto& [file, print] : prints_) {
    if (const auto known = looked_.find(file); known != looked_.end())
      print = known->second;
    else if (struct stat status{};
             ::stat(file.c_str(), &status) == 0 && nanoseconds(status.st_ctim) >= read_since)
      print.clear();  // nobody can tell whether it was read before or after: read again
  }
  looked_.clear();
  files_ = std::move(files);
  watch_folders();
  deadlines_.set_in(*this, kQuiet);
}

FileWatch::Prints FileWatch::prints_of(const std::vector<std::string>& files) {
  Prints all;
  for (const std::string& file : files) all.emplace(file, print_of(file));
  return all;
}

void FileWatch::watch_folders() {
  events_.reset();
  fd_ = UniqueFd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd_) return log::warn("cannot watch files: reload by SIGHUP");
  std::set<std::string> folders;
  for (const std::string& file : files_) {
    add_folders(file, folders);
    std::error_code failure;
    if (fs::is_directory(file, failure)) folders.insert(file);
  }
  constexpr std::uint32_t kEvents = IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE |
                                    IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
  for (const std::string& folder : folders)
    if (::inotify_add_watch(fd_.get(), folder.c_str(), kEvents) < 0)
      log::warn("cannot watch a folder: reload by SIGHUP", {{"folder", folder}});
  events_.reset(new net::FdWatch(loop_, fd_.get(), *this));  // a private base, here accessible
  events_->set_reading(true);
}

// What happened does not matter: the files are looked at once it is quiet.
void FileWatch::on_readable() {
  char events[4096];
  while (::read(fd_.get(), events, sizeof events) > 0) continue;
  deadlines_.set_in(*this, kQuiet);
}

void FileWatch::on_deadline() {
  Prints prints = prints_of(files_);
  if (prints == prints_) return;
  prints_ = std::move(prints);
  watch_folders();  // a folder or a link may be another one now
  changed_();
}

}  // namespace gw::server
