// SPDX-License-Identifier: Apache-2.0
#include "net/stand_back.h"

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace gw::net {
namespace {

constexpr std::uint64_t kTurn = 100'000;  // ns; the least that Linux (from 6.12 on) takes

// As sched_setattr(2) has it; the C library does not declare it.
struct Attributes {
  std::uint32_t size = sizeof(Attributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime = kTurn;
  std::uint64_t deadline = 0;
  std::uint64_t period = 0;
};

// All but the first of those that the process may use, when there are several.
void leave_a_cpu(pid_t process) {
  cpu_set_t cpus;
  if (::sched_getaffinity(process, sizeof cpus, &cpus) != 0 || CPU_COUNT(&cpus) < 2) return;
  int first = 0;
  while (!CPU_ISSET(first, &cpus)) ++first;
  CPU_CLR(first, &cpus);
  (void)::sched_setaffinity(0, sizeof cpus, &cpus);
}

}  // namespace

void stand_back(int niceness) {
  const auto self = static_cast<id_t>(::gettid());  // of this thread alone, as Linux has it
  // Beside the main thread's: the one that made this thread may stand back itself, or not.
  const pid_t process = ::getpid();
  ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, static_cast<id_t>(process)) + niceness);
  Attributes attributes;
  attributes.nice = ::getpriority(PRIO_PROCESS, self);
  (void)::syscall(SYS_sched_setattr, 0, &attributes, 0);
  leave_a_cpu(process);
}

}  // namespace gw::net
