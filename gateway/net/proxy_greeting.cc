// SPDX-License-Identifier: Apache-2.0
#include "net/proxy_greeting.h"

#include <sys/socket.h>

#include <cerrno>

namespace gw::net {

ProxyGreeting::ProxyGreeting(EventLoop& loop, UniqueFd fd, Events& events)
    : fd_(std::move(fd)), watch_(loop, fd_.get(), *this), events_(events) {
  watch_.set_reading(true);
}

// Looks first and takes only what belongs to the header; an unfinished one is taken whole, so that the
// descriptor is not readable until more comes.
void ProxyGreeting::on_readable() {
  char bytes[512];
  const ssize_t seen = ::recv(fd_.get(), bytes, sizeof bytes, MSG_PEEK);
  if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (seen <= 0) {
    watch_.set_reading(false);
    return events_.on_greeting_failed("the connection ended before its PROXY header");
  }
  const std::size_t taken = header_.feed({bytes, static_cast<std::size_t>(seen)});
  (void)::recv(fd_.get(), bytes, taken, 0);
  if (header_.state() == ProxyHeader::State::need_more) return;
  watch_.set_reading(false);
  if (header_.state() == ProxyHeader::State::failed) return events_.on_greeting_failed(header_.why());
  events_.on_greeting(header_);
}

}  // namespace gw::net
