// Gathers records until a batch is full or old enough, then has it sent; while it is being sent
// nothing is read, which is the back-pressure.
#pragma once

#include "cli/record_sink.h"
#include "sender.h"
#include "wire/push_json.h"

namespace glp::push {

class Batcher : public cli::RecordSink {
 public:
  Batcher(const LabelTable* labels, Labels external, uint64_t size_bytes, int64_t wait_ns,
          Sender* sender);

  Status OnRecord(const Record& record) override;
  Status OnBatchEnd() override { return SendIfOld(); }
  Status OnIdle() override { return SendIfOld(); }
  // What there is, now.
  Status Send();

 private:
  Status SendIfOld();

  wire::PushBatch batch_;
  const uint64_t size_bytes_;
  const int64_t wait_ns_;
  Sender* const sender_;
  int64_t oldest_ns_ = 0;  // steady clock
};

}  // namespace glp::push
