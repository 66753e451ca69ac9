// The labels of an entry as text: the way that is made for entries in known orders against the
// obvious one.

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "base/json_text.h"
#include "logql/labels_builder.h"

namespace glp::logql {
namespace {

TEST(LabelsOrder, FieldsAreTheParsedLabelsByNameWhateverTheirOrderAndBytes) {
  static const std::string kNames[] = {
      "a", "b", "level", "status", "zz", "B", "long_name_of_label", "a_extracted", "_", "app"};
  static const std::string kPieces[] = {"x",      "yz",
                                        "\"",     "\\",
                                        "\n",     std::string(1, '\0'),
                                        "\u00e9", "\x7f",
                                        " ",      "0123456789abcdef",
                                        "\x1f",   "!",
                                        "[",      "#"};
  std::mt19937 random(3);
  LabelTable table;
  const LabelSet* const streams[] = {table.FromLabels({{"app", "x"}}),
                                     table.FromLabels({{"b", "1"}, {"zz", "2"}})};
  LabelsBuilder builder;
  for (int round = 0; round < 20000; ++round) {
    const LabelSet* const stream = streams[random() % 2];
    builder.Begin(stream, random() % 3 == 0 ? R"({"meta":"1"})" : "", "");
    std::map<std::string, std::string> parsed, all;
    for (const Label& label : stream->labels) all[label.name] = label.value;
    if (!builder.Meta().empty()) all["meta"] = "1";
    for (size_t labels = random() % 8; labels > 0; --labels) {
      const std::string& name = kNames[random() % std::size(kNames)];
      const LabelNames::Id id = builder.names().Intern(name);
      if (random() % 8 == 0) {
        builder.Delete(id);
        parsed.erase(name);
        all.erase(name);
        continue;
      }
      std::string value;
      for (size_t pieces = random() % 5; pieces > 0; --pieces) {
        value += kPieces[random() % (random() % 2 == 0 ? 2 : std::size(kPieces))];
      }
      builder.Set(LabelCategory::kParsed, id, builder.Keep(value));
      parsed[name] = all[name] = value;
    }
    const auto expect_sorted = [&] {
      auto want = all.begin();
      ASSERT_EQ(builder.Sorted().size(), all.size());
      for (const LabelsBuilder::Item& item : builder.Sorted()) {
        EXPECT_EQ(item.name, want->first);
        EXPECT_EQ(item.value, want->second);
        ++want;
      }
    };
    const auto expect_fields = [&] {
      std::string json;
      for (const auto& [name, value] : parsed) {
        json.push_back(json.empty() ? '{' : ',');
        AppendJsonString(&json, name);
        json.push_back(':');
        AppendJsonString(&json, value);
      }
      if (!json.empty()) json.push_back('}');
      EXPECT_EQ(builder.Fields(), json);
    };
    expect_fields();
    expect_sorted();
    if (random() % 4 != 0) continue;
    builder.SetError("AnError", "why");
    parsed["__error__"] = all["__error__"] = "AnError";
    parsed["__error_details__"] = all["__error_details__"] = "why";
    expect_sorted();
    expect_fields();
  }
}

// Lines that all have other keys: what is kept for their orders stays bounded.
TEST(LabelsOrder, ManyOrdersAreForgotten) {
  LabelTable table;
  const LabelSet* const stream = table.FromLabels({{"app", "x"}});
  LabelsBuilder builder;
  std::string names[100];
  for (int i = 0; i < 100; ++i) names[i] = "n" + std::to_string(i);
  std::mt19937 random(4);
  for (int round = 0; round < 20000; ++round) {
    builder.Begin(stream, "", "");
    std::map<std::string, std::string> want;
    for (int i = 0; i < 20; ++i) {
      const std::string& name = names[random() % 100];
      builder.Set(LabelCategory::kParsed, builder.names().Intern(name), "v");
      want[name] = "v";
    }
    std::string json;
    for (const auto& [name, value] : want) {
      json += (json.empty() ? "{\"" : ",\"") + name + "\":\"v\"";
    }
    ASSERT_EQ(builder.Fields(), json + "}");
  }
}

}  // namespace
}  // namespace glp::logql
