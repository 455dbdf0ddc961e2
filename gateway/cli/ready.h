// SPDX-License-Identifier: Apache-2.0
// `gatewarden ready`: asks a gateway's admin address whether it is ready, for probes where nothing else can
// ask (a container without a shell; an admin address that only its own host reaches).
#pragma once

#include <iosfwd>
#include <string>

namespace gw::cli {

struct ReadyRequest {
  std::string admin;   // HOST:PORT or unix:/PATH
  bool alive = false;  // GET /healthz: whether it serves at all
};

// 0 when it is, 3 when it says that it is not, 1 when it does not answer within two seconds.
int run_ready(const ReadyRequest& request, std::ostream& out, std::ostream& err);

}  // namespace gw::cli
