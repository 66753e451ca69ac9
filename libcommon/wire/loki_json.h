// Bodies of Loki's answers: matrix, vector, label lists, series; each is one whole JSON text. Used
// by the server and by `glp-query -o loki`. Those of log queries: streams_body.h.
// Threads: functions safe from any.
// Units:   sample times are seconds with milliseconds behind the point.
// Format:  Loki 3.7 HTTP API.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "logql/eval.h"
#include "logql/source.h"
#include "record/labels.h"

namespace glp::wire {

// {"a":"x"}; bytes that are not UTF-8 become U+FFFD.
void AppendLabelsJson(std::string* out, const Labels& labels);
// ["a","b"], the same.
void AppendStrings(std::string* out, const std::vector<std::string>& strings);
// "warnings":[…], where there are some.
void AppendWarnings(std::string* out, const std::vector<std::string>& warnings);
// "stats":{…} in Loki's full shape; what is not known is 0. `returned`: entries or series;
// `passed`: lines that passed the query, as far as it went. `queued`: seconds before `seconds`.
void AppendStats(std::string* out, const logql::ScanStats& stats, double seconds, double queued,
                 uint64_t returned, uint64_t passed);

// The answers of metric queries. VectorBody takes the first sample of each series.
std::string MatrixBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued = 0);
std::string VectorBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued = 0);
// {"resultType":"scalar","result":[seconds,"value"]}: of the first sample there is.
std::string ScalarBody(const std::vector<logql::Series>& series, const logql::ScanStats& stats,
                       double seconds, double queued = 0);
// One of the two: a query that is a number has a scalar.
std::string InstantBody(const logql::MetricExpr& query, const std::vector<logql::Series>& series,
                        const logql::ScanStats& stats, double seconds, double queued = 0);

// {"status":"success","data":[…]}; without "data" where there is nothing, as Loki.
std::string NamesBody(const std::vector<std::string>& names);
// The same of /api/prom: {"values":[…]}.
std::string OldNamesBody(const std::vector<std::string>& names);
// {"status":"success","data":[{…},…]} in the order given.
std::string SeriesBody(const std::vector<const LabelSet*>& series);

}  // namespace glp::wire
