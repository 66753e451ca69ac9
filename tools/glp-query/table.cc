#include "table.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"
#include "display.h"
#include "printer.h"

namespace glp::query {
namespace {

// The cell as it is shown; `scratch` holds them where they differ.
std::string_view Shown(std::string_view cell, std::string* scratch) {
  if (IsPlainAscii(cell)) return cell;
  *scratch = EscapeCell(cell);
  return *scratch;
}

}  // namespace

Table::Table(std::vector<Column> columns, const Look& look, io::Output* out)
    : look_(look), out_(out), columns_(std::move(columns)), widest_(columns_.size()) {
  for (size_t i = 0; i < columns_.size(); ++i) Measure(i, columns_[i].head);
}

void Table::Measure(size_t column, std::string_view cell) {
  widest_[column] = std::max(widest_[column], DisplayWidth(Shown(cell, &escaped_)));
}

void Table::Layout() {
  is_laid_out_ = true;
  widths_ = widest_;
  if (look_.columns == 0) {
    for (size_t& width : widths_) width = std::min(width, kMaxPadding);
    return;
  }
  size_t fixed = 2 * (widths_.size() - 1);
  std::vector<size_t> cut;  // the widths of those that may be
  for (size_t i = 0; i < widths_.size(); ++i) {
    if (columns_[i].may_cut) {
      cut.push_back(widths_[i]);
    } else {
      fixed += widths_[i];
    }
  }
  // What the narrow columns do not need is shared by the wide ones.
  std::sort(cut.begin(), cut.end());
  size_t room = look_.columns > fixed ? look_.columns - fixed : 0;
  size_t most = kMinCut;
  for (size_t i = 0; i < cut.size(); ++i) {
    const size_t share = room / (cut.size() - i);
    if (cut[i] > share) {
      most = std::max(share, kMinCut);
      break;
    }
    room -= cut[i];
    most = std::max(cut[i], kMinCut);
  }
  for (size_t i = 0; i < widths_.size(); ++i) {
    if (columns_[i].may_cut) widths_[i] = std::min(widths_[i], most);
  }
}

void Table::AppendRow(const std::vector<std::string_view>& cells) {
  if (!is_laid_out_) Layout();
  std::string& out = out_->buffer();
  const size_t start = out.size();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += "  ";
    std::string_view shown = Shown(cells[i], &escaped_);
    size_t width = DisplayWidth(shown);
    if (width > widths_[i] && columns_[i].may_cut && look_.columns > 0) {
      escaped_ = CutToWidth(shown, widths_[i], look_.utf8);
      shown = escaped_;
      width = DisplayWidth(shown);
    }
    if (columns_[i].right) AppendPadding(&out, width, widths_[i]);
    out += shown;
    if (!columns_[i].right && i + 1 < cells.size()) AppendPadding(&out, width, widths_[i]);
  }
  while (out.size() > start && out.back() == ' ') out.pop_back();
}

Status Table::PrintHead() {
  std::vector<std::string_view> heads;
  for (const Column& column : columns_) heads.push_back(column.head);
  return PrintHead(heads);
}

Status Table::PrintHead(const std::vector<std::string_view>& cells) {
  if (look_.color) out_->buffer() += "\x1b[1m";
  AppendRow(cells);
  if (look_.color) out_->buffer() += "\x1b[0m";
  return out_->Write("\n");
}

Status Table::PrintRow(const std::vector<std::string_view>& cells) {
  AppendRow(cells);
  return out_->Write("\n");
}

Status PrintCommonLabels(const Labels& common, const Look& look, io::Output* out) {
  if (common.empty()) return Status::Ok();
  const std::string selector = LabelsToSelector(common);
  out->buffer() += "Common labels: ";
  out->buffer() += look.terminal ? EscapeForTerminal(selector) : selector;
  return out->Write("\n\n");
}

Status PrintCsvRow(const std::vector<std::string_view>& cells, const Look& look, io::Output* out) {
  std::string& buffer = out->buffer();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) buffer += ',';
    const std::string_view cell = cells[i];
    const bool quoted = cell.find_first_of(",\"\r\n") != cell.npos;
    if (quoted) buffer += '"';
    for (size_t at = 0;;) {
      const size_t quote = cell.find('"', at);
      const std::string_view part = cell.substr(at, quote == cell.npos ? quote : quote - at);
      if (look.terminal) {
        AppendForTerminal(&buffer, part);
      } else {
        buffer += part;
      }
      if (quote == cell.npos) break;
      buffer += "\"\"";
      at = quote + 1;
    }
    if (quoted) buffer += '"';
  }
  return out->Write("\n");
}

std::vector<std::string> CsvHeads(const std::vector<std::string>& names,
                                  std::vector<std::string> reserved) {
  std::set<std::string> taken(reserved.begin(), reserved.end());
  taken.insert(names.begin(), names.end());
  std::vector<std::string> heads = names;
  for (std::string& head : heads) {
    if (std::find(reserved.begin(), reserved.end(), head) == reserved.end()) continue;
    while (!taken.insert(head).second) head += "_label";
  }
  return heads;
}

}  // namespace glp::query
