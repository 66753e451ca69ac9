// Lines as templates and values, from the splitter to the column.

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>

#include "pack/block_reader.h"
#include "pack/file.h"
#include "pack/line_encoder.h"
#include "pack/line_split.h"
#include "pack/text_column.h"
#include "pack/writer.h"
#include "record/labels.h"

namespace glp::pack {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string_view> Views(const Lines& lines) { return {lines.begin(), lines.end()}; }

uint64_t Bytes(const Lines& lines) {
  uint64_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  return bytes;
}

// A file's worth of state, for several blocks.
struct File {
  TemplateDictionary dictionary;
  ValueEncoder values{3};
  LineEncoder encoder{&dictionary, &values};
  std::string bytes;  // of the block encoded last

  bool Encode(const Lines& lines) {
    bytes.clear();
    return encoder.Encode(Views(lines), &bytes);
  }
};

Lines Split(const Buffer& text, const std::vector<uint32_t>& starts) {
  Lines lines;
  for (size_t i = 0; i + 1 < starts.size(); ++i) {
    lines.emplace_back(text.view().substr(starts[i], starts[i + 1] - starts[i]));
  }
  return lines;
}

Lines Decode(std::string_view bytes, const Templates& templates, size_t entries, uint64_t size,
             Status* status) {
  ValueDecoder decoder;
  TextColumn column;
  *status = column.Open(bytes, templates, entries, size, &decoder);
  if (!status->ok()) return {};
  Buffer text;
  std::vector<uint32_t> starts;
  *status = column.RebuildAll(&text, &starts);
  return status->ok() ? Split(text, starts) : Lines();
}

// The lines as they come back; and of some rows alone, before all of them and after.
void ExpectRoundTrip(File* file, const Lines& lines, const std::string& name) {
  SCOPED_TRACE(name);
  if (!file->Encode(lines)) {
    EXPECT_TRUE(file->bytes.empty());
    return;
  }
  ValueDecoder decoder;
  TextColumn column;
  Status status =
      column.Open(file->bytes, file->dictionary.templates(), lines.size(), Bytes(lines), &decoder);
  ASSERT_TRUE(status.ok()) << status.message();
  std::mt19937 random(1);
  Buffer text;
  std::vector<uint32_t> starts;
  for (int round = 0; round < 3; ++round) {
    std::vector<uint32_t> rows;
    Lines wanted;
    for (uint32_t i = 0; i < lines.size(); ++i) {
      if (random() % (round == 1 ? 2 : 20) != 0) continue;
      rows.push_back(i);
      wanted.push_back(lines[i]);
    }
    status = column.Rebuild(rows, &text, &starts);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(Split(text, starts), wanted);
    status = column.RebuildAll(&text, &starts);
    ASSERT_TRUE(status.ok()) << status.message();
    ASSERT_EQ(Split(text, starts), lines);
  }
  uint64_t kind_lines = 0;
  for (const TextColumn::Kind& kind : column.kinds()) {
    kind_lines += kind.lines;
    const size_t holes = kind.whole ? 1 : kind.text.holes.size();
    EXPECT_EQ(kind.columns.size() + kind.constants.size(), holes);
    auto constant = kind.constants.begin();
    auto values_of = kind.columns.begin();
    for (uint32_t h = 0; h < holes; ++h) {
      std::string_view text;
      if (constant != kind.constants.end() && constant->hole == h) {
        text = constant++->value;
      } else {
        Result<const Values*> values = column.Column(*values_of++);
        ASSERT_TRUE(values.ok());
        text = (*values)->text();
      }
      if (kind.whole) continue;
      const uint32_t hole = kind.text.holes[h];
      ASSERT_LE(hole, kind.text.text.size());
      EXPECT_FALSE(hole > 0 && IsValueByte(kind.text.text[hole - 1]));
      EXPECT_FALSE(hole < kind.text.text.size() && IsValueByte(kind.text.text[hole]));
      EXPECT_TRUE(std::all_of(text.begin(), text.end(), IsValueByte));
    }
  }
  EXPECT_EQ(kind_lines, lines.size());
}

std::string Word(std::mt19937* random, const char* letters, size_t most) {
  std::string word(1 + (*random)() % most, ' ');
  for (char& c : word) c = letters[(*random)() % std::strlen(letters)];
  return word;
}

// Lines as logs have them, of a few shapes, with values of every kind in them.
Lines LogLines(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  auto number = [&](unsigned most) { return std::to_string(random() % most); };
  Lines lines;
  for (size_t i = 0; i < count; ++i) {
    std::string time = "2026-01-" + std::to_string(10 + i / 5000) + " " +
                       std::to_string(10 + i / 600 % 50) + ":" + std::to_string(10 + i / 10 % 60);
    switch (random() % 8) {
      case 0:
        lines.push_back(time + " INFO request " + Word(&random, "0123456789abcdef", 8) + " took " +
                        number(100000) + " ms");
        break;
      case 1:
        lines.push_back(time + " WARN from " + number(256) + "." + number(256) + "." + number(256) +
                        "." + number(256) + ":" + number(65536) + " refused");
        break;
      case 2:
        lines.push_back("{\"user\":\"" + Word(&random, "abcdefghijk", 7) +
                        "\",\"n\":" + number(1000) + "}");
        break;
      case 3:
        lines.push_back("\tat org." + Word(&random, "xyz", 3) + "." + Word(&random, "ABCde", 4) +
                        "(Main.java:" + number(500) + ")");
        break;
      case 4:
        lines.push_back(random() % 3 == 0 ? "" : "done");
        break;
      case 5:
        lines.push_back(Word(&random, "abcdefghij ,.", 60));
        break;
      case 6:
        lines.push_back("blk_" + number(4) + number(1u << 31) + number(1u << 31) + " at 0x" +
                        Word(&random, "0123456789ABCDEF", 16) + " état " + number(9));
        break;
      default:
        lines.push_back(Word(&random, "abAB09+/= ", 40));
    }
  }
  return lines;
}

TEST(LineSplitter, FindsTheSameAsALookAtEachByte) {
  std::mt19937 random(3);
  LineSplitter splitter;
  for (int round = 0; round < 20000; ++round) {
    // Long runs, too, across the words of masks.
    const char* letters[] = {"a1 ", "abcdefgh1 ", "0123456789-", "aZz9/:@[`{",
                             "aaaaaaaaaaaaaaaaa "};
    std::string line = Word(&random, letters[round % 5], round % 100 == 0 ? 1000 : 200);
    if (round % 7 == 0) line[random() % line.size()] = static_cast<char>(random());
    line.resize(random() % (line.size() + 1));
    std::vector<pack::Run> values, words, found_values, found_words;
    for (uint32_t at = 0; at < line.size(); ++at) {
      if (!IsValueByte(line[at])) continue;
      uint32_t begin = at;
      size_t digits = 0;
      for (; at < line.size() && IsValueByte(line[at]); ++at) {
        digits += line[at] >= '0' && line[at] <= '9';
      }
      bool only = digits == at - begin && digits <= 64;
      words.push_back({begin, at, only});
      if (digits > 0) values.push_back({begin, at, only});
    }
    splitter.Read(line);
    splitter.FindValues(&found_values);
    splitter.FindWords(&found_words);
    auto text = [](const std::vector<pack::Run>& runs) {
      std::string all;
      for (const pack::Run& run : runs) {
        all +=
            std::to_string(run.begin) + "-" + std::to_string(run.end) + (run.digits ? "d " : " ");
      }
      return all;
    };
    ASSERT_EQ(text(found_values), text(values)) << line;
    ASSERT_EQ(text(found_words), text(words)) << line;
  }
}

TEST(Lines, ComeBackToTheByte) {
  std::mt19937 random(5);
  Lines binary, all_bytes, numbers, empty(300), one_kind(500, "same 1"), huge;
  for (int i = 0; i < 400; ++i) {
    std::string line(random() % 60, ' ');
    for (char& c : line) c = static_cast<char>(random());
    binary.push_back(line);
    all_bytes.push_back(std::string(1, static_cast<char>(i)) + "7");
    numbers.push_back(std::to_string(i));
  }
  huge.push_back(std::string(kMaxTemplateBytes, 'x') + " 1");
  for (int i = 0; i < 2000; ++i) huge[0] += " " + std::to_string(i);
  std::string many_holes;
  for (size_t i = 0; i <= kMaxTemplateHoles; ++i) many_holes += "1 ";
  for (int i = 0; i < 10; ++i) {
    huge.push_back(many_holes);
    huge.push_back(many_holes.substr(2));
    huge.push_back(std::string(kMaxTemplateBytes, '-'));
    huge.push_back(std::string(60000, '5') + "," + std::to_string(i));
  }
  std::string zeros("a\0b 1\0", 6);
  File file;
  ExpectRoundTrip(&file, binary, "binary");
  ExpectRoundTrip(&file, all_bytes, "each byte");
  ExpectRoundTrip(&file, numbers, "numbers");
  ExpectRoundTrip(&file, empty, "empty lines");
  ExpectRoundTrip(&file, one_kind, "one kind, all constant");
  ExpectRoundTrip(&file, {"x 1"}, "one line");
  ExpectRoundTrip(&file, {zeros, zeros, zeros, zeros, ""}, "NUL");
  ExpectRoundTrip(&file, huge, "beyond the limits of templates");
  for (unsigned seed = 0; seed < 20; ++seed) {
    ExpectRoundTrip(&file, LogLines(1 + seed * seed * 10, seed), "seed " + std::to_string(seed));
  }
}

TEST(Lines, TheSameLinesGiveTheSameBytes) {
  File a, b;
  for (unsigned seed = 0; seed < 3; ++seed) {
    EXPECT_EQ(a.Encode(LogLines(3000, seed)), b.Encode(LogLines(3000, seed)));
    EXPECT_EQ(a.bytes, b.bytes);
    EXPECT_EQ(a.dictionary.size(), b.dictionary.size());
  }
}

TEST(Lines, WordsThatVaryDoNotMakeTemplates) {
  std::mt19937 random(8);
  File file;
  size_t templates = 0;
  for (int block = 0; block < 5; ++block) {
    Lines lines;
    for (int i = 0; i < (block == 4 ? 2 : 2000); ++i) {
      lines.push_back("user " + Word(&random, "abcdefghijklmnop", 8) + " came from " +
                      std::to_string(random() % 100));
    }
    ExpectRoundTrip(&file, lines, "users");
    if (block == 0) templates = file.dictionary.size();
  }
  EXPECT_LE(templates, 2u);
  EXPECT_EQ(file.dictionary.size(), templates) << "later blocks have the same";
  EXPECT_FALSE(file.encoder.has_whole()) << "also where the lines are few";
}

TEST(Lines, SentencesStayAsTheyAre) {
  std::mt19937 random(9);
  Lines lines;
  for (int i = 0; i < 3000; ++i) {
    std::string line;
    for (size_t words = 2 + random() % 5; words > 0; --words) {
      line += Word(&random, "abcdefghijklmnop", 8) + " ";
    }
    lines.push_back(line);
  }
  File file;
  EXPECT_FALSE(file.Encode(lines));
  EXPECT_EQ(file.dictionary.size(), 0u);
}

TEST(Lines, NeverMoreKindsThanNumbersForThem) {
  // Each line three times, so that each gets a template.
  Lines lines;
  for (int i = 0; i < 70000; ++i) {
    std::string line = ".";
    for (int bit = 0; bit < 17; ++bit) line += (i >> bit & 1) != 0 ? '#' : '-';
    for (int k = 0; k < 3; ++k) lines.push_back(line);
  }
  File file;
  ExpectRoundTrip(&file, lines, "70000 templates");
  EXPECT_TRUE(file.encoder.has_whole());
}

TEST(Lines, TellsAllValuesAndTemplates) {
  Lines lines = LogLines(2000, 4);
  File file;
  ASSERT_TRUE(file.Encode(lines));
  std::set<std::string> told(file.encoder.constants().begin(), file.encoder.constants().end());
  for (const ValueList& list : file.encoder.columns()) {
    for (size_t i = 0; i < list.count; ++i) {
      told.emplace(list.width > 0
                       ? list.text.substr(i * list.width, list.width)
                       : list.text.substr(list.starts[i], list.starts[i + 1] - list.starts[i]));
    }
  }
  LineSplitter splitter;
  std::vector<pack::Run> runs;
  for (const std::string& line : lines) {
    if (told.count(line) > 0) continue;  // whole
    runs.clear();
    splitter.Read(line);
    splitter.FindValues(&runs);
    for (const pack::Run& run : runs) {
      EXPECT_EQ(told.count(line.substr(run.begin, run.end - run.begin)), 1u) << line;
    }
  }
  std::vector<uint32_t> templates;
  ValueDecoder decoder;
  TextColumn column;
  ASSERT_TRUE(
      column.Open(file.bytes, file.dictionary.templates(), lines.size(), Bytes(lines), &decoder)
          .ok());
  EXPECT_EQ(file.encoder.templates().size(), file.dictionary.size());
  EXPECT_TRUE(std::is_sorted(file.encoder.templates().begin(), file.encoder.templates().end()));
}

// What is not the column may be refused or give other lines, but never more than there is room for.
TEST(Lines, DamagedBytesAreRefusedOrGiveAsMuchText) {
  File file;
  Lines lines = LogLines(300, 2);
  ASSERT_TRUE(file.Encode(lines));
  const uint64_t size = Bytes(lines);
  std::mt19937 random(4);
  Status status;
  for (size_t cut = 0; cut < file.bytes.size(); cut += 1 + cut / 50) {
    Decode(file.bytes.substr(0, cut), file.dictionary.templates(), lines.size(), size, &status);
    EXPECT_FALSE(status.ok()) << cut;
  }
  for (int round = 0; round < 5000; ++round) {
    std::string bytes = file.bytes;
    for (unsigned i = 1 + random() % 3; i > 0; --i) {
      bytes[random() % (round % 2 == 0 ? 40 : bytes.size())] = static_cast<char>(random());
    }
    Lines got = Decode(bytes, file.dictionary.templates(), lines.size(), size, &status);
    if (status.ok()) {
      EXPECT_EQ(Bytes(got), size);
    }
  }
  // Of another block, and with other templates.
  Decode(file.bytes, file.dictionary.templates(), lines.size() + 1, size, &status);
  EXPECT_FALSE(status.ok());
  Decode(file.bytes, file.dictionary.templates(), lines.size(), size - 1, &status);
  EXPECT_FALSE(status.ok());
  Decode(file.bytes, file.dictionary.templates(), lines.size(), size + 1, &status);
  EXPECT_FALSE(status.ok());
  Decode(file.bytes, Templates(), lines.size(), size, &status);
  EXPECT_FALSE(status.ok());
}

// Hashes fit, what they are of does not.
TEST(Lines, KindsThatCannotBeAreRefused) {
  Templates templates;
  templates.Add("a=0 b=0");
  const auto sized = [](std::string_view bytes) {
    std::string out;
    AppendSized(&out, bytes);
    return out;
  };
  const std::string one(
      "\0\1"
      "7",
      3),
      any("\0\0"
          "-%-",
          5);  // columns: all values are alike
  struct Case {
    const char* what;
    uint8_t kinds;
    std::string list, kind_of;
    std::vector<std::string> columns;
    bool is_sound = false;
  };
  using S = std::string;
  const S same, two("\1\0\0\1", 4), far("\1\0\0\2", 4);
  // Two lines of 7 or 11 bytes.
  const Case cases[] = {
      {"sound", 1, "\1\1\1", same, {one}, true},
      {"bytes that no value has", 1, "\1\1\2", same, {one, any}, true},
      {"a template beyond", 1, "\2\1\1", same, {one}},
      {"a column beyond", 1, "\1\1\2", same, {one}},
      {"fewer places than holes", 1, "\1\1", same, {one}},
      {"more places than holes", 1, "\1\1\1\1", same, {one}},
      {"a column of no hole", 1, "\1\1\1", same, {one, any}},
      {"two kinds", 2, "\1\1\1\1\1\1", two, {one}, true},
      {"a kind beyond", 2, "\1\1\1\1\1\1", far, {one}},
      {"a kind without lines", 3, "\1\1\1\1\1\1\1\1\1", two, {one}},
      {"kinds of other lines", 2, "\1\1\1\1\1\1", two + "\1", {one}},
      {"kinds where all are alike", 1, "\1\1\1", two, {one}},
      {"a constant longer than the text", 1, S("\1\1\0\x7f", 4) + S(127, '7'), same, {one}},
      {"more holes than text", 255, S(255 * 3, '\1'), two, {one}},
      {"values longer than the text", 1, "\1\1\1", same, {S("\0\x7f", 2) + S(127, '7')}},
      {"a coding that is not there", 1, "\1\1\1", same, {S("\x1f\1", 2)}},
      {"references to nothing", 1, "\1\1\1", same, {S("\x81\1\5\0\1\1\1\1\0\0", 10)}},
  };
  for (const Case& c : cases) {
    std::string bytes(1, static_cast<char>(c.kinds));
    bytes.push_back(static_cast<char>(c.columns.size()));
    bytes += sized(S(1, '\0') + c.list) + sized(c.kind_of);
    for (const std::string& column : c.columns) AppendVarint(&bytes, column.size());
    for (const std::string& column : c.columns) bytes += column;
    bool is_sound = false;
    for (const uint64_t size : {14, 18}) {
      Status status;
      const Lines lines = Decode(bytes, templates, 2, size, &status);
      is_sound |= status.ok();
      if (status.ok()) {
        EXPECT_EQ(lines[0], c.columns.size() > 1 ? "a=7 b=-%-" : "a=7 b=7") << c.what;
      }
    }
    EXPECT_EQ(is_sound, c.is_sound) << c.what;
  }
}

std::string RecordHead(const TemplateDictionary& dictionary, size_t first) {
  std::string record;
  dictionary.AppendRecord(first, 3, &record);
  return record.substr(32);
}

TEST(TemplateRecords, ComeBackInParts) {
  File file;
  ASSERT_TRUE(file.Encode(LogLines(500, 1)));
  const size_t first = file.dictionary.size();
  std::string head = RecordHead(file.dictionary, 0);
  ASSERT_TRUE(file.Encode(LogLines(5000, 2)));
  ASSERT_GT(file.dictionary.size(), first);
  std::string rest = RecordHead(file.dictionary, first);
  std::string all = RecordHead(file.dictionary, 0);
  auto expect_same = [&](const Templates& templates) {
    ASSERT_EQ(templates.size(), file.dictionary.size());
    for (size_t i = 0; i < templates.size(); ++i) {
      std::string a, b;
      templates.AppendPattern(i, &a);
      file.dictionary.templates().AppendPattern(i, &b);
      EXPECT_EQ(a, b);
    }
  };
  Templates parts;
  ASSERT_TRUE(parts.AddRecord(head).ok());
  ASSERT_TRUE(parts.AddRecord(rest).ok());
  expect_same(parts);
  ASSERT_TRUE(parts.AddRecord(all).ok()) << "again";
  expect_same(parts);
  Templates lost;
  ASSERT_TRUE(lost.AddRecord(rest).ok());
  EXPECT_FALSE(lost.has(first - 1));
  EXPECT_TRUE(lost.has(first));
  EXPECT_FALSE(lost.has(file.dictionary.size()));
  Templates damaged;
  for (size_t cut = 0; cut < all.size(); cut += 7) {
    EXPECT_FALSE(damaged.AddRecord(all.substr(0, cut)).ok());
  }
}

// Files: several blocks, of two streams that share templates.
io::Fd MemFile(std::string_view bytes) {
  io::Fd fd(memfd_create("pack", MFD_CLOEXEC));
  EXPECT_TRUE(io::WriteAll(fd.get(), bytes, "memory").ok());
  return fd;
}

std::string Pack(const Lines& lines, Form form = Form::kSmall) {
  io::Fd fd = MemFile("");
  LabelTable labels;
  Writer::Options options;
  options.block_bytes = 64 << 10;
  options.form = form;
  Writer writer(fd.get(), "memory", options);
  const LabelSet* streams[] = {*labels.FromJson("{\"a\":\"1\"}"),
                               *labels.FromJson("{\"a\":\"2\"}")};
  for (size_t i = 0; i < lines.size(); ++i) {
    PackEntry entry;
    entry.ts_ns = static_cast<int64_t>(i);
    entry.line = lines[i];
    EXPECT_TRUE(writer.Add(streams[i / 7 % 2], entry).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  std::string bytes(*io::FileSize(fd.get(), "memory"), '\0');
  EXPECT_TRUE(io::ReadAt(fd.get(), 0, bytes.size(), bytes.data(), "memory").ok());
  return bytes;
}

struct Unpacked {
  std::map<int64_t, std::string> lines;  // by time
  std::vector<std::string> damage;
  std::vector<std::string> verified;
};

Unpacked Unpack(std::string_view bytes) {
  Unpacked result;
  auto file = PackFile::Open(MemFile(bytes), "t.glp");
  if (!file.ok()) {
    result.damage.push_back(file.status().message());
    return result;
  }
  result.damage = (*file)->damage();
  BlockLoader loader;
  Block block;
  for (const BlockInfo& info : (*file)->index().blocks) {
    Status status = loader.Load(**file, info, Want::kLines, &block);
    if (!status.ok()) {
      result.damage.push_back(status.message());
      continue;
    }
    for (size_t i = 0; i < block.entries(); ++i) {
      result.lines.emplace(block.times()[i], block.line(i));
    }
  }
  auto verified = VerifyPack(**file);
  EXPECT_TRUE(verified.ok());
  if (verified.ok()) result.verified = *verified;
  return result;
}

std::vector<size_t> RecordsOf(std::string_view bytes, Marker marker) {
  std::vector<size_t> offsets;
  for (size_t at = FindFrame(bytes, 0); at != std::string::npos; at = FindFrame(bytes, at + 1)) {
    if (ParseFrame(bytes.substr(at))->marker == marker) offsets.push_back(at);
  }
  return offsets;
}

class LinesOfFiles : public testing::Test {
 protected:
  void SetUp() override {
    lines_ = LogLines(6000, 6);
    bytes_ = Pack(lines_);
  }
  void ExpectAll(const Unpacked& got) {
    ASSERT_EQ(got.lines.size(), lines_.size());
    for (const auto& [ts, line] : got.lines) ASSERT_EQ(line, lines_[static_cast<size_t>(ts)]);
  }
  void ExpectNothingElse(const Unpacked& got) {
    for (const auto& [ts, line] : got.lines) ASSERT_EQ(line, lines_[static_cast<size_t>(ts)]);
  }
  Lines lines_;
  std::string bytes_;
};

TEST_F(LinesOfFiles, ComeBackAndAreSmaller) {
  Unpacked got = Unpack(bytes_);
  EXPECT_EQ(got.damage, std::vector<std::string>());
  EXPECT_EQ(got.verified, std::vector<std::string>());
  ExpectAll(got);
  EXPECT_EQ(bytes_, Pack(lines_)) << "not deterministic";
  EXPECT_LT(bytes_.size(), Pack(lines_, Form::kFast).size());
}

TEST_F(LinesOfFiles, TextIsOpenedWithoutLines) {
  auto file = PackFile::Open(MemFile(bytes_), "t.glp");
  ASSERT_TRUE(file.ok());
  BlockLoader loader, other;
  Block block;
  for (const BlockInfo& info : (*file)->index().blocks) {
    ASSERT_TRUE(loader.Load(**file, info, Want::kText, &block).ok());
    ASSERT_NE(block.text(), nullptr);
    EXPECT_FALSE(block.has_lines());
    ASSERT_TRUE(other.LoadLines(**file, info, &block).ok());
    ASSERT_TRUE(block.has_lines());
    for (size_t i = 0; i < block.entries(); ++i) {
      ASSERT_EQ(block.line(i), lines_[static_cast<size_t>(block.times()[i])]);
    }
    ASSERT_TRUE(loader.Load(**file, info, Want::kTimes, &block).ok());
    EXPECT_EQ(block.text(), nullptr);
  }
}

TEST_F(LinesOfFiles, AnyRecordOfTemplatesMayBeDamaged) {
  std::vector<size_t> records = RecordsOf(bytes_, Marker::kTemplates);
  ASSERT_GT(records.size(), 2u);
  for (size_t offset : records) {
    for (size_t at : {offset, offset + 20, offset + kFrameSize, offset + kFrameSize + 8}) {
      std::string damaged = bytes_;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
      Unpacked got = Unpack(damaged);
      ExpectAll(got);
      EXPECT_FALSE(got.verified.empty()) << offset;
    }
  }
}

TEST_F(LinesOfFiles, WithoutAnEndTheTemplatesInFrontServe) {
  size_t end = RecordsOf(bytes_, Marker::kTemplates).back();
  Unpacked got = Unpack(bytes_.substr(0, end));
  EXPECT_EQ(got.damage.size(), 1u);
  ExpectAll(got);
  for (size_t cut = 0; cut < end; cut += 997) ExpectNothingElse(Unpack(bytes_.substr(0, cut)));
  // The footer is lost, and the first templates: what refers to them is, too.
  std::string damaged = bytes_.substr(0, end);
  damaged[RecordsOf(bytes_, Marker::kTemplates)[0] + kFrameSize + 5] ^= 1;
  got = Unpack(damaged);
  EXPECT_GT(got.damage.size(), 1u);
  ExpectNothingElse(got);
}

TEST_F(LinesOfFiles, AFlippedByteIsFoundAndGivesNoOtherLine) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    std::string damaged = bytes_;
    size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random() % 8));
    Unpacked got = Unpack(damaged);
    EXPECT_FALSE(got.damage.empty() && got.verified.empty()) << at;
    ExpectNothingElse(got);
  }
}

TEST(LongLines, StandAsTheyAre) {
  Lines lines;
  for (int i = 0; i < 100; ++i) lines.push_back("line " + std::to_string(i));
  lines.push_back(std::string(20 << 20, 'x') + "7");
  for (int i = 0; i < 100; ++i) lines.push_back("line " + std::to_string(i));
  Unpacked got = Unpack(Pack(lines));
  EXPECT_EQ(got.damage, std::vector<std::string>());
  ASSERT_EQ(got.lines.size(), lines.size());
  for (const auto& [ts, line] : got.lines) ASSERT_TRUE(line == lines[static_cast<size_t>(ts)]);
}

}  // namespace
}  // namespace glp::pack
