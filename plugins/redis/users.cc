// SPDX-License-Identifier: Apache-2.0
#include "users.h"

namespace redis_users {
namespace {

using common::Found;

// In one step each, and only on a hash that is there.
constexpr std::string_view kSet =
    "if redis.call('HEXISTS', KEYS[1], 'password') == 0 then return 0 end "
    "redis.call('HSET', KEYS[1], 'password', ARGV[1]) return 1";
constexpr std::string_view kReplace =
    "if redis.call('HGET', KEYS[1], 'password') ~= ARGV[2] then return 0 end "
    "redis.call('HSET', KEYS[1], 'password', ARGV[1]) return 1";

std::string_view text_of(const redisReply& reply) {
  return reply.type == REDIS_REPLY_STRING ? std::string_view(reply.str, reply.len) : std::string_view();
}

bool is_error(const redisReply& reply, std::string_view code) {
  return reply.type == REDIS_REPLY_ERROR && std::string_view(reply.str, reply.len).starts_with(code);
}

// A name with a colon could lead from "user:{username}" to "user:alice:session".
std::string key_of(const std::string& pattern, std::string_view value) {
  if (value.find(':') != std::string_view::npos && pattern.find(':') != std::string::npos) return {};
  return common::fill_template(pattern, [&](std::string_view) { return std::string(value); });
}

// False when a field cannot be what it should be.
bool read(const redisReply& fields, common::Account& account) {
  for (std::size_t i = 0; i + 1 < fields.elements; i += 2) {
    const std::string name(text_of(*fields.element[i]));
    if (name == "id" || name == "username") continue;  // the key says who it is
    if (!common::assign(account, name, text_of(*fields.element[i + 1]))) return false;
  }
  return true;
}

}  // namespace

std::unique_ptr<Users> Users::open(const gatewarden_host* host, common::Options& options) {
  Settings settings;
  std::string error;
  const std::string url = options.required("url", "redis://127.0.0.1:6379/0");
  if (!url.empty() && !Server::parse(url, settings.server, error)) options.problem(error);
  settings.server.password = options.text("password", settings.server.password);
  settings.server.timeout = options.duration("timeout", std::chrono::seconds(2),
                                             std::chrono::milliseconds(50), std::chrono::seconds(60));
  settings.key = options.text("key", "user:{username}");
  if (!common::names_placeholder(settings.key, "username"))
    options.problem("key: it names no {username}, so all users would be one");
  settings.email_key = options.text("email_key");
  if (!settings.email_key.empty() && !common::names_placeholder(settings.email_key, "email"))
    options.problem("email_key: it names no {email}");
  settings.write = options.flag("write", false);
  const unsigned connections = options.number("connections", 8, 1, 1000);
  if (!options.problem().empty()) return nullptr;
  return std::make_unique<Users>(host, std::move(settings), connections);
}

Users::Users(const gatewarden_host* host, Settings settings, unsigned connections)
    : HashedBackend(host), settings_(std::move(settings)), pool_(connections) {}

Found Users::look_up(std::string_view username) {
  Found found = look_up_id(username);
  const bool is_address = username.find('@') != std::string_view::npos;
  if (found.result != GATEWARDEN_UNKNOWN_USER || settings_.email_key.empty() || !is_address) return found;

  const std::string key = key_of(settings_.email_key, username);
  if (key.empty()) return found;
  const Reply name = ask({"GET", key});
  if (name == nullptr) return {};
  if (name->type != REDIS_REPLY_STRING) return found;
  return look_up_id(text_of(*name));
}

Found Users::look_up_id(std::string_view id) {
  const std::string key = key_of(settings_.key, id);
  if (key.empty()) return {GATEWARDEN_UNKNOWN_USER};
  const Reply reply = ask({"HGETALL", key});
  if (reply == nullptr) return {};
  // Some other value is at that key: nobody's account.
  if (is_error(*reply, "WRONGTYPE")) return {GATEWARDEN_UNKNOWN_USER};
  if (reply->type != REDIS_REPLY_ARRAY) return {away(std::string_view(reply->str, reply->len))};
  if (reply->elements == 0) return {GATEWARDEN_UNKNOWN_USER};

  Found found;
  found.account.id = found.account.username = id;
  if (!read(*reply, found.account)) return {away("the roles of a user are no JSON array of text")};
  if (found.account.password_hash.empty()) return {GATEWARDEN_UNKNOWN_USER};  // some other hash
  found.result = GATEWARDEN_OK;
  return found;
}

gatewarden_result Users::set_password_hash(std::string_view id, std::string_view hash) {
  const std::string key = key_of(settings_.key, id);
  return key.empty() ? GATEWARDEN_UNKNOWN_USER : change({"EVAL", kSet, "1", key, hash});
}

gatewarden_result Users::replace_password_hash(std::string_view id, std::string_view old_hash,
                                               std::string_view new_hash) {
  const std::string key = key_of(settings_.key, id);
  return key.empty() ? GATEWARDEN_UNKNOWN_USER : change({"EVAL", kReplace, "1", key, new_hash, old_hash});
}

gatewarden_result Users::change(const Command& script) {
  if (!settings_.write) return GATEWARDEN_READ_ONLY;
  const Reply reply = ask(script);
  if (reply == nullptr) return GATEWARDEN_UNAVAILABLE;
  if (reply->type != REDIS_REPLY_INTEGER) return away(std::string_view(reply->str, reply->len));
  return reply->integer == 1 ? GATEWARDEN_OK : GATEWARDEN_UNKNOWN_USER;
}

Reply Users::ask(const Command& command) {
  Reply reply;
  std::string error;
  const bool answered = common::with_connection(
      pool_, settings_.server.timeout, [&] { return Connection::open(settings_.server, error); },
      [&](Connection& connection) {
        reply = connection.ask(command);
        if (reply == nullptr) error = connection.problem();
        // A server that starts or has lost its master is away, and its connection is better made anew.
        return reply != nullptr && !is_error(*reply, "LOADING") && !is_error(*reply, "MASTERDOWN");
      });
  if (answered) return reply;
  if (reply != nullptr) error = std::string(reply->str, reply->len);
  static_cast<void>(away(error.empty() ? "all connections stayed in use" : error));
  return nullptr;
}

gatewarden_result Users::away(std::string_view what) const {
  log(GATEWARDEN_LOG_ERROR, "redis: " + std::string(what));
  return GATEWARDEN_UNAVAILABLE;
}

}  // namespace redis_users
