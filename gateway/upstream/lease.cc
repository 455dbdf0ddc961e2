// SPDX-License-Identifier: Apache-2.0
#include "upstream/lease.h"

#include <utility>

#include "upstream/server.h"

namespace gw::upstream {

Lease::Lease() = default;

Lease::Lease(LocalRef<Server> server, std::unique_ptr<http::ClientStream> stream)
    : server_(std::move(server)), stream_(std::move(stream)) {}

Lease::Lease(Lease&& other) noexcept = default;

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    server_ = std::move(other.server_);
    stream_ = std::move(other.stream_);
  }
  return *this;
}

Lease::~Lease() {
  release();
}

void Lease::release() {
  if (stream_ != nullptr) server_->pool().give_back(std::move(stream_));
  server_.reset();
}

}  // namespace gw::upstream
