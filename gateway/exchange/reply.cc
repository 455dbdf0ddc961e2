// SPDX-License-Identifier: Apache-2.0
#include "exchange/reply.h"

#include <array>

#include "auth/dpop.h"
#include "exchange/snapshot.h"
#include "http/h1_writer.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kUsual = 320;  // of a problem document; most challenges are shorter

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
std::string challenge_start(Fault fault) {
  std::string text(fault == Fault::use_dpop_nonce ? "DPoP" : "Bearer");
  text += " realm=\"gatewarden\"";
  if (fault != Fault::token_missing && fault != Fault::bad_credentials)
    text.append(", error=\"")
        .append(error_of(fault))
        .append("\", error_description=\"")
        .append(info_of(fault).title)
        .append("\"");
  return text;
}

std::string problem_start(Fault fault) {
  const FaultInfo& info = info_of(fault);
  std::string text = "{\"status\":" + std::to_string(info.status) + ",\"title\":";
  json::append_quoted(text, http::reason_of(info.status));
  text += ",\"detail\":";
  json::append_quoted(text, info.title);
  text += ",\"code\":";
  json::append_quoted(text, info.code);
  // What clients of OAuth look at (RFC 6749 5.2).
  if (is_about_proofs(fault)) text.append(",\"error\":\"").append(info.code).append("\"");
  return text + ",\"request_id\":";
}

// How the answer to a fault begins, made once.
struct Start {
  std::string problem, challenge;
};
const Start& start_of(Fault fault) {
  static const auto kStarts = [] {
    std::array<Start, kFaults> starts;
    for (std::size_t i = 0; i < kFaults; ++i)
      starts[i] = {problem_start(static_cast<Fault>(i)), challenge_start(static_cast<Fault>(i))};
    return starts;
  }();
  return kStarts[static_cast<std::size_t>(fault)];
}

void append_address(std::string& text, const MetadataAddress& address) {
  text.append(address.is_secure ? "https://" : "http://")
      .append(address.authority)
      .append(kResourceMetadataPath);
  if (address.path != "/") text += address.path;
}

void write_challenge(std::string& text, Fault fault, const Challenge& challenge) {
  text.reserve(kUsual);
  text = start_of(fault).challenge;
  for (std::size_t i = 0; i < challenge.scopes.size(); ++i)
    text.append(i == 0 ? ", scope=\"" : " ").append(challenge.scopes[i]);
  if (!challenge.scopes.empty()) text += '"';
  if (!challenge.acr_values.empty()) text.append(", acr_values=\"").append(challenge.acr_values).append("\"");
  if (!challenge.metadata.authority.empty()) {
    text += ", resource_metadata=\"";
    append_address(text, challenge.metadata);
    text += '"';
  }
  // RFC 9449 7.1: perhaps it is the proof that is missing.
  if (fault == Fault::token_type) text += ", DPoP " + proof_algorithms();
  if (fault == Fault::use_dpop_nonce) text += ", " + proof_algorithms();
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

void Reply::clear() {
  Reply fresh;
  fresh.body.swap(body);
  fresh.challenge.swap(challenge);
  fresh.fields.swap(fields);
  fresh.body.clear();
  fresh.challenge.clear();
  fresh.fields.clear();
  *this = std::move(fresh);
}

void write_refusal(Reply& reply, const Error& error, std::string_view request_id, const Challenge& challenge,
                   const json::Value& errors) {
  const FaultInfo& info = info_of(error.fault);
  reply.status = info.status;
  reply.code = info.code;
  reply.close = info.closes_connection;
  reply.content_type = "application/problem+json";
  reply.body.reserve(kUsual);
  reply.body = start_of(error.fault).problem;
  json::append_quoted(reply.body, request_id);
  if (!errors.is_null()) reply.body += ",\"errors\":" + json::dump(errors);
  reply.body += '}';
  const bool steps_up = error.fault == Fault::forbidden && !challenge.acr_values.empty();
  if (info.status == 401 || error.fault == Fault::insufficient_scope || steps_up)
    write_challenge(reply.challenge, error.fault, challenge);
}

Reply reply_for(const Error& error, std::string_view request_id, const Challenge& challenge,
                const json::Value& errors) {
  Reply reply;
  write_refusal(reply, error, request_id, challenge, errors);
  return reply;
}

}  // namespace gw::exchange
