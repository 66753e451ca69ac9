// SIGTERM, SIGINT and, for those that want it, SIGHUP as flags and descriptors that can be polled.
// Threads: Install once, at the start of main; the rest from any.
#pragma once

namespace glp::io {

// Catches SIGTERM and SIGINT, ignores SIGPIPE and SIGXFSZ. A second SIGINT or SIGTERM ends the
// process at once.
void InstallStopHandler();
bool StopRequested();
// Readable once a stop is asked for; -1 before InstallStopHandler.
int StopFd();
// As if a signal had come.
void RequestStop();

// SIGHUP asks to read configurations again, from now on. The descriptor is readable once one came.
int CatchReload();
// True once after each time.
bool TakeReload();

// From now on a wait also ends, as if a stop was asked for, when the reader behind the pipe
// `out_fd` is gone: `tool | head -1` ends although no more input comes.
void StopWhenReaderLeaves(int out_fd);

// Waits until `fd` is readable (kept out if -1), a stop is asked for, or the time is over.
enum class WaitState { kReady, kTimeout, kStopped };
WaitState WaitReadable(int fd, int timeout_ms);

}  // namespace glp::io
