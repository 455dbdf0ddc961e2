// SPDX-License-Identifier: Apache-2.0
#include "upstream/health.h"

#include <algorithm>

#include "base/log.h"

namespace gw::upstream {
namespace {

constexpr Duration kConfirm = 100ms;  // between the checks that bring a server back

const http::Fields& fields_of_checks() {
  static const http::Fields fields = [] {
    http::Fields made;
    made.add("User-Agent", "gatewarden-health-check");
    made.add("Accept", "*/*");
    return made;
  }();
  return fields;
}
const http::Fields kNoFields;

}  // namespace

// One server: resting -> asking -> resting, until the checker goes.
class HealthChecker::Probe final : private http::ResponseEvents, private net::Deadline, private net::Task {
 public:
  Probe(const ClusterSpec& spec, std::size_t place, Server& server, const ClusterWorker& worker)
      : spec_(spec), options_(*spec.options.health_check), place_(place), server_(server), worker_(worker) {
    worker_.loop.run_later(*this);
  }
  ~Probe() { worker_.loop.forget(*this); }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  enum class State : std::uint8_t { resting, asking };

  void run_task() override {
    if (state_ == State::resting)
      ask();
    else
      conclude(std::move(why_not_));  // told outside of the connection's own callback
  }

  void ask() {
    state_ = State::asking;
    asked_ = worker_.loop.now();
    status_ = 0;
    why_not_.clear();
    says_nothing_ = false;
    worker_.deadlines.set_in(*this, options_.timeout);
    operation_ = server_.acquire([this](Result<Lease> lease) {
      if (!lease) {
        says_nothing_ = lease.error().fault == Fault::overloaded;  // busy is not ill
        return end(lease.error().detail);
      }
      lease_ = std::move(*lease);
      send();
    });
  }

  void send() {
    http::UpstreamRequest request;
    request.method = http::Method::get;
    request.method_text = "GET";
    const std::string_view target = options_.path;
    const std::size_t question = target.find('?');
    request.path = target.substr(0, question);
    request.has_query = question != std::string_view::npos;
    if (request.has_query) request.query = target.substr(question + 1);
    request.authority = server_.authority();
    request.fields = &fields_of_checks();
    lease_.stream().send_head(request, *this);
    lease_.stream().send_end(kNoFields);
  }

  void on_interim_head(http::ResponseHead&) override {}
  void on_response_head(http::ResponseHead& head) override { status_ = head.status; }
  void on_response_body(std::string_view) override {}
  void on_response_end(http::Fields&) override {
    end(status_ >= 200 && status_ < 400 ? std::string() : "it answers " + std::to_string(status_));
  }
  void on_upstream_failed(http::UpstreamFailure, const char* why) override { end(why); }
  void on_upstream_drained() override {}

  void on_deadline() override {
    if (state_ == State::resting) return ask();
    conclude("no answer within " + std::to_string(options_.timeout.count()) + " ms");
  }

  void end(std::string why_not) {
    why_not_ = std::move(why_not);
    worker_.loop.run_later(*this);
  }

  void conclude(std::string why_not) {
    worker_.loop.forget(*this);
    operation_.reset();
    lease_.release();
    state_ = State::resting;
    if (!says_nothing_) judge(why_not);
    const bool returns = last_was_good_ && spec_.health->is_down(place_);
    const TimePoint next = asked_ + options_.interval;
    worker_.deadlines.set(*this, returns ? std::min(next, worker_.loop.now() + kConfirm) : next);
  }

  void judge(const std::string& why_not) {
    const bool good = why_not.empty();
    in_a_row_ = good == last_was_good_ ? in_a_row_ + 1 : 1;
    last_was_good_ = good;
    const bool down = spec_.health->is_down(place_);
    if (down == good && in_a_row_ >= (good ? options_.healthy : options_.unhealthy)) turn(!good, why_not);
  }

  void turn(bool down, const std::string& why) {
    spec_.health->set_down(place_, down);
    if (down)
      log::warn("an upstream server is down",
                {{"upstream", spec_.options.name}, {"server", server_.url().text}, {"why", why}});
    else
      log::info("an upstream server is up",
                {{"upstream", spec_.options.name}, {"server", server_.url().text}});
  }

  const ClusterSpec& spec_;
  const HealthCheckOptions& options_;
  const std::size_t place_;
  Server& server_;
  const ClusterWorker worker_;
  net::Operation operation_;
  Lease lease_;
  TimePoint asked_{};
  unsigned status_ = 0;
  std::string why_not_;
  unsigned in_a_row_ = 0;
  bool last_was_good_ = true;
  bool says_nothing_ = false;
  State state_ = State::resting;
};

HealthChecker::HealthChecker(const ClusterSpec& spec, const std::vector<LocalRef<Server>>& servers,
                             const ClusterWorker& worker) {
  for (std::size_t i = 0; i < servers.size(); ++i)
    probes_.push_back(std::make_unique<Probe>(spec, i, *servers[i], worker));
}

HealthChecker::~HealthChecker() = default;

}  // namespace gw::upstream
