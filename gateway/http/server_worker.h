// SPDX-License-Identifier: Apache-2.0
// What a worker lends the codecs of its client connections.
#pragma once

#include <span>

#include "http/limits.h"
#include "net/buffer.h"
#include "net/deadlines.h"

namespace gw::http {

struct ServerWorker {
  net::Deadlines& deadlines;
  net::BufferPool& buffers;
  std::span<char> scratch;  // for bytes that are passed on at once
  const Limits& limits;
};

}  // namespace gw::http
