// SPDX-License-Identifier: Apache-2.0
// Answers at once, unless the user name begins with "hang": such a call returns when the file `release` is
// there. `hang: create` and `hang: destroy` do so at their own time.
#include <gatewarden/plugin.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <string_view>

namespace {

const char* const kSettings[] = {"release", "hang", nullptr};

struct Hangs {
  std::string release;
  std::string hang;
};

std::atomic<int> g_instances{0};

void wait_for(const std::string& file) {
  const timespec moment{0, 2'000'000};
  while (access(file.c_str(), F_OK) != 0) nanosleep(&moment, nullptr);
}

void* create(const gatewarden_host* host, gatewarden_text, char*, size_t) {
  const char* release = host->setting(host, "release");
  const char* hang = host->setting(host, "hang");
  auto* made = new Hangs{release == nullptr ? "" : release, hang == nullptr ? "" : hang};
  ++g_instances;
  if (made->hang == "create") wait_for(made->release);
  return made;
}

void destroy(void* instance) {
  auto* made = static_cast<Hangs*>(instance);
  if (made->hang == "destroy") wait_for(made->release);
  delete made;
  --g_instances;
}

gatewarden_result answer(void* instance, gatewarden_text username, const gatewarden_sink* sink) {
  const std::string name(username.data, username.size);  // the gateway's bytes, before and after
  if (name.rfind("hang", 0) == 0) wait_for(static_cast<Hangs*>(instance)->release);
  if (std::string_view(username.data, username.size) != name) return GATEWARDEN_UNAVAILABLE;
  gatewarden_account account{};
  account.id = account.username = {name.data(), name.size()};
  sink->account(sink, &account);
  return GATEWARDEN_OK;
}

gatewarden_result verify(void* instance, gatewarden_text username, gatewarden_text,
                         const gatewarden_sink* sink) {
  return answer(instance, username, sink);
}

constexpr gatewarden_plugin kPlugin = {GATEWARDEN_ABI_VERSION,
                                       sizeof(gatewarden_plugin),
                                       kSettings,
                                       create,
                                       destroy,
                                       nullptr,
                                       verify,
                                       answer,
                                       answer,
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
// For the test: how many instances are alive.
extern "C" GATEWARDEN_EXPORT int hangs_instances(void) {
  return g_instances.load();
}
