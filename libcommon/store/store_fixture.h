// A store in a temporary folder, for tests.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <compare>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "logql/source.h"
#include "record/labels.h"
#include "store/store.h"

namespace glp::store {

struct Row {
  int64_t ts_ns;
  std::string labels, line, meta;
  auto operator<=>(const Row&) const = default;
};

// All entries of the request, which must be in its order.
inline std::vector<Row> Rows(logql::EntrySource* source, logql::ScanStats* stats = nullptr,
                             logql::ScanRequest request = {
                                 .direction = logql::Direction::kForward}) {
  const bool forward = request.direction == logql::Direction::kForward;
  auto cursor = source->Scan(std::move(request));
  EXPECT_TRUE(cursor.ok()) << cursor.status().message();
  std::vector<Row> rows;
  std::vector<logql::Entry> batch;
  for (;;) {
    const Status status = (*cursor)->Next(&batch);
    EXPECT_TRUE(status.ok()) << status.message();
    if (batch.empty()) break;
    for (const logql::Entry& e : batch) {
      EXPECT_TRUE(rows.empty() ||
                  (forward ? rows.back().ts_ns <= e.ts_ns : rows.back().ts_ns >= e.ts_ns));
      rows.push_back({e.ts_ns, e.stream->json, std::string(e.line), std::string(e.meta)});
    }
  }
  if (stats != nullptr) *stats = (*cursor)->stats();
  return rows;
}

class StoreFixture : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/glp-store-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    dir_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(dir_); }

  std::unique_ptr<Store> Open(Options options = {}) {
    auto store = Store::Open(dir_, options);
    EXPECT_TRUE(store.ok()) << store.status().message();
    return store.ok() ? std::move(*store) : nullptr;
  }
  NewEntry Entry(int64_t ts_ns, std::string_view line, std::string_view labels = R"({"a":"b"})") {
    return {*labels_.FromJson(labels), ts_ns, line};
  }
  static AppendResult Append(Store* store, const NewEntry& entry,
                             std::string_view tenant = kDefaultTenant) {
    AppendResult result;
    const Status status = store->Append(tenant, {&entry, 1}, &result);
    EXPECT_TRUE(status.ok()) << status.message();
    return result;
  }

  std::string dir_;
  LabelTable labels_;
};

}  // namespace glp::store
