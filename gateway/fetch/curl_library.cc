// SPDX-License-Identifier: Apache-2.0
#include "fetch/curl_library.h"

#include <dlfcn.h>

#include <cstdlib>

#include "base/result.h"
#include "fetch/fetcher.h"

namespace gw::fetch {
namespace {

constexpr const char* kName = "libcurl.so.4";

struct Loaded {
  CurlLibrary functions{};
  std::string error;
};

Loaded load() {
  Loaded made;
  CurlLibrary& to = made.functions;
  // For good: it may have threads that resolve names.
  void* const library = ::dlopen(kName, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  const auto find = [&]<class F>(const char* name, F*& function) {
    function = library == nullptr ? nullptr : reinterpret_cast<F*>(::dlsym(library, name));
    if (function != nullptr || !made.error.empty()) return;
    const char* why = ::dlerror();
    made.error = std::string(why == nullptr ? name : why) + " (it is in the package libcurl4)";
  };
  decltype(&::curl_global_init) global_init = nullptr;
  find("curl_global_init", global_init);
  find("curl_easy_init", to.easy_init);
  find("curl_easy_setopt", to.easy_setopt);
  find("curl_easy_perform", to.easy_perform);
  find("curl_easy_getinfo", to.easy_getinfo);
  find("curl_easy_header", to.easy_header);
  find("curl_easy_strerror", to.easy_strerror);
  find("curl_easy_cleanup", to.easy_cleanup);
  find("curl_multi_init", to.multi_init);
  find("curl_multi_setopt", to.multi_setopt);
  find("curl_multi_add_handle", to.multi_add_handle);
  find("curl_multi_remove_handle", to.multi_remove_handle);
  find("curl_multi_assign", to.multi_assign);
  find("curl_multi_socket_action", to.multi_socket_action);
  find("curl_multi_info_read", to.multi_info_read);
  find("curl_multi_cleanup", to.multi_cleanup);
  find("curl_slist_append", to.slist_append);
  find("curl_slist_free_all", to.slist_free_all);
  if (made.error.empty() && global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    made.error = "libcurl cannot be started";
  return made;
}

const Loaded& loaded() {
  static const Loaded once = load();
  return once;
}

}  // namespace

Result<void, std::string> load_curl() {
  if (!loaded().error.empty()) return loaded().error;
  return {};
}

const CurlLibrary& curl() {
  if (!loaded().error.empty()) std::abort();
  return loaded().functions;
}

void append(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl().slist_append(list.get(), line.c_str());
  if (longer == nullptr) std::abort();
  (void)list.release();
  list.reset(longer);
}

}  // namespace gw::fetch
