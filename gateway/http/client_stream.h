// SPDX-License-Identifier: Apache-2.0
// One request to an upstream server and its response, whatever HTTP version the server speaks.
// THREAD: one worker.
// After on_response_end(), on_upstream_failed() or cancel() there are no more events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/message.h"
#include "net/event_loop.h"

namespace gw::http {

// The head of a request on its way out. Views must live until send_head() returns.
struct UpstreamRequest {
  Method method = Method::get;
  std::string_view method_text;
  std::string_view path;
  std::string_view query;
  bool has_query = false;
  std::string_view authority;      // becomes Host or :authority
  const Fields* fields = nullptr;  // those that are not dropped
  Framing framing = Framing::none;
  std::uint64_t content_length = 0;
  bool takes_trailers = false;  // the client does; told where the server's version has it
  bool upgrades = false;        // to WebSocket; over HTTP/1.1 alone
};

enum class UpstreamFailure : std::uint8_t {
  refused,     // the server says that it has done nothing
  unanswered,  // the connection died before any byte of the answer
  protocol,    // the answer cannot be understood
  truncated,   // the answer ended too early
};

class ResponseEvents {
 public:
  virtual void on_interim_head(ResponseHead& head) = 0;
  virtual void on_response_head(ResponseHead& head) = 0;
  virtual void on_response_body(std::string_view bytes) = 0;
  virtual void on_response_end(Fields& trailers) = 0;
  virtual void on_upstream_failed(UpstreamFailure failure, const char* why) = 0;
  // unsent() fell below kLowWatermark after it had been above kHighWatermark.
  virtual void on_upstream_drained() = 0;

 protected:
  ~ResponseEvents() = default;
};

// An HTTP/1.1 connection between two answers, or a stream of an HTTP/2 connection.
// OWNERSHIP: of whoever leases it; freed by defer_delete after cancel() or the end of the answer.
class ClientStream : public net::Deferred {
 public:
  static constexpr std::size_t kHighWatermark = 64 * 1024;
  static constexpr std::size_t kLowWatermark = 16 * 1024;

  virtual void send_head(const UpstreamRequest& request, ResponseEvents& events) = 0;
  virtual void send_body(std::string_view bytes) = 0;
  virtual void send_end(const Fields& trailers) = 0;
  virtual void set_body_paused(bool paused) = 0;
  virtual std::size_t unsent() const = 0;
  // The answer is no longer wanted.
  virtual void cancel() = 0;
  // An earlier request has been answered on this connection.
  virtual bool is_reused() const = 0;
  // The next request may go out on it.
  virtual bool is_reusable() const = 0;
};

}  // namespace gw::http
