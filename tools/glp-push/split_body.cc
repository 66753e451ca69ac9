#include "split_body.h"

#include "base/strings.h"
#include "record/labels.h"
#include "wire/push_batch.h"
#include "wire/push_proto.h"

namespace glp::push {

Result<std::pair<std::string, std::string>> SplitBody(std::string_view body) {
  wire::ProtoPushDecoder decoder;
  GLP_ASSIGN_OR_RETURN(const wire::PushRequest* request, decoder.Decode(body));
  size_t entries = 0;
  for (const auto& stream : request->streams) {
    if (!stream.labels_error.empty()) return DataError(stream.labels_error);
    entries += stream.entries.size();
  }
  if (entries < 2) return DataError("one entry only");
  LabelTable labels;
  wire::Batch batch(&labels, {});
  std::pair<std::string, std::string> halves;
  size_t done = 0;
  for (const auto& stream : request->streams) {
    Record record;
    record.labels = labels.FromLabels(stream.labels);
    for (const auto& entry : stream.entries) {
      if (done++ == entries / 2) halves.first = batch.Take();
      std::string src;
      if (!entry.src_id.empty()) {
        src = std::string(entry.src_id) + '@';
        AppendUint64(&src, entry.src_next);
      }
      record.ts_ns = entry.ts_ns;
      record.line = Line::Bytes(entry.line);
      record.meta = entry.meta;
      record.src = src;
      batch.Add(record, entry.src_whole_from);
    }
  }
  halves.second = batch.Take();
  return halves;
}

}  // namespace glp::push
