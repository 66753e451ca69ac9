// Semantic versions and constraints on them, as sprig's semver and semverCompare take them.
// Lifetime: views into the text that was read.
// Source:   semver.org 2.0.0; ranges as npm and Cargo write them (^1.2, ~1.2, 1.2 - 2.0, >=1 <2 ||
// 3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace glp::codec::tmpl {

struct Version {
  uint64_t major = 0, minor = 0, patch = 0;
  std::string_view prerelease, metadata;
  std::string_view original;

  std::string Text() const;
};

// Two or one number do, and a `v` in front. False where it is no version.
bool ParseVersion(std::string_view text, Version* out);
// Below, equal or above zero; metadata does not count.
int CompareVersions(const Version& a, const Version& b);
// False, with what is wrong in `error`, where the constraint is none.
bool MatchesConstraint(std::string_view constraint, const Version& version, bool* matches,
                       std::string* error);

}  // namespace glp::codec::tmpl
