// SPDX-License-Identifier: Apache-2.0
#include "mail/outbox.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <thread>

#include "auth/random_id.h"
#include "base/log.h"

namespace gw::mail {
namespace {

constexpr std::size_t kWaiting = 256;
constexpr std::array kPauses{1s, 5s};  // before the second and the third try

std::string base64(std::string_view bytes) {
  static constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63];
  }
  return text;
}

// RFC 2047: words of at most 75 characters, cut between characters.
std::string encode_subject(std::string_view text) {
  constexpr std::size_t kBytes = 45;
  std::string encoded;
  while (!text.empty()) {
    std::size_t size = std::min(kBytes, text.size());
    while (size < text.size() && size > 1 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    encoded += (encoded.empty() ? "" : "\r\n ") + ("=?utf-8?B?" + base64(text.substr(0, size)) + "?=");
    text.remove_prefix(size);
  }
  return encoded;
}

std::string format_date(WallSeconds at) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = at;
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  std::array<char, 32> clock{};
  std::strftime(clock.data(), clock.size(), "%Y %H:%M:%S +0000", &utc);
  return std::string(kDays[static_cast<std::size_t>(utc.tm_wday)]) + ", " + std::to_string(utc.tm_mday) +
         " " + kMonths[static_cast<std::size_t>(utc.tm_mon)] + " " + clock.data();
}

void pause(Duration wanted, const std::atomic<bool>& closing) {
  constexpr Duration kSlice = 50ms;
  for (Duration spent{0}; spent < wanted && !closing; spent += kSlice) std::this_thread::sleep_for(kSlice);
}

void deliver_with_patience(const auth::ResetOptions& options, const Message& message,
                           const std::atomic<bool>& closing) {
  for (std::size_t tries = 0; !closing; ++tries) {
    const auto delivered = deliver(options, message, closing);
    if (delivered) return log::info("a message was handed on");
    const bool again = tries < kPauses.size();
    log::write(again ? log::Level::warn : log::Level::error, "a message could not be handed on",
               {{"why", delivered.error()}, {"again", again}});
    if (!again) return;
    pause(kPauses[tries], closing);
  }
}

}  // namespace

Outbox::Outbox() : thread_({1, kWaiting}, "gw-mail") {}

Outbox::~Outbox() {
  closing_ = true;
}

bool Outbox::send(const auth::ResetOptions& options, Message message) {
  // An option holds secrets, which are not copied lightly; a reload must not take them away either.
  auto shared = std::make_shared<const auth::ResetOptions>(options);
  return thread_.enqueue([this, shared = std::move(shared), message = std::move(message)] {
    deliver_with_patience(*shared, message, closing_);
  });
}

std::string format_mail(const Message& message, const std::string& from, WallSeconds date,
                        const std::string& id) {
  constexpr std::size_t kLine = 76;
  const std::string domain = from.substr(from.rfind('@') == std::string::npos ? 0 : from.rfind('@') + 1);
  std::string mail = "Date: " + format_date(date) + "\r\nFrom: <" + from + ">\r\nTo: <" + message.to +
                     ">\r\nMessage-ID: <" + id + "@" + domain +
                     ">\r\nSubject: " + encode_subject(message.subject) +
                     "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                     "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n"
                     "Content-Language: " +
                     message.language + "\r\n\r\n";
  std::string text;
  for (const char c : message.text) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const std::string body = base64(text);
  for (std::size_t at = 0; at < body.size(); at += kLine) mail += body.substr(at, kLine) + "\r\n";
  return mail;
}

}  // namespace gw::mail
