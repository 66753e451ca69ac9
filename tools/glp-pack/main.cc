#include "cli/main.h"

#include "options.h"
#include "pack/file_writer.h"

namespace glp::packtool {
namespace {

cli::Command Describe(Options* o) {
  cli::Command c("glp-pack", "log records in one small, searchable file");
  c.Example("glp-tail build/*.log | glp-parse --auto | glp-pack -o build.glp",
            "pack the logs of a build");
  c.Example("glp-query -s build.glp '{} |~ \"(?i)error|panic\"'", "search them");
  c.Example("glp-pack -d build.glp | glp-filter '|= \"error\"'", "back to records");
  c.Example("glp-pack --list build.glp", "what is in it");
  c.Example("glp-pack --test *.glp", "check every byte");
  c.Value("-o,--output", "FILE", &o->output,
          "write to FILE, which is replaced only when all is written; without it, or "
          "with -, to standard output");
  c.Completes("file");
  c.Flag("-d,--decode", &o->decode, "write the records of each FILE to standard output");
  c.Flag("--test", &o->test, "check every FILE; what is damaged is said on standard error");
  c.Flag("--list", &o->list, "list the streams of each FILE with entries, bytes and times");
  c.Value("--level", "N", &o->level, "compression, 1 (fast) to 19 (small)");
  c.Positional("FILE", &o->files,
               "packed files for --decode, --test and --list; - or none is standard input");
  c.Completes("file");
  return c;
}

Status Check(const Options& o) {
  if (o.decode + o.test + o.list > 1) {
    return UsageError("--decode, --test and --list exclude each other");
  }
  bool reads_packs = o.decode || o.test || o.list;
  if (reads_packs && !o.output.empty()) {
    return UsageError(
        "--output is for packing; --decode, --test and --list write to standard "
        "output");
  }
  if (!reads_packs && !o.files.empty() && o.files != std::vector<std::string>{"-"}) {
    return UsageError(o.files[0] +
                      ": records are read from standard input; a packed file is read "
                      "with --decode, --test or --list");
  }
  if (o.level < 1 || o.level > static_cast<uint64_t>(pack::kMaxLevel)) {
    return UsageError("--level " + std::to_string(o.level) + ": must be 1 to 19");
  }
  return Status::Ok();
}

cli::RunResult Run(const Options& o, cli::Context& context) {
  GLP_RETURN_IF_ERROR(Check(o));
  if (o.decode) {
    GLP_RETURN_IF_ERROR(Unpack(o, context));
  } else if (o.test) {
    GLP_RETURN_IF_ERROR(Test(o, context));
  } else if (o.list) {
    GLP_RETURN_IF_ERROR(List(o, context));
  } else {
    GLP_RETURN_IF_ERROR(Pack(o, context));
  }
  return cli::kExitOk;
}

}  // namespace
}  // namespace glp::packtool

int main(int argc, char** argv) {
  glp::packtool::Options options;
  glp::cli::Command command = glp::packtool::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::packtool::Run(options, context);
  });
}
