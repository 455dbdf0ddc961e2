// SPDX-License-Identifier: Apache-2.0
#include "http/h1_writer.h"

#include <charconv>
#include <cstring>

namespace gw::http {
namespace {

char* put(char* to, std::string_view text) {
  return to + text.copy(to, text.size());  // unlike memcpy it takes an empty view
}

}  // namespace

void append_status_line(net::Buffer& out, std::uint16_t status, std::string_view reason) {
  char* to = out.reserve(16 + reason.size());
  char* const start = to;
  to = put(to, "HTTP/1.1 ");
  *to++ = static_cast<char>('0' + status / 100);
  *to++ = static_cast<char>('0' + status / 10 % 10);
  *to++ = static_cast<char>('0' + status % 10);
  *to++ = ' ';
  to = put(to, reason);
  to = put(to, "\r\n");
  out.commit(static_cast<std::size_t>(to - start));
}

void append_fields(net::Buffer& out, const Fields& fields) {
  std::size_t size = 0;
  for (const Field& field : fields)
    if (!field.dropped) size += field.name.size() + field.value.size() + 4;
  char* to = out.reserve(size);
  for (const Field& field : fields) {
    if (field.dropped) continue;
    to = put(to, field.name);
    *to++ = ':';
    *to++ = ' ';
    to = put(to, field.value);
    *to++ = '\r';
    *to++ = '\n';
  }
  out.commit(size);
}

void append_field(net::Buffer& out, std::string_view name, std::string_view value) {
  const std::size_t size = name.size() + value.size() + 4;
  char* to = put(out.reserve(size), name);
  to = put(to, ": ");
  to = put(to, value);
  put(to, "\r\n");
  out.commit(size);
}

void append_number(net::Buffer& out, std::uint64_t number, int base) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  out.append(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void append_request_head(net::Buffer& out, const UpstreamRequest& request) {
  const std::size_t size =
      request.method_text.size() + request.path.size() + request.query.size() + request.authority.size() + 32;
  char* to = out.reserve(size);
  char* const start = to;
  to = put(to, request.method_text);
  *to++ = ' ';
  to = put(to, request.path);
  if (request.has_query) {
    *to++ = '?';
    to = put(to, request.query);
  }
  to = put(to, " HTTP/1.1\r\nHost: ");
  to = put(to, request.authority);
  to = put(to, "\r\n");
  out.commit(static_cast<std::size_t>(to - start));
  append_fields(out, *request.fields);
  if (request.framing == Framing::length) {
    out.append("Content-Length: ");
    append_number(out, request.content_length);
    out.append("\r\n");
  } else if (request.framing != Framing::none) {
    out.append("Transfer-Encoding: chunked\r\n");
  }
  if (request.upgrades) out.append(kUpgrade);
  out.append("\r\n");
}

void append_chunk_head(net::Buffer& out, std::size_t size) {
  append_number(out, size, 16);
  out.append("\r\n");
}

void append_last_chunk(net::Buffer& out, const Fields& trailers) {
  out.append("0\r\n");
  append_fields(out, trailers);
  out.append("\r\n");
}

std::string_view reason_of(std::uint16_t status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return {};
  }
}

}  // namespace gw::http
