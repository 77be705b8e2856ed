#pragma once

namespace ringsim {

/// The program: parses the command line, runs the command, prints errors to stderr. Returns the
/// exit code: 0 done, 1 the run failed, 2 the input is wrong.
int run_application(int argc, char** argv);

}  // namespace ringsim
