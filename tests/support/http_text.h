// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages as a test reads them off a wire: no judgement, only the framing.
#pragma once

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include "support/wire.h"

namespace gw::test {

struct Message {
  std::string start_line;  // empty: the connection ended before one
  std::string head;        // all of it
  std::string body;
  std::string trailers;
  bool complete = false;  // as its framing says

  int status() const { return start_line.size() < 12 ? 0 : std::atoi(start_line.c_str() + 9); }
  // The value of the first field of that name; empty without one.
  std::string field(std::string_view name) const {
    const auto same = [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    };
    const std::string wanted = "\r\n" + std::string(name) + ":";
    const auto at = std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), same);
    if (at == head.end()) return {};
    std::size_t from = static_cast<std::size_t>(at - head.begin()) + wanted.size();
    while (from < head.size() && head[from] == ' ') ++from;
    return head.substr(from, head.find("\r\n", from) - from);
  }
};

// Takes one message off the wire, or what of it comes.
class MessageReader {
 public:
  explicit MessageReader(Wire& wire) : wire_(wire), bytes_(wire.ahead()) {}

  // `is_bodiless`: an answer to HEAD.
  Message read(bool is_bodiless = false) {
    Message message;
    std::size_t end = 0;
    while ((end = bytes_.find("\r\n\r\n")) == std::string::npos)
      if (!more()) return message;
    message.head = bytes_.substr(0, end + 4);
    message.start_line = bytes_.substr(0, bytes_.find("\r\n"));
    bytes_.erase(0, end + 4);
    read_body(message, is_bodiless);
    return message;
  }

 private:
  void read_body(Message& message, bool is_bodiless) {
    const bool is_response = message.start_line.starts_with("HTTP/");
    const int status = is_response ? message.status() : 0;
    if (is_bodiless || status / 100 == 1 || status == 204 || status == 304) {
      message.complete = true;
    } else if (!message.field("Transfer-Encoding").empty()) {
      read_chunks(message);
    } else if (const std::string length = message.field("Content-Length"); !length.empty()) {
      message.complete = take(std::strtoull(length.c_str(), nullptr, 10), message.body);
    } else if (is_response) {
      while (more()) continue;
      message.body.swap(bytes_);
      message.complete = !wire_.has_failed();
    } else {
      message.complete = true;
    }
  }

  void read_chunks(Message& message) {
    for (;;) {
      std::string line;
      if (!take_line(line)) return;
      const std::size_t size = std::strtoull(line.c_str(), nullptr, 16);
      if (size == 0) break;
      std::string end;
      if (!take(size, message.body) || !take_line(end) || !end.empty()) return;
    }
    for (std::string line; take_line(line); message.trailers += line + "\n")
      if (line.empty()) {
        message.complete = true;
        return;
      }
  }

  bool take(std::size_t size, std::string& to) {
    while (bytes_.size() < size)
      if (!more()) {
        to += bytes_;
        bytes_.clear();
        return false;
      }
    to.append(bytes_, 0, size);
    bytes_.erase(0, size);
    return true;
  }
  bool take_line(std::string& line) {
    std::size_t end = 0;
    while ((end = bytes_.find("\r\n")) == std::string::npos)
      if (!more()) return false;
    line = bytes_.substr(0, end);
    bytes_.erase(0, end + 2);
    return true;
  }
  bool more() {
    const std::string got = wire_.read_some();
    bytes_ += got;
    return !got.empty();
  }

  Wire& wire_;
  std::string& bytes_;
};

inline Message read_message(Wire& wire, bool is_bodiless = false) {
  return MessageReader(wire).read(is_bodiless);
}

// "4\r\nWiki\r\n0\r\n\r\n", in pieces of at most `piece` bytes.
inline std::string chunked(std::string_view body, std::size_t piece = 4096) {
  std::string out;
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", std::min(piece, body.size()));
    out.append(size).append(body.substr(0, piece)).append("\r\n");
  }
  return out + "0\r\n\r\n";
}

// Bytes that are not the same everywhere, so that a lost or repeated piece is seen.
inline std::string make_body(std::size_t size) {
  std::string body(size, '\0');
  for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return body;
}

}  // namespace gw::test
