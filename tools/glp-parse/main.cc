#include "cli/main.h"

#include "options.h"
#include "parse.h"

int main(int argc, char** argv) {
  glp::parse::Options options;
  glp::cli::Command command = glp::parse::Describe(&options);
  return glp::cli::Main(argc, argv, command, [&](glp::cli::Context& context) {
    return glp::parse::Run(options, context);
  });
}
