// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <string>

#include "base/json.h"

namespace gw::log {
namespace {

std::atomic<Level> g_level{Level::info};
std::atomic<Format> g_format{Format::json};

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error"};

spdlog::logger& sink() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made =
        std::make_shared<spdlog::logger>("gatewarden", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace);
    made->set_pattern("%v");
    return made;
  }();
  return *logger;
}

void append_value(std::string& out, const Field& field) {
  if (const auto* text = std::get_if<std::string_view>(&field.value)) return json::append_quoted(out, *text);
  if (const auto* number = std::get_if<std::int64_t>(&field.value)) {
    out += std::to_string(*number);
  } else if (const auto* real = std::get_if<double>(&field.value)) {
    out += fmt::format("{}", *real);
  } else {
    out += std::get<bool>(field.value) ? "true" : "false";
  }
}

std::string timestamp() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     std::chrono::duration_cast<std::chrono::milliseconds>(now).count() % 1000);
}

}  // namespace

void configure(const Options& options) {
  g_level = options.level;
  g_format = options.format;
}

bool enabled(Level level) {
  return level >= g_level.load(std::memory_order_relaxed);
}

std::optional<Level> parse_level(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    if (kNames[i] == text) return static_cast<Level>(i);
  return std::nullopt;
}

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const std::string_view name = kNames[static_cast<std::size_t>(level)];
  std::string line;
  if (g_format.load(std::memory_order_relaxed) == Format::json) {
    line = "{\"time\":\"" + timestamp() + "\",\"level\":\"" + std::string(name) + "\",\"message\":";
    json::append_quoted(line, message);
    for (const Field& field : fields) {
      line += ',';
      json::append_quoted(line, field.name);
      line += ':';
      append_value(line, field);
    }
    line += '}';
  } else {
    line = timestamp() + " " + std::string(name) + " " + std::string(message);
    for (const Field& field : fields) {
      line += ' ';
      line += field.name;
      line += '=';
      append_value(line, field);
    }
  }
  sink().log(spdlog::level::info, line);
}

}  // namespace gw::log
