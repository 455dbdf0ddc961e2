// SPDX-License-Identifier: Apache-2.0
// `gatewarden explain` and `gatewarden test`: what the gateway would do with requests, by its own steps.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "config/config.h"

namespace gw::cli {

struct ExplainCommand {
  std::string method;
  std::string url;
  std::vector<std::string> headers;  // "Name: value"
  std::string token;
  std::string claims;  // JSON
  std::string client_ip = "127.0.0.1";
  bool json = false;
};

// 0 forwarded or answered, 3 refused, 1 after a sentence on `err`.
int run_explain(const config::Config& config, const ExplainCommand& command, std::ostream& out,
                std::ostream& err);

// 0 when every case of the file comes out as expected, 3 when one does not, 1 when it cannot be run.
int run_policy_test(const config::Config& config, const std::string& cases, std::ostream& out,
                    std::ostream& err);

}  // namespace gw::cli
