#include "codec/template_own.h"

#include "codec/runes.h"
#include "codec/template_strings.h"

namespace glp::codec::tmpl {

Value OwnReplace(const Call& call) {
  return ReplaceText(call.run, call.str(0), call.str(1), call.str(2), call[3].i);
}
Value OwnToLower(const Call& call) { return MapRunes(call.run, call.str(0), ToLower); }
Value OwnToUpper(const Call& call) { return MapRunes(call.run, call.str(0), ToUpper); }
Value OwnTrim(const Call& call) {
  return Value::Text(TrimRunes(call.str(0), call.str(1), TrimSide::kBoth));
}
Value OwnTrimLeft(const Call& call) {
  return Value::Text(TrimRunes(call.str(0), call.str(1), TrimSide::kLeft));
}
Value OwnTrimRight(const Call& call) {
  return Value::Text(TrimRunes(call.str(0), call.str(1), TrimSide::kRight));
}
Value OwnTrimSpace(const Call& call) { return Value::Text(TrimGoSpace(call.str(0))); }
Value OwnTrimPrefix(const Call& call) {
  std::string_view text = call.str(0), prefix = call.str(1);
  return Value::Text(text.starts_with(prefix) ? text.substr(prefix.size()) : text);
}
Value OwnTrimSuffix(const Call& call) {
  std::string_view text = call.str(0), suffix = call.str(1);
  return Value::Text(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

}  // namespace glp::codec::tmpl
