// SPDX-License-Identifier: Apache-2.0
#include "cel/time.h"

#include <array>
#include <chrono>
#include <optional>

namespace gw::cel {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kFirstSecond = -62135596800;  // 0001-01-01T00:00:00Z
constexpr std::int64_t kLastSecond = 253402300799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t kDay = 86400;
// What an int64 of nanoseconds holds, as the reference implementations bound durations.
constexpr std::int64_t kLongest = 9223372036;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_done() const { return text_.empty(); }
  bool accept(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool accept_letter(char c) { return accept(c) || accept(static_cast<char>(c | 0x20)); }
  // Exactly so many digits; -1 when there are fewer.
  int digits(std::size_t count) {
    if (text_.size() < count) return -1;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return -1;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(count);
    return value;
  }
  // Behind a point; nothing when there is no digit or more than nine.
  std::optional<std::int64_t> fraction() {
    std::int64_t nanos = 0;
    std::size_t count = 0;
    for (; count < text_.size() && text_[count] >= '0' && text_[count] <= '9'; ++count)
      if (count < 9) nanos = nanos * 10 + (text_[count] - '0');
    if (count == 0 || count > 9) return std::nullopt;
    text_.remove_prefix(count);
    for (; count < 9; ++count) nanos *= 10;
    return nanos;
  }
  std::string_view rest() const { return text_; }
  void skip(std::size_t count) { text_.remove_prefix(count); }

 private:
  std::string_view text_;
};

// Seconds east of UTC.
std::optional<std::int64_t> read_offset(Reader& reader) {
  const bool is_west = reader.accept('-');
  if (!is_west) reader.accept('+');
  const int hours = reader.digits(2);
  if (hours < 0 || hours > 23 || !reader.accept(':')) return std::nullopt;
  const int minutes = reader.digits(2);
  if (minutes < 0 || minutes > 59) return std::nullopt;
  const std::int64_t seconds = hours * 3600 + minutes * 60;
  return is_west ? -seconds : seconds;
}

std::optional<std::int64_t> offset_of(std::string_view zone) {
  if (zone.empty() || zone == "UTC" || zone == "Z" || zone == "GMT") return 0;
  Reader reader(zone);
  const auto offset = read_offset(reader);
  return reader.is_done() ? offset : std::nullopt;
}

struct Civil {
  std::chrono::year_month_day date;
  std::int64_t second_of_day;
  std::int64_t day;  // since 1970
};

Civil civil_of(std::int64_t seconds) {
  const std::int64_t day = (seconds >= 0 ? seconds : seconds - (kDay - 1)) / kDay;
  return {std::chrono::sys_days(std::chrono::days(day)), seconds - day * kDay, day};
}

std::string with_fraction(std::string text, std::int64_t nanos) {
  if (nanos == 0) return text;
  std::string digits = std::to_string(nanos);
  digits.insert(0, 9 - digits.size(), '0');
  digits.erase(digits.find_last_not_of('0') + 1);
  return text + '.' + digits;
}

std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

struct Unit {
  std::string_view name;
  std::int64_t nanos;
};
constexpr std::array kUnits{Unit{"ns", 1},         Unit{"us", 1000},         Unit{"\u00b5s", 1000},
                            Unit{"ms", 1'000'000}, Unit{"h", 3600 * kNanos}, Unit{"m", 60 * kNanos},
                            Unit{"s", kNanos}};

// One "12.5h" of a duration, in nanoseconds.
std::optional<std::int64_t> read_amount(Reader& reader) {
  std::int64_t whole = 0, nanos = 0;
  std::size_t count = 0;
  for (int digit = reader.digits(1); digit >= 0; digit = reader.digits(1), ++count) {
    if (whole > kLongest * kNanos / 10) return std::nullopt;
    whole = whole * 10 + digit;
  }
  double part = 0;
  if (reader.accept('.')) {
    const auto fraction = reader.fraction();
    if (!fraction) return std::nullopt;
    part = static_cast<double>(*fraction) / static_cast<double>(kNanos);
    ++count;
  }
  if (count == 0) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (!reader.rest().starts_with(unit.name)) continue;
    reader.skip(unit.name.size());
    if (__builtin_mul_overflow(whole, unit.nanos, &nanos)) return std::nullopt;
    return nanos + static_cast<std::int64_t>(part * static_cast<double>(unit.nanos) + 0.5);
  }
  return std::nullopt;
}

}  // namespace

Value make_timestamp(std::int64_t seconds, std::int64_t nanos) {
  seconds += nanos / kNanos;
  nanos %= kNanos;
  if (nanos < 0) {
    nanos += kNanos;
    --seconds;
  }
  if (seconds < kFirstSecond || seconds > kLastSecond) return Value::error("timestamp out of range");
  return Value::timestamp(seconds, static_cast<std::int32_t>(nanos));
}

Value make_duration(std::int64_t seconds, std::int64_t nanos) {
  seconds += nanos / kNanos;
  nanos %= kNanos;
  // Both have the same sign.
  if (seconds > 0 && nanos < 0) {
    --seconds;
    nanos += kNanos;
  } else if (seconds < 0 && nanos > 0) {
    ++seconds;
    nanos -= kNanos;
  }
  if (seconds > kLongest || seconds < -kLongest) return Value::error("duration out of range");
  return Value::duration(seconds, static_cast<std::int32_t>(nanos));
}

Value parse_timestamp(std::string_view text) {
  constexpr const char* kWrong = "not a timestamp (RFC 3339)";
  Reader reader(text);
  const int year = reader.digits(4);
  if (!reader.accept('-')) return Value::error(kWrong);
  const int month = reader.digits(2);
  if (!reader.accept('-')) return Value::error(kWrong);
  const int day = reader.digits(2);
  if (!reader.accept_letter('T')) return Value::error(kWrong);
  const int hour = reader.digits(2);
  if (!reader.accept(':')) return Value::error(kWrong);
  const int minute = reader.digits(2);
  if (!reader.accept(':')) return Value::error(kWrong);
  const int second = reader.digits(2);
  std::int64_t nanos = 0;
  if (reader.accept('.')) {
    const auto fraction = reader.fraction();
    if (!fraction) return Value::error(kWrong);
    nanos = *fraction;
  }
  const auto offset = reader.accept_letter('Z') ? std::optional<std::int64_t>(0) : read_offset(reader);
  if (!offset || !reader.is_done() || year < 1 || month < 1 || day < 1 || hour < 0 || hour > 23 ||
      minute < 0 || minute > 59 || second < 0 || second > 59)
    return Value::error(kWrong);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return Value::error(kWrong);
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return make_timestamp(days * kDay + hour * 3600 + minute * 60 + second - *offset, nanos);
}

Value parse_duration(std::string_view text) {
  constexpr const char* kWrong = "not a duration (write 1h30m or 90s)";
  Reader reader(text);
  const bool is_negative = reader.accept('-');
  if (!is_negative) reader.accept('+');
  if (reader.rest() == "0") return Value::duration(0, 0);
  if (reader.is_done()) return Value::error(kWrong);
  std::int64_t total = 0;
  while (!reader.is_done()) {
    const auto amount = read_amount(reader);
    if (!amount) return Value::error(kWrong);
    if (__builtin_add_overflow(total, *amount, &total)) return Value::error("duration out of range");
  }
  return make_duration(0, is_negative ? -total : total);
}

std::string format_timestamp(const Value& timestamp) {
  const Civil civil = civil_of(timestamp.seconds());
  std::string text = padded(static_cast<int>(civil.date.year()), 4) + '-' +
                     padded(static_cast<unsigned>(civil.date.month()), 2) + '-' +
                     padded(static_cast<unsigned>(civil.date.day()), 2) + 'T' +
                     padded(civil.second_of_day / 3600, 2) + ':' + padded(civil.second_of_day / 60 % 60, 2) +
                     ':' + padded(civil.second_of_day % 60, 2);
  return with_fraction(std::move(text), timestamp.nanos()) + 'Z';
}

std::string format_duration(const Value& duration) {
  const bool is_negative = duration.seconds() < 0 || duration.nanos() < 0;
  const std::int64_t seconds = is_negative ? -duration.seconds() : duration.seconds();
  const std::int64_t nanos = is_negative ? -duration.nanos() : duration.nanos();
  return with_fraction((is_negative ? "-" : "") + std::to_string(seconds), nanos) + 's';
}

Value part_of_timestamp(Function part, const Value& timestamp, std::string_view zone) {
  const auto offset = offset_of(zone);
  if (!offset) return Value::error("not a time zone that is known here (write UTC or +02:00)");
  const Civil civil = civil_of(timestamp.seconds() + *offset);
  const std::chrono::sys_days first(civil.date.year() / std::chrono::January / 1);
  switch (part) {
    case Function::year:
      return Value::integer(static_cast<int>(civil.date.year()));
    case Function::month:
      return Value::integer(static_cast<unsigned>(civil.date.month()) - std::int64_t{1});
    case Function::day_of_month:
      return Value::integer(static_cast<unsigned>(civil.date.day()) - std::int64_t{1});
    case Function::date:
      return Value::integer(static_cast<unsigned>(civil.date.day()));
    case Function::day_of_week:
      return Value::integer(((civil.day + 4) % 7 + 7) % 7);  // 1970 began on a Thursday
    case Function::day_of_year:
      return Value::integer(civil.day - first.time_since_epoch().count());
    case Function::hours:
      return Value::integer(civil.second_of_day / 3600);
    case Function::minutes:
      return Value::integer(civil.second_of_day / 60 % 60);
    case Function::seconds:
      return Value::integer(civil.second_of_day % 60);
    default:
      return Value::integer(timestamp.nanos() / 1'000'000);
  }
}

Value part_of_duration(Function part, const Value& duration) {
  switch (part) {
    case Function::hours:
      return Value::integer(duration.seconds() / 3600);
    case Function::minutes:
      return Value::integer(duration.seconds() / 60);
    case Function::seconds:
      return Value::integer(duration.seconds());
    default:
      return Value::integer(duration.nanos() / 1'000'000);
  }
}

}  // namespace gw::cel
