// SPDX-License-Identifier: Apache-2.0
#include "store/redis_client.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "base/log.h"

namespace gw::store {
namespace {

constexpr Duration kFirstPause = 20ms;
constexpr Duration kLongestPause = 2s;
constexpr Duration kDialTimeout = 1s;
constexpr Duration kSentinelTimeout = 500ms;

// Half of it at least, so that replicas do not come back all at once.
Duration jittered(Duration pause) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return Duration(std::uniform_int_distribution<Duration::rep>(pause.count() / 2, pause.count())(random));
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0 || port > 65535)
    return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

Error unavailable(std::string detail) {
  return {Fault::store_unavailable, "redis: " + std::move(detail)};
}

}  // namespace

// A stream is freed after the batch of callbacks that may be its own.
struct RedisClient::DyingStream final : net::Deferred {
  explicit DyingStream(std::unique_ptr<net::Stream> s) : stream(std::move(s)) {}
  std::unique_ptr<net::Stream> stream;
};

struct RedisClient::DyingClient final : net::Deferred {
  explicit DyingClient(std::unique_ptr<RedisClient> c) : client(std::move(c)) {}
  std::unique_ptr<RedisClient> client;
};

RedisClient::RedisClient(net::EventLoop& loop, net::Deadlines& deadlines, net::Dialer& dialer,
                         Options options)
    : loop_(loop), deadlines_(deadlines), dialer_(dialer), options_(std::move(options)) {}

RedisClient::~RedisClient() {
  loop_.forget(*this);
  net::Deadlines::clear(*this);
}

void RedisClient::start() {
  dial();
}

void RedisClient::call(const std::vector<std::string_view>& words, Reply done) {
  Command command{{}, std::move(done), {}, loop_.now() + options_.timeout};
  resp::append_command(command.bytes, words);
  const bool is_full = waiting_.size() + sent_.size() >= options_.queue ||
                       waiting_bytes_ + out_.size() + command.bytes.size() > options_.queue_bytes;
  if (is_full) {
    refused_.push_back(std::move(command.done));
    return loop_.run_later(*this);
  }
  if (state_ == State::ready) {
    send(std::move(command));
    return loop_.run_later(*this);
  }
  waiting_bytes_ += command.bytes.size();
  waiting_.push_back(std::move(command));
  arm();
}

void RedisClient::call_first(const std::vector<std::string_view>& words, Reply done) {
  Command command{{}, std::move(done), {}, loop_.now() + options_.patience};
  resp::append_command(command.bytes, words);
  send(std::move(command));
  loop_.run_later(*this);
}

void RedisClient::accept() {
  if (state_ != State::proving) return;
  state_ = State::ready;
  failures_ = 0;
  ++connections_;
  if (is_trouble_logged_ && !options_.is_quiet) log::info("redis answers again");
  is_trouble_logged_ = false;
  trouble_.clear();
  for (Command& command : waiting_) send(std::move(command));
  waiting_.clear();
  waiting_bytes_ = 0;
  loop_.run_later(*this);
}

void RedisClient::dial() {
  state_ = State::dialing;
  if (!options_.address.sentinels.empty()) return ask_sentinel();
  const auto& nodes = options_.address.nodes;
  if (!nodes.empty())
    return dial_to(moved_to_ ? *std::exchange(moved_to_, std::nullopt) : nodes[turn_++ % nodes.size()]);
  dial_to({options_.address.host, options_.address.port});
}

// One after the other, a new one for each attempt: any of them may be down, or cut off with an old master.
void RedisClient::ask_sentinel() {
  const auto& sentinels = options_.address.sentinels;
  const HostPort& asked = sentinels[turn_++ % sentinels.size()];
  Options options;
  options.address.host = asked.host;
  options.address.port = asked.port;
  options.timeout = options.patience = kSentinelTimeout;
  options.is_quiet = true;
  sentinel_ = std::make_unique<RedisClient>(loop_, deadlines_, dialer_, std::move(options));
  sentinel_->start();
  sentinel_->call({"SENTINEL", "get-master-addr-by-name", options_.address.master},
                  [this](const Result<resp::Value>& reply) { on_master_told(reply); });
}

void RedisClient::on_master_told(const Result<resp::Value>& reply) {
  forget_sentinel();
  if (!reply) return lose("a sentinel does not answer: " + reply.error().detail);
  if (reply->is_null()) return lose("the sentinel knows no master \"" + options_.address.master + '"');
  if (reply->list.size() != 2) return lose("a sentinel gives an odd answer: " + reply->text);
  const auto port = parse_port(reply->list[1].text);
  if (!port) return lose("a sentinel tells no port");
  dial_to({reply->list[0].text, *port});
}

void RedisClient::forget_sentinel() {
  if (sentinel_ != nullptr) loop_.defer_delete(std::make_unique<DyingClient>(std::move(sentinel_)));
}

void RedisClient::dial_to(const HostPort& to) {
  dialed_host_ = to.host;
  const net::Dialer::Target target{to.host, to.port, options_.tls,
                                   options_.server_name.empty() ? to.host : options_.server_name,
                                   std::max(kDialTimeout, options_.timeout)};
  dialing_ = dialer_.dial(target, [this](Result<std::unique_ptr<net::Stream>, net::DialFailure> dialed) {
    if (!dialed) return lose(dialed.error().detail);
    stream_ = std::move(*dialed);
    stream_->hand_to(*this);
    stream_->set_reading(true);
    reader_ = resp::Reader();
    heard_at_ = loop_.now();
    greet();
  });
}

// HELLO is Redis 6; before it there is AUTH, and version 2 of the language.
void RedisClient::greet() {
  state_ = State::greeting;
  const RedisAddress& address = options_.address;
  std::vector<std::string_view> hello{"HELLO", "3"};
  if (!address.password.empty()) {
    const std::string_view user = address.user.empty() ? "default" : std::string_view(address.user);
    hello.insert(hello.end(), {"AUTH", user, address.password.reveal()});
  }
  call_first(hello, [this](const Result<resp::Value>& reply) { on_greeted(reply, true); });
}

void RedisClient::log_in() {
  const RedisAddress& address = options_.address;
  if (address.password.empty()) return select_db();
  std::vector<std::string_view> auth{"AUTH"};
  if (!address.user.empty()) auth.emplace_back(address.user);
  auth.push_back(address.password.reveal());
  call_first(auth, [this](const Result<resp::Value>& reply) { on_greeted(reply, false); });
}

void RedisClient::on_greeted(const Result<resp::Value>& reply, bool may_fall_back) {
  if (!reply) return lose(reply.error().detail);
  if (reply->kind != resp::Value::Kind::error) return select_db();
  const bool is_old = reply->is_error("ERR unknown command") || reply->is_error("NOPROTO");
  if (may_fall_back && is_old) return log_in();
  lose("it does not let us in: " + reply->text);
}

void RedisClient::select_db() {
  if (options_.address.db == 0) return become_proving();
  const std::string db = std::to_string(options_.address.db);
  call_first({"SELECT", db}, [this](const Result<resp::Value>& reply) {
    if (!reply) return lose(reply.error().detail);
    if (reply->kind == resp::Value::Kind::error) return lose("no such database: " + reply->text);
    become_proving();
  });
}

void RedisClient::become_proving() {
  if (!options_.address.sentinels.empty()) return check_role();
  state_ = State::proving;
  if (!on_connected_) return accept();
  on_connected_();
}

// What sentinels say is sometimes late.
void RedisClient::check_role() {
  call_first({"ROLE"}, [this](const Result<resp::Value>& reply) {
    if (!reply) return lose(reply.error().detail);
    if (reply->list.empty() || reply->list[0].text != "master")
      return lose("what the sentinel named is no master");
    state_ = State::proving;
    if (!on_connected_) return accept();
    on_connected_();
  });
}

void RedisClient::send(Command command) {
  command.sent_at = loop_.now();
  out_ += command.bytes;
  command.bytes = {};
  sent_.push_back(std::move(command));
  arm();
}

void RedisClient::write_out() {
  if (stream_ == nullptr || out_.empty()) return;
  const net::IoResult result = stream_->write(out_);
  if (result.state == net::Io::failed || result.state == net::Io::closed)
    return lose("the connection broke while it was written to");
  if (result.state == net::Io::ok) out_.erase(0, result.bytes);
  if (out_.empty()) stream_->stop_writing_events();
}

void RedisClient::lose(const std::string& why) {
  if (state_ == State::idle) return;
  const bool was_ready = state_ == State::ready;
  state_ = State::idle;
  dialing_.reset();
  forget_sentinel();
  if (stream_ != nullptr) {
    stream_->set_reading(false);
    stream_->stop_writing_events();
    loop_.defer_delete(std::make_unique<DyingStream>(std::move(stream_)));
  }
  out_.clear();
  trouble_ = why;
  if (!moved_to_ && !std::exchange(is_trouble_logged_, true) && !options_.is_quiet)
    log::warn("redis is away", {{"why", why}});
  // The first pause after a connection that served is the shortest.
  Duration pause = std::min(kLongestPause, kFirstPause * (1 << std::min(failures_, 10u)));
  if (moved_to_) pause = std::min<Duration>(pause, 50ms);
  ++failures_;
  retry_at_ = loop_.now() + jittered(pause);
  std::deque<Command> lost;
  lost.swap(sent_);
  for (Command& command : lost)
    if (command.done) command.done(unavailable("the connection was lost: " + why));
  arm();
  if (was_ready && on_lost_) on_lost_();
}

void RedisClient::on_stream_readable() {
  std::array<char, 16 * 1024> room;
  while (stream_ != nullptr) {
    const net::IoResult result = stream_->read(room.data(), room.size());
    if (result.state == net::Io::blocked) return;
    if (result.state != net::Io::ok) return lose("it closed the connection");
    heard_at_ = loop_.now();
    reader_.feed({room.data(), result.bytes});
    resp::Value value;
    for (;;) {
      const resp::State state = reader_.next(value);
      if (state == resp::State::broken) return lose(std::string(reader_.why()));
      if (state == resp::State::need_more) break;
      answer(std::move(value));
      if (stream_ == nullptr) return;
      value = {};
    }
  }
}

void RedisClient::answer(resp::Value value) {
  if (value.is_push) return;
  if (sent_.empty()) return lose("it answered what nobody asked");
  Reply done = std::move(sent_.front().done);
  sent_.pop_front();
  // A master that became a replica, or a node that has not, or no more, what we keep: another has.
  if (follow_move(value))
    lose("what we keep is on another node");
  else if (value.is_error("READONLY") || value.is_error("CLUSTERDOWN"))
    lose("it serves no more: " + value.text);
  if (done) done(std::move(value));
}

// "MOVED SLOT HOST:PORT". All that we keep is in one slot, and so on one node.
bool RedisClient::follow_move(const resp::Value& reply) {
  if (options_.address.nodes.empty() || !reply.is_error("MOVED ")) return false;
  const std::string_view text = reply.text;
  const std::size_t blank = text.rfind(' '), colon = text.rfind(':');
  if (colon == std::string_view::npos || colon < blank) return true;  // another node will know better
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return true;
  const std::string host(text.substr(blank + 1, colon - blank - 1));
  // Without a host it is that of the node which says it.
  moved_to_ = HostPort{host.empty() ? dialed_host_ : host, *port};
  return true;
}

void RedisClient::on_stream_writable() {
  write_out();
}

void RedisClient::run_task() {
  write_out();
  std::deque<Reply> refused;
  refused.swap(refused_);
  for (Reply& done : refused) done(Error(Fault::overloaded, "redis: too many commands wait"));
}

void RedisClient::on_deadline() {
  fail_late();
  const bool is_silent =
      !sent_.empty() && loop_.now() >= std::max(sent_.front().sent_at, heard_at_) + options_.patience;
  if (is_silent) lose("it does not answer");
  if (state_ == State::idle && loop_.now() >= retry_at_) dial();
  arm();
}

// Deadlines follow each other as the commands do. Who is answered may call again: nothing is held meanwhile.
void RedisClient::fail_late() {
  const TimePoint now = loop_.now();
  std::deque<Reply> late;
  while (!waiting_.empty() && waiting_.front().until <= now) {
    waiting_bytes_ -= waiting_.front().bytes.size();
    late.push_back(std::move(waiting_.front().done));
    waiting_.pop_front();
  }
  for (Command& command : sent_) {
    if (command.until > now) break;
    if (command.done) late.push_back(std::exchange(command.done, Reply()));
  }
  const std::string why = trouble_.empty() ? "no answer in time" : "no answer in time: " + trouble_;
  for (Reply& done : late) done(unavailable(why));
}

void RedisClient::arm() {
  TimePoint next = TimePoint::max();
  if (state_ == State::idle) next = retry_at_;
  if (!waiting_.empty()) next = std::min(next, waiting_.front().until);
  for (const Command& command : sent_) {
    if (!command.done) continue;
    next = std::min(next, command.until);
    break;
  }
  if (!sent_.empty()) next = std::min(next, std::max(sent_.front().sent_at, heard_at_) + options_.patience);
  if (next == TimePoint::max())
    net::Deadlines::clear(*this);
  else
    deadlines_.set(*this, next);
}

}  // namespace gw::store
