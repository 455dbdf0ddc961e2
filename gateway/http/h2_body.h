// SPDX-License-Identifier: Apache-2.0
// The body of a message on its way out on an HTTP/2 stream, and the trailers behind it: what the peer's
// window has no room for yet. THREAD: one worker.  OWNERSHIP: held by its stream, which makes the session
// forget it before it goes.
#pragma once

#include <string>
#include <vector>

#include "http/h2_session.h"
#include "net/buffer.h"

namespace gw::http {

class H2Body final : public H2Session::Body {
 public:
  class Events {
   public:
    // `bytes` of it have been read, while frames are made: only to be noted. `drained`: size() fell below the
    // low watermark after it had been above the high one.
    virtual void on_body_taken(std::size_t bytes, bool drained) = 0;

   protected:
    ~Events() = default;
  };

  H2Body(net::BufferPool& pool, Events& events) : events_(events), out_(pool) {}

  void append(std::string_view bytes);
  void end(const Fields& trailers);  // keeps a copy
  void break_off();
  std::size_t size() const { return out_.size(); }
  bool empty() const { return out_.empty(); }

  Piece read_body(char* to, std::size_t room) override;
  const Fields& trailers() const override { return trailers_; }

 private:
  // open -> ended; broken from any
  enum class State : std::uint8_t { open, ended, broken };

  Events& events_;
  net::Buffer out_;
  std::string trailer_bytes_;
  Fields trailers_;
  State state_ = State::open;
  bool above_watermark_ = false;
};

}  // namespace gw::http
