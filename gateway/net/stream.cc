// SPDX-License-Identifier: Apache-2.0
#include "net/stream.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

namespace gw::net {

Stream::Stream(EventLoop& loop, UniqueFd fd) : fd_(std::move(fd)), watch_(loop, fd_.get(), *this) {}

Stream::~Stream() {
  loop().forget(*this);
}

void Stream::start(Events& events) {
  events_ = &events;
  state_ = State::handshaking;
  watch_.set_reading(true);
  loop().run_later(*this);
}

void Stream::end_writing() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void Stream::reset() {
  const linger hard{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

std::size_t Stream::unacknowledged() const {
  int bytes = 0;
  return ::ioctl(fd_.get(), SIOCOUTQ, &bytes) == 0 && bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

void Stream::set_reading(bool wanted) {
  const bool resumes = wanted && !watch_.reading();
  watch_.set_reading(wanted);
  if (resumes && state_ == State::open && has_pending()) loop().run_later(*this);
}

void Stream::on_readable() {
  if (state_ == State::open) return events_->on_stream_readable();
  advance_handshake();
}

void Stream::on_writable() {
  if (state_ == State::open) return events_->on_stream_writable();
  watch_.set_writing(false);
  advance_handshake();
}

void Stream::on_hang_up() {
  if (state_ == State::open) events_->on_stream_hung_up();
}

void Stream::run_task() {
  if (state_ == State::handshaking) return advance_handshake();
  if (watch_.reading()) events_->on_stream_readable();
}

void Stream::advance_handshake() {
  const char* why = "";
  switch (shake_hands(why)) {
    case Handshake::blocked:
      return;
    case Handshake::failed:
      watch_.set_reading(false);
      return events_->on_stream_failed(why);
    case Handshake::done:
      state_ = State::open;
      // The first request often comes with the end of the handshake.
      if (has_pending()) loop().run_later(*this);
      return events_->on_stream_open();
  }
}

IoResult TcpStream::read(char* to, std::size_t room) {
  const ssize_t got = ::recv(fd_.get(), to, room, 0);
  if (got > 0) return {Io::ok, static_cast<std::size_t>(got)};
  if (got == 0) return {Io::closed, 0};
  if (errno == EAGAIN || errno == EINTR) return {Io::blocked, 0};
  return {Io::failed, 0};
}

IoResult TcpStream::write(std::string_view bytes) {
  const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent >= 0) {
    if (static_cast<std::size_t>(sent) < bytes.size()) wait_for_room();
    return {Io::ok, static_cast<std::size_t>(sent)};
  }
  if (errno == EAGAIN || errno == EINTR) {
    wait_for_room();
    return {Io::blocked, 0};
  }
  return {Io::failed, 0};
}

std::unique_ptr<Stream> make_tcp_stream(EventLoop& loop, UniqueFd fd) {
  return std::make_unique<TcpStream>(loop, std::move(fd));
}

}  // namespace gw::net
