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
  std::string challenge;  // WWW-Authenticate; empty: none
  std::vector<std::pair<std::string_view, std::string>> fields;
  std::string_view cache_control = "no-store";
  bool close = false;     // the connection ends with it
  std::string_view code;  // of an error

  void clear();  // keeps its memory
};

// Where a client finds out how to get a token for a resource (RFC 9728 3.1). No part has a quote in it.
struct MetadataAddress {
  bool is_secure = true;
  std::string_view authority{};  // empty: nowhere
  std::string_view path{};       // of the resource
};

struct Challenge {
  std::span<const std::string> scopes{};  // that the route demands
  std::string_view acr_values{};          // with forbidden: a login of this kind would do (RFC 9470)
  MetadataAddress metadata{};
};

// Makes of an error what a gRPC client understands: 200 with a grpc-status. REQUIRES: reply.code.
void speak_grpc(Reply& reply);
bool is_grpc_type(std::string_view content_type);

// Into one that is as new, or has been cleared.
void write_refusal(Reply& reply, const Error& error, std::string_view request_id,
                   const Challenge& challenge = {}, const json::Value& errors = {});
Reply reply_for(const Error& error, std::string_view request_id, const Challenge& challenge = {},
                const json::Value& errors = {});

}  // namespace gw::exchange
