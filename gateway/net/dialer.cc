// SPDX-License-Identifier: Apache-2.0
#include "net/dialer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace gw::net {
namespace {

// Hears what happens to a stream until its new owner listens.
class Nobody final : public Stream::Events {
  void on_stream_open() override {}
  void on_stream_readable() override {}
  void on_stream_writable() override {}
  void on_stream_failed(const char*) override {}
};
Nobody nobody;

}  // namespace

// One attempt.  idle -> resolving -> connecting -> handshaking; it ends once, by Dialer::finish or cancel.
class Dialer::Dial final : public Deferred,
                           private FdWatch::Events,
                           private Stream::Events,
                           private Deadline,
                           private Task {
 public:
  Dial(Dialer& dialer, const Target& target, Done done)
      : dialer_(dialer), target_(target), done_(std::move(done)) {}
  ~Dial() override { dialer_.loop_.forget(*this); }

  void start(std::uint64_t id) {
    id_ = id;
    until_ = dialer_.loop_.now() + target_.timeout;
    dialer_.deadlines_.set(*this, until_);
    dialer_.loop_.run_later(*this);
  }
  // It is over, and freed later, when the resolver may be gone.
  Done take_done() {
    resolving_.reset();
    return std::move(done_);
  }

 private:
  void run_task() override {
    if (!failure_.empty()) return fail(std::move(failure_));
    if (target_.host.starts_with('/')) {
      if (const auto path = Address::unix_path(target_.host)) addresses_.push_back(*path);
    } else if (const auto literal = Address::parse(target_.host, target_.port)) {
      addresses_.push_back(*literal);
    } else if (const Addresses* known = dialer_.resolver_.find(target_.host)) {
      use(*known);
    } else {
      return resolve();
    }
    if (addresses_.empty()) return fail("cannot connect: the path is too long for a socket");
    connect();
  }

  void resolve() {
    resolving_ = dialer_.resolver_.resolve(target_.host, [this](Result<Addresses, std::string> found) {
      resolving_.reset();
      if (!found) return fail(std::move(found.error()));
      use(*found);
      connect();
    });
    is_resolving_ = true;
  }

  // Each connection begins with another of them, so that they share the load.
  void use(const Addresses& found) {
    is_resolving_ = false;
    const std::size_t first = dialer_.turn_++ % found.size();
    for (std::size_t i = 0; i < found.size(); ++i)
      addresses_.push_back(found[(first + i) % found.size()].with_port(target_.port));
  }

  void connect() {
    const Address& address = addresses_[next_address_++];
    // A name's address that says nothing leaves time for the next.
    const TimePoint now = dialer_.loop_.now();
    const auto left = static_cast<int>(addresses_.size() - next_address_ + 1);
    dialer_.deadlines_.set(*this, until_ > now ? now + (until_ - now) / left : until_);
    UniqueFd fd(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return on_refused(errno);
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd.get(), address.get(), address.length()) != 0 && errno != EINPROGRESS)
      return on_refused(errno);
    watch_.reset();  // of the address before
    fd_ = std::move(fd);
    watch_.emplace(dialer_.loop_, fd_.get(), static_cast<FdWatch::Events&>(*this));
    watch_->set_writing(true);
  }

  // By this address; a name may have others, such as ::1 before 127.0.0.1.
  void on_refused(int error) {
    if (next_address_ < addresses_.size()) return connect();
    failure_ = std::string("cannot connect: ") + std::strerror(error);
    dialer_.loop_.run_later(*this);
  }

  void on_readable() override {}
  void on_writable() override {
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    watch_->set_writing(false);
    if (error != 0) return on_refused(error);
    dialer_.deadlines_.set(*this, until_);
    EventLoop& loop = dialer_.loop_;
    // Nothing of the upstream is read before TLS is up (CVE-2026-1642).
    stream_ = target_.tls != nullptr ? target_.tls->connect(loop, std::move(fd_), target_.server_name)
                                     : make_tcp_stream(loop, std::move(fd_));
    stream_->start(*this);
  }

  void on_stream_open() override {
    stream_->set_reading(false);
    stream_->hand_to(nobody);
    dialer_.finish(id_, std::move(stream_));
  }
  void on_stream_readable() override {}
  void on_stream_writable() override {}
  void on_stream_failed(const char* why) override { fail(std::string("TLS handshake: ") + why); }
  void on_deadline() override {
    if (is_resolving_) return fail("cannot resolve " + target_.host + " within the time allowed");
    if (!stream_ && next_address_ < addresses_.size()) return connect();
    dialer_.finish(id_, DialFailure{true, "no connection within the time allowed"});
  }

  void fail(std::string detail) { dialer_.finish(id_, DialFailure{false, std::move(detail)}); }

  Dialer& dialer_;
  const Target target_;
  Done done_;
  std::uint64_t id_ = 0;
  std::string failure_;
  TimePoint until_{};
  Operation resolving_;
  bool is_resolving_ = false;
  std::vector<Address> addresses_;  // tried in their order
  std::size_t next_address_ = 0;
  UniqueFd fd_;
  std::optional<FdWatch> watch_;
  std::unique_ptr<Stream> stream_;
};

Dialer::Dialer(EventLoop& loop, Deadlines& deadlines, std::string hosts_file)
    : loop_(loop), deadlines_(deadlines), resolver_(loop, std::move(hosts_file)) {}

Dialer::~Dialer() = default;

Operation Dialer::dial(const Target& target, Done done) {
  auto made = std::make_unique<Dial>(*this, target, std::move(done));
  Dial* dial = made.get();
  const std::uint64_t id = dials_.insert(std::move(made));
  dial->start(id);
  return {&Dialer::cancel, this, id};
}

void Dialer::cancel(void* self, std::uint64_t id) {
  auto* dialer = static_cast<Dialer*>(self);
  auto dial = dialer->dials_.take(id);
  if (!dial) return;
  (void)(*dial)->take_done();
  dialer->loop_.defer_delete(std::move(*dial));
}

void Dialer::finish(std::uint64_t id, Result<std::unique_ptr<Stream>, DialFailure> result) {
  auto dial = dials_.take(id);
  if (!dial) return;
  Done done = (*dial)->take_done();
  loop_.defer_delete(std::move(*dial));
  done(std::move(result));
}

}  // namespace gw::net
