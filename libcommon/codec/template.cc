#include "codec/template.h"

#include "codec/template_tree.h"

namespace glp::codec {

struct Template::Impl {
  tmpl::Program program;
};

Template::Template(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Result<Template> Template::Compile(std::string_view text, TemplateDialect dialect,
                                   TemplateLimits limits) {
  if (text.size() > limits.text_bytes) {
    return UsageError("template: its text has " + std::to_string(text.size()) +
                      " bytes; the limit is " + std::to_string(limits.text_bytes));
  }
  auto impl = std::make_unique<Impl>();
  impl->program.limits = limits;
  impl->program.dialect = dialect;
  impl->program.text = text;
  GLP_RETURN_IF_ERROR(tmpl::Parse(&impl->program));
  return Template(std::move(impl));
}

Status Template::Execute(const TemplateInput& input, std::string* out) const {
  return tmpl::Execute(impl_->program, input, out);
}

const std::optional<std::vector<std::string>>& Template::names() const {
  return impl_->program.names;
}

bool Template::reads_line() const { return impl_->program.reads_line; }

}  // namespace glp::codec
