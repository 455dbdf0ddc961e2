// SPDX-License-Identifier: Apache-2.0
// Messages to users, by SMTP or a webhook, on a thread of their own: a mail server that hangs keeps neither a
// worker nor a login waiting. Each is tried a few times; what waits when the process ends is lost, and can be
// asked for again. THREAD: send() from any.
#pragma once

#include <atomic>
#include <string>

#include "auth/options.h"
#include "base/clock.h"
#include "net/blocking_pool.h"

namespace gw::mail {

struct Message {
  std::string to;  // an address without control characters
  std::string subject;
  std::string text;
  std::string link;
  std::string language;
  WallSeconds expires_at = 0;
};

class Outbox {
 public:
  Outbox();
  ~Outbox();  // breaks off what is being sent
  // False when too many wait.
  bool send(const auth::ResetOptions& options, Message message);

 private:
  std::atomic<bool> closing_{false};
  net::BlockingPool thread_;
};

// RFC 5322, UTF-8 as base64, lines of at most 76 characters; `date` is seconds, `id` names the message.
std::string format_mail(const Message& message, const std::string& from, WallSeconds date,
                        const std::string& id);

// Blocks, until `closing`. The error is a sentence for the log.
Result<void, std::string> deliver(const auth::ResetOptions& options, const Message& message,
                                  const std::atomic<bool>& closing);

}  // namespace gw::mail
