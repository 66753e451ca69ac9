// What a sink knows of the delivery of records: which of them are safe at the far end, how far each
// file may so be called delivered, and the positions file (cli/positions.h) that says it.
//
//   GLP_ASSIGN_OR_RETURN(auto delivery, Delivery::Open(context, options.positions));
//   ticket = delivery->NewTicket();              // one for what is sent or made durable as one
//   delivery->OnRecord(record, ticket);          // each record, in the order of the pipe
//   delivery->OnMark(mark);                      // each mark, in its place between them
//   delivery->BeforeSend();                      // what was given goes on its way
//   delivery->Done(ticket);                      // the far end has said that it has it
//   delivery->Write();                           // now and then
//   delivery->Finish(true);                      // at the end
//
// Tickets may be done in any order. The position of a file is that of the last of its records (or
// `pos` marks) before which every one has been done, so it never passes a line that was not
// delivered. Where records of a file come in another order than they stand in it (`sort` in
// between), its position stays where it was until all of the input is done.
// Threads:  Done from any; the rest one at a time (by the thread that reads the pipe).
// Errors:   Open: Code::kIo, Code::kUsage where another process writes the same file, Code::kData
//           where the file is no positions file. Finish: Code::kIo. Between the two a file that
//           cannot be written (disk full) is said and tried again; the old one stays whole.
// Cost:     a few nanoseconds a record; memory by what is not done yet and by the number of files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/main.h"
#include "record/record.h"

namespace glp::cli {

class Delivery {
 public:
  using Ticket = uint64_t;
  // WholeFrom of a file of which lines may be missing.
  static constexpr uint64_t kNotWhole = UINT64_MAX;

  // `positions_path` "": no file is read or written.
  static Result<std::unique_ptr<Delivery>> Open(Context& context, std::string positions_path);
  virtual ~Delivery() = default;

  virtual Ticket NewTicket() = 0;
  virtual void OnRecord(const Record& record, Ticket ticket) = 0;
  virtual void OnMark(const Mark& mark) = 0;
  virtual void Done(Ticket ticket) = 0;
  // False where the end marks say that records are missing: something in between dropped them, and
  // what WholeFrom said was not so.
  virtual bool IsComplete() const = 0;
  // Called before anything of a ticket leaves for the far end: names new files in the positions
  // file. A file that is rotated and compressed while all is dead is then still known by its ID, so
  // that what of it was delivered and is read again is told as the same.
  virtual void BeforeSend() = 0;
  // For a record that OnRecord was just called with: every line of its file from this offset on up
  // to the record is of the same ticket or was done before; kNotWhole where that is not known (no
  // file mark came, a filter said that it dropped a line, records came in another order). A store
  // may then call all between delivered (store/store.h).
  virtual uint64_t WholeFrom() const = 0;

  // Writes the positions file if a position moved and the last write is a while ago.
  virtual void Write() = 0;
  // The last write. `whole`: the input was read to its end and all of it is done.
  virtual Status Finish(bool whole) = 0;
};

}  // namespace glp::cli
