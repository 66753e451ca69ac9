#include "entry_table.h"

#include <algorithm>
#include <utility>

#include "held_entries.h"
#include "table.h"

namespace glp::query {
namespace {

class EntryTable : public EntryPrinter {
 public:
  EntryTable(const Look& look, io::Output* out) : look_(look), out_(out) {}
  void Print(const logql::Entry& entry) override { held_.Add(entry); }
  void ForgetStreams() override { held_.ForgetStreams(); }
  Status Finish(const logql::ScanStats&, double) override {
    return look_.format == "csv" ? PrintCsv() : PrintTable();
  }

 private:
  // Calls `take(cells)` for the time, the values at `places` and the line of each entry.
  template <typename Take>
  Status ForEachRow(const std::vector<size_t>& places, Take&& take) const {
    std::string time;
    std::vector<std::string_view> cells(places.size() + 2);
    return held_.ForEach([&](const HeldEntries::Row& row) {
      time.clear();
      look_.AppendTime(&time, row.ts_ns);
      cells.front() = time;
      for (size_t i = 0; i < places.size(); ++i) cells[i + 1] = row.values[places[i]];
      cells.back() = row.line;
      return take(cells);
    });
  }

  Status PrintCsv() {
    const std::vector<std::string> names = CsvHeads(held_.Names(), {"ts", "line"});
    std::vector<std::string_view> heads = {"ts"};
    heads.insert(heads.end(), names.begin(), names.end());
    heads.emplace_back("line");
    GLP_RETURN_IF_ERROR(PrintCsvRow(heads, look_, out_));
    std::vector<size_t> places(names.size());
    for (size_t i = 0; i < places.size(); ++i) places[i] = i;
    return ForEachRow(places, [this](const std::vector<std::string_view>& cells) {
      return PrintCsvRow(cells, look_, out_);
    });
  }

  Status PrintTable() {
    const std::vector<std::string> names = held_.Names();
    std::vector<size_t> places;
    std::vector<Table::Column> columns = {{"TIME"}};
    for (size_t i = 0; i < names.size(); ++i) {
      const bool is_common =
          std::any_of(held_.common().begin(), held_.common().end(),
                      [&](const Label& label) { return label.name == names[i]; });
      if (is_common) continue;
      places.push_back(i);
      columns.push_back({.head = names[i], .may_cut = true});
    }
    columns.push_back({.head = "LINE", .may_cut = true});
    if (held_.empty()) return Status::Ok();
    Table table(std::move(columns), look_, out_);
    GLP_RETURN_IF_ERROR(ForEachRow(places, [&](const std::vector<std::string_view>& cells) {
      for (size_t i = 0; i < cells.size(); ++i) table.Measure(i, cells[i]);
      return Status::Ok();
    }));
    GLP_RETURN_IF_ERROR(PrintCommonLabels(held_.common(), look_, out_));
    GLP_RETURN_IF_ERROR(table.PrintHead());
    return ForEachRow(
        places, [&](const std::vector<std::string_view>& cells) { return table.PrintRow(cells); });
  }

  Look look_;
  io::Output* out_;
  HeldEntries held_;
};

}  // namespace

std::unique_ptr<EntryPrinter> MakeEntryTable(const Look& look, io::Output* out) {
  return std::make_unique<EntryTable>(look, out);
}

}  // namespace glp::query
