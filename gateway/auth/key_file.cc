// SPDX-License-Identifier: Apache-2.0
#include "auth/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/unique_fd.h"

namespace gw::auth {
namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr off_t kMaxBytes = 64 * 1024;

std::string failed(const std::string& path, std::string_view what) {
  const std::string reason = std::generic_category().message(errno);
  return path + ": " + std::string(what) + ": " + reason;
}

// Of an open file or directory, so that nobody can change what the path means in between.
Result<void, std::string> keep_others_out(int fd, const std::string& path, mode_t wanted,
                                          std::vector<std::string>& warnings) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return failed(path, "cannot be examined");
  if (info.st_uid != geteuid() && geteuid() != 0)
    return std::string(path + ": belongs to another user (run chown)");
  if ((info.st_mode & kOthers) == 0) return {};
  if (fchmod(fd, wanted) != 0) return failed(path, "is open to other users and cannot be closed (run chmod)");
  warnings.push_back(path + ": was open to other users; their rights have been taken away");
  return {};
}

// What root makes for a gateway that runs as another user is that user's, as the folder around it is.
bool give_to_owner_of(const std::string& folder, int fd) {
  struct stat info {};
  if (geteuid() != 0) return true;
  return stat(folder.c_str(), &info) == 0 && fchown(fd, info.st_uid, info.st_gid) == 0;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// False with errno when it ends early.
bool read_all(int fd, std::string& text) {
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t got = read(fd, text.data() + filled, text.size() - filled);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    filled += static_cast<std::size_t>(got);
  }
  return true;
}

}  // namespace

Result<void, std::string> make_private_directory(const std::string& path,
                                                 std::vector<std::string>& warnings) {
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return parent.string() + ": cannot be made: " + error.message();
  const bool is_new = mkdir(path.c_str(), S_IRWXU) == 0;
  if (!is_new && errno != EEXIST) return failed(path, "cannot be made");
  const UniqueFd directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory) return failed(path, "cannot be opened as a directory");
  if (is_new && !give_to_owner_of(parent.empty() ? "." : parent.string(), directory.get()))
    return failed(path, "cannot be given to the owner of the folder around it");
  return keep_others_out(directory.get(), path, S_IRWXU, warnings);
}

Result<SecretString, std::string> read_private_file(const std::string& path,
                                                    std::vector<std::string>& warnings) {
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return failed(path, "cannot be read");
  struct stat info {};
  if (fstat(file.get(), &info) != 0) return failed(path, "cannot be examined");
  if (!S_ISREG(info.st_mode)) return std::string(path + ": is no regular file");
  if (info.st_size > kMaxBytes) return std::string(path + ": is longer than 64 KiB");
  if (auto closed = keep_others_out(file.get(), path, S_IRUSR | S_IWUSR, warnings); !closed)
    return closed.error();
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  if (!read_all(file.get(), text)) {
    wipe(text);
    return failed(path, "cannot be read");
  }
  return SecretString(std::move(text));
}

Result<void, std::string> write_private_file(const std::string& directory, const std::string& name,
                                             const SecretString& text) {
  const std::string path = directory + "/" + name;
  // A dot first: what is unfinished is never taken for a key.
  const std::string unfinished = directory + "/." + name + "." + std::to_string(getpid());
  const auto give_up = [&](std::string_view what) {
    std::string problem = failed(path, what);
    unlink(unfinished.c_str());
    return problem;
  };
  unlink(unfinished.c_str());
  UniqueFd file(
      open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) return failed(path, "cannot be made");
  if (!give_to_owner_of(directory, file.get())) return give_up("cannot be given to the owner of its folder");
  if (!write_all(file.get(), text.reveal())) return give_up("cannot be written");
  if (fsync(file.get()) != 0) return give_up("cannot be synced");
  if (rename(unfinished.c_str(), path.c_str()) != 0) return give_up("cannot be put in place");
  const UniqueFd folder(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || fsync(folder.get()) != 0) return failed(directory, "cannot be synced");
  return {};
}

}  // namespace gw::auth
