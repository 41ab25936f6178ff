// Dates and times of day: erlang:date/0, localtime/0 and their kin, {{Y, M, D}, {H, Min, S}}.
// Local time is the C library's, that is the time zone of the OS process.
#include <climits>
#include <ctime>

#include "bif/registry.h"
#include "vm/heap/builder.h"
#include "vm/proc/time.h"

namespace joist {

namespace {

struct DateTime {
  int64_t year;
  int64_t month;
  int64_t day;
  int64_t hour;
  int64_t minute;
  int64_t second;
};

constexpr int64_t kSecondsPerDay = 24 * 60 * 60;
// The first years that the conversions take.
constexpr int64_t kFirstLocalYear = 1902;
constexpr int64_t kFirstUniversalYear = 1600;

bool is_leap_year(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int64_t days_in_month(int64_t year, int64_t month) {
  constexpr int8_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && is_leap_year(year) ? 1 : 0);
}

bool is_valid(const DateTime& t, int64_t first_year) {
  return t.year >= first_year && t.year < INT_MAX && t.month >= 1 && t.month <= 12 && t.day >= 1 &&
         t.day <= days_in_month(t.year, t.month) && t.hour >= 0 && t.hour <= 23 && t.minute >= 0 &&
         t.minute <= 59 && t.second >= 0 && t.second <= 59;
}

// Years are counted from March, so that the leap day is the last of its year, and days from
// 0000-03-01, in eras of 400 years.
constexpr int64_t kDaysPerEra = 146097;
constexpr int64_t kDaysFromEraToEpoch = 719468;  // from 0000-03-01 to 1970-01-01

int64_t days_since_epoch(int64_t year, int64_t month, int64_t day) {
  if (month <= 2) --year;
  int64_t era = (year >= 0 ? year : year - 399) / 400;
  int64_t year_of_era = year - era * 400;
  int64_t day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
  int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kDaysFromEraToEpoch;
}

int64_t to_seconds(const DateTime& t) {
  return days_since_epoch(t.year, t.month, t.day) * kSecondsPerDay + t.hour * 3600 + t.minute * 60 +
         t.second;
}

int64_t day_in_year(int64_t days, int64_t year) {
  return days - (365 * year + year / 4 - year / 100 + year / 400);
}

DateTime from_seconds(int64_t seconds) {
  int64_t days = seconds / kSecondsPerDay;
  int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --days;
  }
  // From 0000-03-01: the year by its mean length, corrected where that is too late. Divisions
  // truncate, which gives odd dates before the year 0; they are OTP's.
  days += kDaysFromEraToEpoch;
  int64_t year = (10000 * days + 14780) / 3652425;
  int64_t day_of_year = day_in_year(days, year);
  if (day_of_year < 0) day_of_year = day_in_year(days, --year);
  int64_t month = (100 * day_of_year + 52) / 3060;  // 0 is March
  return {
      year + (month + 2) / 12, (month + 2) % 12 + 1,    day_of_year - (306 * month + 5) / 10 + 1,
      second_of_day / 3600,    second_of_day / 60 % 60, second_of_day % 60};
}

DateTime from_tm(const struct tm& t) {
  return {t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec};
}

Term make_date(Process& p, const DateTime& t) {
  return make_tuple(p.heap, {Term::small(t.year), Term::small(t.month), Term::small(t.day)});
}
Term make_time(Process& p, const DateTime& t) {
  return make_tuple(p.heap, {Term::small(t.hour), Term::small(t.minute), Term::small(t.second)});
}
Term make_date_time(Process& p, const DateTime& t) {
  Term date = make_date(p, t);
  return make_tuple(p.heap, {date, make_time(p, t)});
}

bool parse_triple(Term term, int64_t* a, int64_t* b, int64_t* c) {
  if (!is_tuple(term) || tuple_size(term) != 3) return false;
  std::span<const Term> elements = tuple_elements(term);
  for (Term element : elements) {
    if (!element.is_small()) return false;
  }
  *a = elements[0].small_value();
  *b = elements[1].small_value();
  *c = elements[2].small_value();
  return true;
}

bool parse_date_time(Term term, DateTime* t) {
  return is_tuple(term) && tuple_size(term) == 2 &&
         parse_triple(tuple_elements(term)[0], &t->year, &t->month, &t->day) &&
         parse_triple(tuple_elements(term)[1], &t->hour, &t->minute, &t->second);
}

int64_t wall_seconds(Process& p) {
  return p.runtime->time->clock().wall_ns() / ErlangTime::kSecond;
}

bool local_time_at(int64_t seconds, DateTime* t) {
  time_t clock = seconds;
  struct tm parts;
  if (localtime_r(&clock, &parts) == nullptr) return false;
  *t = from_tm(parts);
  return true;
}

Term now_local(Process& p, Term (*make)(Process&, const DateTime&)) {
  DateTime t;
  return local_time_at(wall_seconds(p), &t) ? make(p, t) : p.badarg();
}

Term date_0(Process& p) { return now_local(p, make_date); }
Term time_0(Process& p) { return now_local(p, make_time); }
Term localtime_0(Process& p) { return now_local(p, make_date_time); }
Term universaltime_0(Process& p) { return make_date_time(p, from_seconds(wall_seconds(p))); }

Term universaltime_to_localtime_1(Process& p, Term term) {
  DateTime t;
  if (!parse_date_time(term, &t) || !is_valid(t, kFirstLocalYear)) return p.badarg();
  return local_time_at(to_seconds(t), &t) ? make_date_time(p, t) : p.badarg();
}

// tzname[1] differs from tzname[0] where the zone has (or had) daylight saving time.
bool zone_has_daylight_saving() {
  tzset();
  return daylight != 0;
}

// mktime's -1 is a valid time as well; only then does it not fill in the day of the week.
bool make_clock(struct tm parts, time_t* clock) {
  parts.tm_wday = -1;
  *clock = mktime(&parts);
  return *clock != -1 || parts.tm_wday != -1;
}

Term localtime_to_universaltime_2(Process& p, Term term, Term is_dst) {
  DateTime t;
  bool known = is_dst == atoms::true_ || is_dst == atoms::false_ || is_dst == atoms::undefined;
  if (!known || !parse_date_time(term, &t) || !is_valid(t, kFirstLocalYear)) return p.badarg();
  struct tm parts = {};
  parts.tm_year = static_cast<int>(t.year - 1900);
  parts.tm_mon = static_cast<int>(t.month - 1);
  parts.tm_mday = static_cast<int>(t.day);
  parts.tm_hour = static_cast<int>(t.hour);
  parts.tm_min = static_cast<int>(t.minute);
  parts.tm_sec = static_cast<int>(t.second);
  parts.tm_isdst = is_dst == atoms::undefined ? -1 : is_dst == atoms::true_ ? 1 : 0;
  // From OTP 28 on, a zone without daylight saving time does not shift times that claim it.
  if (p.runtime->otp_release >= 28 && !zone_has_daylight_saving()) parts.tm_isdst = 0;
  time_t clock;
  if (!make_clock(parts, &clock)) {
    if (parts.tm_isdst == 0) return p.badarg();
    parts.tm_isdst = 0;
    if (!make_clock(parts, &clock)) return p.badarg();
  }
  return make_date_time(p, from_seconds(clock));
}

Term universaltime_to_posixtime_1(Process& p, Term term) {
  DateTime t;
  if (!parse_date_time(term, &t) || !is_valid(t, kFirstUniversalYear)) return p.badarg();
  return make_integer(p.heap, to_seconds(t));
}

Term posixtime_to_universaltime_1(Process& p, Term term) {
  if (!term.is_small()) return p.badarg();
  return make_date_time(p, from_seconds(term.small_value()));
}

constexpr NativeEntry kCalendarNatives[] = {
    {"erlang", "date", native<date_0>},
    {"erlang", "localtime", native<localtime_0>},
    {"erlang", "localtime_to_universaltime", native<localtime_to_universaltime_2>},
    {"erlang", "posixtime_to_universaltime", native<posixtime_to_universaltime_1>},
    {"erlang", "time", native<time_0>},
    {"erlang", "universaltime", native<universaltime_0>},
    {"erlang", "universaltime_to_localtime", native<universaltime_to_localtime_1>},
    {"erlang", "universaltime_to_posixtime", native<universaltime_to_posixtime_1>},
};

}  // namespace

std::span<const NativeEntry> calendar_natives() { return kCalendarNatives; }

}  // namespace joist
