// SPDX-License-Identifier: Apache-2.0
// Accepts every password, and answers with what no gateway may believe: the user name says what.
#include <gatewarden/plugin.h>

#include <stdexcept>
#include <string>

namespace {

const char* const kSettings[] = {nullptr};
int g_instance = 0;

gatewarden_text text_of(const std::string& text) {
  return {text.data(), text.size()};
}

gatewarden_result answer(const std::string& what, const gatewarden_sink* sink) {
  const std::string fine = "fine", bytes = "\xC3(", control = "a\r\nX-Auth-Roles: admin",
                    huge(1024 * 1024, 'x'), nul("a\0b", 3), json = "[\"clerk\"", object = "{}",
                    number = "[1]", list = "[]", twice = R"({"a":1,"a":2})", deep(100000, '[');
  gatewarden_account account{};
  account.id = account.username = text_of(fine);
  if (what == "no-account") return GATEWARDEN_OK;
  if (what == "null-account") return sink->account(sink, nullptr), GATEWARDEN_OK;
  if (what == "two-accounts") sink->account(sink, &account);
  if (what == "code") return 4711;
  if (what == "negative-code") return -1;
  if (what == "throw") throw std::runtime_error("thrown across the border");
  if (what == "throw-int") throw 1;
  if (what == "empty-id") account.id = {nullptr, 0};
  if (what == "null-id") account.id = {nullptr, 1000};
  if (what == "endless-id") account.id = {fine.data(), static_cast<size_t>(-1)};
  if (what == "huge-id") account.id = text_of(huge);
  if (what == "id-bytes") account.id = text_of(bytes);
  if (what == "id-nul") account.id = text_of(nul);
  if (what == "empty-username") account.username = {nullptr, 0};
  if (what == "username-control") account.username = text_of(control);
  if (what == "email-bytes") account.email = text_of(bytes);
  if (what == "huge-name") account.name = text_of(huge);
  if (what == "roles-cut") account.roles = text_of(json);
  if (what == "roles-object") account.roles = text_of(object);
  if (what == "roles-number") account.roles = text_of(number);
  if (what == "roles-deep") account.roles = text_of(deep);
  if (what == "roles-huge") account.roles = text_of(huge);
  if (what == "attributes-list") account.attributes = text_of(list);
  if (what == "attributes-twice") account.attributes = text_of(twice);
  if (what == "disabled") account.disabled = 1;
  sink->account(sink, &account);
  return GATEWARDEN_OK;
}

void* create(const gatewarden_host*, gatewarden_text, char*, size_t) {
  return &g_instance;
}
void destroy(void*) {}
gatewarden_result verify(void*, gatewarden_text username, gatewarden_text, const gatewarden_sink* sink) {
  return answer(std::string(username.data, username.size), sink);
}
gatewarden_result find(void*, gatewarden_text username, const gatewarden_sink* sink) {
  return answer(std::string(username.data, username.size), sink);
}
gatewarden_result list(void*, const gatewarden_sink* sink) {
  return answer("roles-cut", sink);
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
                                       list,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr,
                                       nullptr};

}  // namespace

extern "C" const gatewarden_plugin* gatewarden_plugin_load(void) {
  return &kPlugin;
}
