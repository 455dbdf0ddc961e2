// SPDX-License-Identifier: Apache-2.0
// One connection as bytes, over TCP or TLS. Non-blocking; what cannot be written yet stays with the caller.
// THREAD: one loop.  OWNERSHIP: owns the descriptor; closing is destroying it, always by defer_delete of the
// owner, never inside its own events.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/fd_watch.h"

namespace gw::net {

struct PeerCertificate;

enum class Io : std::uint8_t { ok, blocked, closed, failed };
struct IoResult {
  Io state = Io::ok;
  std::size_t bytes = 0;  // with ok
};

// What a handshake came to.
struct TlsSession {
  enum class Version : std::uint8_t { none, tls12, tls13 };
  Version version = Version::none;
  bool resumed = false;
};

class Stream : private FdWatch::Events, private Task {
 public:
  class Events {
   public:
    virtual void on_stream_open() = 0;  // the handshake is done; at once, later, for TCP
    virtual void on_stream_readable() = 0;
    virtual void on_stream_writable() = 0;
    virtual void on_stream_failed(const char* why) = 0;  // of the handshake
    // While reading is paused: the peer sends nothing more. What it has sent may still be read.
    virtual void on_stream_hung_up() {}

   protected:
    ~Events() = default;
  };

  Stream(EventLoop& loop, UniqueFd fd);
  virtual ~Stream();

  // Begins the handshake; events come from now on.
  void start(Events& events);
  // Takes over from another owner after on_stream_open().
  void hand_to(Events& events) { events_ = &events; }

  virtual IoResult read(char* to, std::size_t room) = 0;
  // Writes what fits; with less than all of it, on_stream_writable() follows.
  virtual IoResult write(std::string_view bytes) = 0;
  // Bytes have been received that no readiness event will tell of.
  virtual bool has_pending() const { return false; }
  // Tells the peer that nothing more will come (close_notify, FIN).
  virtual void end_writing();
  // The connection will end with a reset, not with a clean end.
  virtual void reset();

  void set_reading(bool wanted);
  // Announces what has_pending() tells of, after others had their turn.
  void read_pending() {
    if (has_pending()) loop().run_next_round(*this);
  }
  void stop_writing_events() { watch_.set_writing(false); }
  bool is_tls() const { return tls_; }
  virtual std::string_view alpn() const { return {}; }
  virtual std::string_view server_name() const { return {}; }  // of the client's SNI, lower case
  virtual TlsSession tls_session() const { return {}; }
  // Of a verified client certificate; null without one. Lives as long as the stream.
  virtual const PeerCertificate* peer_certificate() const { return nullptr; }
  int fd() const { return fd_.get(); }
  // What the kernel holds because the peer has not taken it.
  std::size_t unacknowledged() const;
  bool is_open() const { return state_ == State::open; }
  EventLoop& loop() const { return watch_.loop(); }

 protected:
  enum class State : std::uint8_t { idle, handshaking, open };  // one after the other
  enum class Handshake : std::uint8_t { done, blocked, failed };
  virtual Handshake shake_hands(const char*& why) = 0;
  void wait_for_room() { watch_.set_writing(true); }

  UniqueFd fd_;
  bool tls_ = false;

 private:
  void on_readable() override;
  void on_writable() override;
  void on_hang_up() override;
  void run_task() override;
  void advance_handshake();

  FdWatch watch_;
  Events* events_ = nullptr;
  State state_ = State::idle;
};

class TcpStream final : public Stream {
 public:
  using Stream::Stream;
  IoResult read(char* to, std::size_t room) override;
  IoResult write(std::string_view bytes) override;

 private:
  Handshake shake_hands(const char*&) override { return Handshake::done; }
};

// A new accepted connection: non-blocking, no delay.
std::unique_ptr<Stream> make_tcp_stream(EventLoop& loop, UniqueFd fd);

}  // namespace gw::net
