// SPDX-License-Identifier: Apache-2.0
// One htpasswd file at work. Every call looks whether the file has changed (one stat) and reads it again if
// so; a file that cannot be used is reported once, and the users of the last good one stay. THREAD: any,
// several at once.
#pragma once

#include <gatewarden/plugin.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "user_file.h"

namespace users {

class Users {
 public:
  // Null, and a sentence in `error`, when the file cannot be read or has a line that is wrong.
  static std::unique_ptr<Users> open(const gatewarden_host* host, const char* path, std::string& error);

  gatewarden_result verify(std::string_view username, gatewarden_text password, const gatewarden_sink* sink);
  gatewarden_result find(std::string_view username, const gatewarden_sink* sink);
  gatewarden_result find_id(std::string_view id, const gatewarden_sink* sink);
  gatewarden_result list(const gatewarden_sink* sink);

 private:
  // What tells one state of a file from another.
  struct Stamp {
    bool present = false;
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t modified_ns = 0, changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  static Stamp stamp_of(const struct stat& status);

  Users(const gatewarden_host* host, const char* path);
  std::shared_ptr<const UserFile> current();
  std::unique_ptr<const UserFile> read(Stamp& stamp, std::string& error) const;
  void warn_of_useless_hashes(const UserFile& file) const;
  std::string_view some_hash(const UserFile& file, std::string_view username) const;

  const gatewarden_host* const host_;
  const std::string path_;
  const std::size_t seed_;
  std::mutex mutex_;
  Stamp stamp_;  // of the last file that was read, good or not
  std::shared_ptr<const UserFile> file_;
};

}  // namespace users
