// SPDX-License-Identifier: Apache-2.0
#include "hook.h"

#include <array>

namespace http_users {
namespace {

constexpr std::size_t kMaxBodyBytes = 64 * 1024;

std::size_t take_bytes(char* bytes, std::size_t, std::size_t count, void* to) noexcept {
  auto& body = *static_cast<std::string*>(to);
  if (body.size() + count > kMaxBodyBytes) return 0;
  body.append(bytes, count);
  return count;
}

bool set_up(CURL* handle, const HookSettings& settings, curl_slist* headers) {
  const auto is_set = [&](CURLoption option, auto value) {
    return curl_easy_setopt(handle, option, value) == CURLE_OK;
  };
  const bool is_https = settings.url.starts_with("https://");
  return is_set(CURLOPT_URL, settings.url.c_str()) && is_set(CURLOPT_HTTPHEADER, headers) &&
         is_set(CURLOPT_PROTOCOLS_STR, is_https ? "https" : "http") && is_set(CURLOPT_FOLLOWLOCATION, 0L) &&
         is_set(CURLOPT_NOPROXY, "*") && is_set(CURLOPT_NOSIGNAL, 1L) && is_set(CURLOPT_SSL_VERIFYPEER, 1L) &&
         is_set(CURLOPT_SSL_VERIFYHOST, 2L) && is_set(CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2}) &&
         is_set(CURLOPT_TIMEOUT_MS, static_cast<long>(settings.timeout.count())) &&
         is_set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(settings.timeout.count())) &&
         is_set(CURLOPT_WRITEFUNCTION, take_bytes) && is_set(CURLOPT_USERAGENT, "gatewarden") &&
         (settings.ca_file.empty() || is_set(CURLOPT_CAINFO, settings.ca_file.c_str()));
}

}  // namespace

std::unique_ptr<Hook> Hook::open(const HookSettings& settings) {
  CURL* handle = curl_easy_init();
  if (handle == nullptr) return nullptr;
  curl_slist* headers = nullptr;
  std::map<std::string, std::string> all = settings.headers;
  all.insert_or_assign("Content-Type", "application/json");
  all.emplace("Accept", "application/json");
  all.insert_or_assign("Expect", "");  // no waiting for 100
  for (const auto& [name, value] : all)
    headers = curl_slist_append(headers, (name + ":" + (value.empty() ? "" : " " + value)).c_str());
  std::unique_ptr<Hook> hook(new Hook(handle, headers));
  return set_up(handle, settings, headers) ? std::move(hook) : nullptr;
}

Hook::~Hook() {
  curl_easy_cleanup(handle_);
  curl_slist_free_all(headers_);
}

bool Hook::post(const std::string& json, HookAnswer& answer, std::string& error) {
  std::array<char, CURL_ERROR_SIZE> reason{};
  answer = {};
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &answer.body);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(json.size()));
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, json.c_str());
  const CURLcode code = curl_easy_perform(handle_);
  curl_easy_setopt(handle_, CURLOPT_ERRORBUFFER, nullptr);
  curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, "");  // not the caller's bytes any more
  if (code != CURLE_OK) {
    error = code == CURLE_WRITE_ERROR ? "its answer is longer than 64 KiB"
            : reason[0] != '\0'       ? reason.data()
                                      : curl_easy_strerror(code);
    return false;
  }
  curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer.status);
  return true;
}

}  // namespace http_users
