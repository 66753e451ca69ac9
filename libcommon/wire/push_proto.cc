#include "wire/push_proto.h"

#include <protozero/pbf_reader.hpp>
#include <string>

#include "base/strings.h"
#include "wire/push_fields.h"
#include "wire/push_meta.h"

namespace glp::wire {
namespace {

using protozero::pbf_reader;

constexpr size_t kKeepEntries = 1 << 17;
constexpr uint32_t kNoStream = UINT32_MAX;

std::string_view View(pbf_reader* message) {
  const protozero::data_view view = message->get_view();
  return {view.data(), view.size()};
}

pbf_reader Message(std::string_view bytes) { return pbf_reader(bytes.data(), bytes.size()); }

// Fields that nobody knows are passed over. One of a number that is known, up to `last_known`, is
// of another type here: to pass over a line or a time would change what is stored.
void SkipUnknown(pbf_reader* message, uint32_t last_known) {
  if (message->tag() <= last_known) throw protozero::unknown_pbf_wire_type_exception();
  message->skip();
}

}  // namespace

struct ProtoPushDecoder::Impl {
  PushRequest request;
  MetaWriter meta;
  std::vector<std::vector<PushRequest::Entry>> spare;  // of earlier requests, empty
  std::vector<uint32_t> places;                        // of all streams: index in the request
  std::vector<std::string_view> origins;               // Origin messages
  bool has_glp = false;
  PushCount count;

  void Clear();
  Status Read(std::string_view bytes);
  Status ReadStream(std::string_view bytes);
  Status ReadLabels(std::string_view text, PushRequest::Stream* stream);
  Status ReadEntry(std::string_view bytes, PushRequest::Entry* entry);
  Status ReadTime(std::string_view bytes, int64_t* ts_ns);
  void ReadPair(std::string_view bytes);
  Status ApplyOrigins();
  Status ApplyOrigin(std::string_view bytes, std::vector<PushRequest::Entry>* entries);
};

ProtoPushDecoder::ProtoPushDecoder() : impl_(std::make_unique<Impl>()) {}
ProtoPushDecoder::~ProtoPushDecoder() = default;

Result<const PushRequest*> ProtoPushDecoder::Decode(std::string_view bytes, MemoryClaim* memory) {
  Impl& d = *impl_;
  d.Clear();
  d.count = PushCount(memory);
  Status status;
  try {
    status = d.Read(bytes);
  } catch (const protozero::exception& error) {
    status = DataError(std::string("not the protobuf of a push, or cut off: ") + error.what());
  }
  if (!status.ok()) {
    return Status(status.code(), "malformed push body: " + status.message());
  }
  return &d.request;
}

void ProtoPushDecoder::Impl::Clear() {
  // Vectors are kept for the next request, up to so many entries in all.
  size_t kept = 0;
  for (const auto& entries : spare) kept += entries.capacity();
  for (PushRequest::Stream& stream : request.streams) {
    kept += stream.entries.capacity();
    if (kept > kKeepEntries) break;
    stream.entries.clear();
    spare.push_back(std::move(stream.entries));
  }
  request.streams.clear();
  meta.Clear();
  places.clear();
  origins.clear();
  has_glp = false;
}

Status ProtoPushDecoder::Impl::Read(std::string_view bytes) {
  pbf_reader message = Message(bytes);
  while (message.next()) {
    switch (static_cast<Tag>(message.tag_and_type())) {
      case kRequestStream: {
        Status status = ReadStream(View(&message));
        if (!status.ok()) return status.Annotate("stream " + std::to_string(places.size()));
        break;
      }
      case kRequestGlp: {
        has_glp = true;
        pbf_reader glp = message.get_message();
        while (glp.next()) {
          if (static_cast<Tag>(glp.tag_and_type()) == kGlpStream) {
            GLP_RETURN_IF_ERROR(count.AddStream());
            origins.push_back(View(&glp));
          } else {
            SkipUnknown(&glp, 1);
          }
        }
        break;
      }
      default:
        if (message.tag() == kRequestGlp >> 3) throw protozero::unknown_pbf_wire_type_exception();
        SkipUnknown(&message, 1);
    }
  }
  return has_glp ? ApplyOrigins() : Status::Ok();
}

Status ProtoPushDecoder::Impl::ReadStream(std::string_view bytes) {
  GLP_RETURN_IF_ERROR(count.AddStream());
  PushRequest::Stream stream;
  if (!spare.empty()) {
    stream.entries = std::move(spare.back());
    spare.pop_back();
  }
  std::string_view labels;
  pbf_reader message = Message(bytes);
  while (message.next()) {
    switch (static_cast<Tag>(message.tag_and_type())) {
      case kStreamLabels:
        labels = View(&message);
        break;
      case kStreamEntry: {
        GLP_RETURN_IF_ERROR(count.AddEntry());
        Status status = ReadEntry(View(&message), &stream.entries.emplace_back());
        if (!status.ok()) {
          return status.Annotate("entry " + std::to_string(stream.entries.size() - 1));
        }
        break;
      }
      default:
        SkipUnknown(&message, 2);
    }
  }
  if (stream.entries.empty()) {
    places.push_back(kNoStream);
    spare.push_back(std::move(stream.entries));
    return Status::Ok();
  }
  GLP_RETURN_IF_ERROR(ReadLabels(labels, &stream));
  places.push_back(static_cast<uint32_t>(request.streams.size()));
  request.streams.push_back(std::move(stream));
  return Status::Ok();
}

Status ProtoPushDecoder::Impl::ReadLabels(std::string_view text, PushRequest::Stream* stream) {
  GLP_RETURN_IF_ERROR(count.AddLabels(text.size()));
  ReadStreamLabels(text, stream);
  return Status::Ok();
}

Status ProtoPushDecoder::Impl::ReadEntry(std::string_view bytes, PushRequest::Entry* entry) {
  pbf_reader message = Message(bytes);
  while (message.next()) {
    switch (static_cast<Tag>(message.tag_and_type())) {
      case kEntryTime:
        GLP_RETURN_IF_ERROR(ReadTime(View(&message), &entry->ts_ns));
        break;
      case kEntryLine:
        entry->line = View(&message);
        break;
      case kEntryMeta:
        ReadPair(View(&message));
        break;
      default:
        SkipUnknown(&message, 3);
    }
  }
  entry->meta = meta.Take();
  return count.AddBytes(2 * entry->meta.size());
}

Status ProtoPushDecoder::Impl::ReadTime(std::string_view bytes, int64_t* ts_ns) {
  int64_t seconds = 0;
  int64_t nanos = 0;
  pbf_reader message = Message(bytes);
  while (message.next()) {
    switch (static_cast<Tag>(message.tag_and_type())) {
      case kTimeSeconds:
        seconds = message.get_int64();
        break;
      case kTimeNanos:
        nanos = message.get_int64();
        break;
      default:
        SkipUnknown(&message, 2);
    }
  }
  if (nanos < 0 || nanos >= kNsPerSecond) {
    return DataError("time has " + std::to_string(nanos) + " nanoseconds in its second");
  }
  if (!Join({seconds, static_cast<uint32_t>(nanos)}, ts_ns)) {
    return DataError("time is out of range: " + std::to_string(seconds) + " seconds since 1970");
  }
  return Status::Ok();
}

void ProtoPushDecoder::Impl::ReadPair(std::string_view bytes) {
  std::string_view name, value;
  pbf_reader message = Message(bytes);
  while (message.next()) {
    switch (static_cast<Tag>(message.tag_and_type())) {
      case kPairName:
        name = View(&message);
        break;
      case kPairValue:
        value = View(&message);
        break;
      default:
        SkipUnknown(&message, 2);
    }
  }
  meta.Add(name, value);
}

Status ProtoPushDecoder::Impl::ApplyOrigins() {
  if (origins.size() != places.size()) {
    return DataError("glp has " + std::to_string(origins.size()) + " streams, streams has " +
                     std::to_string(places.size()));
  }
  std::vector<PushRequest::Entry> none;
  for (size_t i = 0; i < origins.size(); ++i) {
    Status status = ApplyOrigin(
        origins[i], places[i] == kNoStream ? &none : &request.streams[places[i]].entries);
    if (!status.ok()) return status.Annotate("glp stream " + std::to_string(i));
  }
  return Status::Ok();
}

Status ProtoPushDecoder::Impl::ApplyOrigin(std::string_view bytes,
                                           std::vector<PushRequest::Entry>* stream_entries) {
  auto entry = stream_entries->begin();
  bool has_runs = false;
  pbf_reader origin = Message(bytes);
  while (origin.next()) {
    if (static_cast<Tag>(origin.tag_and_type()) != kOriginRun) {
      SkipUnknown(&origin, 1);
      continue;
    }
    has_runs = true;
    std::string_view id;
    uint64_t whole_from = PushRequest::kNotWhole;
    auto steps = protozero::iterator_range<pbf_reader::const_sint64_iterator>{};
    pbf_reader run = origin.get_message();
    while (run.next()) {
      switch (static_cast<Tag>(run.tag_and_type())) {
        case kRunId:
          id = View(&run);
          break;
        case kRunSteps:
          steps = run.get_packed_sint64();
          break;
        case kRunWholeFrom:
          whole_from = run.get_uint64();
          break;
        default:
          SkipUnknown(&run, 3);
      }
    }
    if (!IsValidUtf8(id)) return DataError("an ID is not UTF-8");
    uint64_t next = 0;
    for (const int64_t step : steps) {
      if (entry == stream_entries->end()) return DataError("more offsets than entries");
      next += static_cast<uint64_t>(step);
      if (!id.empty()) {
        entry->src_id = id;
        entry->src_next = next;
        entry->src_whole_from = whole_from;
      }
      ++entry;
    }
  }
  if (has_runs && entry != stream_entries->end()) return DataError("fewer offsets than entries");
  return Status::Ok();
}

}  // namespace glp::wire
