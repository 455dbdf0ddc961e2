// SPDX-License-Identifier: Apache-2.0
// Asks other servers over HTTP for small documents (key sets, discovery, introspection), and hands them some.
// Connections are kept for the next time; certificates are verified; what is too long or too late is an
// error. Redirects of a GET are followed within its origin, a few times; nothing else is. THREAD: one loop's.
// OWNERSHIP: outlives the operations that it gave out. libcurl is hidden here.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/callback.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "fetch/url.h"
#include "net/event_loop.h"
#include "net/operation.h"

namespace gw::fetch {

struct Request {
  std::string url;  // as parse_url() takes it
  std::string accept = "application/json";
  SecretString authorization;  // the whole value; empty: none
  SecretString form;           // application/x-www-form-urlencoded, by POST; empty: a GET
  // Sent by POST as it is, with its type; empty: none.
  std::string body{};
  std::string content_type{};
  std::vector<std::pair<std::string, SecretString>> fields{};  // beside those; valid names and values
  PlainHttp plain_http = PlainHttp::on_loopback;
  std::string ca;         // PEM certificates, the only ones that are trusted; empty: the system's
  Duration timeout = 5s;  // of all of it, redirects included
  std::size_t max_bytes = std::size_t{1024} * 1024;
};

struct Response {
  unsigned status = 0;
  std::string body;
  std::string cache_control;
  std::string age;
  std::string retry_after;
};

// Loads libcurl, once a process; any thread. The error says what is missing.
Result<void, std::string> load_curl();

// REQUIRES: load_curl() was good.
class Fetcher {
 public:
  using Done = Callback<void(Result<Response, std::string>)>;

  explicit Fetcher(net::EventLoop& loop);
  ~Fetcher();
  Fetcher(const Fetcher&) = delete;
  Fetcher& operator=(const Fetcher&) = delete;

  // The error is a sentence for the log; nothing of the request's secrets is in it.
  net::Operation send(Request request, Done done);

 private:
  class Engine;
  net::EventLoop& loop_;
  std::unique_ptr<Engine> engine_;  // made on first use
};

}  // namespace gw::fetch
