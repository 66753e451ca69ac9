#include "spool_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace glp::push {
namespace {

namespace fs = std::filesystem;

Batch MakeBatch(int number) {
  Batch batch;
  batch.tenant = "t" + std::to_string(number);
  batch.lanes = 1U << (number % 4);
  batch.entries = static_cast<uint64_t>(number) + 1;
  batch.size_bytes = 100;
  batch.body = "body of batch " + std::to_string(number) + "xxxx";
  return batch;
}

class SpoolQueueTest : public testing::Test {
 protected:
  SpoolQueueTest() {
    std::string name = (fs::temp_directory_path() / "spool_queue_test.XXXXXX").string();
    dir_ = mkdtemp(name.data());
    budget_.max_bytes = 1 << 20;
  }
  ~SpoolQueueTest() override { fs::remove_all(dir_); }

  // As another process would find the folder.
  void Reopen() {
    queue_.reset();
    warnings_.clear();
    budget_.used_bytes = 0;
    for (const fs::path& segment : Segments()) budget_.used_bytes += fs::file_size(segment);
    auto queue = SpoolQueue::Open(dir_, &budget_, &warnings_);
    ASSERT_TRUE(queue.ok()) << queue.status().message();
    queue_ = std::move(*queue);
  }
  void Append(int from, int to) {
    for (int i = from; i < to; ++i) {
      ASSERT_TRUE(queue_->Append(MakeBatch(i)).ok());
      ASSERT_TRUE(queue_->Sync().ok());
    }
  }
  // The bodies that are left, and acknowledges them.
  std::vector<std::string> Drain() {
    std::vector<std::string> bodies;
    for (;;) {
      auto loaded = queue_->Next(&warnings_);
      EXPECT_TRUE(loaded.ok()) << loaded.status().message();
      if (!loaded.ok() || !*loaded) return bodies;
      bodies.push_back((*loaded)->batch->body);
      queue_->Acked((*loaded)->ref);
    }
  }
  std::vector<fs::path> Segments() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(dir_)) {
      if (entry.path().extension() == ".seg") found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static std::vector<std::string> Bodies(std::initializer_list<int> numbers) {
    std::vector<std::string> bodies;
    for (int number : numbers) bodies.push_back(MakeBatch(number).body);
    return bodies;
  }
  static std::string Read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void Write(const fs::path& path, std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
  }

  std::string dir_;
  SpoolBudget budget_;
  std::unique_ptr<SpoolQueue> queue_;
  std::vector<std::string> warnings_;
};

TEST_F(SpoolQueueTest, GivesWhatWasAppendedInOrder) {
  Reopen();
  Append(0, 2);
  auto first = queue_->Next(&warnings_);
  ASSERT_TRUE(first.ok() && *first);
  const Batch& batch = *(*first)->batch;
  const Batch wanted = MakeBatch(0);
  EXPECT_EQ(batch.tenant, wanted.tenant);
  EXPECT_EQ(batch.lanes, wanted.lanes);
  EXPECT_EQ(batch.entries, wanted.entries);
  EXPECT_EQ(batch.size_bytes, wanted.size_bytes);
  EXPECT_EQ(batch.body, wanted.body);
  EXPECT_EQ(queue_->batches(), 2U);
  Append(2, 3);
  EXPECT_EQ(Drain(), Bodies({1, 2}));
  EXPECT_EQ(queue_->batches(), 3U);
  queue_->Acked((*first)->ref);
  EXPECT_EQ(queue_->batches(), 0U);
  EXPECT_TRUE(Segments().empty());
  EXPECT_EQ(budget_.used_bytes, 0U);
  EXPECT_TRUE(warnings_.empty());
}

TEST_F(SpoolQueueTest, AnotherProcessGoesOnBehindWhatIsAcknowledged) {
  Reopen();
  Append(0, 5);
  std::vector<SpoolQueue::Ref> refs;
  for (int i = 0; i < 4; ++i) refs.push_back((*queue_->Next(&warnings_))->ref);
  // Out of order: only what is contiguous counts.
  for (int i : {3, 0, 1}) queue_->Acked(refs[static_cast<size_t>(i)]);
  ASSERT_TRUE(queue_->SaveCursor().ok());
  Reopen();
  EXPECT_EQ(queue_->batches(), 3U);
  Append(5, 6);
  EXPECT_EQ(Drain(), Bodies({2, 3, 4, 5}));
  Reopen();
  EXPECT_EQ(queue_->batches(), 0U);
  // A cursor of old never hides what comes later.
  Append(6, 7);
  Reopen();
  EXPECT_EQ(Drain(), Bodies({6}));
}

TEST_F(SpoolQueueTest, HeldBatchesAreNotGivenAgainButLeft) {
  Reopen();
  auto held = queue_->AppendHeld(MakeBatch(0));
  ASSERT_TRUE(held.ok());
  Append(1, 2);
  EXPECT_EQ(Drain(), Bodies({1}));
  EXPECT_EQ(queue_->batches(), 2U);
  Reopen();
  EXPECT_EQ(Drain(), Bodies({0, 1}));
}

TEST_F(SpoolQueueTest, FullIsAnErrorThatChangesNothing) {
  budget_.max_bytes = 300;
  Reopen();
  Append(0, 1);
  while (queue_->Append(MakeBatch(1)).ok()) {
  }
  EXPECT_EQ(queue_->Append(MakeBatch(1)).code(), Code::kLimit);
  EXPECT_LE(budget_.used_bytes, 300U);
  EXPECT_FALSE(Drain().empty());
  EXPECT_TRUE(queue_->Append(MakeBatch(2)).ok());
  EXPECT_EQ(Drain(), Bodies({2}));
}

TEST_F(SpoolQueueTest, SegmentsGoWhenTheyAreDone) {
  Reopen();
  Batch large = MakeBatch(0);
  for (int i = 0; i < 8'000; ++i) large.body += std::to_string(i * 7919);
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(queue_->Append(large).ok());
  ASSERT_TRUE(queue_->Sync().ok());
  const size_t before = Segments().size();
  EXPECT_GT(before, 1U);
  for (int i = 0; i < 5; ++i) queue_->Acked((*queue_->Next(&warnings_))->ref);
  EXPECT_LT(Segments().size(), before);
  EXPECT_EQ(Drain().size(), 5U);
  EXPECT_TRUE(Segments().empty());
}

TEST_F(SpoolQueueTest, CutOffAnywhereKeepsTheWholeBatchesInFrontAndIsNoDamage) {
  Reopen();
  Append(0, 3);
  const fs::path segment = Segments().at(0);
  const std::string whole = Read(segment);
  const size_t frame = whole.size() / 3;
  for (size_t size = 0; size < whole.size(); ++size) {
    Write(segment, std::string_view(whole).substr(0, size));
    Reopen();
    EXPECT_EQ(queue_->batches(), size / frame) << size;
    EXPECT_EQ(Drain().size(), size / frame) << size;
    EXPECT_TRUE(warnings_.empty()) << size << ": " << warnings_[0];
    fs::remove(dir_ + "/cursor");
  }
}

TEST_F(SpoolQueueTest, AFlippedByteCostsOneBatchAndIsTold) {
  Reopen();
  Append(0, 3);
  const fs::path segment = Segments().at(0);
  const std::string whole = Read(segment);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    Write(segment, damaged);
    Reopen();
    EXPECT_EQ(Drain().size(), 2U) << at;
    EXPECT_EQ(warnings_.size(), 1U) << at;
    EXPECT_TRUE(Segments().empty()) << at;
    fs::remove(dir_ + "/cursor");
  }
}

TEST_F(SpoolQueueTest, DamageBehindTheLastBatchIsTold) {
  Reopen();
  Append(0, 1);
  const fs::path segment = Segments().at(0);
  std::string damaged = Read(segment);
  damaged[5] ^= 0x55;
  Write(segment, damaged);
  Reopen();
  EXPECT_EQ(queue_->batches(), 0U);
  EXPECT_TRUE(queue_->has_more());
  EXPECT_FALSE(queue_->empty());
  EXPECT_TRUE(Drain().empty());
  EXPECT_EQ(warnings_.size(), 1U);
  EXPECT_TRUE(queue_->empty());
  EXPECT_TRUE(Segments().empty());
}

TEST_F(SpoolQueueTest, ASegmentThatStayedEmptyHidesNoneBehindIt) {
  Reopen();
  Append(0, 1);
  Reopen();
  Append(1, 2);
  fs::rename(Segments().at(1), dir_ + "/00000000000000000003.seg");
  Write(dir_ + "/00000000000000000002.seg", "");
  Reopen();
  EXPECT_EQ(queue_->batches(), 2U);
  EXPECT_EQ(Drain(), Bodies({0, 1}));
  EXPECT_TRUE(Segments().empty());
}

TEST_F(SpoolQueueTest, ADamagedCursorIsTheStart) {
  Reopen();
  Append(0, 2);
  for (const char* text : {"", "x", "1", "1 x", "99999999999999999999 1"}) {
    Write(dir_ + "/cursor", text);
    Reopen();
    EXPECT_EQ(warnings_.size(), 1U) << text;
    EXPECT_EQ(queue_->batches(), 2U) << text;
  }
  EXPECT_EQ(Drain(), Bodies({0, 1}));
}

}  // namespace
}  // namespace glp::push
