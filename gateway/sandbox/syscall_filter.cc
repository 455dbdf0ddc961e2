// SPDX-License-Identifier: Apache-2.0
#include "sandbox/syscall_filter.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <memory>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

namespace gw::sandbox {
namespace {

// Names, not numbers: those that this architecture or libseccomp does not know are no harm.
constexpr const char* kAllowed[] = {
    // Files. What they reach is for permissions and Landlock to say.
    "open", "openat", "creat", "close", "close_range", "read", "write", "readv", "writev", "pread64",
    "pwrite64", "preadv", "pwritev", "preadv2", "pwritev2", "lseek", "_llseek", "stat", "lstat", "fstat",
    "stat64", "lstat64", "fstat64", "newfstatat", "fstatat64", "statx", "statfs", "fstatfs", "statfs64",
    "fstatfs64", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64",
    "getcwd", "fcntl", "fcntl64", "flock", "fsync", "fdatasync", "sync_file_range", "fallocate", "fadvise64",
    "fadvise64_64", "readahead", "ftruncate", "ftruncate64", "truncate", "truncate64", "rename", "renameat",
    "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "chmod", "fchmod",
    "fchmodat", "fchown", "utimensat", "umask", "dup", "dup2", "dup3", "pipe", "pipe2", "sendfile",
    "sendfile64", "splice", "copy_file_range", "inotify_init", "inotify_init1", "inotify_add_watch",
    "inotify_rm_watch",
    // Sockets, but for new ones (below) and listen(): listeners are there before the filter is.
    "bind", "connect", "accept", "accept4", "getsockname", "getpeername", "getsockopt", "setsockopt",
    "shutdown", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "send", "recv",
    // Waiting.
    "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll",
    "ppoll", "select", "_newselect", "pselect6", "eventfd", "eventfd2", "timerfd_create", "timerfd_settime",
    "timerfd_gettime", "nanosleep", "clock_nanosleep", "pause",
    // Memory, but for what could run (below).
    "brk", "munmap", "mremap", "madvise", "mincore", "msync", "mlock", "mlock2", "munlock", "membarrier",
    // Threads, but for new ones (below).
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "gettid",
    "sched_yield", "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler",
    "sched_get_priority_max", "sched_get_priority_min", "getpriority", "setpriority", "sched_setattr",
    "getcpu", "arch_prctl", "exit", "exit_group", "restart_syscall",
    // Signals to ourselves (tgkill and kill below), timers, clocks.
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "rt_sigsuspend",
    "sigaltstack", "sigreturn", "alarm", "setitimer", "getitimer", "clock_gettime", "clock_getres",
    "gettimeofday", "time", "times", "timer_create", "timer_settime", "timer_gettime", "timer_delete",
    // Who and where we are; the end of our own helper.
    "getpid", "getppid", "getpgrp", "getpgid", "getsid", "getuid", "geteuid", "getgid", "getegid",
    "getresuid", "getresgid", "getgroups", "capget", "uname", "sysinfo", "getrusage", "getrlimit",
    "ugetrlimit", "getrandom", "wait4", "waitid", "waitpid"};

struct Free {
  void operator()(void* filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, Free>;

class Rules {
 public:
  explicit Rules(scmp_filter_ctx filter) : filter_(filter) {}

  void allow(const char* name, std::initializer_list<scmp_arg_cmp> when = {}) {
    add(SCMP_ACT_ALLOW, name, when);
  }
  void refuse(int error, const char* name, std::initializer_list<scmp_arg_cmp> when = {}) {
    add(SCMP_ACT_ERRNO(static_cast<std::uint32_t>(error)), name, when);
  }
  int failure() const { return failure_; }

 private:
  void add(std::uint32_t action, const char* name, std::initializer_list<scmp_arg_cmp> when) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;
    const int done =
        seccomp_rule_add_array(filter_, action, number, static_cast<unsigned>(when.size()), std::data(when));
    if (done != 0 && failure_ == 0) failure_ = done;
  }

  scmp_filter_ctx filter_;
  int failure_ = 0;
};

scmp_arg_cmp is(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// Threads of this process; no other process.
void allow_threads(Rules& rules) {
  rules.allow("clone", {masked(0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM)});
  rules.refuse(ENOSYS, "clone3");  // its flags cannot be seen: glibc falls back to clone
  const auto self = static_cast<scmp_datum_t>(::getpid());
  for (const char* name : {"tgkill", "kill"}) rules.allow(name, {is(0, self)});
}

// Plugins and their libraries are mapped from files; nothing is writable and runs, or becomes code later.
void allow_memory(Rules& rules) {
  for (const char* name : {"mmap", "mmap2"}) {
    rules.allow(name, {masked(2, PROT_EXEC, 0)});
    rules.allow(name, {masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), masked(3, MAP_ANONYMOUS, 0)});
  }
  rules.allow("mprotect", {masked(1 + 1, PROT_EXEC, 0)});
}

void allow_sockets(Rules& rules) {
  constexpr scmp_datum_t kKind = 0xf;  // without SOCK_NONBLOCK, SOCK_CLOEXEC
  for (const int kind : {SOCK_STREAM, SOCK_DGRAM}) {
    for (const int family : {AF_INET, AF_INET6, AF_UNIX})
      rules.allow("socket", {is(0, static_cast<scmp_datum_t>(family)),
                             masked(1, kKind, static_cast<scmp_datum_t>(kind))});
    rules.allow("socketpair", {is(0, AF_UNIX), masked(1, kKind, static_cast<scmp_datum_t>(kind))});
  }
  rules.allow("socketpair", {is(0, AF_UNIX), masked(1, kKind, SOCK_SEQPACKET)});
  for (const int kind : {SOCK_RAW, SOCK_DGRAM})  // glibc asks which addresses there are
    rules.allow("socket",
                {is(0, AF_NETLINK), masked(1, kKind, static_cast<scmp_datum_t>(kind)), is(2, NETLINK_ROUTE)});
  // The audit system of the kernel, among others: PAM does without one that is not there, not without a right
  // to it.
  rules.refuse(EPROTONOSUPPORT, "socket", {is(0, AF_NETLINK), {2, SCMP_CMP_NE, NETLINK_ROUTE, 0}});
}

void allow_settings(Rules& rules) {
  for (const int what : {PR_SET_NAME, PR_GET_NAME, PR_GET_DUMPABLE, PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP,
                         PR_CAPBSET_READ, PR_SET_VMA})
    rules.allow("prctl", {is(0, static_cast<scmp_datum_t>(what))});
  for (const unsigned long request :
       {static_cast<unsigned long>(FIONREAD), static_cast<unsigned long>(FIONBIO),
        static_cast<unsigned long>(FIOCLEX), static_cast<unsigned long>(TCGETS),
        static_cast<unsigned long>(TIOCOUTQ)})
    rules.allow("ioctl", {is(1, request)});
  rules.allow("prlimit64", {is(2, 0)});  // to read, not to set
}

}  // namespace

bool filters_in_this_build() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return false;
#else
  return true;
#endif
#else
  return true;
#endif
}

Result<void, std::string> filter_system_calls() {
  const Filter filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (filter == nullptr) return std::string("the filter of system calls cannot be made");
  Rules rules(filter.get());
  for (const char* name : kAllowed) rules.allow(name);
  allow_threads(rules);
  allow_memory(rules);
  allow_sockets(rules);
  allow_settings(rules);
  int failure = rules.failure();
  // The calls of 32-bit programs are none of ours.
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
  if (failure == 0) failure = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (failure == 0) failure = seccomp_load(filter.get());
  if (failure != 0)
    return std::string("the filter of system calls cannot be set: ") + std::strerror(-failure);
  return {};
}

}  // namespace gw::sandbox
