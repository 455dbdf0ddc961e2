// SPDX-License-Identifier: Apache-2.0
#include "sandbox/file_rules.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <set>

#include "base/unique_fd.h"

namespace gw::sandbox {
namespace {

namespace fs = std::filesystem;

// As in linux/landlock.h of newer kernels than the headers may be of.
constexpr std::uint64_t kTruncate = 1ULL << 14;        // version 3
constexpr std::uint64_t kIoctlOfDevices = 1ULL << 15;  // version 5
constexpr std::uint64_t kBindTcp = 1ULL << 0;          // version 4
constexpr std::uint64_t kScopeSignals = 1ULL << 1;     // version 6

struct RulesetOptions {
  std::uint64_t files = 0;
  std::uint64_t net = 0;
  std::uint64_t scoped = 0;
};

constexpr std::uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kWrite = kRead | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |
                                 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER | kTruncate;
constexpr std::uint64_t kOfFiles = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | kTruncate;

std::uint64_t known_to(int version) {
  std::uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
  if (version >= 2) all |= LANDLOCK_ACCESS_FS_REFER;
  if (version >= 3) all |= kTruncate;
  if (version >= 5) all |= kIoctlOfDevices;
  return all;
}

std::string failed(const std::string& what) {
  return "the files cannot be restricted: " + what + ": " + std::strerror(errno);
}

Result<void, std::string> add_rule(int ruleset, const std::string& path, std::uint64_t access) {
  const UniqueFd fd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat found {};
  if (!fd || ::fstat(fd.get(), &found) != 0) return {};  // not there, or not for us
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(found.st_mode) ? access : access & kOfFiles;
  rule.parent_fd = fd.get();
  if (::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0)
    return failed(path);
  return {};
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [in_folder, in_path] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return in_folder == folder.end() || (in_folder->empty() && std::next(in_folder) == folder.end());
}

}  // namespace

void FileRules::add_folder_of(const std::string& file) {
  std::error_code failure;
  const fs::path path(file);
  if (!path.is_absolute()) return;
  readable.push_back(path.parent_path().string());
  const fs::path real = fs::weakly_canonical(path, failure);
  if (!failure) readable.push_back(real.parent_path().string());
  for (fs::path part = path; part.has_relative_path(); part = part.parent_path()) {
    const fs::path target = fs::read_symlink(part, failure);
    if (!failure && !target.has_parent_path()) readable.push_back(part.parent_path().string());
  }
}

std::vector<std::string> FileRules::out_of_reach(const FileRules& wanted) const {
  std::set<std::string> missing;
  const auto reaches = [](const std::vector<std::string>& rules, const fs::path& path) {
    return std::any_of(rules.begin(), rules.end(), [&](const std::string& rule) {
      std::error_code failure;
      const fs::path real = fs::canonical(rule, failure);
      return !failure && is_below(path, real);
    });
  };
  const auto has = [](const std::vector<std::string>& rules, const std::string& path) {
    return std::find(rules.begin(), rules.end(), path) != rules.end();
  };
  const auto judge = [&](const std::vector<std::string>& paths, bool to_write) {
    for (const std::string& path : paths) {
      if (has(to_write ? writable : readable, path)) continue;  // of the system; has come since
      std::error_code failure;
      const fs::path real = fs::canonical(path, failure);
      if (failure || reaches(writable, real) || (!to_write && reaches(readable, real))) continue;
      missing.insert(path);
    }
  };
  judge(wanted.readable, false);
  judge(wanted.writable, true);
  return {missing.begin(), missing.end()};
}

Result<int, std::string> restrict_files(const FileRules& rules) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) return 0;
  const std::uint64_t known = known_to(static_cast<int>(version));
  RulesetOptions options{known, version >= 4 ? kBindTcp : 0, version >= 6 ? kScopeSignals : 0};
  const std::size_t size = version >= 6 ? sizeof options : version >= 4 ? 16 : 8;
  const UniqueFd ruleset(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &options, size, 0)));
  if (!ruleset) return failed("no set of rules");
  for (const std::string& path : rules.readable)
    if (auto added = add_rule(ruleset.get(), path, kRead & known); !added) return std::move(added.error());
  for (const std::string& path : rules.writable)
    if (auto added = add_rule(ruleset.get(), path, kWrite & known); !added) return std::move(added.error());
  if (::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return failed("refused");
  return static_cast<int>(version);
}

}  // namespace gw::sandbox
