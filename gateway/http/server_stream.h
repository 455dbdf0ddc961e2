// SPDX-License-Identifier: Apache-2.0
// One request and its response as the exchange sees them, whatever HTTP version the client speaks.
// A codec owns ServerStreams and turns bytes into RequestEvents; the exchange answers through its
// ServerStream. THREAD: one worker. After send_end() or abort() the stream sends no more events and must not
// be used.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/error.h"
#include "http/message.h"
#include "net/buffer.h"

namespace gw::http {

// What a codec tells the exchange. None of these may destroy the codec.
class RequestEvents {
 public:
  // Filled by the codec before on_request_head(); views point into `storage`.
  virtual RequestHead& request_head() = 0;
  virtual void on_request_head(net::Buffer storage) = 0;
  // The head cannot be accepted; the exchange answers and the connection closes.
  virtual void on_request_refused(const Error& error) = 0;
  // Only of a request that has_body(); nothing comes while the body is paused.
  virtual void on_request_body(std::string_view bytes) = 0;
  // Views in `trailers` last until it returns.
  virtual void on_request_end(Fields& trailers) = 0;
  // The body is malformed or late.
  virtual void on_request_failed(const Error& error) = 0;
  // unsent() fell below kLowWatermark after it had been above kHighWatermark.
  virtual void on_response_drained() = 0;
  // The gateway is going down. Of a tunnel, which may have no end of its own.
  virtual void on_drain() = 0;
  // The client has left; the stream is gone.
  virtual void on_downstream_gone() = 0;

 protected:
  ~RequestEvents() = default;
};

class ServerStream {
 public:
  static constexpr std::size_t kHighWatermark = 64 * 1024;
  static constexpr std::size_t kLowWatermark = 16 * 1024;

  // A 1xx answer; left out where the client's version has none.
  virtual void send_interim(const ResponseHead& head) = 0;
  // Fields that are not dropped go out; framing and connection fields are the codec's own. 101 turns the
  // connection into a tunnel of bytes: what the client sends is the request's body from then on, what is
  // sent to it the response's. REQUIRES for 101: is_upgrade_to_websocket() of the request.
  virtual void send_head(const ResponseHead& head) = 0;
  virtual void send_body(std::string_view bytes) = 0;
  virtual void send_end(const Fields& trailers) = 0;
  // Breaks the response in a way that the client can see.
  virtual void abort() = 0;
  // The connection ends after this response. REQUIRES: before send_head().
  virtual void close_after_response() = 0;
  // No body is delivered while paused. A stream begins paused.
  virtual void set_body_paused(bool paused) = 0;
  // The rest of the body may take any time: the client sends when it has something to say.
  virtual void await_body_patiently() = 0;
  virtual std::size_t unsent() const = 0;

 protected:
  ~ServerStream() = default;
};

// The connection that owns a codec.
class ServerCodecEvents {
 public:
  // A request begins: who hears of it.
  virtual RequestEvents& open_exchange(ServerStream& stream) = 0;
  // Nothing more will come or go: the owner destroys the codec, deferred.
  virtual void on_codec_closed() = 0;
  // Between two requests: until open_exchange(), and not inside this, the owner may take the codec's rest().
  virtual void on_codec_resting() = 0;
  virtual bool is_draining() const = 0;

 protected:
  ~ServerCodecEvents() = default;
};

}  // namespace gw::http
