// SPDX-License-Identifier: Apache-2.0
#include "trace/exporter.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "trace/span.h"

namespace gw::trace {
namespace {

constexpr std::size_t kSpansPerRequest = 512;
constexpr Duration kGathering = 200ms;  // more may follow
constexpr unsigned kTries = 5;
constexpr Duration kFirstWait = 1s;  // doubles
constexpr Duration kLongestWait = 30s;

// Those that OTLP/HTTP names.
bool may_be_tried_again(unsigned status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// A date is not taken for one.
Duration wait_of(const std::string& retry_after) {
  unsigned seconds = 0;
  const char* end = retry_after.data() + retry_after.size();
  const auto read = std::from_chars(retry_after.data(), end, seconds);
  if (read.ec != std::errc() || read.ptr != end || retry_after.empty()) return 0ms;
  return std::min<Duration>(std::chrono::seconds(std::min(seconds, 3600u)), kLongestWait);
}

// Spans that a collector refused although it said 200.
std::uint64_t rejected_by(const std::string& body) {
  const auto answer = json::parse(body);
  const json::Value* partial = answer ? answer->find("partialSuccess") : nullptr;
  const json::Value* count = partial != nullptr ? partial->find("rejectedSpans") : nullptr;
  if (count == nullptr) return 0;
  if (const std::int64_t* number = count->as_int())
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, *number));
  std::uint64_t number = 0;
  if (const std::string* text = count->as_string())
    std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

void Exporter::on_spans() {
  if (sending_.count == 0) deadlines_.set_in(*this, kGathering);
}

void Exporter::on_deadline() {
  if (sending_.count == 0) {
    sending_ = queue_.take(kSpansPerRequest);
    tries_ = 0;
  }
  if (sending_.count != 0) send();
}

void Exporter::send() {
  if (!options_) {
    queue_.drop(std::exchange(sending_, {}).count);
    return on_deadline();
  }
  ++tries_;
  if (!fetcher_) fetcher_.emplace(loop_);
  operation_ = fetcher_->send(request_for(sending_), [this](Result<fetch::Response, std::string> answer) {
    on_answer(std::move(answer));
  });
}

fetch::Request Exporter::request_for(const Batch& batch) const {
  fetch::Request request;
  request.url = options_->url;
  request.plain_http = fetch::PlainHttp::anywhere;
  request.ca = options_->ca;
  request.timeout = options_->timeout;
  request.max_bytes = 64 * 1024;
  request.content_type = "application/json";
  request.body = format_export(options_->service, version_, batch.spans);
  for (const auto& [name, value] : options_->headers) request.fields.emplace_back(name, value);
  return request;
}

void Exporter::on_answer(Result<fetch::Response, std::string> answer) {
  if (!answer) return retry_or_give_up(answer.error(), 0ms);
  const std::string why = "status " + std::to_string(answer->status);
  if (may_be_tried_again(answer->status)) return retry_or_give_up(why, wait_of(answer->retry_after));
  if (answer->status < 200 || answer->status > 299) {
    tries_ = kTries;
    return retry_or_give_up(why, 0ms);
  }
  const std::uint64_t rejected = std::min<std::uint64_t>(sending_.count, rejected_by(answer->body));
  counts_.exported += sending_.count - rejected;
  counts_.failed += rejected;
  told_ = false;
  sending_ = {};
  deadlines_.set_in(*this, 0ms);
}

void Exporter::retry_or_give_up(const std::string& why, Duration wait) {
  ++counts_.failures;
  if (!options_) return deadlines_.set_in(*this, 0ms);  // a reload took them away
  if (!std::exchange(told_, true)) log::warn("spans cannot be sent", {{"url", options_->url}, {"why", why}});
  if (tries_ < kTries)
    return deadlines_.set_in(
        *this, std::max(wait, std::min<Duration>(kFirstWait * (1 << (tries_ - 1)), kLongestWait)));
  counts_.failed += std::exchange(sending_, {}).count;
  deadlines_.set_in(*this, 0ms);
}

// Each batch once.
void Exporter::send_rest(Duration most) {
  operation_.reset();
  if (!options_) return;
  const TimePoint deadline = steady_now() + most;
  if (sending_.count == 0) sending_ = queue_.take(kSpansPerRequest);
  for (; sending_.count != 0 && steady_now() < deadline; sending_ = queue_.take(kSpansPerRequest)) {
    net::EventLoop loop;
    fetch::Fetcher fetcher(loop);
    fetch::Request request = request_for(sending_);
    request.timeout = std::min(request.timeout, std::chrono::ceil<Duration>(deadline - steady_now()));
    const net::Operation operation =
        fetcher.send(std::move(request), [&](Result<fetch::Response, std::string>) { loop.stop(); });
    loop.run();
  }
}

}  // namespace gw::trace
