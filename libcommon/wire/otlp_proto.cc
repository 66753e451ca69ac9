#include "wire/otlp_proto.h"

#include <bit>
#include <protozero/pbf_reader.hpp>
#include <string>

#include "wire/push_fields.h"

namespace glp::wire {
namespace {

using protozero::pbf_reader;
using Kind = OtlpNode::Kind;

// Wire types 1 and 5.
constexpr Tag Fixed64Tag(uint32_t number) { return number << 3 | 1; }
constexpr Tag Fixed32Tag(uint32_t number) { return number << 3 | 5; }

std::string_view View(pbf_reader* message) {
  const protozero::data_view view = message->get_view();
  return {view.data(), view.size()};
}

pbf_reader Message(std::string_view bytes) { return pbf_reader(bytes.data(), bytes.size()); }

class Reader {
 public:
  Reader(int max_depth, OtlpBuilder* builder)
      : max_depth_(max_depth), builder_(*builder), tree_(builder->tree()) {}

  // ExportLogsServiceRequest.
  Status ReadRequest(std::string_view bytes) {
    return ForEach<1>(bytes, 1,
                      [this](std::string_view resource) { return ReadResourceLogs(resource); });
  }

 private:
  // Passes over a field that is not known. Those up to `known` are: they come as something else.
  static Status Pass(pbf_reader* message, uint32_t known) {
    if (message->tag() <= known) {
      return DataError("field " + std::to_string(message->tag()) + " is of the wrong type");
    }
    message->skip();
    return Status::Ok();
  }

  // Gives `read` each message of field `number`. Fields up to `kKnown` hold messages.
  template <uint32_t kKnown = 2, typename Read>
  static Status ForEach(std::string_view bytes, uint32_t number, const Read& read) {
    pbf_reader message = Message(bytes);
    while (message.next()) {
      const auto tag = static_cast<Tag>(message.tag_and_type());
      if (tag == BytesTag(number)) {
        GLP_RETURN_IF_ERROR(read(View(&message)));
      } else if (message.tag() <= kKnown && tag == BytesTag(message.tag())) {
        message.skip();
      } else {
        GLP_RETURN_IF_ERROR(Pass(&message, kKnown));
      }
    }
    return Status::Ok();
  }

  // Fields may come in any order: what holds for the rest is looked for first.
  Status ReadResourceLogs(std::string_view bytes) {
    tree_.Cut(0);
    OtlpTree::List attributes;
    GLP_RETURN_IF_ERROR(ForEach(bytes, 1, [&](std::string_view resource) {
      return ForEach<1>(resource, 1, [&](std::string_view attribute) {
        return ReadAttribute(attribute, 0, &attributes);
      });
    }));
    GLP_RETURN_IF_ERROR(builder_.SetResource(attributes));
    return ForEach(bytes, 2, [this](std::string_view scope) { return ReadScopeLogs(scope); });
  }

  Status ReadScopeLogs(std::string_view bytes) {
    tree_.Cut(0);
    OtlpScope scope;
    GLP_RETURN_IF_ERROR(
        ForEach(bytes, 1, [&](std::string_view part) { return ReadScope(part, &scope); }));
    GLP_RETURN_IF_ERROR(builder_.SetScope(scope));
    return ForEach(bytes, 2, [this](std::string_view record) {
      Status status = ReadRecord(record);
      if (!status.ok()) return status.Annotate("log record " + std::to_string(records_));
      ++records_;
      return status;
    });
  }

  Status ReadScope(std::string_view bytes, OtlpScope* scope) {
    pbf_reader message = Message(bytes);
    while (message.next()) {
      switch (static_cast<Tag>(message.tag_and_type())) {
        case BytesTag(1):
          scope->name = View(&message);
          break;
        case BytesTag(2):
          scope->version = View(&message);
          break;
        case BytesTag(3):
          GLP_RETURN_IF_ERROR(ReadAttribute(View(&message), 0, &scope->attributes));
          break;
        case VarintTag(4):
          scope->dropped_attributes = message.get_uint32();
          break;
        default:
          GLP_RETURN_IF_ERROR(Pass(&message, 4));
      }
    }
    return Status::Ok();
  }

  Status ReadRecord(std::string_view bytes) {
    tree_.Cut(0);
    OtlpRecord record;
    pbf_reader message = Message(bytes);
    while (message.next()) {
      switch (static_cast<Tag>(message.tag_and_type())) {
        case Fixed64Tag(1):
          record.time_ns = message.get_fixed64();
          break;
        case VarintTag(2):
          record.severity_number = message.get_int32();
          break;
        case BytesTag(3):
          record.severity_text = View(&message);
          break;
        case BytesTag(5):
          GLP_RETURN_IF_ERROR(ReadValue(View(&message), 0, &record.body));
          break;
        case BytesTag(6):
          GLP_RETURN_IF_ERROR(ReadAttribute(View(&message), 0, &record.attributes));
          break;
        case VarintTag(7):
          record.dropped_attributes = message.get_uint32();
          break;
        case Fixed32Tag(8):
          record.flags = message.get_fixed32();
          break;
        case BytesTag(9):
          record.trace_id = View(&message);
          break;
        case BytesTag(10):
          record.span_id = View(&message);
          break;
        case Fixed64Tag(11):
          record.observed_ns = message.get_fixed64();
          break;
        default:
          if (message.tag() == 4) {
            message.skip();  // of old, a name
          } else {
            GLP_RETURN_IF_ERROR(Pass(&message, 11));
          }
      }
    }
    if (!record.trace_id.empty() && record.trace_id.size() != 16) {
      return DataError("trace_id has " + std::to_string(record.trace_id.size()) + " bytes, not 16");
    }
    if (!record.span_id.empty() && record.span_id.size() != 8) {
      return DataError("span_id has " + std::to_string(record.span_id.size()) + " bytes, not 8");
    }
    return builder_.AddRecord(record);
  }

  // KeyValue.
  Status ReadAttribute(std::string_view bytes, int depth, OtlpTree::List* list) {
    OtlpNode node;
    std::string_view key;
    pbf_reader message = Message(bytes);
    while (message.next()) {
      switch (static_cast<Tag>(message.tag_and_type())) {
        case BytesTag(1):
          key = View(&message);
          break;
        case BytesTag(2):
          GLP_RETURN_IF_ERROR(ReadValue(View(&message), depth, &node));
          break;
        default:
          GLP_RETURN_IF_ERROR(Pass(&message, 2));
      }
    }
    node.key = key;
    return tree_.Add(list, node).status();
  }

  // AnyValue. Of several the last holds.
  Status ReadValue(std::string_view bytes, int depth, OtlpNode* node) {
    pbf_reader message = Message(bytes);
    while (message.next()) {
      *node = OtlpNode();
      switch (static_cast<Tag>(message.tag_and_type())) {
        case BytesTag(1):
          node->kind = Kind::kString;
          node->text = View(&message);
          break;
        case VarintTag(2):
          node->kind = Kind::kBool;
          node->boolean = message.get_bool();
          break;
        case VarintTag(3):
          node->kind = Kind::kInt;
          node->integer = message.get_int64();
          break;
        case Fixed64Tag(4):
          node->kind = Kind::kDouble;
          node->number = std::bit_cast<double>(message.get_fixed64());
          break;
        case BytesTag(5):
          node->kind = Kind::kList;
          GLP_RETURN_IF_ERROR(ReadItems(View(&message), depth + 1, node));
          break;
        case BytesTag(6):
          node->kind = Kind::kMap;
          GLP_RETURN_IF_ERROR(ReadItems(View(&message), depth + 1, node));
          break;
        case BytesTag(7):
          node->kind = Kind::kBytes;
          node->text = View(&message);
          break;
        default:
          GLP_RETURN_IF_ERROR(Pass(&message, 7));
      }
    }
    return Status::Ok();
  }

  // ArrayValue or KeyValueList.
  Status ReadItems(std::string_view bytes, int depth, OtlpNode* node) {
    if (depth > max_depth_) {
      return DataError("values are nested more than " + std::to_string(max_depth_) + " deep");
    }
    OtlpTree::List list;
    pbf_reader message = Message(bytes);
    while (message.next()) {
      if (static_cast<Tag>(message.tag_and_type()) != BytesTag(1)) {
        GLP_RETURN_IF_ERROR(Pass(&message, 1));
      } else if (node->kind == Kind::kMap) {
        GLP_RETURN_IF_ERROR(ReadAttribute(View(&message), depth, &list));
      } else {
        OtlpNode item;
        GLP_RETURN_IF_ERROR(ReadValue(View(&message), depth, &item));
        GLP_RETURN_IF_ERROR(tree_.Add(&list, item).status());
      }
    }
    node->first = list.first;
    return Status::Ok();
  }

  const int max_depth_;
  OtlpBuilder& builder_;
  OtlpTree& tree_;
  size_t records_ = 0;
};

}  // namespace

Status ReadOtlpProto(std::string_view body, int max_depth, OtlpBuilder* builder) {
  try {
    return Reader(max_depth, builder).ReadRequest(body);
  } catch (const protozero::exception& error) {
    return DataError(std::string("not the protobuf of OTLP logs, or cut off: ") + error.what());
  }
}

}  // namespace glp::wire
