// SPDX-License-Identifier: Apache-2.0
// A claim on one request's way to a server: a connection of HTTP/1.1, or a stream of HTTP/2. Destroyed, it
// gives the way back; what was under way on it is broken off. THREAD: one worker.  OWNERSHIP: keeps the
// server alive.
#pragma once

#include <memory>

#include "base/callback.h"
#include "base/local_ref.h"
#include "base/result.h"
#include "http/client_stream.h"

namespace gw::upstream {

class Server;

class Lease {
 public:
  Lease();
  Lease(LocalRef<Server> server, std::unique_ptr<http::ClientStream> stream);
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&& other) noexcept;
  ~Lease();

  explicit operator bool() const { return stream_ != nullptr; }
  http::ClientStream& stream() const { return *stream_; }
  const Server& server() const { return *server_; }
  void release();

 private:
  LocalRef<Server> server_;
  std::unique_ptr<http::ClientStream> stream_;
};

using Acquired = Callback<void(Result<Lease>)>;

}  // namespace gw::upstream
