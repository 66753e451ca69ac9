#include "line_splitter.h"

#include <gtest/gtest.h>
#include <iconv.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/strings.h"
#include "encoding.h"
#include "record_writer.h"

namespace glp::tail {
namespace {

// What a record says, as text: LINE[ meta][ @NEXT][ pos=N], base64 in front as "64:".
using Records = std::vector<std::string>;

class Splitting {
 public:
  explicit Splitting(LineOptions options) : options_(std::move(options)) {
    options_.report = &report;
    report.undecodable = [this](const std::string&, const std::string& message) {
      undecodable.push_back(message);
    };
  }

  // The records of `bytes` given in pieces of the sizes that `next_size` says, again and again.
  template <typename NextSize>
  Records Run(const std::string& bytes, NextSize next_size, uint64_t start = 0,
              std::optional<uint64_t> keep_last = std::nullopt) {
    int fd = memfd_create("records", MFD_CLOEXEC);
    RecordWriter writer(fd);
    RecordFrame frame("{}");
    frame.SetId("f");
    std::string name = "f.log";
    LineSplitter splitter(name, options_, frame, [](std::string_view, RecordWriter&) {});
    if (start > 0) splitter.Start(start, std::string_view(bytes).substr(0, 4));
    if (keep_last) splitter.KeepLast(*keep_last);
    for (size_t at = start; at < bytes.size();) {
      size_t size = std::min<size_t>(next_size(), bytes.size() - at);
      std::string block = bytes.substr(at, size) + std::string(RecordWriter::kPadding, '\n');
      EXPECT_TRUE(splitter.Take({block.data(), size}, writer).ok());
      at += size;
      EXPECT_EQ(splitter.offset(), at);
      EXPECT_LE(splitter.held_offset(), at);
      EXPECT_EQ(splitter.holds_line(), splitter.held_offset() < at);
    }
    splitter.Finish(writer);
    EXPECT_TRUE(writer.Flush().ok());
    std::string text(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
    EXPECT_EQ(pread(fd, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    close(fd);
    return Parse(text);
  }
  Records Whole(const std::string& bytes) {
    return Run(bytes, [] { return SIZE_MAX; });
  }

  LineReport report;
  std::vector<std::string> undecodable;

 private:
  static Records Parse(const std::string& text) {
    Records records;
    std::istringstream lines(text);
    for (std::string json; std::getline(lines, json);) {
      auto after = [&](const std::string& key, char end) {
        size_t at = json.find(key);
        if (at == std::string::npos) return std::string();
        at += key.size();
        return json.substr(at, json.find(end, at) - at);
      };
      std::string record = json.find("\"line64\":") != std::string::npos
                               ? "64:" + after("\"line64\":\"", '"')
                               : after("\"line\":\"", '"');
      if (std::string meta = after("\"meta\":", '}'); !meta.empty()) record += " " + meta + "}";
      if (json.find("{\"mark\"") == 0) record = "mark " + after("\"mark\":\"", '"');
      record += " @" + after("\"src\":\"f@", '"');
      if (std::string pos = after("\"pos\":", '}'); !pos.empty()) record += " pos=" + pos;
      records.push_back(record);
    }
    return records;
  }

  LineOptions options_;
};

LineOptions In(const std::string& encoding) {
  LineOptions options;
  auto made = Encoding::Make(encoding);
  EXPECT_TRUE(made.ok()) << made.status().message();
  if (made.ok()) options.encoding = *made;
  return options;
}

LineOptions Limited(uint64_t max_bytes, LongLines long_lines, LineOptions options = {}) {
  options.max_bytes = max_bytes;
  options.long_lines = long_lines;
  return options;
}

std::string Convert(const std::string& text, const std::string& to, const std::string& from) {
  iconv_t converter = iconv_open(to.c_str(), from.c_str());
  EXPECT_NE(converter, reinterpret_cast<iconv_t>(-1)) << to;
  std::string out(8 * text.size() + 64, '\0');
  char* in = const_cast<char*>(text.data());
  char* end = out.data();
  size_t in_left = text.size(), out_left = out.size();
  EXPECT_EQ(iconv(converter, &in, &in_left, &end, &out_left), 0u) << to;
  iconv(converter, nullptr, nullptr, &end, &out_left);
  iconv_close(converter);
  out.resize(static_cast<size_t>(end - out.data()));
  return out;
}

std::string Bytes(const char* literal, size_t size) { return {literal, size}; }
template <size_t N>
std::string B(const char (&literal)[N]) {
  return Bytes(literal, N - 1);
}

TEST(LineSplitter, LinesOfUtf8AreNotTouched) {
  Splitting splitting({});
  EXPECT_EQ(splitting.Whole("a\n\xEF\xBB\xBF\r\n\nlast"),
            (Records{"a @2", "\xEF\xBB\xBF\\r @7", " @8", "last @12"}));
}

TEST(LineSplitter, ByteOrderIsThatOfTheMarkAndTheMarkIsNoText) {
  for (const char* name : {"UTF-16", "utf16", "UCS-2", "UTF-16//"}) {
    EXPECT_EQ(Splitting(In(name)).Whole(B("\xFF\xFE"
                                          "a\0\n\0b\0\n\0")),
              (Records{"a @6", "b @10"}))
        << name;
    EXPECT_EQ(Splitting(In(name)).Whole(B("\xFE\xFF\0a\0\n\0b\0\n")), (Records{"a @6", "b @10"}))
        << name;
  }
  EXPECT_EQ(Splitting(In("UTF-16")).Whole(B("a\0\n\0")), Records{"a @4"});  // as this machine does
  EXPECT_EQ(Splitting(In("UTF-16LE"))
                .Whole(B("\xFF\xFE"
                         "a\0\n\0")),
            Records{"a @6"});
  EXPECT_EQ(Splitting(In("UTF-16BE")).Whole(B("\xFE\xFF\0a\0\n")), Records{"a @6"});
  EXPECT_EQ(Splitting(In("UTF-32")).Whole(B("\0\0\xFE\xFF\0\0\0a\0\0\0\n")), Records{"a @12"});
  EXPECT_EQ(Splitting(In("UTF-32")).Whole(B("\xFF\xFE\0\0a\0\0\0\n\0\0\0")), Records{"a @12"});
  EXPECT_EQ(Splitting(In("UTF-8"))
                .Whole("\xEF\xBB\xBF"
                       "a\nb"),
            (Records{"a @5", "b @6"}));
  // Only at the start: elsewhere it is a character.
  EXPECT_EQ(Splitting(In("UTF-16LE")).Whole(B("a\0\n\0\xFF\xFE\n\0")),
            (Records{"a @4", "\xEF\xBB\xBF @8"}));
}

TEST(LineSplitter, TheByte0AInsideOfACharacterEndsNoLine) {
  // U+0A0A, U+010A, U+0A41 next to each other: 0A bytes at even and odd places.
  EXPECT_EQ(Splitting(In("UTF-16LE")).Whole(B("\x0A\x0A\x0A\x01\x41\x0A\n\0")),
            Records{"\u0A0A\u010A\u0A41 @8"});
  EXPECT_EQ(Splitting(In("UTF-16BE")).Whole(B("\x0A\x0A\x01\x0A\x0A\0\0\n")),
            Records{"\u0A0A\u010A\u0A00 @8"});
}

TEST(LineSplitter, WhatIsNotInTheEncodingIsSentAsItsBytesAndTold) {
  Splitting splitting(In("UTF-16LE"));
  // A lone surrogate; then half a unit at the end.
  EXPECT_EQ(
      splitting.Whole(B("a\0\n\0\x00\xD8z\0\n\0b\0\n\0c")),
      (Records{"a @4", "64:" + Base64Encode(B("\x00\xD8z\0")) + " @10", "b @14", "64:Yw== @15"}));
  ASSERT_EQ(splitting.undecodable.size(), 2u);
  EXPECT_EQ(splitting.undecodable[0],
            "f.log: the line at byte 4 is not UTF-16LE; it is sent as line64");
  // ASCII bytes are still not text.
  Splitting latin(In("ASCII"));
  EXPECT_EQ(latin.Whole("ok\n\xE4\n"), (Records{"ok @3", "64:5A== @5"}));
  Splitting jis(In("SHIFT_JIS"));
  EXPECT_EQ(jis.Whole("x\x83\nok\n"), (Records{"64:eIM= @3", "ok @6"}));
}

TEST(LineSplitter, ReadingBeginsInTheMiddle) {
  std::string bytes = B("\xFE\xFF\0a\0\n\0b\0\n");
  Splitting splitting(In("UTF-16"));
  EXPECT_EQ(splitting.Run(
                bytes, [] { return 1; }, 6),
            Records{"b @10"});
  // A position behind the byte 0A, as readers leave that do not know of units.
  EXPECT_EQ(Splitting(In("UTF-16"))
                .Run(
                    B("\xFF\xFE"
                      "a\0\n\0b\0\n\0"),
                    [] { return 3; }, 5),
            Records{"b @10"});
}

TEST(LineSplitter, TheLastLinesAreKept) {
  EXPECT_EQ(Splitting(In("UTF-16LE"))
                .Run(
                    B("a\0\n\0b\0\n\0c\0"), [] { return 1; }, 0, 2),
            (Records{"b @8", "c @10"}));
  EXPECT_EQ(Splitting({}).Run(
                "a\nb\nc", [] { return 2; }, 0, 1),
            (Records{"c @5"}));
  EXPECT_EQ(Splitting({}).Run(
                "a\nb\nc", [] { return 2; }, 0, 0),
            Records{});
}

TEST(LineSplitter, LongLinesAreSplitBetweenCharacters) {
  Splitting splitting(Limited(16, LongLines::kSplit));
  std::string text = "0123456789abcde\u00e4-0123456789abcd\nshort\n0123456789abcdef\n";
  EXPECT_EQ(splitting.Whole(text),
            (Records{R"(0123456789abcde {"part":"1"} @15 pos=0)",
                     "\u00e4-0123456789abc"
                     R"( {"part":"2"} @31 pos=0)",
                     R"(d {"part":"3","parts":"3"} @33)", "short @39", "0123456789abcdef @56"}));
  EXPECT_EQ(splitting.report.split, 1u);
}

TEST(LineSplitter, LongLinesAreTruncatedOrDropped) {
  std::string text = "0123456789abcde\u20ac and more\nshort\n0123456789abcdefg";
  Splitting truncating(Limited(16, LongLines::kTruncate));
  EXPECT_EQ(truncating.Whole(text),
            (Records{R"(0123456789abcde {"truncated_bytes":"12"} @28)", "short @34",
                     R"(0123456789abcdef {"truncated_bytes":"1"} @51)"}));
  EXPECT_EQ(truncating.report.truncated, 2u);
  Splitting dropping(Limited(16, LongLines::kDrop));
  EXPECT_EQ(dropping.Whole(text), (Records{"mark pos @28", "short @34", "mark pos @51"}));
  EXPECT_EQ(dropping.report.dropped, 2u);
}

TEST(LineSplitter, TheLimitIsOfTheTextInUtf8) {
  // 8 characters are 8 bytes, and 24 of UTF-8.
  std::string line = Convert(std::string("\u3042\u3044\u3046\u3048\u304a\u304b\u304d\u304f"),
                             "SHIFT_JIS", "UTF-8");
  EXPECT_EQ(Splitting(Limited(16, LongLines::kSplit, In("SHIFT_JIS"))).Whole(line + "\n"),
            (Records{"\u3042\u3044\u3046\u3048\u304a"
                     R"( {"part":"1"} @10 pos=0)",
                     "\u304b\u304d\u304f"
                     R"( {"part":"2","parts":"2"} @17)"}));
  // 32 bytes are 16 of UTF-8.
  std::string wide = Convert("0123456789abcdef\n", "UTF-16LE", "UTF-8");
  EXPECT_EQ(Splitting(Limited(16, LongLines::kTruncate, In("UTF-16"))).Whole(wide),
            Records{"0123456789abcdef @34"});
}

TEST(LineSplitter, OtherLinesBetweenThePiecesDoNotDisturbAShiftState) {
  // One line in shift state all along, in two inputs that take turns.
  std::string text;
  while (text.size() < 20000) text += "\u65e5\u672c\u8a9e";
  std::string bytes = Convert(text + "\n", "ISO-2022-JP", "UTF-8");
  LineOptions options = Limited(999, LongLines::kSplit, In("ISO-2022-JP"));
  int fd = memfd_create("records", MFD_CLOEXEC);
  RecordWriter writer(fd);
  std::vector<RecordFrame> frames = {RecordFrame("{}"), RecordFrame("{\"other\":\"1\"}")};
  std::string name = "f.log";
  auto nothing = [](std::string_view, RecordWriter&) {};
  LineSplitter one(name, options, frames[0], nothing), other(name, options, frames[1], nothing);
  for (size_t at = 0; at < bytes.size(); at += 1000) {
    std::string block = bytes.substr(at, 1000);
    size_t size = block.size();
    block.append(RecordWriter::kPadding, '\0');
    ASSERT_TRUE(one.Take({block.data(), size}, writer).ok());
    ASSERT_TRUE(other.Take({block.data(), size}, writer).ok());
    std::string ascii = "\n" + std::string(RecordWriter::kPadding, '\0');
    LineSplitter third(name, options, frames[1], nothing);
    ASSERT_TRUE(third.Take({ascii.data(), 1}, writer).ok());
  }
  ASSERT_TRUE(writer.Flush().ok());
  std::string records(static_cast<size_t>(lseek(fd, 0, SEEK_END)), '\0');
  ASSERT_EQ(pread(fd, records.data(), records.size(), 0), static_cast<ssize_t>(records.size()));
  close(fd);
  std::string joined;
  std::istringstream lines(records);
  for (std::string json; std::getline(lines, json);) {
    if (json.find("\"labels\":{},") == std::string::npos) continue;
    size_t at = json.find("\"line\":\"") + 8;
    ASSERT_NE(at, std::string::npos + 8) << json;
    joined += json.substr(at, json.find('"', at) - at);
  }
  EXPECT_EQ(joined, text);
}

// The slow oracle: all of the text at once, cut at its newlines; and where each ends in the bytes,
// known by converting every line alone.
Records Expected(const std::vector<std::string>& lines, const std::string& encoding,
                 size_t mark_bytes) {
  Records records;
  uint64_t next = mark_bytes;
  for (const std::string& line : lines) {
    next += Convert(line + "\n", encoding, "UTF-8").size();
    records.push_back(line + " @" + std::to_string(next));
  }
  return records;
}

TEST(LineSplitter, AnyPiecesOfTheBytesGiveTheSameLines) {
  std::mt19937 random(7);
  auto pick = [&](size_t n) { return random() % n; };
  struct Case {
    const char *name, *order, *mark;
    size_t mark_bytes;
    std::vector<std::string> alphabet;
  };
  std::vector<std::string> any = {"a",      " ",          "\u00e4", "\u20ac", "\u0a0a",
                                  "\u010a", "\U0001F600", "\u0a00", "\u3042", "x"};
  std::vector<std::string> kana = {"a", "\u3042", "\u30a2", "\u65e5", "b"};
  std::vector<Case> cases = {
      {"UTF-8", "UTF-8", "", 0, any},
      {"UTF-16", "UTF-16LE", "\xFF\xFE", 2, any},
      {"UTF-16", "UTF-16BE", "\xFE\xFF", 2, any},
      {"UTF-16LE", "UTF-16LE", "", 0, any},
      {"UTF-16BE", "UTF-16BE", "", 0, any},
      {"UTF-32LE", "UTF-32LE", "", 0, any},
      {"UTF-32BE", "UTF-32BE", "", 0, any},
      {"LATIN1", "LATIN1", "", 0, {"a", "\u00e4", "\u00ff", "z"}},
      {"SHIFT_JIS", "SHIFT_JIS", "", 0, kana},
      {"EUC-JP", "EUC-JP", "", 0, kana},
      {"ISO-2022-JP", "ISO-2022-JP", "", 0, kana},
      {"GB18030", "GB18030", "", 0, any},
      {"BIG5-HKSCS", "BIG5-HKSCS", "", 0, {"a", "\u00ca", "\u00ca\u0304", "\u4e00"}},
      {"UTF-7", "UTF-7", "", 0, any},
  };
  for (const Case& c : cases) {
    for (int round = 0; round < 60; ++round) {
      std::vector<std::string> lines(1 + pick(12));
      std::string bytes(c.mark, c.mark_bytes);
      for (std::string& line : lines) {
        for (size_t n = pick(30); n > 0; --n) line += c.alphabet[pick(c.alphabet.size())];
        bytes += Convert(line + "\n", c.order, "UTF-8");
      }
      Records expected = Expected(lines, c.order, c.mark_bytes);
      size_t most = 1 + pick(40);
      auto next_size = [&] { return 1 + pick(most); };
      ASSERT_EQ(Splitting(In(c.name)).Run(bytes, next_size), expected) << c.name;
      for (auto long_lines : {LongLines::kTruncate, LongLines::kDrop, LongLines::kSplit}) {
        LineOptions options = Limited(16 + pick(40), long_lines, In(c.name));
        ASSERT_EQ(Splitting(options).Run(bytes, next_size), Splitting(options).Whole(bytes))
            << c.name;
      }
    }
  }
}

TEST(LineSplitter, PiecesOfASplitLineAreTheSameHoweverItComesAndGiveTheLineBack) {
  std::mt19937 random(11);
  auto pick = [&](size_t n) { return random() % n; };
  for (const char* name : {"", "UTF-16LE", "SHIFT_JIS", "ISO-2022-JP", "UTF-7", "UTF-32BE"}) {
    for (int round = 0; round < 12; ++round) {
      std::string text;
      for (size_t n = 3000 + pick(9000); n > 0; --n) text += pick(3) == 0 ? "\u65e5" : "a";
      std::string bytes =
          *name == '\0' ? text + "\nend\n" : Convert(text + "\nend\n", name, "UTF-8");
      LineOptions plain;
      LineOptions options =
          Limited(16 + pick(2000), LongLines::kSplit, *name == '\0' ? plain : In(name));
      size_t most = 1 + pick(3000);
      Splitting whole(options), chunked(options);
      Records records = whole.Whole(bytes);
      ASSERT_EQ(chunked.Run(bytes, [&] { return 1 + pick(most); }), records) << name;
      std::string joined;
      uint64_t before = 0;
      for (size_t i = 0; i + 1 < records.size(); ++i) {
        size_t blank = records[i].find(' ');
        joined += records[i].substr(0, blank);
        ASSERT_LE(blank, options.max_bytes);
        uint64_t next = std::stoull(records[i].substr(records[i].find('@') + 1));
        ASSERT_GT(next, before);
        before = next;
      }
      ASSERT_EQ(joined, text) << name;
    }
  }
}

TEST(LineSplitter, LinesAboveARateAreDroppedWithOneMarkForManyAndCounted) {
  int64_t now_ns = 0;
  LineOptions options;
  // Each look at the clock is 0.1 s later: two lines a second are one in five.
  options.rate = std::make_shared<RateLimit>(2, 3, true, [&] { return now_ns += 100'000'000; });
  Splitting splitting(options);
  std::string text;
  for (char c = 'a'; c < 'p'; ++c) text += std::string(1, c) + "\n";
  EXPECT_EQ(splitting.Whole(text), (Records{"a @2", "b @4", "c @6", "mark pos @10", "f @12",
                                            "mark pos @20", "k @22", "mark pos @30"}));
  EXPECT_EQ(splitting.report.over_rate, 10u);
}

TEST(LineSplitter, LinesAboveARateWaitWhereNoneMayBeDropped) {
  int64_t now_ns = 0;
  LineOptions options;
  options.rate = std::make_shared<RateLimit>(1000, 1, false, [&] { return now_ns += 300'000; });
  Splitting splitting(options);
  EXPECT_EQ(splitting.Whole("a\nb\nc\n"), (Records{"a @2", "b @4", "c @6"}));
  EXPECT_EQ(splitting.report.over_rate, 0u);
}

TEST(Encoding, NamesAreRefusedWithWhatToTry) {
  auto message = [](const char* name) {
    auto made = Encoding::Make(name);
    return made.ok() ? std::string("made") : made.status().message();
  };
  EXPECT_NE(message("KLINGON").find("iconv -l"), std::string::npos);
  EXPECT_NE(message("").find("iconv -l"), std::string::npos);
  EXPECT_NE(message("LATIN1//TRANSLIT").find("nothing is replaced"), std::string::npos);
  EXPECT_NE(message("IBM037").find("iconv -f IBM037"), std::string::npos);
  EXPECT_EQ(message("ISO-10646/UTF8/"), "made");
}

}  // namespace
}  // namespace glp::tail
