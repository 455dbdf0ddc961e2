// SPDX-License-Identifier: Apache-2.0
// A certificate's OCSP response, stapled to handshakes (RFC 6066 8). It comes from a file that something else
// keeps fresh (`openssl ocsp -respout`); a reload reads it again. One that has run out is not shown.
// THREAD: immutable, shared.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

struct ssl_ctx_st;

namespace gw::net {

class OcspStaple {
 public:
  // In DER, for the context's certificate. The error names the file and says what is wrong with it.
  static Result<OcspStaple, std::string> read(const std::string& file, ssl_ctx_st* context);

  bool empty() const { return response_.empty(); }
  bool is_fresh(WallSeconds now) const { return now < next_update_; }
  const std::string& response() const { return response_; }

 private:
  friend class ServerTls;
  OcspStaple() = default;
  std::string response_;
  WallSeconds next_update_ = 0;
};

// The context's handshakes show it when asked. It must outlive the context.
void use_staple(ssl_ctx_st* context, const OcspStaple& staple);

}  // namespace gw::net
