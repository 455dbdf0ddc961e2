// SPDX-License-Identifier: Apache-2.0
// Asks a proxy, one thread, TLS 1.3 with AES-128-GCM, and prints a JSON object of what came of it.
//   load --port P --cpu-of PID,... [--tokens FILE] [--path /] [--expect 200] [--connections 64] [--seconds 6]
//   [--warmup 1]
//        [--mode keep|full|resume|idle] [--rate R]
// keep: a closed loop over kept-alive connections; with --rate an open one, with Poisson arrivals whose
// latency counts from when they were due. full, resume: a connection, and a handshake of that kind, for each
// request. idle: one request on each connection, then "ready" and nothing until the input ends. The CPU time
// of the processes is read at both ends of the window in which answers are counted.
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <sstream>
#include <string_view>
#include <vector>

#include "sockets.h"

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

// Of all threads of the processes, in microseconds.
double cpu_of(const std::string& pids) {
  double total = 0;
  std::istringstream list(pids);
  for (std::string pid; std::getline(list, pid, ',');) {
    const std::string folder = "/proc/" + pid + "/task";
    DIR* tasks = ::opendir(folder.c_str());
    if (tasks == nullptr) continue;
    while (const dirent* task = ::readdir(tasks)) {
      if (task->d_name[0] == '.') continue;  // ".." has a schedstat, too: that of the first thread
      std::ifstream file(folder + "/" + task->d_name + "/schedstat");
      if (double nanoseconds = 0; file >> nanoseconds) total += nanoseconds / 1000;
    }
    ::closedir(tasks);
  }
  return total;
}

struct Plan {
  int port = 0, expected = 200;
  bool handshakes = false, resumes = false, idle = false;
  double rate = 0;
  std::vector<std::string> requests;
  SSL_CTX* context = nullptr;
};

class Load;

// One connection and its request. Handshake by handshake, read by read; the answer must say its length.
class Client {
 public:
  Client(Load& load, unsigned number) : load_(load), number_(number) {}
  ~Client() { disconnect(); }
  void ask(Clock::time_point due);
  void on_events();
  bool is_free() const { return !asking_; }
  void keep(SSL_SESSION* session) {
    SSL_SESSION_free(session_);
    session_ = session;
  }

 private:
  void connect();
  void disconnect();
  void send();
  void receive();
  void answer(int status);
  void fail();
  void want(unsigned events);

  Load& load_;
  const unsigned number_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
  SSL_SESSION* session_ = nullptr;
  bool asking_ = false, sent_ = false;
  unsigned wanted_ = EPOLLIN;
  Clock::time_point due_;
  std::string head_;
  std::size_t left_ = 0;  // of the body
};

class Load {
 public:
  Load(Plan plan, std::size_t connections) : plan_(std::move(plan)) {
    for (unsigned i = 0; i < connections; ++i) clients_.push_back(std::make_unique<Client>(*this, i));
  }

  const Plan& plan() const { return plan_; }
  bench::Poller& poller() { return poller_; }
  const std::string& next_request() { return plan_.requests[next_++ % plan_.requests.size()]; }

  void on_answer(Client& client, int status, Clock::time_point due) {
    ++(status == plan_.expected ? ok_ : other_);
    if (status == plan_.expected) latencies_.push_back(Seconds(Clock::now() - due).count());
    go_on(client);
  }
  void on_failure(Client& client) {
    ++failed_;
    go_on(client);
  }
  void on_handshake(bool resumed) {
    ++handshakes_;
    resumed_ += resumed ? 1 : 0;
  }

  void run(double warmup, double seconds, const std::string& pids) {
    arrivals_began_ = Clock::now();
    if (plan_.rate == 0)
      for (const auto& client : clients_) client->ask(Clock::now());
    loop_for(warmup);
    ok_ = other_ = failed_ = handshakes_ = resumed_ = 0;
    latencies_.clear();
    const double cpu = cpu_of(pids);
    const auto begun = Clock::now();
    loop_for(seconds);
    const double took = Seconds(Clock::now() - begun).count(), used = cpu_of(pids) - cpu;
    print(took, used);
  }

  void hold() {
    // A few at a time: what many handshakes at once need would be taken for what idle connections need.
    for (std::size_t asked = 0; ok_ + other_ + failed_ < clients_.size();) {
      while (asked < clients_.size() && asked < ok_ + other_ + failed_ + 8)
        clients_[asked++]->ask(Clock::now());
      step(Clock::now() + std::chrono::seconds(1));
    }
    std::cout << "ready " << ok_ << std::endl;
    std::string line;
    std::getline(std::cin, line);
  }

 private:
  void go_on(Client& client) {
    if (plan_.idle) return;
    if (plan_.rate == 0) return client.ask(Clock::now());
    if (due_.empty()) return;
    const auto due = due_.front();
    due_.pop_front();
    client.ask(due);
  }

  void arrive() {
    while (plan_.rate > 0 && next_arrival_ <= Clock::now()) {
      const auto free =
          std::find_if(clients_.begin(), clients_.end(), [](const auto& one) { return one->is_free(); });
      if (free != clients_.end())
        (*free)->ask(next_arrival_);
      else
        due_.push_back(next_arrival_);
      const double gap = std::exponential_distribution<double>(plan_.rate)(random_);
      next_arrival_ += std::chrono::duration_cast<Clock::duration>(Seconds(gap));
    }
  }

  void loop_for(double seconds) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
    next_arrival_ = Clock::now();
    while (Clock::now() < end) step(end);
  }

  void step(Clock::time_point end) {
    arrive();
    const auto until = plan_.rate > 0 ? std::min(end, next_arrival_) : end;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    // An open loop looks again and again: a timer would be late.
    const int ready =
        poller_.wait(events_, 256, plan_.rate > 0 ? 0 : static_cast<int>(std::max<long>(wait, 0)));
    for (int i = 0; i < ready; ++i) static_cast<Client*>(events_[i].data.ptr)->on_events();
  }

  void print(double seconds, double cpu) {
    std::sort(latencies_.begin(), latencies_.end());
    const auto part = [this](double share) {
      return latencies_.empty()
                 ? 0
                 : latencies_[static_cast<std::size_t>(share * static_cast<double>(latencies_.size() - 1))] *
                       1e6;
    };
    std::cout << "{\"ok\": " << ok_ << ", \"other\": " << other_ << ", \"failed\": " << failed_
              << ", \"seconds\": " << seconds << ", \"cpu_us\": " << cpu << ", \"p50_us\": " << part(0.5)
              << ", \"p99_us\": " << part(0.99) << ", \"handshakes\": " << handshakes_
              << ", \"resumed\": " << resumed_ << "}" << std::endl;
  }

  const Plan plan_;
  bench::Poller poller_;
  epoll_event events_[256];
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t next_ = 0, ok_ = 0, other_ = 0, failed_ = 0, handshakes_ = 0, resumed_ = 0;
  std::vector<double> latencies_;
  Clock::time_point arrivals_began_, next_arrival_;
  std::deque<Clock::time_point> due_;  // no connection was free
  std::mt19937_64 random_{1};
};

void Client::ask(Clock::time_point due) {
  asking_ = true;
  sent_ = false;
  due_ = due;
  head_.clear();
  left_ = 0;
  if (fd_ < 0) connect();
  if (SSL_is_init_finished(ssl_)) send();
}

void Client::connect() {
  fd_ = bench::connect_to(load_.plan().port, 1 + number_ / 20000);
  ssl_ = SSL_new(load_.plan().context);
  SSL_set_fd(ssl_, fd_);
  SSL_set_app_data(ssl_, this);
  SSL_set_tlsext_host_name(ssl_, "bench.test");
  SSL_set_connect_state(ssl_);
  if (load_.plan().resumes && session_ != nullptr) SSL_set_session(ssl_, session_);
  wanted_ = EPOLLOUT;
  load_.poller().add(fd_, this, wanted_);
}

void Client::disconnect() {
  if (fd_ < 0) return;
  SSL_shutdown(ssl_);
  SSL_free(ssl_);
  ::close(fd_);
  fd_ = -1;
}

void Client::want(unsigned events) {
  if (wanted_ == events) return;
  wanted_ = events;
  load_.poller().change(fd_, this, events);
}

void Client::on_events() {
  ERR_clear_error();
  if (!SSL_is_init_finished(ssl_)) {
    const int result = SSL_do_handshake(ssl_);
    if (result != 1) {
      const int error = SSL_get_error(ssl_, result);
      if (error == SSL_ERROR_WANT_READ) return want(EPOLLIN);
      if (error == SSL_ERROR_WANT_WRITE) return want(EPOLLOUT);
      return fail();
    }
    load_.on_handshake(SSL_session_reused(ssl_) == 1);
    want(EPOLLIN);
  }
  if (asking_ && !sent_)
    send();
  else
    receive();
}

void Client::send() {
  const std::string& request = load_.next_request();
  if (SSL_write(ssl_, request.data(), static_cast<int>(request.size())) != static_cast<int>(request.size()))
    return fail();
  sent_ = true;
}

void Client::receive() {
  char bytes[65536];
  do {
    std::size_t got = 0;
    const int result = SSL_read_ex(ssl_, bytes, sizeof bytes, &got);
    if (result != 1) {
      if (SSL_get_error(ssl_, result) == SSL_ERROR_WANT_READ) return;
      return fail();
    }
    std::string_view rest(bytes, got);
    if (left_ == 0) {
      head_.append(rest);
      const std::size_t end = head_.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      std::string lower = head_.substr(0, end + 2);
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](unsigned char c) { return std::tolower(c); });
      const std::size_t length = lower.find("\r\ncontent-length:");
      if (length == std::string::npos) return fail();
      left_ = std::stoul(lower.substr(length + 17)) + end + 4 - head_.size();
    } else {
      left_ -= std::min(left_, rest.size());
    }
    if (left_ == 0) return answer(std::atoi(head_.c_str() + 9));
  } while (SSL_has_pending(ssl_));
}

void Client::answer(int status) {
  asking_ = false;
  if (load_.plan().handshakes) disconnect();
  load_.on_answer(*this, status, due_);
}

void Client::fail() {
  const bool was_asking = asking_;
  asking_ = false;
  disconnect();
  ERR_clear_error();
  if (was_asking) load_.on_failure(*this);
}

std::vector<std::string> requests_of(const bench::Options& options) {
  const std::string start = "GET " + options.text("path", "/") +
                            " HTTP/1.1\r\nHost: bench.test\r\nAccept: */*\r\nUser-Agent: bench\r\n";
  std::vector<std::string> made;
  std::ifstream tokens(options.text("tokens"));
  for (std::string token; std::getline(tokens, token);)
    made.push_back(start + "Authorization: Bearer " + token + "\r\n\r\n");
  if (made.empty()) made.push_back(start + "\r\n");
  return made;
}

}  // namespace

int main(int count, char** words) {
  ::signal(SIGPIPE, SIG_IGN);
  const bench::Options options(count, words);
  Plan plan;
  plan.port = static_cast<int>(options.number("port"));
  plan.expected = static_cast<int>(options.number("expect", 200));
  const std::string mode = options.text("mode", "keep");
  plan.resumes = mode == "resume";
  plan.handshakes = plan.resumes || mode == "full";
  plan.idle = mode == "idle";
  plan.rate = options.number("rate");
  plan.requests = requests_of(options);
  plan.context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(plan.context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(plan.context, "TLS_AES_128_GCM_SHA256");
  SSL_CTX_set1_groups_list(plan.context, "X25519");
  SSL_CTX_set_read_ahead(plan.context, 1);
  SSL_CTX_set_session_cache_mode(plan.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(plan.context, [](SSL* ssl, SSL_SESSION* session) {
    static_cast<Client*>(SSL_get_app_data(ssl))->keep(session);
    return 1;
  });
  const bool idle = plan.idle;
  Load load(std::move(plan), static_cast<std::size_t>(options.number("connections", 64)));
  if (idle)
    load.hold();
  else
    load.run(options.number("warmup", 1), options.number("seconds", 6), options.text("cpu-of"));
}
