// SPDX-License-Identifier: Apache-2.0
// One POST of JSON to a webhook, and its answer (libcurl): verified TLS, no redirects, no proxy, an answer of
// bounded size. A handle keeps its connection for the next call. THREAD: one at a time.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace http_users {

struct HookSettings {
  std::string url;
  std::map<std::string, std::string> headers;  // such as Authorization
  std::string ca_file;                         // empty: the system's
  std::chrono::milliseconds timeout{0};
};

struct HookAnswer {
  long status = 0;
  std::string body;
};

class Hook {
 public:
  static std::unique_ptr<Hook> open(const HookSettings& settings);
  ~Hook();
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;

  // False, and why, when there is no answer.
  bool post(const std::string& json, HookAnswer& answer, std::string& error);

 private:
  Hook(CURL* handle, curl_slist* headers) : handle_(handle), headers_(headers) {}

  CURL* const handle_;
  curl_slist* const headers_;
};

}  // namespace http_users
