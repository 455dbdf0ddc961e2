// SPDX-License-Identifier: Apache-2.0
#include "attack/wire.h"

#include <array>
#include <charconv>

#include "attack/frames.h"
#include "attack/text.h"
#include "net/deadlines.h"
#include "net/dialer.h"

namespace gw::attack {
namespace {

constexpr std::size_t kMost = 1024 * 1024;  // of an answer

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Conversation final : private net::Stream::Events, private net::Deadline {
 public:
  Conversation(const Server& server, std::string_view request, const Patience& patience)
      : request_(request), patience_(patience) {
    deadlines_.set_in(*this, patience.limit);
    // On the loop, whose tasks run at the end of its callbacks.
    const auto& tls = patience.http2 ? server.h2_tls : server.tls;
    loop_.post(
        [this, target = net::Dialer::Target{server.host, server.port, tls, server.host, patience.limit}] {
          dial_ = dialer_.dial(target, [this](auto stream) { on_dialled(std::move(stream)); });
        });
  }

  Heard run() {
    loop_.run();
    return std::move(heard_);
  }

 private:
  void on_dialled(Result<std::unique_ptr<net::Stream>, net::DialFailure> stream) {
    if (!stream) {
      heard_.failure = stream.error().timed_out ? "no connection in time" : stream.error().detail;
      return loop_.stop();
    }
    heard_.connected = true;
    heard_.framed = patience_.http2;
    stream_ = std::move(*stream);
    stream_->hand_to(*this);
    stream_->set_reading(true);
    write();
  }

  void write() {
    while (!request_.empty()) {
      const net::IoResult wrote = stream_->write(request_);
      // What has been answered before it was all there may still be read.
      if (wrote.state != net::Io::ok) return;
      request_.remove_prefix(wrote.bytes);
    }
    stream_->stop_writing_events();
  }

  void on_stream_open() override {}
  void on_stream_writable() override { write(); }
  void on_stream_failed(const char*) override { loop_.stop(); }
  void on_stream_readable() override {
    std::array<char, 16 * 1024> room;
    for (;;) {
      const net::IoResult got = stream_->read(room.data(), room.size());
      if (got.state == net::Io::blocked) break;
      if (got.state != net::Io::ok || heard_.bytes.size() > kMost) return loop_.stop();
      heard_.bytes.append(room.data(), got.bytes);
    }
    if (patience_.is_for_one && heard_.has_whole_answer()) return loop_.stop();
    if (!heard_.bytes.empty()) deadlines_.set_in(*this, patience_.silence);
  }
  void on_deadline() override { loop_.stop(); }

  std::string_view request_;
  const Patience patience_;
  net::EventLoop loop_;
  net::Deadlines deadlines_{loop_};
  net::Dialer dialer_{loop_, deadlines_};
  net::Operation dial_;
  std::unique_ptr<net::Stream> stream_;
  Heard heard_;
};

}  // namespace

std::vector<int> Heard::statuses() const {
  if (framed && is_http2(bytes)) return read_frames(bytes).statuses;
  std::vector<int> all;
  constexpr std::string_view kVersion = "HTTP/1.";
  // Text without a status line; frames of HTTP/2 are none.
  const bool is_text = !bytes.empty() && static_cast<unsigned char>(bytes.front()) >= 0x20;
  if (is_text && !bytes.starts_with(kVersion)) all.push_back(9);
  // Wherever one stands: a body may end without a line.
  for (std::size_t at = 0; (at = bytes.find(kVersion, at)) != std::string::npos; at += kVersion.size()) {
    const std::string_view line = std::string_view(bytes).substr(at + kVersion.size(), 5);
    if (line.size() < 5 || line[1] != ' ' || !is_digit(line[2]) || !is_digit(line[3]) || !is_digit(line[4]))
      continue;
    const int status = (line[2] - '0') * 100 + (line[3] - '0') * 10 + (line[4] - '0');
    if (status >= 200 || status == 101) all.push_back(status);
  }
  return all;
}

std::string Heard::body() const {
  if (framed && is_http2(bytes)) return read_frames(bytes).body;
  const std::size_t end = bytes.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : bytes.substr(end + 4);
}

bool Heard::has_whole_answer() const {
  if (framed && is_http2(bytes)) return read_frames(bytes).is_over;
  std::string_view rest = bytes;
  while (rest.starts_with("HTTP/1.1 1") && !rest.starts_with("HTTP/1.1 101")) {
    const std::size_t end = rest.find("\r\n\r\n");
    if (end == std::string_view::npos) return false;
    rest.remove_prefix(end + 4);
  }
  const std::size_t end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  const std::string head = lower_case(rest.substr(0, end));
  const std::size_t field = head.find("\r\ncontent-length:");
  if (field == std::string::npos) return false;  // ends with the connection, or in chunks: silence will tell
  const std::size_t digits = head.find_first_not_of(' ', field + 17);
  std::size_t length = 0;
  if (digits == std::string::npos) return false;
  std::from_chars(head.data() + digits, head.data() + head.size(), length);
  return rest.size() >= end + 4 + length;
}

Heard ask(const Server& server, std::string_view request, const Patience& patience) {
  return Conversation(server, request, patience).run();
}

}  // namespace gw::attack
