// SPDX-License-Identifier: Apache-2.0
#include "exchange/reply.h"

#include "auth/dpop.h"
#include "http/h1_writer.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kUsual = 320;  // of a problem document; most challenges take half of it

std::string_view error_of(Fault fault) {
  if (fault == Fault::insufficient_scope) return "insufficient_scope";
  if (fault == Fault::use_dpop_nonce) return "use_dpop_nonce";
  return fault == Fault::forbidden ? "insufficient_user_authentication" : "invalid_token";
}

std::string proof_algorithms() {
  std::string text = "algs=\"";
  for (const jose::Algorithm algorithm : auth::kDpopAlgorithms)
    text.append(text.back() == '"' ? "" : " ").append(jose::name_of(algorithm));
  return text + '"';
}

bool is_about_proofs(Fault fault) {
  return fault == Fault::invalid_dpop_proof || fault == Fault::use_dpop_nonce_at_login ||
         fault == Fault::use_dpop_nonce;
}

// RFC 6750 3: without a credential the challenge has no error attribute.
std::string challenge_for(Fault fault, const Challenge& challenge) {
  const FaultInfo& info = info_of(fault);
  std::string text;
  text.reserve(kUsual / 2);
  text += fault == Fault::use_dpop_nonce ? "DPoP" : "Bearer";
  text += " realm=\"gatewarden\"";
  if (fault != Fault::token_missing && fault != Fault::bad_credentials) {
    text += ", error=\"";
    text += error_of(fault);
    text += "\", error_description=\"";
    text += info.title;
    text += '"';
  }
  for (std::size_t i = 0; i < challenge.scopes.size(); ++i)
    text.append(i == 0 ? ", scope=\"" : " ").append(challenge.scopes[i]);
  if (!challenge.scopes.empty()) text += '"';
  if (!challenge.acr_values.empty()) text += ", acr_values=\"" + challenge.acr_values + '"';
  if (!challenge.resource_metadata.empty())
    text += ", resource_metadata=\"" + challenge.resource_metadata + '"';
  // RFC 9449 7.1: perhaps it is the proof that is missing.
  if (fault == Fault::token_type) text += ", DPoP " + proof_algorithms();
  if (fault == Fault::use_dpop_nonce) text += ", " + proof_algorithms();
  return text;
}

// The codes of gRPC for a status, as its clients would map it themselves
// (grpc/doc/http-grpc-status-mapping.md), and closer where there is one that fits better.
std::string_view grpc_status_of(std::uint16_t status) {
  switch (status) {
    case 401:
      return "16";  // UNAUTHENTICATED
    case 403:
      return "7";  // PERMISSION_DENIED
    case 404:
    case 405:
    case 415:
      return "12";  // UNIMPLEMENTED
    case 408:
    case 504:
      return "4";  // DEADLINE_EXCEEDED
    case 413:
    case 414:
    case 429:
    case 431:
      return "8";  // RESOURCE_EXHAUSTED
    case 502:
    case 503:
      return "14";  // UNAVAILABLE
    case 500:
      return "13";  // INTERNAL
    default:
      return "3";  // INVALID_ARGUMENT
  }
}

}  // namespace

bool is_grpc_type(std::string_view content_type) {
  constexpr std::string_view kType = "application/grpc";
  if (!http::equal_without_case(content_type.substr(0, kType.size()), kType)) return false;
  return content_type.size() == kType.size() || content_type[kType.size()] == '+' ||
         content_type[kType.size()] == ';';
}

void speak_grpc(Reply& reply) {
  reply.fields.emplace_back("grpc-status", grpc_status_of(reply.status));
  // The public sentence alone, and the code that a problem document would have.
  std::string message(reply.code);
  reply.fields.emplace_back("grpc-message", std::move(message));
  reply.status = 200;
  reply.content_type = "application/grpc";
  reply.body.clear();
}

Reply reply_for(const Error& error, std::string_view request_id, const Challenge& challenge,
                const json::Value& errors) {
  const FaultInfo& info = info_of(error.fault);
  Reply reply;
  reply.status = info.status;
  reply.code = info.code;
  reply.close = info.closes_connection;
  reply.content_type = "application/problem+json";
  reply.body.reserve(kUsual);
  reply.body += "{\"status\":";
  reply.body += std::to_string(info.status);
  reply.body += ",\"title\":";
  json::append_quoted(reply.body, http::reason_of(info.status));
  reply.body += ",\"detail\":";
  json::append_quoted(reply.body, info.title);
  reply.body += ",\"code\":";
  json::append_quoted(reply.body, info.code);
  // What clients of OAuth look at (RFC 6749 5.2).
  if (is_about_proofs(error.fault)) reply.body.append(",\"error\":\"").append(info.code).append("\"");
  reply.body += ",\"request_id\":";
  json::append_quoted(reply.body, request_id);
  if (!errors.is_null()) reply.body += ",\"errors\":" + json::dump(errors);
  reply.body += '}';
  const bool steps_up = error.fault == Fault::forbidden && !challenge.acr_values.empty();
  if (info.status == 401 || error.fault == Fault::insufficient_scope || steps_up)
    reply.fields.emplace_back("WWW-Authenticate", challenge_for(error.fault, challenge));
  return reply;
}

}  // namespace gw::exchange
