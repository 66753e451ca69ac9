#include "passage_options.h"

#include <functional>

#include "base/strings.h"
#include "base/time.h"
#include "io/file.h"

namespace glp::filter {
namespace {

constexpr int64_t kDefaultWindowNs = 60 * kNsPerSecond;

Result<std::string> ReadSalt(const std::string& path) {
  auto text = io::ReadFile(path);
  if (!text.ok()) return text.status().Annotate("--redact-salt-file");
  const std::string salt(TrimSpace(*text));
  if (salt.empty()) {
    return UsageError("--redact-salt-file: " + path + " is empty; the salt is what stands in it");
  }
  return salt;
}

Status CheckFlags(const PassageFlags& flags) {
  if (flags.dedup_window.ns < -1) return UsageError("--dedup-window: a time is not below 0");
  if (flags.dedup_window.ns >= 0 && !flags.dedup) {
    return UsageError("--dedup-window says how long --dedup drops a line; give that, too");
  }
  if (!flags.salt_file.empty() && flags.redact.empty()) {
    return UsageError(
        "--redact-salt-file says how --redact marks what it takes out; give that, too");
  }
  return Status::Ok();
}

// An empty text, as of a variable that is not set, is not the same as the option left out.
std::function<Status(std::string_view)> NotEmpty(std::string* target, std::string_view example) {
  return [target, example](std::string_view text) {
    if (text.empty()) return UsageError("the value is empty; try " + std::string(example));
    if (!target->empty()) return UsageError("is given twice");
    *target = text;
    return Status::Ok();
  };
}

}  // namespace

bool PassageFlags::any() const {
  return after != kNotGiven || before != kNotGiven || around != kNotGiven || dedup ||
         !sample.empty() || !rate_limit.empty() || !redact.empty();
}

void DescribePassage(cli::Command* command, PassageFlags* flags) {
  cli::Command& c = *command;
  c.Section("Around what is kept");
  c.Value("-A,--after-context", "N", &flags->after,
          "also the N records of the stream behind each that is kept");
  c.DefaultText("0");
  c.Value("-B,--before-context", "N", &flags->before, "and the N in front of it");
  c.DefaultText("0");
  c.Value("-C,--context", "N", &flags->around, "-A N and -B N, where these are not given");
  c.DefaultText("0");
  c.Section("Less of it");
  c.Flag("--dedup", &flags->dedup, "of equal lines in a row within a stream only the first");
  c.Value("--dedup-window", "DURATION", &flags->dedup_window,
          "a line that goes on passes once in this time; 0s: never again");
  c.DefaultText("1m");
  c.OnValue("--sample", "PART", NotEmpty(&flags->sample, "10%"),
            "only a part of the records, 0.1, 10% or 1/10; the metadata sample_weight says for how "
            "many each stands");
  c.OnValue("--rate-limit", "N/s", NotEmpty(&flags->rate_limit, "100/s"),
            "at most N records a second (/m minute, /h hour) of the records' time");
  c.Choice("--rate-limit-by", {"stream", "all"}, &flags->rate_limit_by,
           "whether each stream has the limit for itself or all have it together");
  c.Section("Without secrets");
  c.OnValue(
      "--redact", "KIND,...", NotEmpty(&flags->redact, "email,card,token"),
      "take out what is of a kind, email, card, token, ip or all of them: all; <email> stands "
      "in its place");
  c.OnValue(
      "--redact-salt-file", "FILE", NotEmpty(&flags->salt_file, "the path of a file"),
      "<email:3f786850e387> stands in its place, a keyed hash; the salt is what the file says");
  c.Completes("file");
}

Result<PassageOptions> MakePassageOptions(const PassageFlags& flags, bool writes_records) {
  GLP_RETURN_IF_ERROR(CheckFlags(flags));
  PassageOptions options;
  const uint64_t around = flags.around == PassageFlags::kNotGiven ? 0 : flags.around;
  if (writes_records) {
    options.after = flags.after == PassageFlags::kNotGiven ? around : flags.after;
    options.before = flags.before == PassageFlags::kNotGiven ? around : flags.before;
  }
  if (flags.dedup) {
    options.dedup_window_ns = flags.dedup_window.ns < 0 ? kDefaultWindowNs : flags.dedup_window.ns;
  }
  if (!flags.sample.empty()) {
    auto sampler = Sampler::Parse(flags.sample);
    if (!sampler.ok()) return sampler.status().Annotate("--sample");
    options.sampler = *sampler;
  }
  if (!flags.rate_limit.empty()) {
    auto limit = RateLimit::Parse(flags.rate_limit, flags.rate_limit_by == "stream");
    if (!limit.ok()) return limit.status().Annotate("--rate-limit");
    options.rate_limit = *std::move(limit);
  }
  if (!flags.redact.empty()) {
    auto kinds = ParseSecretKinds(flags.redact);
    if (!kinds.ok()) return kinds.status().Annotate("--redact");
    if (writes_records) options.redact = *kinds;
  }
  if (!flags.salt_file.empty()) {
    GLP_ASSIGN_OR_RETURN(options.salt, ReadSalt(flags.salt_file));
  }
  return options;
}

}  // namespace glp::filter
