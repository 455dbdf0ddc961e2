// SPDX-License-Identifier: Apache-2.0
#include "exchange/access_line.h"

#include <ctime>

#include "base/json.h"
#include "exchange/masks.h"
#include "net/address.h"

namespace gw::exchange {
namespace {

constexpr std::size_t kClientText = 1024;  // of what a client says of itself

std::string format_time(const AccessEntry& entry, const char* format) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(entry.at);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[40];
  return {text, std::strftime(text, sizeof text, format, &utc)};
}

std::string target_of(const AccessEntry& entry) {
  std::string target = mask_path(entry.path);
  if (entry.has_query) target += "?" + mask_query(entry.query);
  return target;
}

std::uint64_t microseconds(const AccessEntry& entry) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(entry.spent).count());
}

// `"name":value` with what parts it from what stands before.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) {}
  void name(std::string_view name) {
    if (out_.back() != '{') out_ += ',';
    out_ += '"';
    out_ += name;
    out_ += "\":";
  }
  void text(std::string_view name_, std::string_view value) {
    if (value.empty()) return;
    name(name_);
    json::append_quoted(out_, value);
  }
  void number(std::string_view name_, std::uint64_t value) {
    name(name_);
    out_ += std::to_string(value);
  }
  void raw(std::string_view name_, std::string_view value) {
    if (value.empty()) return;
    name(name_);
    out_ += value;
  }
  // Left out again when nothing comes in.
  template <class Fill>
  void object(std::string_view name_, Fill fill) {
    const std::size_t before = out_.size();
    name(name_);
    out_ += '{';
    fill();
    if (out_.back() == '{')
      out_.resize(before);
    else
      out_ += '}';
  }

 private:
  std::string& out_;
};

void append_json(std::string& out, const AccessEntry& entry) {
  out += '{';
  Members members(out);
  members.text("time", format_time(entry, "%Y-%m-%dT%H:%M:%SZ"));
  members.text("request_id", entry.request_id);
  members.text("client", entry.client);
  members.text("method", entry.method);
  members.text("host", entry.host);
  members.text("path", mask_path(entry.path));
  if (entry.has_query) members.text("query", mask_query(entry.query));
  members.number("status", entry.status);
  members.text("code", entry.code);
  members.text("route", entry.route);
  members.text("sub", entry.subject);
  members.text("issuer", entry.issuer);
  members.raw("claims", entry.claims);
  members.number("received", entry.received);
  members.number("sent", entry.sent);
  members.number("us", microseconds(entry));
  if (!entry.complete) members.raw("complete", "false");
  if (!entry.unenforced.empty()) {
    members.raw("would_refuse", "true");
    members.text("would_refuse_code", entry.unenforced);
  }
  members.text("shadow", entry.shadow);
  members.text("trace_id", entry.trace);
  out += "}\n";
}

void append_text(std::string& out, const AccessEntry& entry) {
  out += format_time(entry, "%Y-%m-%dT%H:%M:%SZ ");
  out += entry.client;
  out += ' ';
  out += entry.method;
  out += ' ';
  json::append_quoted(out, target_of(entry));
  out += ' ' + std::to_string(entry.status) + ' ' + std::to_string(entry.sent) + ' ' +
         std::to_string(microseconds(entry)) + "us ";
  out += entry.request_id;
  if (!entry.code.empty()) out += " code=" + std::string(entry.code);
  if (!entry.unenforced.empty()) out += " would_refuse=" + std::string(entry.unenforced);
  if (!entry.shadow.empty()) out += " shadow=" + std::string(entry.shadow);
  if (!entry.subject.empty()) {
    out += " sub=";
    json::append_quoted(out, entry.subject);
  }
  out += '\n';
}

const char* version_text(http::Version version) {
  if (version == http::Version::http2) return "2.0";
  return version == http::Version::http10 ? "1.0" : "1.1";
}

// The first three as ecs-logging wants them; "@timestamp", "log.level" and "ecs.version" with their dots.
void append_ecs(std::string& out, const AccessEntry& entry) {
  const auto since = entry.at.time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since).count() % 1000;
  const std::string fraction = std::to_string(1000 + milliseconds).substr(1);
  const std::string path = mask_path(entry.path);
  out += '{';
  Members members(out);
  members.text("@timestamp", format_time(entry, "%Y-%m-%dT%H:%M:%S.") + fraction + "Z");
  members.text("log.level", "info");
  members.text("message", std::string(entry.method) + ' ' + path + ' ' + std::to_string(entry.status));
  members.text("ecs.version", "8.11.0");
  members.object("service", [&] { members.text("type", "gatewarden"); });
  members.object("event", [&] {
    members.text("kind", "event");
    members.text("dataset", "gatewarden.access");
    members.raw("category", R"(["web"])");
    members.raw("type", R"(["access"])");
    members.text("outcome", entry.status >= 100 && entry.status < 400 ? "success" : "failure");
    members.text("reason", entry.code);
    members.number("duration", static_cast<std::uint64_t>(entry.spent.count()));
  });
  members.object("http", [&] {
    members.text("version", version_text(entry.version));
    members.object("request", [&] {
      members.text("id", entry.request_id);
      members.text("method", entry.method);
      members.text("referrer", mask_url(entry.referer.substr(0, kClientText)));
      members.object("body", [&] { members.number("bytes", entry.received); });
    });
    members.object("response", [&] {
      if (entry.status != 0) members.number("status_code", entry.status);
      members.object("body", [&] { members.number("bytes", entry.sent); });
    });
  });
  members.object("url", [&] {
    members.text("domain", entry.host);
    members.text("path", path);
    if (entry.has_query) members.text("query", mask_query(entry.query));
  });
  members.object("client", [&] {
    members.text("address", entry.client);
    if (net::Address::parse(std::string(entry.client), 0)) members.text("ip", entry.client);
  });
  members.object("user", [&] { members.text("id", entry.subject); });
  members.object("user_agent", [&] { members.text("original", entry.user_agent.substr(0, kClientText)); });
  members.object("trace", [&] { members.text("id", entry.trace); });
  members.object("rule", [&] { members.text("name", entry.route); });
  members.object("gatewarden", [&] {
    members.text("issuer", entry.issuer);
    members.raw("claims", entry.claims);
    if (!entry.complete) members.raw("complete", "false");
    members.text("would_refuse_code", entry.unenforced);
    members.text("shadow", entry.shadow);
  });
  out += "}\n";
}

// As nginx escapes; a blank too where it would part words.
void append_escaped(std::string& out, std::string_view text, bool is_word = false) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte > 0x7E || c == '"' || c == '\\' || (is_word && c == ' ')) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
}

void append_quoted(std::string& out, std::string_view text) {
  out += " \"";
  append_escaped(out, text.empty() ? "-" : text);
  out += '"';
}

// 499, as nginx says it, when the client left before an answer.
void append_common(std::string& out, const AccessEntry& entry, bool combined) {
  constexpr std::uint16_t kClientLeft = 499;
  append_escaped(out, entry.client.empty() ? "-" : entry.client, true);
  out += " - ";
  append_escaped(out, entry.subject.empty() ? "-" : entry.subject, true);
  out += format_time(entry, " [%d/%b/%Y:%H:%M:%S +0000]");
  std::string line;
  if (!entry.method.empty())
    line = std::string(entry.method) + ' ' + (entry.path.empty() ? "-" : target_of(entry)) + " HTTP/" +
           version_text(entry.version);
  append_quoted(out, line);
  out +=
      ' ' + std::to_string(entry.status == 0 ? kClientLeft : entry.status) + ' ' + std::to_string(entry.sent);
  if (combined) {
    append_quoted(out, mask_url(entry.referer.substr(0, kClientText)));
    append_quoted(out, entry.user_agent.substr(0, kClientText));
  }
  out += '\n';
}

}  // namespace

void append_access_line(std::string& out, AccessFormat format, const AccessEntry& entry) {
  switch (format) {
    case AccessFormat::json:
      return append_json(out, entry);
    case AccessFormat::text:
      return append_text(out, entry);
    case AccessFormat::ecs:
      return append_ecs(out, entry);
    case AccessFormat::common:
      return append_common(out, entry, false);
    case AccessFormat::combined:
      break;
  }
  append_common(out, entry, true);
}

}  // namespace gw::exchange
