// SPDX-License-Identifier: Apache-2.0
#include "server/process.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace gw::server {
namespace {

// cgroup v2 cpu.max: "QUOTA PERIOD" in microseconds, or "max PERIOD". 0 without a quota.
unsigned cpus_of_cgroup() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  long quota = 0, period = 0;
  if (!(file >> quota >> period) || period <= 0 || quota <= 0) return 0;
  return static_cast<unsigned>(std::max(1L, (quota + period - 1) / period));
}

// What a service manager has given a user for ports below 1024 is used up once they are bound.
Result<void, std::string> drop_capabilities() {
  if (::geteuid() == 0) return {};
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2]{};
  if (::syscall(SYS_capset, &head, none) != 0)
    return std::string("capabilities cannot be given up: ") + std::strerror(errno);
  return {};
}

}  // namespace

void prepare_process() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a full disk is an error of one write, not the end
  ::umask(0077);
}

std::size_t count_clients_for_files() {
  constexpr std::size_t kOwn = 64;  // loops, sockets, logs, the store, plugins
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return SIZE_MAX;
  return files.rlim_cur > kOwn + 2 ? (files.rlim_cur - kOwn) / 2 : 1;
}

unsigned count_cpus() {
  cpu_set_t allowed;
  unsigned cpus = 1;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
    cpus = static_cast<unsigned>(CPU_COUNT(&allowed));
  if (const unsigned quota = cpus_of_cgroup()) cpus = std::min(cpus, quota);
  return std::max(1u, cpus);
}

Result<void, std::string> make_state_dir(const std::string& path, const std::string& owner) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return path + ": cannot make the state folder: " + error.message() + " (set server.state_dir)";
  if (!made) return {};
  ::chmod(path.c_str(), 0700);
  if (owner.empty() || ::geteuid() != 0) return {};
  const passwd* user = ::getpwnam(owner.c_str());
  if (user != nullptr && ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
    return path + ": cannot give the state folder to " + owner + ": " + std::strerror(errno);
  return {};
}

Result<void, std::string> drop_privileges(const std::string& user) {
  if (user.empty() || ::geteuid() != 0) return drop_capabilities();
  const passwd* found = ::getpwnam(user.c_str());
  if (found == nullptr)
    return "server.user: there is no user " + user + " (make it, or leave server.user out)";
  if (::initgroups(user.c_str(), found->pw_gid) != 0 || ::setgid(found->pw_gid) != 0 ||
      ::setuid(found->pw_uid) != 0)
    return "server.user: cannot become " + user + ": " + std::strerror(errno);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // another user: the kernel has set it anew
  return drop_capabilities();
}

exchange::LeastPrivilege least_privilege() {
  exchange::LeastPrivilege all;
  const passwd* user = ::getpwuid(::geteuid());
  all.user = user != nullptr ? user->pw_name : std::to_string(::geteuid());
  rlimit core{1, 1};
  ::getrlimit(RLIMIT_CORE, &core);
  all.core_dumps = core.rlim_cur != 0 || ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
  all.no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  all.system_calls_filtered = ::prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("CapEff:")) all.capabilities = std::stoull(line.substr(7), nullptr, 16);
  return all;
}

}  // namespace gw::server
