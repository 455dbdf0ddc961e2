// SPDX-License-Identifier: Apache-2.0
// The HTTP/1.1 client side of one upstream connection: one request at a time, kept alive between them.
// THREAD: one worker.  OWNERSHIP: held by the upstream pool; freed by defer_delete.
#pragma once

#include <memory>
#include <span>

#include "http/client_stream.h"
#include "http/h1_parser.h"
#include "net/buffer.h"
#include "net/stream.h"

namespace gw::http {

class H1ClientOwner {
 public:
  // An idle connection ended or said something unasked: it must not be used again.
  virtual void on_idle_connection_lost(ClientStream& connection) = 0;

 protected:
  ~H1ClientOwner() = default;
};

class H1Client final : public ClientStream, private net::Stream::Events, private net::Task {
 public:
  H1Client(std::unique_ptr<net::Stream> stream, net::BufferPool& buffers, std::span<char> scratch,
           const Limits& limits, H1ClientOwner& owner);
  ~H1Client() override;

  void send_head(const UpstreamRequest& request, ResponseEvents& events) override;
  void send_body(std::string_view bytes) override;
  void send_end(const Fields& trailers) override;
  void set_body_paused(bool paused) override;
  std::size_t unsent() const override { return out_.size(); }
  void cancel() override;
  bool is_reused() const override { return answers_ != 0; }
  bool is_reusable() const override { return state_ == State::idle; }
  int fd() const { return stream_->fd(); }
  // The owner's note: by which of its lists of addresses this connection was last judged.
  std::uint32_t judged_by = 0;

 private:
  // idle -> head -> body -> idle; broken from any
  enum class State : std::uint8_t { idle, head, body, broken };

  void on_stream_open() override {}
  void on_stream_readable() override;
  void on_stream_writable() override { flush(); }
  void on_stream_failed(const char*) override {}
  void run_task() override { flush(); }

  void take_bytes(std::string_view bytes);
  std::string_view take_head(std::string_view bytes);
  std::string_view take_body(std::string_view bytes);
  void on_end_of_stream(bool clean);
  void finish_response(std::string_view behind);
  void fail(UpstreamFailure failure, const char* why);
  void flush();

  std::unique_ptr<net::Stream> stream_;
  std::span<char> scratch_;
  H1ClientOwner& owner_;
  ResponseEvents* events_ = nullptr;
  net::Buffer in_;  // the beginning of a head
  net::Buffer out_;
  ResponseParser parser_;
  ResponseHead head_;
  BodyReader body_;
  const Limits& limits_;
  std::uint32_t answers_ = 0;
  Method method_ = Method::get;
  Framing request_framing_ = Framing::none;
  State state_ = State::idle;
  bool request_ended_ = true;
  bool answering_ = false;     // an interim answer has come
  bool upgrades_ = false;      // the request asks for WebSocket
  bool write_broken_ = false;  // the server stopped reading; it may still answer
  bool above_watermark_ = false;
  bool keep_alive_ = true;
};

}  // namespace gw::http
