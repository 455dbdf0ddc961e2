// SPDX-License-Identifier: Apache-2.0
// The frames of one HTTP/2 connection, by nghttp2, and nothing of sockets or requests. nghttp2's callbacks
// only record events, which the caller reads after receive() or send(); so nothing happens inside of nghttp2.
// Serves both sides: with Side::server the peer is a client and its floods are counted; with Side::client it
// is an upstream server. THREAD: one worker.  OWNERSHIP: held by H2Server or H2Client.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/client_stream.h"
#include "http/h2_budget.h"
#include "http/h2_head.h"

struct nghttp2_session;

namespace gw::http {

class H2Session {
 public:
  enum class Side : std::uint8_t { server, client };

  // The body of a message, read while frames are made. Must live until its stream's `closed` event or
  // forget_body(), and not call the session.
  class Body {
   public:
    struct Piece {
      enum class State : std::uint8_t { more, waiting, last, broken } state;
      std::size_t bytes = 0;
    };
    virtual Piece read_body(char* to, std::size_t room) = 0;
    // Asked for with the last piece.
    virtual const Fields& trailers() const = 0;

   protected:
    ~Body() = default;
  };

  enum class Outcome : std::uint8_t {
    clean,
    refused,  // the peer has done nothing with it (REFUSED_STREAM, or behind the last stream of a GOAWAY)
    broken,
  };
  struct Event {
    enum class Kind : std::uint8_t {
      head,      // of a request or response (an interim one, too); `head` is set. At a client also trailers
      body,      // `bytes`, which lie in what was given to receive()
      trailers,  // `head` is set; `end` follows. At a server only
      end,       // the peer has sent all of its message
      sent,      // our message has gone out
      closed,    // nothing more of this stream
      ponged,    // the answer to a ping
    };
    Kind kind;
    std::int32_t stream;
    std::string_view bytes;
    std::unique_ptr<H2Head> head;
    bool is_whole = false;             // of `head`: nothing follows
    Outcome outcome = Outcome::clean;  // of `closed`
  };

  enum class Ending : std::uint8_t { clean, too_much };
  enum class Reset : std::uint8_t { no_error, protocol_error, internal_error, cancel };

  H2Session(Side side, net::BufferPool& pool, const Limits& limits);
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  // False when the bytes are no HTTP/2 at all. Events of before are forgotten.
  bool receive(std::string_view bytes, TimePoint now);
  // Appends frames to `out` up to about `limit` bytes. False when the session is broken.
  bool send(net::Buffer& out, std::size_t limit);
  std::vector<Event>& events() { return events_; }

  bool is_overspent() const { return overspent_; }
  bool is_over() const;                      // nothing more will come or go
  bool has_begun() const { return begun_; }  // the peer's preface is there
  // When the head began that is on its way.
  std::optional<TimePoint> head_since() const { return head_since_; }
  bool is_open(std::int32_t stream) const;
  bool is_received(std::int32_t stream) const;  // the peer has ended its side
  // At a client: whether it may ever open a stream again, and how many at once, as the server says.
  bool may_open() const;
  std::size_t allowed_streams() const;

  void submit_interim(std::int32_t stream, const ResponseHead& head);
  // Without `body` the response ends with its head. `content_length`: to be told.
  void submit_head(std::int32_t stream, const ResponseHead& head, std::optional<std::uint64_t> content_length,
                   Body* body);
  // At a client. Without `body` the request ends with its head. Returns the stream; 0 when there can be none.
  std::int32_t submit_request(const UpstreamRequest& request, std::string_view scheme, Body* body);
  void forget_body(std::int32_t stream);
  void resume_body(std::int32_t stream);  // after Piece::waiting
  void reset(std::int32_t stream, Reset reason);
  // Bytes of the peer's body have been used: it may send as many more.
  void give_window_back(std::int32_t stream, std::size_t bytes);
  void give_connection_window_back(std::size_t bytes);  // of a stream that takes no more
  // The peer may send less than a frame before some of the connection's window is given back.
  bool is_holding_peer_back() const;
  // The peer must open a window before more of this stream's body can go out.
  bool is_held_by_peer(std::int32_t stream) const;

  void ping();
  void announce_end();  // a first GOAWAY that refuses nothing, and a ping
  void refuse_new_streams();
  void end(Ending ending);  // a GOAWAY, and nothing after it

 private:
  friend struct H2Callbacks;
  void spend(H2Budget::Cost cost);
  void record(Event::Kind kind, std::int32_t stream, std::string_view bytes = {});
  void record_head(Event::Kind kind, std::int32_t stream, bool is_whole);

  net::BufferPool& pool_;
  const Limits& limits_;
  const Side side_;
  nghttp2_session* session_ = nullptr;
  H2Budget budget_;
  std::vector<Event> events_;
  std::unique_ptr<H2Head> head_;  // that is coming in; heads never interleave
  std::optional<TimePoint> head_since_;
  TimePoint now_;
  std::size_t room_ = 0;  // for the next frame of a body
  std::string path_;      // of the request that is submitted
  bool overspent_ = false;
  bool begun_ = false;
};

}  // namespace gw::http
