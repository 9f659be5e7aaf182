#ifndef TAILCAST_CLIENT_CLI_STOP_SIGNAL_H_
#define TAILCAST_CLIENT_CLI_STOP_SIGNAL_H_

namespace tailcast::cli {

// From now on the first SIGINT or SIGTERM asks the command to stop, the second one kills it. A file
// size limit and a closed pipe become errors of the write (SIGXFSZ and SIGPIPE are ignored).
void InstallStopSignals();

// True once such a signal came. Safe from any thread.
bool StopRequested();

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_STOP_SIGNAL_H_
