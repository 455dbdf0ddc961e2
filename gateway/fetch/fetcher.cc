// SPDX-License-Identifier: Apache-2.0
#include "fetch/fetcher.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>

#include "base/slot_map.h"
#include "base/unique_fd.h"
#include "fetch/curl_library.h"
#include "fetch/url.h"
#include "net/fd_watch.h"

namespace gw::fetch {
namespace {

constexpr unsigned kMaxRedirects = 3;

struct Transfer {
  Request request;
  Fetcher::Done done;
  CurlHandle easy;
  CurlList fields;
  TimePoint deadline;
  unsigned redirects = 0;
  std::string body;
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  transfer.too_long = transfer.body.size() + bytes > transfer.request.max_bytes;
  if (transfer.too_long) return 0;  // ends it
  transfer.body.append(data, bytes);
  return bytes;
}

std::string field_of(CURL* easy, const char* name) {
  curl_header* found = nullptr;
  if (curl().easy_header(easy, name, 0, CURLH_HEADER, -1, &found) != CURLHE_OK) return {};
  return found->value;
}

// libcurl's own words name hosts and reasons, and nothing that was sent.
std::string failure(const Transfer& transfer, CURLcode code) {
  if (transfer.too_long)
    return "the answer is longer than " + std::to_string(transfer.request.max_bytes) + " bytes";
  return curl().easy_strerror(code);
}

void use_certificates(CURL* easy, std::string& ca) {
  curl().easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  if (ca.empty()) return;
  curl_blob blob{ca.data(), ca.size(), CURL_BLOB_NOCOPY};
  curl().easy_setopt(easy, CURLOPT_CAINFO, nullptr);
  curl().easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl().easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
}

// `body` lives as long as the transfer.
void post(Transfer& transfer, std::string_view body, const std::string& type) {
  CURL* easy = transfer.easy.get();
  append(transfer.fields, "Content-Type: " + type);
  append(transfer.fields, "Expect:");
  curl().easy_setopt(easy, CURLOPT_POST, 1L);
  curl().easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl().easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
}

void prepare(Transfer& transfer, const Url& url, Duration remaining) {
  CURL* easy = transfer.easy.get();
  Request& request = transfer.request;
  curl().easy_setopt(easy, CURLOPT_URL, url.text.c_str());
  curl().easy_setopt(easy, CURLOPT_PROTOCOLS_STR, url.tls ? "https" : "http");
  curl().easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // does not wait for a resolver that hangs
  if (!url.tls) curl().easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl().easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(remaining.count()));
  curl().easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(remaining.count()));
  curl().easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(request.max_bytes));
  curl().easy_setopt(easy, CURLOPT_USERAGENT, "gatewarden");
  curl().easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
  curl().easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
  use_certificates(easy, request.ca);
  transfer.fields.reset();
  append(transfer.fields, "Accept: " + request.accept);
  if (!request.authorization.empty())
    append(transfer.fields, "Authorization: " + std::string(request.authorization.reveal()));
  for (const auto& [name, value] : request.fields)
    append(transfer.fields, name + ": " + std::string(value.reveal()));
  if (!request.form.empty()) post(transfer, request.form.reveal(), "application/x-www-form-urlencoded");
  if (!request.body.empty()) post(transfer, request.body, request.content_type);
  curl().easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.fields.get());
}

}  // namespace

// libcurl's sockets and its timer stand in one epoll set, and the loop watches that set's descriptor.
class Fetcher::Engine final : private net::FdWatch::Events {
 public:
  explicit Engine(net::EventLoop& loop)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
        watch_(loop, epoll_.get(), *this) {
    multi_ = curl().multi_init();
    if (!epoll_ || !timer_ || multi_ == nullptr) std::abort();
    curl().multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Engine::on_socket);
    curl().multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl().multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Engine::on_timer);
    curl().multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl().multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, 32L);
    watch_socket(timer_.get(), EPOLLIN, EPOLL_CTL_ADD);
    watch_.set_reading(true);
  }
  ~Engine() {
    transfers_.for_each([&](auto& transfer) { curl().multi_remove_handle(multi_, transfer->easy.get()); });
    curl().multi_cleanup(multi_);
  }

  net::Operation send(Request request, Done done) {
    const auto id = transfers_.insert(std::make_unique<Transfer>());
    Transfer& transfer = **transfers_.find(id);
    transfer.request = std::move(request);
    transfer.done = std::move(done);
    transfer.deadline = steady_now() + transfer.request.timeout;
    const auto url = parse_url(transfer.request.url, transfer.request.plain_http);
    begin(id, transfer, url ? *url : Url{"invalid:", false, {}, 0, {}});  // which the library refuses, later
    return {&Engine::cancel, this, id};
  }

 private:
  using Id = SlotMap<std::unique_ptr<Transfer>>::Id;

  void begin(Id id, Transfer& transfer, const Url& url) {
    const auto remaining = std::chrono::ceil<Duration>(transfer.deadline - steady_now());
    transfer.body.clear();
    transfer.easy.reset(curl().easy_init());
    if (!transfer.easy) std::abort();
    prepare(transfer, url, std::max(remaining, Duration(1)));
    curl().easy_setopt(transfer.easy.get(), CURLOPT_PRIVATE, reinterpret_cast<void*>(id));
    curl().multi_add_handle(multi_, transfer.easy.get());  // sets the timer, which starts it
  }

  static void cancel(void* self, std::uint64_t id) {
    auto& engine = *static_cast<Engine*>(self);
    if (auto transfer = engine.transfers_.take(id); transfer && (*transfer)->easy)
      curl().multi_remove_handle(engine.multi_, (*transfer)->easy.get());
  }

  void watch_socket(int fd, std::uint32_t events, int how) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    ::epoll_ctl(epoll_.get(), how, fd, &event);
  }

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
    auto& engine = *static_cast<Engine*>(self);
    if (what == CURL_POLL_REMOVE) {
      engine.watch_socket(fd, 0, EPOLL_CTL_DEL);
      return 0;
    }
    const std::uint32_t events =
        ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0u) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0u);
    engine.watch_socket(fd, events, known == nullptr ? EPOLL_CTL_ADD : EPOLL_CTL_MOD);
    curl().multi_assign(engine.multi_, fd, self);
    return 0;
  }

  static int on_timer(CURLM*, long milliseconds, void* self) {
    itimerspec when{};
    when.it_value.tv_sec = milliseconds / 1000;
    when.it_value.tv_nsec = milliseconds % 1000 * 1'000'000;
    if (milliseconds == 0) when.it_value.tv_nsec = 1;
    if (milliseconds < 0) when = {};
    ::timerfd_settime(static_cast<Engine*>(self)->timer_.get(), 0, &when, nullptr);
    return 0;
  }

  void on_readable() override {
    std::array<epoll_event, 32> events;
    const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 0);
    int running = 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == timer_.get()) {
        std::uint64_t fired = 0;
        (void)!::read(timer_.get(), &fired, sizeof fired);
        curl().multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
        continue;
      }
      const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
      curl().multi_socket_action(multi_, event.data.fd, what, &running);
    }
    take_finished();
  }
  void on_writable() override {}

  void take_finished() {
    int left = 0;
    while (const CURLMsg* message = curl().multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;
      void* id = nullptr;
      curl().easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &id);
      curl().multi_remove_handle(multi_, message->easy_handle);
      on_finished(reinterpret_cast<Id>(id), code);
    }
  }

  void on_finished(Id id, CURLcode code) {
    Transfer& transfer = **transfers_.find(id);
    if (code != CURLE_OK) return finish(id, failure(transfer, code));
    CURL* easy = transfer.easy.get();
    long status = 0;
    curl().easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 300 && status < 400 && transfer.request.form.empty() && transfer.request.body.empty())
      return follow(id, transfer);
    Response response{static_cast<unsigned>(status), std::move(transfer.body),
                      field_of(easy, "Cache-Control"), field_of(easy, "Age"), field_of(easy, "Retry-After")};
    finish(id, std::move(response));
  }

  void follow(Id id, Transfer& transfer) {
    char* location = nullptr;
    curl().easy_getinfo(transfer.easy.get(), CURLINFO_REDIRECT_URL, &location);
    const auto here = parse_url(transfer.request.url);
    const auto there = parse_url(location == nullptr ? "" : location);
    if (!there || !there->is_same_origin(*here))
      return finish(id, std::string("it redirects to another origin, which is not followed"));
    if (++transfer.redirects > kMaxRedirects)
      return finish(id, std::string("it redirects more than 3 times"));
    begin(id, transfer, *there);
  }

  // The callback may cancel other transfers and send new ones.
  void finish(Id id, Result<Response, std::string> result) {
    if (auto transfer = transfers_.take(id)) (*transfer)->done(std::move(result));
  }

  UniqueFd epoll_;
  UniqueFd timer_;
  net::FdWatch watch_;
  CURLM* multi_ = nullptr;
  SlotMap<std::unique_ptr<Transfer>> transfers_;
};

Fetcher::Fetcher(net::EventLoop& loop) : loop_(loop) {}
Fetcher::~Fetcher() = default;

net::Operation Fetcher::send(Request request, Done done) {
  if (engine_ == nullptr) engine_ = std::make_unique<Engine>(loop_);
  return engine_->send(std::move(request), std::move(done));
}

}  // namespace gw::fetch
