// SPDX-License-Identifier: Apache-2.0
#include "users.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <functional>

namespace users {
namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024 * 1024;

gatewarden_text text_of(std::string_view text) {
  return {text.data(), text.size()};
}

void tell(const gatewarden_sink* sink, const User& user) {
  gatewarden_account account{};
  account.id = text_of(user.name);
  account.username = text_of(user.name);
  account.email = text_of(user.email);
  account.name = text_of(user.full_name);
  account.roles = text_of(user.roles);
  sink->account(sink, &account);
}

std::size_t make_seed() {
  std::size_t seed = 0;
  return getrandom(&seed, sizeof(seed), 0) == static_cast<ssize_t>(sizeof(seed)) ? seed : 0;
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool read_all(int file, std::string& text, std::string& error) {
  char block[16 * 1024];
  for (;;) {
    const ssize_t got = ::read(file, block, sizeof(block));
    if (got == 0) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) error = std::strerror(errno);
    if (text.size() > kMaxFileBytes) error = "it is larger than 64 MiB";
    if (!error.empty()) return false;
    text.append(block, static_cast<std::size_t>(got));
  }
}

}  // namespace

Users::Stamp Users::stamp_of(const struct stat& status) {
  return {true,
          status.st_dev,
          status.st_ino,
          status.st_size,
          nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

Users::Users(const gatewarden_host* host, const char* path) : host_(host), path_(path), seed_(make_seed()) {}

std::unique_ptr<Users> Users::open(const gatewarden_host* host, const char* path, std::string& error) {
  std::unique_ptr<Users> users(new Users(host, path));
  users->file_ = users->read(users->stamp_, error);
  if (users->file_ == nullptr) return nullptr;
  users->warn_of_useless_hashes(*users->file_);
  return users;
}

gatewarden_result Users::verify(std::string_view username, gatewarden_text password,
                                const gatewarden_sink* sink) {
  const auto file = current();
  const User* user = file->find(username);
  if (user == nullptr) {
    host_->spend_equal_time(host_, text_of(some_hash(*file, username)), password);
    return GATEWARDEN_UNKNOWN_USER;
  }
  const gatewarden_result checked = host_->check_password(host_, text_of(user->hash), password);
  if (checked == GATEWARDEN_OK) tell(sink, *user);
  return checked;
}

gatewarden_result Users::find(std::string_view username, const gatewarden_sink* sink) {
  const auto file = current();
  const User* user = file->find(username);
  if (user == nullptr) return GATEWARDEN_UNKNOWN_USER;
  tell(sink, *user);
  return GATEWARDEN_OK;
}

gatewarden_result Users::find_id(std::string_view id, const gatewarden_sink* sink) {
  const auto file = current();
  const User* user = file->find_name(id);
  if (user == nullptr) return GATEWARDEN_UNKNOWN_USER;
  tell(sink, *user);
  return GATEWARDEN_OK;
}

gatewarden_result Users::list(const gatewarden_sink* sink) {
  const auto file = current();
  for (const User& user : file->users()) tell(sink, user);
  return GATEWARDEN_OK;
}

std::shared_ptr<const UserFile> Users::current() {
  struct stat status {};
  const Stamp now = stat(path_.c_str(), &status) == 0 ? stamp_of(status) : Stamp{};
  const std::lock_guard lock(mutex_);
  if (now == stamp_) return file_;

  std::string error;
  stamp_ = now;  // stands when the file cannot be opened, so that one state is reported once
  std::shared_ptr<const UserFile> file = read(stamp_, error);
  if (file == nullptr) {
    const std::string line = error + "; the users of the last good file stay";
    host_->log(host_, GATEWARDEN_LOG_ERROR, text_of(line));
    return file_;
  }
  file_ = std::move(file);
  const std::string line = path_ + ": read again, " + std::to_string(file_->users().size()) + " users";
  host_->log(host_, GATEWARDEN_LOG_INFO, text_of(line));
  warn_of_useless_hashes(*file_);
  return file_;
}

// The stamp is taken before the bytes: what is written in between is seen at the next call.
std::unique_ptr<const UserFile> Users::read(Stamp& stamp, std::string& error) const {
  const int file = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  std::string text;
  struct stat status {};
  if (file < 0 || fstat(file, &status) != 0) {
    error = std::strerror(errno);
  } else {
    stamp = stamp_of(status);
    if (!S_ISREG(status.st_mode)) {
      error = "it is no regular file";
    } else {
      read_all(file, text, error);
    }
  }
  if (file >= 0) ::close(file);
  auto parsed = error.empty() ? UserFile::parse(text, error) : nullptr;
  if (parsed == nullptr) error = path_ + ": " + error;
  return parsed;
}

void Users::warn_of_useless_hashes(const UserFile& file) const {
  for (const User& user : file.users()) {
    if (host_->knows_hash(host_, text_of(user.hash)) != 0) continue;
    const std::string line = path_ + ": line " + std::to_string(user.line) + ": \"" + user.name +
                             "\" cannot log in: its hash is of no kind that is taken "
                             "(make a new hash with `gatewarden hash-password`)";
    host_->log(host_, GATEWARDEN_LOG_WARN, text_of(line));
  }
}

// The hash that an unknown user's password is compared with: one of the file, always the same for a name, so
// that strangers' names take the times that members' names take, whatever mixture of hashes the file holds.
std::string_view Users::some_hash(const UserFile& file, std::string_view username) const {
  if (file.users().empty()) return {};
  const std::size_t mixed = std::hash<std::string>()(std::to_string(seed_) + std::string(username));
  return file.users()[mixed % file.users().size()].hash;
}

}  // namespace users
