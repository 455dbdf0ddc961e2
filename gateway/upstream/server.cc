// SPDX-License-Identifier: Apache-2.0
#include "upstream/server.h"

#include <utility>

#include "base/log.h"
#include "upstream/h1_pool.h"
#include "upstream/h2_pool.h"

namespace gw::upstream {
namespace {

constexpr Duration kLookInterval =
    500ms;  // how often a busy server's name is looked at; asked for by its TTL

std::string format_authority(const ServerUrl& url) {
  if (url.host.starts_with('/')) return "localhost";  // a unix socket has no name of its own
  std::string text = url.host.find(':') == std::string::npos ? url.host : '[' + url.host + ']';
  if (url.port != (url.tls ? 443 : 80)) text += ':' + std::to_string(url.port);
  return text;
}

}  // namespace

Server::Server(std::shared_ptr<const ClusterSpec> spec, const ServerUrl& url, const ClusterWorker& worker)
    : spec_(std::move(spec)),
      url_(url),
      worker_(worker),
      authority_(format_authority(url)),
      outlier_(spec_->options.outlier ? &*spec_->options.outlier : nullptr) {
  if (url_.host.starts_with('/') || net::Address::parse(url_.host, 0)) look_at_ = TimePoint::max();
  if (options().http2)
    pool_ = std::make_unique<H2Pool>(*this);
  else
    pool_ = std::make_unique<H1Pool>(*this);
}

Server::~Server() = default;

void Server::look_again() {
  look_at_ = worker_.loop.now() + kLookInterval;
  net::Resolver& resolver = worker_.dialer.resolver();
  if (const net::Addresses* known = resolver.find(url_.host)) return pool_->keep_only(*known);
  if (is_looking_) return;
  is_looking_ = true;
  looking_ = resolver.resolve(url_.host, [this](Result<net::Addresses, std::string> found) {
    is_looking_ = false;
    if (found) pool_->keep_only(*found);  // else: what was known last goes on
  });
}

net::Operation Server::dial(net::Dialer::Done done) {
  ++dials_;
  net::Dialer::Target target{url_.host, url_.port, nullptr, {}, options().connect_timeout};
  if (url_.tls) {
    target.tls = spec_->tls;
    target.server_name = options().tls.server_name.empty() ? url_.host : options().tls.server_name;
  }
  return worker_.dialer.dial(target, std::move(done));
}

void Server::note_failure() {
  if (!outlier_.fail(worker_.loop.now())) return;
  log::warn("an upstream server is ejected",
            {{"upstream", options().name},
             {"server", url_.text},
             {"ms", static_cast<std::int64_t>(options().outlier->eject.count())}});
}

Error Server::take_failure(const net::DialFailure& failure) {
  ++failed_dials_;
  return {failure.timed_out ? Fault::upstream_timeout : Fault::upstream_refused,
          url_.text + ": " + failure.detail};
}

}  // namespace gw::upstream
