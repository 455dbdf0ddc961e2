// SPDX-License-Identifier: Apache-2.0
// What a connection needs of the codec that it has chosen, and how it chooses one.
// THREAD: one worker.  OWNERSHIP: held by the connection, which also holds the stream; both go by
// defer_delete after on_codec_closed().
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "http/server_stream.h"
#include "http/server_worker.h"
#include "net/buffer.h"
#include "net/stream.h"

namespace gw::http {

class ServerCodec {
 public:
  virtual ~ServerCodec() = default;

  // Serves from now on; `received` has been read from the stream already.
  virtual void start(net::Buffer received) = 0;
  // Ends after what is under way. What comes within `patience` on a connection that is idle is still
  // answered: to close it at once would break off a request that is on its way.
  virtual void drain(Duration patience) = 0;
  // Of one that is resting: when the connection ends if nothing comes. Another codec may then take its place
  // and resume() when something does.
  virtual TimePoint rests_until() const { return TimePoint::max(); }
  virtual void resume(TimePoint) {}
};

enum class Protocol : std::uint8_t { unknown, http1, http2 };

// What ALPN agreed on; HTTP/1 when it agreed on nothing (RFC 9113 3.2).
Protocol protocol_of_alpn(std::string_view alpn);
// What the first bytes of a plain connection are (RFC 9113 3.3); `unknown` until they can be told apart.
Protocol protocol_of_preface(std::string_view bytes);

// The stream is open. `accepted`: when the connection came, for the time allowed to the first head.
std::unique_ptr<ServerCodec> make_server_codec(Protocol protocol, net::Stream& stream,
                                               const ServerWorker& worker, ServerCodecEvents& owner,
                                               TimePoint accepted);

}  // namespace gw::http
