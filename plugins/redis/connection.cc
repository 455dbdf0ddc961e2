// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <sys/time.h>

#include <charconv>

namespace redis_users {
namespace {

bool parse_number(std::string_view text, unsigned most, unsigned& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number <= most;
}

// `%40` in a user name or password; false for a broken escape.
bool decode(std::string_view text, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return false;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (error != std::errc{} || end != text.data() + i + 3) return false;
    out += static_cast<char>(byte);
    i += 2;
  }
  return true;
}

timeval seconds_of(std::chrono::milliseconds time) {
  return {static_cast<time_t>(time.count() / 1000), static_cast<suseconds_t>(time.count() % 1000 * 1000)};
}

}  // namespace

bool Server::parse(std::string_view url, Server& server, std::string& error) {
  error = "url: expected redis://USER:PASSWORD@HOST:PORT/DATABASE or unix:///PATH";
  if (url.starts_with("rediss://")) error = "url: rediss:// is not available (Debian's hiredis has no TLS)";
  if (url.starts_with("unix:///")) {
    server.host = url.substr(7);
    server.port = 0;
    return true;
  }
  if (!url.starts_with("redis://")) return false;
  url.remove_prefix(8);
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = url.substr(0, at);
    const std::size_t colon = who.find(':');
    if (colon == std::string_view::npos) return false;
    if (!decode(who.substr(0, colon), server.username) || !decode(who.substr(colon + 1), server.password))
      return false;
    url.remove_prefix(at + 1);
  }
  if (const std::size_t slash = url.find('/'); slash != std::string_view::npos) {
    if (slash + 1 != url.size() && !parse_number(url.substr(slash + 1), 1'000'000, server.database))
      return false;
    url = url.substr(0, slash);
  }
  const std::size_t bracket = url.starts_with('[') ? url.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  if (const std::size_t colon = url.find(':', bracket); colon != std::string_view::npos) {
    unsigned port = 0;
    if (!parse_number(url.substr(colon + 1), 65535, port) || port == 0) return false;
    server.port = static_cast<int>(port);
    url = url.substr(0, colon);
  }
  if (url.starts_with('[')) url = url.substr(1, url.size() - 2);
  server.host = url;
  return !server.host.empty();
}

std::unique_ptr<Connection> Connection::open(const Server& server, std::string& error) {
  const timeval timeout = seconds_of(server.timeout);
  redisContext* context = server.port == 0
                              ? redisConnectUnixWithTimeout(server.host.c_str(), timeout)
                              : redisConnectWithTimeout(server.host.c_str(), server.port, timeout);
  if (context == nullptr) {
    error = "out of memory";
    return nullptr;
  }
  std::unique_ptr<Connection> connection(new Connection(context));
  error = context->err != 0 ? context->errstr : connection->prepare(server);
  return error.empty() ? std::move(connection) : nullptr;
}

std::string Connection::prepare(const Server& server) {
  redisSetTimeout(context_.get(), seconds_of(server.timeout));
  std::vector<Command> commands;
  const std::string database = std::to_string(server.database);
  if (!server.username.empty())
    commands.push_back({"AUTH", server.username, server.password});
  else if (!server.password.empty())
    commands.push_back({"AUTH", server.password});
  if (server.database != 0) commands.push_back({"SELECT", database});
  for (const Command& command : commands) {
    const Reply reply = ask(command);
    if (reply == nullptr) return problem();
    if (reply->type == REDIS_REPLY_ERROR) return {reply->str, reply->len};
  }
  return {};
}

Reply Connection::ask(const Command& command) {
  std::vector<const char*> arguments;
  std::vector<std::size_t> lengths;
  for (const std::string_view argument : command) {
    arguments.push_back(argument.data());
    lengths.push_back(argument.size());
  }
  return Reply(static_cast<redisReply*>(redisCommandArgv(context_.get(), static_cast<int>(arguments.size()),
                                                         arguments.data(), lengths.data())));
}

}  // namespace redis_users
