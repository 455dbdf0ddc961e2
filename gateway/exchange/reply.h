// SPDX-License-Identifier: Apache-2.0
// Answers that the gateway makes itself. reply_for() is the only code that makes an error response: a problem
// document (RFC 9457) with the challenge that its status demands (RFC 6750 section 3).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace gw::exchange {

struct Reply {
  std::uint16_t status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string_view cache_control = "no-store";
  bool close = false;     // the connection ends with it
  std::string_view code;  // of an error
};

struct Challenge {
  std::span<const std::string> scopes{};  // that the route demands
  std::string acr_values{};               // with forbidden: a login of this kind would do (RFC 9470)
  std::string resource_metadata{};        // RFC 9728
};

// Makes of an error what a gRPC client understands: 200 with a grpc-status. REQUIRES: reply.code.
void speak_grpc(Reply& reply);
bool is_grpc_type(std::string_view content_type);

Reply reply_for(const Error& error, std::string_view request_id, const Challenge& challenge = {},
                const json::Value& errors = {});

}  // namespace gw::exchange
