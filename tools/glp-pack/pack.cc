#include "cli/record_sink.h"
#include "options.h"
#include "out_file.h"
#include "pack/writer.h"

namespace glp::packtool {
namespace {

class PackSink : public cli::RecordSink {
 public:
  PackSink(pack::Writer* writer, const LabelTable* labels) : writer_(writer), labels_(labels) {}

  Status OnRecord(const Record& record) override {
    if (labels_->generation() != generation_) {
      writer_->ForgetLabels();
      generation_ = labels_->generation();
    }
    std::string_view extra = record.extra;
    if (record.pos != Record::kPosIsNext) {
      extra_ = ",\"pos\":" + std::to_string(record.pos) + std::string(record.extra);
      extra = extra_;
    }
    return writer_->Add(record.labels, {record.ts_ns, 0, record.line.Decode(&scratch_), record.meta,
                                        record.src, extra});
  }

 private:
  pack::Writer* writer_;
  const LabelTable* labels_;
  uint64_t generation_ = 0;
  std::string scratch_, extra_;
};

}  // namespace

Status Pack(const Options& options, cli::Context& context) {
  GLP_RETURN_IF_ERROR(cli::RefuseTerminal(context, 0));
  GLP_ASSIGN_OR_RETURN(OutFile out, OutFile::Open(options.output));
  pack::Writer::Options writer_options;
  writer_options.level = static_cast<int>(options.level);
  pack::Writer writer(out.fd(), out.name(), writer_options);
  LabelTable labels;
  PackSink sink(&writer, &labels);
  GLP_RETURN_IF_ERROR(cli::ReadRecords(context, 0, &labels, &sink, {}).status());
  GLP_RETURN_IF_ERROR(writer.Finish());
  return out.Finish();
}

}  // namespace glp::packtool
