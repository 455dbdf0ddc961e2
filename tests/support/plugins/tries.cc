// SPDX-License-Identifier: Apache-2.0
// Tries what an attacker within the process would, when somebody logs in, and logs what the kernel says to
// each: `tried NAME: done` or `tried NAME: errno N`. Its setting `open` is a file that it tries to read.
#include <fcntl.h>
#include <gatewarden/plugin.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <thread>

namespace {

const char* const kSettings[] = {"open", nullptr};

void tell(const gatewarden_host* host, const char* name, long result) {
  const std::string line =
      "tried " + std::string(name) + ": " + (result < 0 ? "errno " + std::to_string(errno) : "done");
  host->log(host, GATEWARDEN_LOG_INFO, {line.data(), line.size()});
}

long start_process() {
  const long child = ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (child == 0) ::_exit(0);
  return child;
}

long start_process_the_new_way() {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  const long child = ::syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) ::_exit(0);
  return child;
}

long map(int protection, int flags) {
  return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | flags, -1, 0) == MAP_FAILED ? -1 : 0;
}

long make_code() {
  void* page = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page == MAP_FAILED ? -1 : ::mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

long listen_on_a_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  return fd < 0 ? 0 : ::listen(fd, 1);
}

long bind_a_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in any{};
  any.sin_family = AF_INET;
  return fd < 0 ? 0 : ::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any);
}

long run_a_program() {
  if (::access("/bin/true", X_OK) != 0) return 0;
  char* const arguments[] = {nullptr};
  char program[] = "/nowhere/at/all";  // were it allowed, it would be ENOENT, and this process would go on
  return ::syscall(SYS_execve, program, arguments, arguments);
}

void try_all(const gatewarden_host* host) {
  const auto call = [host](const char* name, auto... arguments) {
    tell(host, name, ::syscall(arguments...));
  };
  tell(host, "execve", run_a_program());
  call("execveat", SYS_execveat, -1, "", nullptr, nullptr, 0);
  tell(host, "fork", start_process());
  tell(host, "clone3", start_process_the_new_way());
  call("ptrace", SYS_ptrace, PTRACE_ATTACH, -1, nullptr, nullptr);
  call("process_vm_readv", SYS_process_vm_readv, ::getppid(), nullptr, 0, nullptr, 0, 0);
  call("mount", SYS_mount, nullptr, nullptr, nullptr, 0, nullptr);
  call("umount2", SYS_umount2, nullptr, 0);
  call("pivot_root", SYS_pivot_root, nullptr, nullptr);
  call("chroot", SYS_chroot, nullptr);
  call("unshare", SYS_unshare, 0);
  call("setns", SYS_setns, -1, 0);
  call("bpf", SYS_bpf, 0, nullptr, 0);
  call("kexec_load", SYS_kexec_load, 0, 0, nullptr, 0);
  call("init_module", SYS_init_module, nullptr, 0, nullptr);
  call("finit_module", SYS_finit_module, -1, nullptr, 0);
  call("delete_module", SYS_delete_module, nullptr, 0);
  call("keyctl", SYS_keyctl, 0, 0, 0);
  call("add_key", SYS_add_key, nullptr, nullptr, nullptr, 0, 0);
  call("perf_event_open", SYS_perf_event_open, nullptr, 0, -1, -1, 0);
  call("io_uring_setup", SYS_io_uring_setup, 0, nullptr);
  call("userfaultfd", SYS_userfaultfd, -1);
  call("personality", SYS_personality, 0xffffffffU);
  call("setuid", SYS_setuid, 0);
  call("memfd_create", SYS_memfd_create, "", 0);
  call("seccomp", SYS_seccomp, 2, 0, nullptr);
  call("swapon", SYS_swapon, nullptr, 0);
  call("open_by_handle_at", SYS_open_by_handle_at, -1, nullptr, 0);
  call("kill", SYS_kill, ::getppid(), 0);
  call("packet_socket", SYS_socket, AF_PACKET, SOCK_RAW, 0);
  call("raw_socket", SYS_socket, AF_INET, SOCK_RAW, IPPROTO_ICMP);
  call("alg_socket", SYS_socket, AF_ALG, SOCK_SEQPACKET, 0);
  call("dumpable", SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
  const rlimit none{0, 0};
  call("prlimit64", SYS_prlimit64, 0, RLIMIT_CORE, &none, nullptr);
  tell(host, "writable_code", map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_ANONYMOUS));
  tell(host, "anonymous_code", map(PROT_READ | PROT_EXEC, MAP_ANONYMOUS));
  tell(host, "made_code", make_code());
  tell(host, "listen", listen_on_a_port());
  tell(host, "bind", bind_a_port());
  // What must go on.
  bool ran = false;
  std::thread([&ran] { ran = true; }).join();
  tell(host, "thread", ran ? 0 : -1);
  tell(host, "data", map(PROT_READ | PROT_WRITE, MAP_ANONYMOUS));
  tell(host, "open", ::open(host->setting(host, "open"), O_RDONLY | O_CLOEXEC));
  tell(host, "open_to_write", ::open(host->setting(host, "open"), O_RDWR | O_CLOEXEC));
}

void* create(const gatewarden_host* host, gatewarden_text, char*, size_t) {
  return const_cast<gatewarden_host*>(host);
}
void destroy(void*) {}
gatewarden_result verify(void* host, gatewarden_text, gatewarden_text, const gatewarden_sink*) {
  try_all(static_cast<const gatewarden_host*>(host));
  return GATEWARDEN_UNKNOWN_USER;
}
gatewarden_result find(void*, gatewarden_text, const gatewarden_sink*) {
  return GATEWARDEN_UNKNOWN_USER;
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       nullptr,
                                       verify,
                                       find,
                                       find,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr};

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
