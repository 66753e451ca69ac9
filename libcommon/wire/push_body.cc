#include "wire/push_body.h"

#include <simdjson.h>
#include <snappy-sinksource.h>
#include <snappy.h>

#include <protozero/pbf_reader.hpp>
#include <vector>

#include "base/json_text.h"
#include "base/strings.h"
#include "wire/gzip.h"
#include "wire/push_fields.h"
#include "wire/push_proto.h"
#include "wire/utf8.h"

namespace glp::wire {
namespace {

using Pieces = std::vector<std::string_view>;

// Several pieces of memory, as snappy reads it.
class PieceSource : public snappy::Source {
 public:
  explicit PieceSource(const Pieces& pieces) : pieces_(pieces) {
    for (std::string_view piece : pieces) left_ += piece.size();
  }
  size_t Available() const override { return left_; }
  const char* Peek(size_t* size) override {
    while (at_ < pieces_.size() && from_ == pieces_[at_].size()) {
      ++at_;
      from_ = 0;
    }
    if (at_ == pieces_.size()) {
      *size = 0;
      return nullptr;
    }
    *size = pieces_[at_].size() - from_;
    return pieces_[at_].data() + from_;
  }
  void Skip(size_t size) override {
    left_ -= size;
    while (size > 0) {
      const size_t here = std::min(size, pieces_[at_].size() - from_);
      from_ += here;
      size -= here;
      if (from_ == pieces_[at_].size()) {
        ++at_;
        from_ = 0;
      }
    }
  }

 private:
  const Pieces& pieces_;
  size_t left_ = 0;
  size_t at_ = 0;
  size_t from_ = 0;
};

std::string Snappy(const Pieces& pieces) {
  PieceSource source(pieces);
  std::string out(snappy::MaxCompressedLength(source.Available()), '\0');
  snappy::UncheckedByteArraySink sink(out.data());
  out.resize(snappy::Compress(&source, &sink));
  return out;
}

Status Damaged(const char* why) {
  return DataError(std::string("the bytes of a push are damaged: ") + why);
}

// Appends what is not glp's part.
Status CutOutGlp(std::string_view canonical, Pieces* pieces) {
  const char* begin = canonical.data();
  const char* const end = begin + canonical.size();
  const char* p = begin;
  try {
    while (p < end) {
      const char* const field = p;
      const auto tag = static_cast<Tag>(protozero::decode_varint(&p, end));
      const uint64_t size = (tag & 7) == 2 ? protozero::decode_varint(&p, end) : UINT64_MAX;
      if (size > static_cast<uint64_t>(end - p)) return Damaged("cut off");
      p += size;
      if (tag != kRequestGlp) continue;
      if (field > begin) pieces->emplace_back(begin, field - begin);
      begin = p;
    }
  } catch (const protozero::exception& error) {
    return Damaged(error.what());
  }
  if (end > begin) pieces->emplace_back(begin, end - begin);
  return Status::Ok();
}

// Writes requests as one JSON body.
class JsonWriter {
 public:
  explicit JsonWriter(PushTarget target) : target_(target) {}

  void Add(const PushRequest& request) {
    for (const PushRequest::Stream& stream : request.streams) AddStream(stream);
  }
  std::string Take() {
    if (target_ == PushTarget::kLoki) return streams_ + "]}";
    streams_ += "],\"glp\":{\"streams\":[";
    streams_ += glp_;
    streams_ += "]}}";
    return std::move(streams_);
  }
  uint64_t changed_lines() const { return changed_lines_; }

 private:
  void AddStream(const PushRequest::Stream& stream) {
    streams_ += first_ ? "{\"stream\":" : ",{\"stream\":";
    // Labels that are none must be refused by the server: their whole text goes as a name.
    streams_ += stream.labels_error.empty()
                    ? LabelsToJson(stream.labels)
                    : LabelsToJson({{ReplaceInvalidUtf8(stream.labels_text), "?"}});
    streams_ += ",\"values\":[";
    line64_.clear();
    for (size_t i = 0; i < stream.entries.size(); ++i) AddEntry(stream.entries[i], i);
    streams_ += "]}";
    if (target_ != PushTarget::kLoki) AddOrigin(stream);
    first_ = false;
  }

  void AddEntry(const PushRequest::Entry& entry, size_t index) {
    streams_ += index == 0 ? "[\"" : ",[\"";
    streams_ += std::to_string(entry.ts_ns);
    streams_ += "\",";
    if (!AppendJsonLossy(&streams_, entry.line)) {
      if (target_ == PushTarget::kLoki) ++changed_lines_;
      line64_ += line64_.empty() ? "[" : ",[";
      AppendUint64(&line64_, index);
      line64_ += ",\"" + Base64Encode(entry.line) + "\"]";
    }
    if (!entry.meta.empty()) {
      streams_ += ',';
      streams_ += entry.meta;
    }
    streams_ += ']';
  }

  void AddOrigin(const PushRequest::Stream& stream) {
    std::string runs;
    bool has_src = false;
    const PushRequest::Entry* run = nullptr;
    for (const PushRequest::Entry& entry : stream.entries) {
      has_src |= !entry.src_id.empty();
      if (run != nullptr && run->src_id == entry.src_id &&
          run->src_whole_from == entry.src_whole_from) {
        runs += ',';
      } else {
        if (run != nullptr) EndRun(*run, &runs);
        runs += run != nullptr ? ",[" : "[";
        AppendJsonString(&runs, entry.src_id);
        runs += ",[";
        run = &entry;
      }
      AppendUint64(&runs, entry.src_next);
    }
    if (run != nullptr) EndRun(*run, &runs);
    glp_ += first_ ? "{" : ",{";
    if (has_src) glp_ += "\"src\":[" + runs + "]";
    if (!line64_.empty()) glp_ += (has_src ? ",\"line64\":[" : "\"line64\":[") + line64_ + "]";
    glp_ += '}';
  }

  void EndRun(const PushRequest::Entry& run, std::string* runs) const {
    *runs += ']';
    if (target_ == PushTarget::kGlp && run.src_whole_from != PushRequest::kNotWhole) {
      *runs += ',';
      AppendUint64(runs, run.src_whole_from);
    }
    *runs += ']';
  }

  const PushTarget target_;
  std::string streams_ = "{\"streams\":[";
  std::string glp_;
  std::string line64_;
  bool first_ = true;
  uint64_t changed_lines_ = 0;
};

Status EncodeJson(std::span<const std::string_view> canonicals, PushTarget target, PushBody* body) {
  JsonWriter writer(target);
  ProtoPushDecoder decoder;
  for (std::string_view canonical : canonicals) {
    GLP_ASSIGN_OR_RETURN(const PushRequest* request, decoder.Decode(canonical));
    writer.Add(*request);
  }
  body->bytes = writer.Take();
  body->changed_lines = writer.changed_lines();
  body->content_type = "application/json";
  return Status::Ok();
}

Status EncodeProtobuf(std::span<const std::string_view> canonicals, PushTarget target,
                      PushBody* body) {
  Pieces pieces;
  for (std::string_view canonical : canonicals) {
    if (target == PushTarget::kLoki) {
      GLP_RETURN_IF_ERROR(CutOutGlp(canonical, &pieces));
    } else {
      pieces.push_back(canonical);
    }
  }
  body->bytes = Snappy(pieces);
  body->content_type = "application/x-protobuf";
  return Status::Ok();
}

}  // namespace

PushTarget ReadPushTarget(std::string_view buildinfo) {
  simdjson::dom::parser parser;
  simdjson::dom::element document;
  std::string_view application;
  if (parser.parse(buildinfo.data(), buildinfo.size()).get(document) ||
      document["application"].get(application) || application != "glp") {
    return PushTarget::kLoki;
  }
  uint64_t version = 0;
  if (document["push"].get(version) || version < kPushVersion) return PushTarget::kOldGlp;
  return PushTarget::kGlp;
}

void PushBody::AddHeaders(HeaderList* headers) const {
  headers->emplace_back("Content-Type", content_type);
  if (!content_encoding.empty()) headers->emplace_back("Content-Encoding", content_encoding);
}

Result<PushBody> MakePushBody(std::span<const std::string_view> canonicals, PushFormat format,
                              bool gzip, PushTarget target) {
  PushBody body;
  const bool json = format == PushFormat::kJson || target == PushTarget::kOldGlp;
  GLP_RETURN_IF_ERROR(json ? EncodeJson(canonicals, target, &body)
                           : EncodeProtobuf(canonicals, target, &body));
  if (gzip) {
    body.bytes = Gzip(body.bytes);
    body.content_encoding = "gzip";
  }
  return body;
}

}  // namespace glp::wire
