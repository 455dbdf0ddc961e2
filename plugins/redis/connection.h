// SPDX-License-Identifier: Apache-2.0
// One connection to a Redis server (hiredis). THREAD: one at a time.
#pragma once

#include <hiredis/hiredis.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace redis_users {

struct Server {
  std::string host;  // or the path of a Unix socket, when port is 0
  int port = 6379;
  std::string username, password;
  unsigned database = 0;
  std::chrono::milliseconds timeout{0};

  // `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]` or `unix:///PATH`. False, and a sentence in `error`.
  static bool parse(std::string_view url, Server& server, std::string& error);
};

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

// Arguments are binary: no text in them can become another command.
using Command = std::vector<std::string_view>;

class Connection {
 public:
  // Connected, authenticated and on its database; or null, and why.
  static std::unique_ptr<Connection> open(const Server& server, std::string& error);

  // Null when the connection is broken.
  Reply ask(const Command& command);
  std::string problem() const { return context_->errstr; }

 private:
  struct Free {
    void operator()(redisContext* context) const { redisFree(context); }
  };
  explicit Connection(redisContext* context) : context_(context) {}
  std::string prepare(const Server& server);

  const std::unique_ptr<redisContext, Free> context_;
};

}  // namespace redis_users
