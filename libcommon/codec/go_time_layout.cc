#include "codec/go_time_layout.h"

namespace glp::codec {
namespace {

struct Spelling {
  std::string_view text;
  TimePart part;
};
// Longer spellings stand before their beginnings.
constexpr Spelling kSpellings[] = {
    {"January", TimePart::kLongMonth},
    {"Monday", TimePart::kLongWeekDay},
    {"MST", TimePart::kTZ},
    {"002", TimePart::kZeroYearDay},
    {"01", TimePart::kZeroMonth},
    {"02", TimePart::kZeroDay},
    {"03", TimePart::kZeroHour12},
    {"04", TimePart::kZeroMinute},
    {"05", TimePart::kZeroSecond},
    {"06", TimePart::kYear},
    {"15", TimePart::kHour},
    {"1", TimePart::kNumMonth},
    {"2006", TimePart::kLongYear},
    {"2", TimePart::kDay},
    {"__2", TimePart::kUnderYearDay},
    {"_2", TimePart::kUnderDay},
    {"3", TimePart::kHour12},
    {"4", TimePart::kMinute},
    {"5", TimePart::kSecond},
    {"PM", TimePart::kPM},
    {"pm", TimePart::kpm},
    {"-070000", TimePart::kNumSeconds},
    {"-07:00:00", TimePart::kNumColonSeconds},
    {"-0700", TimePart::kNum},
    {"-07:00", TimePart::kNumColon},
    {"-07", TimePart::kNumShort},
    {"Z070000", TimePart::kIsoSeconds},
    {"Z07:00:00", TimePart::kIsoColonSeconds},
    {"Z0700", TimePart::kIso},
    {"Z07:00", TimePart::kIsoColon},
    {"Z07", TimePart::kIsoShort},
};

}  // namespace

TimePartAt NextTimePart(std::string_view layout) {
  for (size_t i = 0; i < layout.size(); ++i) {
    std::string_view rest = layout.substr(i);
    // Names that are the start of a longer word are words.
    if (rest.substr(0, 3) == "Jan" || rest.substr(0, 3) == "Mon") {
      bool is_long = rest.substr(0, 7) == "January" || rest.substr(0, 6) == "Monday";
      if (!is_long && !(rest.size() > 3 && rest[3] >= 'a' && rest[3] <= 'z')) {
        return {rest[0] == 'J' ? TimePart::kMonth : TimePart::kWeekDay, i, 3, 0};
      }
    }
    // "_2006" is a '_' in front of a year.
    if (rest.substr(0, 5) == "_2006") return {TimePart::kLongYear, i + 1, 4, 0};
    if ((rest[0] == '.' || rest[0] == ',') && rest.size() > 1 &&
        (rest[1] == '0' || rest[1] == '9')) {
      size_t end = rest.find_first_not_of(rest[1], 1);
      if (end == std::string_view::npos) end = rest.size();
      // A long fraction is not looked at again digit by digit.
      if (end == rest.size() || rest[end] < '0' || rest[end] > '9') {
        return {rest[1] == '0' ? TimePart::kFraction0 : TimePart::kFraction9, i, end,
                static_cast<int>(end) - 1};
      }
    }
    if (std::string_view("JM012_345Pp-Z").find(rest[0]) == std::string_view::npos) continue;
    for (const Spelling& spelling : kSpellings) {
      if (rest.substr(0, spelling.text.size()) == spelling.text) {
        return {spelling.part, i, spelling.text.size(), 0};
      }
    }
  }
  return {TimePart::kNone, layout.size(), 0, 0};
}

}  // namespace glp::codec
