#include "client/cli/command.h"

int main(int argc, char** argv) { return tailcast::cli::RunCommandLine(argc, argv); }
