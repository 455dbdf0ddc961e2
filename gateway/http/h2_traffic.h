// SPDX-License-Identifier: Apache-2.0
// How far the bytes of one HTTP/2 connection have come, so that each of its streams can be judged by what its
// client does and by nothing else: the kernel may hold much that nobody has read, and the window of the
// connection is used up by all streams together. THREAD: one worker.  OWNERSHIP: held by H2Server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/clock.h"
#include "net/buffer.h"
#include "net/stream.h"

namespace gw::http {

class H2Traffic {
 public:
  H2Traffic(net::Stream& stream, net::BufferPool& pool) : out(pool), stream_(stream) {}

  net::Buffer out;           // frames on their way
  std::int64_t written = 0;  // of them, to the kernel
  std::size_t readers = 0;   // streams whose answer waits for the client
  // Until then the client could not send: streams that we hold back had used up the connection's window.
  TimePoint held_back_until = TimePoint::min();

  // Positions in all that is sent: behind the last frame made, and behind what the client's kernel has.
  std::int64_t made() const { return written + static_cast<std::int64_t>(out.size()); }
  // The latter is asked of the kernel once for all events of a batch.
  std::int64_t taken() {
    if (std::exchange(asked_, stream_.loop().now()) != stream_.loop().now())
      taken_ = written - static_cast<std::int64_t>(stream_.unacknowledged());
    return taken_;
  }

 private:
  net::Stream& stream_;
  TimePoint asked_ = TimePoint::min();
  std::int64_t taken_ = 0;
};

}  // namespace gw::http
