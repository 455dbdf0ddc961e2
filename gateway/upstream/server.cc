// SPDX-License-Identifier: Apache-2.0
#include "upstream/server.h"

#include <utility>

#include "base/log.h"
#include "upstream/h1_pool.h"
#include "upstream/h2_pool.h"

namespace gw::upstream {
namespace {

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
  if (options().http2)
    pool_ = std::make_unique<H2Pool>(*this);
  else
    pool_ = std::make_unique<H1Pool>(*this);
}

Server::~Server() = default;

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
