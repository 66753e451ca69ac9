#include "base/result.h"

#include <system_error>

namespace glp {

Status IoError(std::string_view what, int err) {
  return {Code::kIo, std::string(what) + ": " + std::generic_category().message(err)};
}

}  // namespace glp
