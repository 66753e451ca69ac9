#include "entry_chart.h"

#include <utility>

#include "chart.h"
#include "entry_counts.h"

namespace glp::query {
namespace {

class EntryChart : public EntryPrinter {
 public:
  EntryChart(const Look& look, io::Output* out)
      : look_(look), out_(out), counts_(look.times, look.chart == Chart::kPlot) {}

  void Print(const logql::Entry& entry) override { counts_.Add(entry); }
  void ForgetStreams() override { counts_.ForgetStreams(); }
  Status Finish(const logql::ScanStats&, double) override {
    GLP_ASSIGN_OR_RETURN(std::optional<EntryCounts::Counts> counts, counts_.Finish());
    if (!counts) return Status::Ok();
    if (look_.chart == Chart::kPlot) return PrintPlot(counts->series, counts->grid, look_, out_);
    return PrintHist(counts->series, SeriesKind::kRange, look_, out_);
  }

 private:
  Look look_;
  io::Output* out_;
  EntryCounts counts_;
};

}  // namespace

std::unique_ptr<EntryPrinter> MakeEntryChart(const Look& look, io::Output* out) {
  return std::make_unique<EntryChart>(look, out);
}

}  // namespace glp::query
