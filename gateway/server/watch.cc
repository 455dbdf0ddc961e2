// SPDX-License-Identifier: Apache-2.0
#include "server/watch.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

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

}  // namespace

FileWatch::FileWatch(net::EventLoop& loop, net::Deadlines& deadlines, Callback<void()> changed)
    : loop_(loop), deadlines_(deadlines), changed_(std::move(changed)) {}

FileWatch::~FileWatch() = default;

void FileWatch::follow(std::vector<std::string> files) {
  print_ = files == files_ ? looked_ : print_of(files);
  files_ = std::move(files);
  watch_folders();
  deadlines_.set_in(*this, kQuiet);
}

std::string FileWatch::print_of(const std::vector<std::string>& files) {
  std::string print;
  for (const std::string& file : files) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0) {
      print += "-\n";
      continue;
    }
    print += std::to_string(status.st_dev) + ' ' + std::to_string(status.st_ino) + ' ';
    if (!S_ISDIR(status.st_mode))  // a folder's size and time also change when something else lies in it
      print += std::to_string(status.st_size) + ' ' + std::to_string(status.st_mtim.tv_sec) + '.' +
               std::to_string(status.st_mtim.tv_nsec);
    std::error_code failure;
    std::set<std::string> names;
    if (S_ISDIR(status.st_mode))
      for (const auto& entry : fs::directory_iterator(file, failure)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with('.') && (name.ends_with(".yaml") || name.ends_with(".yml"))) names.insert(name);
      }
    for (const std::string& name : names) print += name + '/';
    print += '\n';
  }
  return print;
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
  const std::string print = print_of(files_);
  if (print == print_) return;
  print_ = print;
  watch_folders();  // a folder or a link may be another one now
  changed_();
}

}  // namespace gw::server
